"""What a camera is told of its owner, and what it confirms: `belvedere.orders` and `belvedere.receipt`.

The server hands on what the owner has signed; the camera believes it, and no word of the server. Part of the broker:
plain functions over the table.
"""

import hashlib

from signaling.calls import may_report
from signaling.effects import Counted, Effect, Receipted, Send
from signaling.greetings import greet_strangers
from signaling.protocol import messages as wire
from signaling.table import Party, Table


def tell(camera: Party, orders: wire.OrdersParams | None) -> list[Effect]:
    """Tell the camera of its owner, unless that was the last thing it was told. None: it does not know him."""
    if orders is None or not camera.ours:
        return []
    text = wire.notification("belvedere.orders", orders)
    digest = hashlib.sha256(text.encode()).hexdigest()
    if digest == camera.orders:
        return []
    camera.orders = digest
    return [Send(camera.address, text)]


def push(table: Table, camera: str, orders: wire.OrdersParams | None) -> list[Effect]:
    """The owner has said something new."""
    party = table.device(camera)
    told = [] if party is None or party.relay else tell(party, orders)
    return [*told, *greet_strangers(table, party)] if told and party is not None else []


def receipt(table: Table, party: Party, message: wire.Notification, now: float) -> list[Effect]:
    """A camera says what it knows of the orders."""
    params = wire.params_as(wire.ReceiptParams, message.params)
    if party.role != "device" or party.relay or not may_report(table, party, table.limits.reports_burst, now):
        return [Counted("receipt_refused")]
    return [Receipted(party.device, params.receipt)]

"""The two clients with a relay between them: what they tell each other past it, over real sockets."""

from contextlib import AsyncExitStack

import msgspec

from signaling.client import SignalingClient
from signaling.protocol import messages as wire
from signaling.protocol.errors import Fault
from tests.signaling.small_server import small_server
from tests.signaling.test_client import Recorder, running
from tests.signaling.test_client_viewer import Viewer, viewing
from tests.signaling.test_socket_relay import relay


async def test_hellos_and_signed_envelopes_pass_a_relay_by() -> None:
    viewer, device = Viewer(), Recorder()
    trust = wire.Trust("hello.of.viewer", ["first.of.ring"])
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        server.gate.orders["c1"] = wire.OrdersParams(["first.of.ring"], "first.of.orders")
        camera = await stack.enter_async_context(running(server.url, device))
        assert await device.saw("orders") == (["first.of.ring"], "first.of.orders")
        player, _ = await relay(stack, server)
        client = await stack.enter_async_context(viewing(server, viewer))
        wish = wire.WishExtra("relay", trust=trust)
        session = (await client.connect(wire.ConnectParams("c1", belvedere=wish))).session
        assert await device.saw("hello") == (session, trust)
        assert await camera.envelope(session, "key.of.frames")
        assert (await viewer.saw("envelope"))[1:] == (session, "key.of.frames")
        again = msgspec.structs.replace(trust, hello="another.of.viewer")
        assert await client.hello(session, again) and await device.saw("hello", 2) == (session, again)
        assert await camera.receipt("receipt.of.camera")
        await camera.error(session, Fault.NOT_TRUSTED, "your right has ended")
        assert (await viewer.saw("close"))[1:] == (session, 495, "your right has ended")
        assert [m for m in player.inbox if "ring" in str(m) or "key.of" in str(m) or "hello" in str(m)] == []
    assert ("receipted", "c1", "receipt.of.camera") in server.diary.told


async def test_a_camera_that_knows_its_owner_hears_of_strangers() -> None:
    device = Recorder()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(small_server())
        server.gate.orders["c1"] = wire.OrdersParams()
        await stack.enter_async_context(running(server.url, device))
        assert await device.saw("orders") == ([], None)
        await relay(stack, server)
        client = await stack.enter_async_context(viewing(server, Viewer()))
        session = (await client.connect(wire.ConnectParams("c1", belvedere=wire.WishExtra("relay")))).session
        assert await device.saw("hello") == (session, None)
        await client.close_session(session, "enough")
        assert await device.saw("close") == (session, "enough")


async def test_of_many_signed_orders_only_the_newest_wait() -> None:
    device = Recorder()
    client = SignalingClient(
        "ws://x", authorization=str, handler=device, backoff=float, random=lambda: 0.5, tickets=list
    )
    said = [wire.Notification("belvedere.orders", msgspec.Raw(b'{"keyring":["%d"]}' % n)) for n in range(1000)]
    first, *rest = [client.told(message) for message in said]
    assert first is not None and rest == [None] * 999
    await first.work()
    assert device.calls == [("orders", (["999"], None))]
    assert client.told(said[0]) is not None, "what comes afterwards is heard again"

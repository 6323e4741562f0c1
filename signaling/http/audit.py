"""Handlers: the audit log."""

from typing import cast

import msgspec

from signaling.audit import Body, Deed, Entry
from signaling.http import shapes
from signaling.http.call import Call, rfc3339
from signaling.store import audit

NOTHING = Body("", "", {})
"""What an entry says whose words are gone."""


async def entries(call: Call) -> shapes.AuditLog:
    query: shapes.AuditQuery = call.query
    async with call.services.store.read() as connection:
        found = await audit.entries_of(
            connection,
            call.caller.account.id,
            before=query.before,
            subject=query.camera,
            most=query.limit + 1,
            now=call.now,
        )
    return shapes.AuditLog([_shape(entry) for entry in found[: query.limit]], more=len(found) > query.limit)


def _shape(entry: Entry) -> shapes.AuditEntry:
    body = msgspec.json.decode(entry.body, type=Body) if entry.body is not None else NOTHING
    return shapes.AuditEntry(
        entry.number,
        rfc3339(entry.at_ms / 1000),
        cast(Deed, entry.deed),
        entry.subject,
        body.by,
        body.address,
        body.details,
        entry.hash,
        erased=entry.body is None,
    )

"""Handler: everything that is kept about an account, as one JSON document.

It is written piece by piece: an audit log of thirteen months is more than a server should hold for each who asks.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
from aiohttp import web

from signaling.accounts import Caller
from signaling.http.call import Call, count, rfc3339
from signaling.http.events import WRITE_SECONDS
from signaling.refusals import Refused
from signaling.store import accounts as people
from signaling.store import audit, belongings
from signaling.store.database import Store
from signaling.store.schema import metadata

HEADERS = {
    "Content-Type": "application/json",
    "Content-Disposition": 'attachment; filename="belvedere-export.json"',
    "Cache-Control": "no-store",
}


async def export(call: Call) -> web.StreamResponse:
    """Whoever is too slow, or loses session or database under way, gets a document that visibly breaks off."""
    await count(call.services, "export", call.caller.account.id)
    response = web.StreamResponse(headers=HEADERS)
    if call.request.method == "HEAD":
        await response.prepare(call.request)
        return response
    await _note(call.services.store, call.caller, call.now)
    await response.prepare(call.request)
    try:
        async for piece in _pieces(call.services.store, call.caller, call.now):
            async with asyncio.timeout(WRITE_SECONDS):
                await response.write(piece)
    except (Refused, TimeoutError) as error:
        raise ConnectionAbortedError("the export breaks off") from error
    return response


async def _note(store: Store, caller: Caller, now: float) -> None:
    """First: whoever carries everything away shall not do so unseen by reading half of it."""
    async with store.write() as connection:
        await people.account_to_change_by(connection, caller.login)
        await audit.record(connection, caller.account.id, "exported", now=now)


async def _pieces(store: Store, caller: Caller, now: float) -> AsyncIterator[bytes]:
    """Of a `shapes.Export`. Never a transaction that waits for the reader. Raises `Refused` once the session ends."""
    yield b'{"form":"belvedere-export-1","exported_at":"%s","data":{' % rfc3339(now).encode()
    shown = [table for table in metadata.sorted_tables if table.name in belongings.SHOWN]
    for place, table in enumerate(shown):
        yield b'%s"%s":[' % (b"," if place else b"", table.name.encode())
        skip = 0
        while True:
            async with store.read() as connection:
                await people.check_login(connection, caller.login)
                rows = await belongings.rows_of(connection, caller.account.id, table, skip=skip)
            yield b"," * bool(skip and rows) + b",".join(msgspec.json.encode(_with_times(row)) for row in rows)
            skip += len(rows)
            if len(rows) < belongings.AT_MOST:
                break
        yield b"]"
    yield b"}}"


def _with_times(row: dict[str, Any]) -> dict[str, Any]:
    """Columns that end in `_at` or `_since` are seconds since the epoch, `at_ms` is milliseconds."""
    times = {name: value for name, value in row.items() if name.endswith(("_at", "_since")) and value is not None}
    timed = {name: rfc3339(value) for name, value in times.items()}
    if "at_ms" in row:
        timed["at"] = rfc3339(row["at_ms"] / 1000)
    return {name: value for name, value in row.items() if name != "at_ms"} | timed

"""Messages nobody should send, drawn by hypothesis: malformed, out of order, about others' sessions, huge."""

import json
from typing import Any

from hypothesis import strategies as st

from signaling.protocol.errors import Fault, Notice
from signaling.protocol.messages import NOTIFICATIONS, REQUESTS

METHODS = (*sorted(REQUESTS | NOTIFICATIONS), "rpc.discover", "")
MEMBERS = (
    *("session", "peer", "offer", "answer", "candidate", "authorization", "code", "belvedere", "name", "tickets"),
    *("via", "attempt", "role", "tunnel", "stun", "moved"),
    *("trust", "hello", "keyring", "chain", "proof", "envelope", "orders", "receipt"),
)
PLACES = ("SESSION-A", "SESSION-B", "SESSION-C", "SESSION-D")
"""Stand for sessions there are at the moment; `aim` puts those in."""

CLASSICS = [
    "[" * 20_000,
    '{"a":' * 5_000,
    '"' + "x" * 65_000 + '"',
    '{"jsonrpc":"2.0","id":1e999,"method":"register"}',
    '{"jsonrpc":"2.0","id":' + "9" * 4000 + ',"method":"unregister"}',
    '{"jsonrpc":"2.0","id":"\\ud800","method":"connect","params":{"peer":"\\udfff"}}',
    '{"jsonrpc":"2.0","id":1,"method":"connect","params":{"peer":"c1","peer":"c2"}}',
    '{"jsonrpc":"2.0","id":1,"method":"connect","params":[1,2]}',
    '{"jsonrpc":"2.0","error":{"code":' + "9" * 400 + ',"message":"x","session":"SESSION-A"}}',
    '{"jsonrpc":"2.0","id":1,"result":null,"error":{"code":1,"message":"both"}}',
    "\x00",
    "",
]
"""What has broken parsers before."""

OFFERS = ("v=0", "", "x" * 30_000)

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=20)
    | st.sampled_from(["SESSION-A", "SESSION-B", "c1", "u1"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=8,
)
"""Any JSON, with the words of the protocol more often than chance would have them."""

garbage: st.SearchStrategy[str] = (
    st.text(max_size=60) | json_values.map(json.dumps) | st.integers(0, len(CLASSICS) - 1).map(lambda n: CLASSICS[n])
)
"""Texts that are no message, or hardly one."""


sessions = st.sampled_from(PLACES)
STATEMENTS = ("a.b.c", "", "a b", "a.b.c\n", "\u0430.b.c", "x" * 4096, "x" * 4097)
CHAINS = (["a.b.c"], ["a.b.c"] * 257, ["x" * 4096] * 8, ["x" * 4096] * 9)
statements = st.integers(0, len(STATEMENTS) - 1).map(lambda n: STATEMENTS[n]) | json_values
chains = st.lists(statements, max_size=4) | st.integers(0, len(CHAINS) - 1).map(lambda n: CHAINS[n]) | json_values
trusts = st.fixed_dictionaries({}, optional={"hello": statements, "keyring": chains, "chain": chains}) | json_values
extras = st.fixed_dictionaries(
    {},
    optional={
        "via": st.sampled_from(["direct", "relay", "pigeon"]) | json_values,
        "attempt": st.integers() | json_values,
        "role": st.sampled_from(["device", "client", "server"]) | json_values,
        "tunnel": st.just("wss://127.0.0.1:9/api/media") | st.builds(lambda: "wss://" + "x" * 40_000) | json_values,
        "moved": st.booleans() | json_values,
        "trust": trusts,
        "proof": statements,
        "tickets": st.lists(st.text(max_size=20) | st.just("a.eyJzZXNzaW9uIjoiU0VTU0lPTi1BIn0.b"), max_size=3)
        | json_values,
    },
)
"""What stands under `belvedere`, in whatever message."""
RELAYS = st.sampled_from(["relay:home", "relay:away", "relay:", "relay:\0"])


def aim(text: str, live: list[str]) -> str:
    """Have the text speak of real sessions, the newest first, as far as there are any."""
    for place, name in zip(PLACES, reversed(live), strict=False):
        text = text.replace(place, name)
    return text


def calls(cameras: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Well-formed messages at the wrong time, or about the wrong thing; some members spoilt."""
    params = st.fixed_dictionaries(
        {},
        optional={
            "session": sessions | json_values,
            "peer": cameras | RELAYS | json_values,
            "belvedere": extras | json_values,
            "offer": st.integers(0, 2).map(lambda n: OFFERS[n]) | json_values,
            "candidate": st.fixed_dictionaries({}, optional={"candidate": st.text(max_size=30) | json_values})
            | json_values,
            "code": st.sampled_from([*Notice, Fault.TIMEOUT]) | st.integers() | json_values,
            "message": st.text(max_size=30),
            "reason": st.text(max_size=30) | st.builds(lambda: "r" * 50_000),
            "firstFrameMs": st.floats(0, 1e6) | json_values,
            "trust": trusts,
            "envelope": statements,
            "keyring": chains,
            "orders": statements,
            "receipt": statements,
            "name": st.text(max_size=30),
            "authorization": st.text(max_size=30) | json_values,
        },
    )
    ids = st.integers(-5, 400) | st.text(max_size=5) | st.none() | st.integers() | json_values
    request = st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "method": st.sampled_from(METHODS), "params": params}, optional={"id": ids}
    )
    answer = st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "id": ids},
        optional={
            "result": st.fixed_dictionaries({}, optional={"answer": st.just("v=0") | json_values, "belvedere": extras})
            | json_values,
            "error": st.fixed_dictionaries({"code": st.integers(), "message": st.text(max_size=9)}) | json_values,
        },
    )
    return (request | answer).map(json.dumps)


def trespasses() -> st.SearchStrategy[str]:
    """Faultless messages, but about whatever session there is."""
    params = st.fixed_dictionaries(
        {
            "session": sessions,
            "candidate": st.just({"candidate": "c"}),
            "code": st.sampled_from([*Notice, Fault.NOT_TRUSTED]),
        },
        optional={
            "trust": st.just({"hello": "a.b.c"}),
            "envelope": st.just("a.b.c"),
            "receipt": st.just("a.b.c"),
            "offer": st.just("v=0"),
            "firstFrameMs": st.floats(0, 1e6),
            "reason": st.text(max_size=30),
        },
    )
    names = ("invite", "extend", "error", *sorted(NOTIFICATIONS - {"belvedere.goAway", "belvedere.event"}))
    return st.fixed_dictionaries(
        {"jsonrpc": st.just("2.0"), "method": st.sampled_from(names), "params": params},
        optional={"id": st.integers(0, 100)},
    ).map(json.dumps)

"""Hostile requests at every REST route, driven by the table of routes (`make fuzz` sends ten times as many).

Never a 5xx, every error a documented problem, and the server's memory stays flat.
"""

import functools
import http.client
import json
import os
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from signaling.http.call import Route
from signaling.http.openapi import document
from signaling.http.routes import ROUTES
from tests.servers import Belvedere, belvedere
from tests.signaling.api import Answer, Documented

FACTOR = int(os.environ.get("BELVEDERE_FUZZ", "1"))
REQUESTS = 200 * FACTOR
BODIES, BODY_BYTES, WARM_UP = 1500 * FACTOR, 60_000, 20
MEMORY_BOUND = 4 * 1024 * 1024
"""For what the allocators keep. All bodies together are twenty times as much; 3 KiB kept of each would show."""
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"]

HOSTILE = [
    b"[" * 30_000,
    b'{"a":' * 9000,
    b"9" * 60_000,
    b'"' + b"x" * 70_000 + b'"',
    b'{"name":"\xff\xfe"}',
    b'"\\ud800"',
]
AUTHORIZATIONS = [*["Bearer TOKEN"] * 6, "", "Bearer", "Basic TOKEN", "Bearer a.b.c", "cookie"]
ODD_HEADERS = ["X-Forwarded-For", "Content-Encoding", "Accept", "User-Agent", "Transfer-Encoding", "Expect"]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
header_text = st.text(alphabet=string.ascii_letters + string.digits + " ;,=/.+-_", max_size=60)


@dataclass
class Target:
    """The server under attack, and valid things to mix with the hostile ones."""

    server: Belvedere
    documented: Documented
    token: str = ""
    camera: str = ""
    code: str = ""

    def renew(self) -> None:
        """Be signed in and have a camera with a pending code, whatever the last request did."""
        if self.server.call("GET", "/api/me", token=self.token)[0] != 200:
            self.token = self.server.sign_in()
        if self.server.call("GET", f"/api/cameras/{self.camera}", token=self.token)[0] != 200:
            status, answer = self.server.call("POST", "/api/cameras", {"name": "A", "model": "B"}, self.token)
            assert status == 201, answer
            self.camera, self.code = answer["camera"]["id"], answer["pairing"]["token"]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with belvedere(tmp_path_factory.mktemp("fuzz"), rate_limits="0", registration="open") as server:
        made = document(ROUTES, origin=server.url, version="0")
        fresh = Target(server, Documented(made))
        server.sign_up()
        yield fresh


def members(route: Route) -> dict[str, Any]:
    """The schema's properties of the route's body."""
    if route.body is None:
        return {}
    return dict(schemas()[route.body.__name__]["properties"])


@functools.cache
def schemas() -> dict[str, Any]:
    return dict(document(ROUTES, origin="", version="")["components"]["schemas"])


def member_values(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Mostly of the right type, so that requests get past the first check."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    kinds = {
        "string": st.text(max_size=40)
        | st.text(alphabet=string.ascii_letters, min_size=1, max_size=30)
        | st.sampled_from(["owner@example.org", "CODE", "correct horse battery", "x" * 5000, "\0", "10.0.0.0/8"]),
        "boolean": st.booleans(),
        "array": st.lists(st.text(max_size=20), max_size=20) | st.just(["10.0.0.0/8"]),
    }
    return kinds.get(schema.get("type", ""), json_values) | json_values


@st.composite
def bodies(draw: st.DrawFn, route: Route) -> bytes:
    kind = draw(st.integers(0, 9))
    if kind <= 5:
        names = {n: member_values(s) for n, s in members(route).items() if draw(st.integers(0, 9))}
        value = {name: draw(values) for name, values in names.items()}
        if draw(st.integers(0, 9)) == 0:
            value[draw(st.text(max_size=10))] = draw(json_values)
        return json.dumps(value).encode("utf-8", "surrogatepass")
    if kind == 6:
        return json.dumps(draw(json_values)).encode("utf-8", "surrogatepass")
    if kind == 7:
        return draw(st.binary(max_size=200))
    return draw(st.sampled_from(HOSTILE)) if kind == 8 else b""


@st.composite
def requests(draw: st.DrawFn, route: Route) -> dict[str, Any]:
    weird_ids = st.text(max_size=20) | st.sampled_from(["..", "\0", "x" * 3000, "%", "current", "{id}", "'; --", "ü"])
    identity = "CAMERA" if draw(st.integers(0, 2)) else quote(draw(weird_ids), safe="")
    path = route.path.replace("{id}", identity or "-")
    if draw(st.integers(0, 4)) == 0:
        path += "?" + quote(draw(st.text(max_size=30)), safe="=&")
    headers = {}
    if draw(st.integers(0, 9)):
        headers["Content-Type"] = draw(st.just("application/json") | header_text)
    authorization = draw(st.sampled_from(AUTHORIZATIONS))
    if authorization == "cookie":
        headers["Cookie"] = "belvedere_session=TOKEN"
        headers["Origin"] = draw(st.sampled_from(["ORIGIN", "null", "https://[", "https://evil.example"]))
    elif authorization:
        headers["Authorization"] = authorization
    if draw(st.integers(0, 19)) == 0:
        headers[draw(st.sampled_from(ODD_HEADERS))] = draw(header_text)
    method = route.method if draw(st.integers(0, 9)) else draw(st.sampled_from(METHODS))
    return {"method": method, "path": path, "headers": headers, "body": draw(bodies(route))}


def send(target: Target, request: dict[str, Any]) -> Answer | None:
    """None for a stream that was accepted: its body does not end."""
    server = target.server
    known = {"TOKEN": target.token, "ORIGIN": server.url}
    headers = {name: _filled(value, known) for name, value in request["headers"].items()}
    body = request["body"].replace(b"CODE", target.code.encode())
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    try:
        connection.request(request["method"], request["path"].replace("CAMERA", target.camera), body, headers)
        response = connection.getresponse()
        if response.headers.get_content_type() == "text/event-stream":
            return None
        data = response.read()
    finally:
        connection.close()
    is_json = "json" in response.headers.get("Content-Type", "") and data
    return Answer(response.status, response.headers, data, json.loads(data) if is_json else None)


def _filled(text: str, known: dict[str, str]) -> str:
    return functools.reduce(lambda filled, name: filled.replace(name, known[name]), known, text)


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_hostile_requests(target: Target, route: Route) -> None:
    target.renew()

    @settings(
        max_examples=REQUESTS,
        deadline=None,
        database=None,
        derandomize=FACTOR == 1,
        suppress_health_check=list(HealthCheck),
    )
    @given(request=requests(route))
    def attack(request: dict[str, Any]) -> None:
        answer = send(target, request)
        if answer is None:
            return
        assert answer.status < 500, answer.data
        if answer.status >= 400 and request["method"] != "HEAD":
            assert answer.headers["Content-Type"].startswith("application/problem+json"), answer.data
            assert answer.json["status"] == answer.status and answer.json["code"]
        if request["method"] == route.method and request["path"].startswith(route.path.partition("{")[0]):
            target.documented.check(route.method, request["path"].replace("CAMERA", target.camera), answer)
        if answer.status < 300 and request["method"] == "DELETE":
            target.renew()

    attack()


def refused_bodies(target: Target, route: Route, count: int) -> None:
    """Signed in, so that the server reads each of them to its end before it says what is wrong."""
    headers = {"Authorization": "Bearer TOKEN", "Content-Type": "application/json"}
    request = {"method": route.method, "path": route.path.replace("{id}", "CAMERA"), "headers": headers}
    for number in range(count):
        answer = send(target, request | {"body": b'"' + str(number).encode().ljust(BODY_BYTES, b"x") + b'"'})
        assert answer is not None and answer.json["code"] == "invalid_body", answer


def test_memory_stays_flat_under_hostile_requests(target: Target) -> None:
    """Bodies that are read whole and refused leave nothing behind, whatever their route."""
    assert target.server.process is not None
    process = psutil.Process(target.server.process.pid)
    target.renew()
    with_body = [route for route in ROUTES if route.body is not None]
    each = BODIES // len(with_body) + 1
    for route in with_body:
        refused_bodies(target, route, WARM_UP)
    before = process.memory_info().rss
    for route in with_body:
        refused_bodies(target, route, each)
    growth = process.memory_info().rss - before
    print(f"{each} bodies at each of {len(with_body)} routes: {growth / 2**20:.1f} MiB")
    assert growth < MEMORY_BOUND
    assert "Traceback" not in target.server.output and "request_failed" not in target.server.output
    assert Path(target.server.log).exists()

"""The document: complete, valid, and what `/api/docs` shows."""

import re
from pathlib import Path

from aiohttp import web
from openapi_spec_validator import OpenAPIV31SpecValidator

from signaling.http.app import create_app
from signaling.http.problems import PROBLEMS
from signaling.http.routes import ROUTES
from signaling.server import Running
from tests.signaling.api import Api

NOT_REST = {"/api/openapi.json", "/api/docs", "/api/docs/{name}", "/api/signaling", "/{name}"}
"""The document itself, its page, the WebSocket (described by ONVIF) and the web app's files."""


async def test_every_route_is_in_the_document(running: Running, stranger: Api) -> None:
    async def socket(_request: web.Request) -> web.StreamResponse:
        raise web.HTTPNotFound

    app = create_app(running.services, socket=socket)
    served = {
        (route.method.lower(), route.resource.canonical)
        for route in app.router.routes()
        if route.resource is not None and route.method != "HEAD" and route.resource.canonical not in NOT_REST
    }
    document = await stranger.good("GET", "/api/openapi.json")
    documented = {(method, path) for path, item in document["paths"].items() for method in item}
    assert served == documented
    assert len(documented) == len(ROUTES) >= 25


async def test_the_document_is_valid(stranger: Api) -> None:
    OpenAPIV31SpecValidator(await stranger.good("GET", "/api/openapi.json")).validate()


def test_every_code_that_is_raised_has_a_status() -> None:
    raised: set[str] = set()
    for path in Path("signaling").rglob("*.py"):
        raised |= set(re.findall(r'Refused\(\s*"(\w+)"', path.read_text()))
    assert raised and raised <= set(PROBLEMS)


def test_every_route_names_only_known_codes() -> None:
    assert {code for route in ROUTES for code in route.problems} <= set(PROBLEMS)


async def test_the_page_needs_nothing_inline_and_nothing_foreign(stranger: Api) -> None:
    page = (await stranger.call("GET", "/api/docs")).data.decode()
    assert "http://" not in page and "https://" not in page
    assert not re.search(r"<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=", page)
    for name in re.findall(r'(?:src|href)="(/api/docs/[^"]+)"', page):
        assert (await stranger.call("GET", name)).status == 200
    assert (await stranger.call("GET", "/api/docs/none.js")).status == 404

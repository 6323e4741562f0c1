"""Cookies where there is TLS: no other host and no plain HTTP can plant one, and no script reads one."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from signaling.server import serving
from signaling.tokens import COOKIE, DEVICE_COOKIE
from tests.signaling.api import EMAIL, PASSWORD, Api, Documented
from tests.signaling.helpers import quick_settings
from tests.signaling.viewer_client import Fault, connected

ORIGIN = "https://cameras.example.org"
BODY = {"email": EMAIL, "password": PASSWORD}
STORED_BYTES = 4096
"""What every browser keeps of a cookie's name and value together (RFC 6265bis §5.7)."""


@pytest.fixture
async def public(tmp_path: Path, http: aiohttp.ClientSession) -> AsyncIterator[Api]:
    """A server behind a proxy that ends TLS, with one account."""
    settings = quick_settings(tmp_path, registration="open", behind_proxy=True, public_url=ORIGIN)
    async with serving(settings):
        url = f"http://127.0.0.1:{settings.port}"
        async with http.get(url + "/api/openapi.json") as answer:
            api = Api(url, http, Documented(await answer.json()))
        await api.good("POST", "/api/accounts", BODY)
        yield api


async def given_to_a_browser(api: Api) -> tuple[dict[str, str], str]:
    """The lines that set cookies, by name, and the answer beside them, for a browser that signs in."""
    async with api.http.post(f"{api.origin}/api/sessions", json=BODY | {"cookie": True}) as answer:
        lines = answer.headers.getall("Set-Cookie")
        return {line.partition("=")[0]: line for line in lines}, await answer.text()


async def session_of(api: Api) -> str:
    """The value of the session's cookie."""
    lines, _ = await given_to_a_browser(api)
    return lines[f"__Host-{COOKIE}"].partition(";")[0].partition("=")[2]


async def test_cookies_belong_to_this_host_and_to_tls_alone(public: Api) -> None:
    given, shown = await given_to_a_browser(public)
    assert set(given) == {f"__Host-{COOKIE}", f"__Host-{DEVICE_COOKIE}"}
    for line in given.values():
        value, *attributes = line.split("; ")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= set(attributes)
        assert not any(attribute.startswith("Domain") for attribute in attributes)
        assert len(value) <= STORED_BYTES and value.partition("=")[2] not in shown


async def test_a_cookie_that_another_host_could_have_planted_opens_nothing(public: Api) -> None:
    token = await session_of(public)
    for name, status, registers in ((f"__Host-{COOKIE}", 200, True), (COOKIE, 401, False)):
        sent = {"Cookie": f"{name}={token}"}
        assert (await public.call("GET", "/api/me", headers=sent)).status == status
        async with connected(public.origin + "/api/signaling", headers=sent, origin=ORIGIN) as viewer:
            if registers:
                await viewer.register()
            else:
                with pytest.raises(Fault, match="401"):
                    await viewer.register()


async def test_signing_out_takes_the_cookie_back(public: Api) -> None:
    token = await session_of(public)
    sent = {"Cookie": f"__Host-{COOKIE}={token}", "Origin": ORIGIN}
    gone = await public.call("DELETE", "/api/sessions/current", headers=sent)
    assert gone.status == 204 and gone.headers["Set-Cookie"].startswith(f'__Host-{COOKIE}="";')
    assert "Secure" in gone.headers["Set-Cookie"]
    assert (await public.call("GET", "/api/me", headers=sent)).status == 401

"""Headers, methods, bounds and proxies: what every answer has in common."""

from ipaddress import ip_network
from pathlib import Path

import aiohttp
import pytest

from signaling.http.addresses import forwarded
from signaling.http.call import MAX_BODY_BYTES
from signaling.server import serving
from tests.signaling.api import EMAIL, Api, Documented
from tests.signaling.helpers import api_of, quick_settings


@pytest.mark.parametrize(
    "path", ["/healthz", "/api/me", "/api/nothing", "/api/docs", "/api/openapi.json", "/", "/nothing"]
)
async def test_every_answer_is_hardened(stranger: Api, path: str) -> None:
    headers = (await stranger.call("GET", path)).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert f"connect-src 'self' {stranger.origin.replace('http', 'ws')};" in policy
    assert "object-src 'none'" in policy and "base-uri 'none'" in policy and "script-src 'self';" in policy
    assert "worker-src 'self';" in policy
    assert headers["X-Content-Type-Options"] == "nosniff" and headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "aiohttp" not in headers["Server"] and "Access-Control-Allow-Origin" not in headers


async def test_errors_of_the_framework_are_problems_too(owner: Api) -> None:
    missing = await owner.call("GET", "/api/nothing")
    assert (missing.status, missing.code) == (404, "not_found")
    wrong = await owner.call("PUT", "/api/cameras", {})
    assert (wrong.status, wrong.code) == (405, "method_not_allowed")
    assert set(wrong.headers["Allow"].replace(" ", "").split(",")) >= {"GET", "POST"}
    large = await owner.call("POST", "/api/cameras", data=b'"' + b"a" * MAX_BODY_BYTES + b'"')
    assert (large.status, large.code) == (413, "body_too_large")
    form = await owner.call("POST", "/api/cameras", data=b"name=a", headers={"Content-Type": "text/plain"})
    assert (form.status, form.code) == (415, "unsupported_media_type")
    packed = await owner.call("POST", "/api/cameras", data=b"{}", headers={"Content-Encoding": "gzip"})
    assert packed.status in {400, 415}
    broken = await owner.call("POST", "/api/cameras", data=b"{")
    assert (broken.status, broken.code) == (400, "invalid_body")
    unknown = await owner.call("POST", "/api/cameras", {"name": "A", "model": "B", "colour": "red"})
    assert unknown.code == "invalid_body" and "colour" in unknown.json["detail"]
    typed = await owner.call("POST", "/api/cameras", {"name": "A", "model": 3})
    assert typed.json["errors"] == [{"detail": "Expected `str`, got `int`", "field": "model"}]


async def test_head_and_options(stranger: Api) -> None:
    head = await stranger.call("HEAD", "/healthz")
    assert (head.status, head.data) == (200, b"")
    options = await stranger.call("OPTIONS", "/api/cameras")
    assert options.status == 204 and "POST" in options.headers["Allow"]
    assert (await stranger.call("OPTIONS", "/api/nothing")).status == 404
    for path in ("/", "/healthz", "/api/cameras", "/api/docs"):
        traced = await stranger.call("TRACE", path, headers={"X-Told": "back"})
        assert traced.status == 405 and b"back" not in traced.data


async def test_only_named_origins_may_read(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    friend = "https://app.example.org"
    async with serving(quick_settings(tmp_path, allowed_origins=(friend,))) as server:
        api = await api_of(server, http)
        answer = await api.call("GET", "/api/setup", headers={"Origin": friend})
        assert answer.headers["Access-Control-Allow-Origin"] == friend and answer.headers["Vary"] == "Origin"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        preflight = await api.call("OPTIONS", "/api/cameras", headers={"Origin": friend})
        assert "Authorization" in preflight.headers["Access-Control-Allow-Headers"]
        other = await api.call("GET", "/api/setup", headers={"Origin": "https://evil.example"})
        assert "Access-Control-Allow-Origin" not in other.headers
        for answer in (other, await api.call("GET", "/api/setup"), await api.call("GET", "/api/nothing")):
            assert "Origin" in answer.headers["Vary"]  # or a cache hands one page's answer to another


@pytest.mark.usefixtures("standing_rates")
async def test_one_address_may_not_ask_without_end(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    async with serving(quick_settings(tmp_path, rate_limits=True)) as server:
        api = await api_of(server, http)
        answers = [await api.call("POST", "/api/camera/activate", {}) for _ in range(40)]
        assert answers[0].code == "invalid_body" and answers[-1].code == "too_many_requests"
        assert int(answers[-1].headers["Retry-After"]) >= 1
        assert (await api.call("GET", "/healthz")).status == 200


async def test_proxies_are_believed_only_where_told(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    """Behind a proxy the session list shows who really came; without one nobody can lie."""
    hops = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    for behind, expected in ((True, "198.51.100.7"), (False, "127.0.0.1")):
        origin = "https://cameras.example.org" if behind else ""
        settings = quick_settings(tmp_path / str(behind), registration="open", behind_proxy=behind, public_url=origin)
        async with serving(settings) as server:
            assert server.origin == (origin or f"http://127.0.0.1:{settings.port}")
            api = await api_of(server, http) if not behind else await _through_proxy(http, settings.port)
            body = {"email": EMAIL, "password": "correct horse battery"}
            await api.good("POST", "/api/accounts", body)
            answer = await api.call("POST", "/api/sessions", body | {"cookie": True}, headers=hops)
            assert ("Secure" in answer.headers["Set-Cookie"]) is behind
            assert ("Strict-Transport-Security" in answer.headers) is behind
            cookie = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
            listed = (await api.call("GET", "/api/sessions", headers=cookie)).json["sessions"]
            assert listed[0]["address"] == expected


async def _through_proxy(http: aiohttp.ClientSession, port: int) -> Api:
    async with http.get(f"http://127.0.0.1:{port}/api/openapi.json") as answer:
        return Api(f"http://127.0.0.1:{port}", http, Documented(await answer.json()))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], "10.0.0.1"),
        (["203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9, 10.0.0.2"], "203.0.113.9"),
        (["1.2.3.4, 203.0.113.9"], "203.0.113.9"),
        (["1.2.3.4", "203.0.113.9"], "203.0.113.9"),
        (["203.0.113.9:51234"], "203.0.113.9"),
        (["[2001:db8::9]:443, 10.0.0.2:80"], "2001:db8::9"),
        (["203.0.113.9, ::ffff:10.0.0.2"], "203.0.113.9"),
        (["203.0.113.9:123456"], "10.0.0.1"),
        (["[2001:db8::9%" + "x" * 500 + "]:443"], "10.0.0.1"),
        (["nonsense"], "10.0.0.1"),
        (["203.0.113.9, nonsense"], "10.0.0.1"),
        (["fe80::1%" + "x" * 500], "10.0.0.1"),
        (["1.1.1.1," * 1000 + "10.0.0.3"], "1.1.1.1"),
    ],
)
def test_the_first_address_that_is_not_a_proxy(headers: list[str], expected: str) -> None:
    assert forwarded("10.0.0.1", headers, (ip_network("10.0.0.0/8"),)) == expected


def test_a_stranger_cannot_claim_to_be_a_proxy() -> None:
    assert forwarded("203.0.113.9", ["10.0.0.1"], (ip_network("10.0.0.0/8"),)) == "203.0.113.9"


async def test_the_web_app_is_served_and_nothing_beside_it(tmp_path: Path, http: aiohttp.ClientSession) -> None:
    web = tmp_path / "web"
    (web / "assets").mkdir(parents=True)
    (web / "index.html").write_text("<!doctype html>home")
    (web / "assets" / "app-1234.js").write_text("1")
    (tmp_path / "secret").write_text("not yours")
    async with serving(quick_settings(tmp_path / "data", web_dir=str(web))) as server:
        api = await api_of(server, http)
        home = await api.call("GET", "/")
        assert home.data.endswith(b"home") and home.headers["Cache-Control"] == "no-cache"
        script = await api.call("GET", "/assets/app-1234.js")
        assert "immutable" in script.headers["Cache-Control"]
        assert home.headers["Content-Type"] == "text/html; charset=utf-8"
        assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
        for path in (
            "/../secret",
            "/%2e%2e/secret",
            "/..%2fsecret",
            "/%252e%252e/secret",
            "/assets",
            "/assets/",
            "/%00",
            "//etc/passwd",
        ):
            assert (await api.call("GET", path)).status == 404

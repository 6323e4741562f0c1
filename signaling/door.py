"""The route of the signaling WebSocket: who may open a socket at all, and what it brings to say who it is."""

from collections import Counter
from collections.abc import Callable, Collection
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from signaling.admission import Arrival, Credential
from signaling.hub import Hub
from signaling.protocol.messages import SUBPROTOCOL
from signaling.rates import address_key
from signaling.refusals import Refused
from signaling.tokens import COOKIE

QUERY_NAMES = ("authorization", "access_token")
"""RFC 6750 §2.3; for devices only, because an app's token never travels in a URL (DESIGN §4)."""
RETRY_AFTER_SECONDS = 5.0


def origin_is_host(request: web.Request) -> bool:
    """Whether the page that opens this socket came from this host. Pages always say (RFC 6455 §4.1)."""
    try:
        return urlsplit(request.headers.get(hdrs.ORIGIN, "")).netloc == request.host
    except ValueError:
        return False


def remote_address(request: web.Request) -> str:
    """The peer's address, where no proxy stands between."""
    return request.remote or ""


class Door:
    """`handle` is the aiohttp handler. `origin_is_ours`: whether the page that asks is one of this server's, so that
    the cookie, of the name `cookie`, may count. `named_origins`: of other pages that may come, with a ticket."""

    def __init__(
        self,
        hub: Hub,
        *,
        origin_is_ours: Callable[[web.Request], bool] = origin_is_host,
        named_origins: Collection[str] = (),
        client_address: Callable[[web.Request], str] = remote_address,
        cookie: str = COOKIE,
    ) -> None:
        self._hub = hub
        self._origin_is_ours = origin_is_ours
        self._named_origins = named_origins
        self._client_address = client_address
        self._cookie = cookie
        self._by_address: Counter[str] = Counter()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket. Raises `Refused` (invalid_request, origin_refused, too_many_requests, busy) before there
        is one."""
        client = self._client_address(request)
        address = address_key(client)
        self._check(request, address)
        self._by_address[address] += 1
        try:
            return await self._hub.serve(request, Arrival(client, self._credential(request)))
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]

    def _check(self, request: web.Request, address: str) -> None:
        offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "")
        if SUBPROTOCOL not in [name.strip() for name in offered.split(",")]:
            raise Refused("invalid_request", f"this is a WebSocket with the subprotocol {SUBPROTOCOL}")
        if not self._may_ask(request):
            raise Refused("origin_refused", "this page is neither this server's nor named in BELVEDERE_ALLOWED_ORIGINS")
        limits, table = self._hub.table.limits, self._hub.table
        if self._hub.draining or len(table.parties) >= limits.sockets:
            raise _later("busy", "this server takes no more connections now")
        if self._by_address[address] >= limits.sockets_per_address:
            raise _later("too_many_requests", "too many connections from this address")
        if self._hub.unregistered() >= limits.sockets_unregistered:
            raise _later("busy", "too many connections are being made now")

    def _may_ask(self, request: web.Request) -> bool:
        """Whatever a page brings, it may have stolen or been given by mistake. Devices and apps send no Origin."""
        sent = request.headers.getall(hdrs.ORIGIN, [])
        if len(sent) > 1:
            return False
        return not sent or sent[0] in self._named_origins or self._origin_is_ours(request)

    def _credential(self, request: web.Request) -> Credential | None:
        header = request.headers.get(hdrs.AUTHORIZATION)
        if header:
            return Credential(header, relay=self._hub.is_relay(header))
        for name in QUERY_NAMES:
            if text := request.query.get(name):
                return Credential(text, viewer=False)
        cookie = request.cookies.get(self._cookie)
        if cookie and self._origin_is_ours(request):
            return Credential(cookie, device=False)
        return None


def _later(code: str, detail: str) -> Refused:
    return Refused(code, detail, retry_after=RETRY_AFTER_SECONDS)

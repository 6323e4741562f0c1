"""Everybody who may stand before a route, and what each of them brings to say who it is."""

from collections.abc import Awaitable, Callable
from typing import Literal, get_args

import jwt

from signaling.protocol import relay_token
from signaling.tokens import ACCOUNT_JWT_TYPE, COOKIE
from tests.signaling.access.scene import Scene
from tests.signaling.access.stage import EXPIRED, OTHER, OWNER, guest_email

Caller = Literal[
    "anonymous",
    "other_user",
    "guest_live",
    "guest_talk",
    "guest_history",
    "guest_manage",
    "expired_grant",
    "revoked_session",
    "other_camera",
    "wrong_key",
    "relay",
    "owner",
]
CALLERS: tuple[Caller, ...] = get_args(Caller)
GUESTS: frozenset[Caller] = frozenset({"guest_live", "guest_talk", "guest_history", "guest_manage"})
"""Each was given this one scope of `$camera`."""
SIGNED_IN: frozenset[Caller] = GUESTS | {"other_user", "expired_grant", "owner"}
"""Who is somebody to this server, though perhaps not to this camera."""

Headers = dict[str, str]
Form = Callable[[Scene], Awaitable[Headers]]
"""What a caller sends with its request, made anew for each, because some of it is good only once."""


def forms(caller: Caller) -> list[Form]:
    """All ways in which a caller may try: in the header and, where a browser would, in the cookie."""
    if caller == "anonymous":
        return [_nothing]
    if caller == "relay":
        return [relay, _scheme(relay, "Bearer"), _as_cookie(relay)]
    if caller in _EMAILS:
        return [_signed_in(_EMAILS[caller]), _as_cookie(_signed_in(_EMAILS[caller]))]
    bearer = {
        "revoked_session": revoked,
        "other_camera": other_camera,
        "wrong_key": wrong_key,
    }[caller]
    return [bearer, _as_cookie(bearer)]


async def foreign_page(scene: Scene) -> Headers:
    """The owner's own browser, sent by a page of another web site."""
    return await _as_cookie(_signed_in(OWNER))(scene) | {"Origin": "https://evil.example"}


async def _nothing(_scene: Scene) -> Headers:
    return {}


def _signed_in(email: str) -> Form:
    async def headers(scene: Scene) -> Headers:
        return _bearer(await scene.fresh_token(email))

    return headers


async def revoked(scene: Scene) -> Headers:
    """Signed out a moment ago; the token itself is good for a day."""
    token = await scene.fresh_token(OWNER)
    gone = scene.owner.another()
    gone.token = token
    await gone.good("DELETE", "/api/sessions/current")
    return _bearer(token)


async def other_camera(scene: Scene) -> Headers:
    """The token of a camera of the very same owner: a key of its own, but no account."""
    return {"Authorization": scene.device("second").authorization(scene.things["second"])}


async def wrong_key(scene: Scene) -> Headers:
    """The owner's living session word for word, signed by somebody else."""
    claims = jwt.decode(await scene.fresh_token(OWNER), options={"verify_signature": False})
    return _bearer(jwt.encode(claims, "k" * 64, algorithm="HS256", headers={"typ": ACCOUNT_JWT_TYPE}))


async def relay(scene: Scene) -> Headers:
    secret = scene.running.services.relay_secret
    now, jti = scene.running.services.clock(), scene.running.services.new_id()
    token = relay_token.sign(secret, name="inside", origin=scene.running.origin, jti=jti, now=now)
    return {"Authorization": f"{relay_token.SCHEME} {token}"}


def _scheme(form: Form, scheme: str) -> Form:
    async def headers(scene: Scene) -> Headers:
        return {"Authorization": f"{scheme} {(await form(scene))['Authorization'].partition(' ')[2]}"}

    return headers


def _as_cookie(form: Form) -> Form:
    async def headers(scene: Scene) -> Headers:
        token = (await form(scene))["Authorization"].partition(" ")[2]
        return {"Cookie": f"{COOKIE}={token}", "Origin": scene.running.origin}

    return headers


def _bearer(token: str) -> Headers:
    return {"Authorization": f"Bearer {token}"}


_EMAILS: dict[Caller, str] = {
    "owner": OWNER,
    "other_user": OTHER,
    "expired_grant": EXPIRED,
    **{guest: guest_email(guest.removeprefix("guest_")) for guest in GUESTS},
}
other_user, expired_grant = _signed_in(OTHER), _signed_in(EXPIRED)
guest_live, guest_talk = _signed_in(guest_email("live")), _signed_in(guest_email("talk"))
guest_history, guest_manage = _signed_in(guest_email("history")), _signed_in(guest_email("manage"))

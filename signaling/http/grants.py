"""Handlers: sharing a camera."""

from datetime import datetime
from typing import Any, cast

import msgspec

from signaling.acceptance import Offer
from signaling.access import Scope
from signaling.audit import Body, Entry
from signaling.grants import GrantTerms, Link
from signaling.http import grant_shapes, shapes
from signaling.http.call import Call, count, rfc3339
from signaling.http.cameras import camera_shape
from signaling.http.trust_shapes import StatementBody
from signaling.protocol.identity import token_hash
from signaling.protocol.messages import Way
from signaling.refusals import Refused
from signaling.store import audit
from signaling.store.rows import Grant, GrantInvitation

MAX_EARLIER_VIEWERS = 100
"""What fits on a page; the audit log has all."""
MAX_TIME = 253_402_300_799.0
"""The end of the year 9999; none later can be written."""


async def of_camera(call: Call) -> grant_shapes.Grants:
    shared = await call.services.grants.of_camera(call.caller.account.id, call.id, now=call.now)
    grants = [_grant_shape(grant, email) for grant, email in shared.grants]
    return grant_shapes.Grants(grants, [_invitation_shape(invitation) for invitation in shared.invitations])


async def invite(call: Call) -> grant_shapes.GrantInvitation:
    body: grant_shapes.GrantInvitationBody = call.body
    await count(call.services, "share", call.caller.account.id)
    terms = GrantTerms(
        body.scopes, _seconds(body.history_since, "history_since"), _seconds(body.grant_expires_at, "grant_expires_at")
    )
    link, address = _link(call, body)
    made = await call.services.grants.invite(
        call.caller.account.id, call.id, terms, link, invitation_id=call.services.new_id(), now=call.now
    )
    return grant_shapes.GrantInvitation(made.id, address, rfc3339(made.expires_at))


def _link(call: Call, body: grant_shapes.GrantInvitationBody) -> tuple[Link, str]:
    """What is kept of the link, and the link itself; of one that the app has drawn, where it leads to."""
    drawn = (body.secret_hash, body.grant, body.link_proof)
    if body.secret_hash is None or body.grant is None or body.link_proof is None:
        if any(part is not None for part in drawn):
            raise Refused("invalid_body", "secret_hash, grant and link_proof belong together - at `$.secret_hash`")
        secret = call.services.new_token()
        return Link(token_hash(secret)), f"{call.services.origin}/#/accept/{secret}"
    return Link(body.secret_hash, body.grant, body.link_proof), f"{call.services.origin}/"


async def withdraw(call: Call) -> None:
    await call.services.grants.withdraw(call.caller.account.id, call.id, now=call.now)


async def change(call: Call) -> grant_shapes.Grant:
    body: grant_shapes.GrantChangeBody = call.body
    await count(call.services, "share", call.caller.account.id)
    changes: dict[str, Any] = {}
    if not isinstance(body.scopes, msgspec.UnsetType):
        changes["scopes"] = sorted(set(body.scopes))
    for name, moment in (("history_since", body.history_since), ("expires_at", body.expires_at)):
        if not isinstance(moment, msgspec.UnsetType):
            changes[name] = _seconds(moment, name)
    if not isinstance(body.grant, msgspec.UnsetType):
        changes["chain"] = [body.grant]
    grant, email = await call.services.grants.change(call.caller.account.id, call.id, changes, now=call.now)
    return _grant_shape(grant, email)


async def end(call: Call) -> None:
    await call.services.grants.end(call.caller.account.id, call.id, now=call.now)


async def check(call: Call) -> grant_shapes.GrantOffer:
    body: shapes.InvitationBody = call.body
    offer = await call.services.grants.check(body.invitation, now=call.now)
    invitation = offer.invitation
    return grant_shapes.GrantOffer(
        offer.camera.name,
        offer.owner,
        cast(list[Scope], invitation.scopes),
        _time(invitation.history_since),
        _time(invitation.grant_expires_at),
        _signed(offer),
    )


def _signed(offer: Offer) -> grant_shapes.SignedOffer | None:
    invitation, key = offer.invitation, offer.camera.public_key
    if invitation.statement is None or invitation.link_proof is None or key is None:
        return None
    return grant_shapes.SignedOffer(key, offer.keyring, invitation.statement, invitation.link_proof)


async def countersign(call: Call) -> None:
    body: StatementBody = call.body
    await call.services.grants.countersign(call.caller.account.id, call.id, body.statement)


async def accept(call: Call) -> shapes.Camera:
    body: grant_shapes.AcceptanceBody = call.body
    account, grant_id = call.caller.account, call.services.new_id()
    grant = await call.services.grants.accept(
        account, body.invitation, body.acceptance, grant_id=grant_id, now=call.now
    )
    view = await call.services.cameras.show(account.id, grant.camera_id, now=call.now)
    return camera_shape(view, call.services, call.now)


async def viewers(call: Call) -> grant_shapes.Viewers:
    services, owner = call.services, call.caller.account.id
    await services.cameras.check_owner(owner, call.id)
    running = await services.watch_log.running(call.id)
    async with services.store.read() as connection:
        told = await audit.entries_of(
            connection, owner, before=None, subject=call.id, most=MAX_EARLIER_VIEWERS, now=call.now, deed="watched"
        )
    now = [grant_shapes.Viewer(email, rfc3339(viewing.began), viewing.way) for viewing, email in running]
    return grant_shapes.Viewers(now, [_past_viewer(entry) for entry in told if entry.body is not None])


def _past_viewer(entry: Entry) -> grant_shapes.PastViewer:
    said = msgspec.json.decode(entry.body or "", type=Body).details
    return grant_shapes.PastViewer(said["viewer"], said["from"], said["to"], cast(Way, said["way"]))


def _seconds(moment: datetime | None, name: str) -> float | None:
    """Seconds since the epoch. Raises `Refused` for a time that nobody means."""
    if moment is None:
        return None
    seconds = moment.timestamp()
    if not 0 <= seconds <= MAX_TIME:
        raise Refused("invalid_body", f"not a time since 1970 - at `$.{name}`")
    return seconds


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else rfc3339(seconds)


def _grant_shape(grant: Grant, email: str) -> grant_shapes.Grant:
    scopes = cast(list[Scope], grant.scopes)
    times = _time(grant.history_since), _time(grant.expires_at)
    return grant_shapes.Grant(grant.id, email, scopes, *times, rfc3339(grant.created_at), grant.chain)


def _invitation_shape(invitation: GrantInvitation) -> grant_shapes.OpenGrantInvitation:
    return grant_shapes.OpenGrantInvitation(
        invitation.id,
        cast(list[Scope], invitation.scopes),
        _time(invitation.history_since),
        _time(invitation.grant_expires_at),
        rfc3339(invitation.expires_at),
        rfc3339(invitation.created_at),
        invitation.statement,
    )

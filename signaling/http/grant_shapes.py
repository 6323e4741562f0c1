"""What goes over the wire about sharing: see `signaling.http.shapes`."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.access import SCOPES, Scope
from signaling.http.shapes import Body, Time
from signaling.protocol.messages import Way

Scopes = Annotated[list[Scope], Meta(min_length=1, max_length=len(SCOPES), description="What a guest may do")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset from UTC")]


class GrantInvitationBody(Body, frozen=True):
    """`history_since`: nothing older is shown. `grant_expires_at`: when the guest may no longer."""

    scopes: Scopes
    history_since: Moment | None = None
    grant_expires_at: Moment | None = None


class GrantChangeBody(Body, frozen=True):
    """What is left out stays as it is; null takes a bound away. A moment that has passed ends the grant now."""

    scopes: Scopes | msgspec.UnsetType = msgspec.UNSET
    history_since: Moment | msgspec.UnsetType | None = msgspec.UNSET
    expires_at: Moment | msgspec.UnsetType | None = msgspec.UNSET


class Grant(msgspec.Struct, frozen=True):
    """What an account was given. `email`: of the guest. One whose `expires_at` has passed gives nothing."""

    id: str
    email: str
    scopes: list[Scope]
    history_since: Time | None
    expires_at: Time | None
    created_at: Time


class OpenGrantInvitation(msgspec.Struct, frozen=True):
    """A link that nobody has used yet. `expires_at`: of the link."""

    id: str
    scopes: list[Scope]
    history_since: Time | None
    grant_expires_at: Time | None
    expires_at: Time
    created_at: Time


class Grants(msgspec.Struct, frozen=True):
    """Oldest first."""

    grants: list[Grant]
    invitations: list[OpenGrantInvitation]


class GrantInvitation(msgspec.Struct, frozen=True):
    """`link` is shown once, and good once."""

    id: str
    link: str
    expires_at: Time


class GrantOffer(msgspec.Struct, frozen=True):
    """What a link offers. `owner`: the e-mail of who gives it."""

    camera_name: str
    owner: str
    scopes: list[Scope]
    history_since: Time | None
    grant_expires_at: Time | None


class Viewer(msgspec.Struct, frozen=True):
    """Who watches now. `way`: from the camera itself (also by TURN), or through a relay."""

    email: str
    since: Time
    way: Way


class PastViewer(msgspec.Struct, frozen=True):
    """Who watched."""

    email: str
    began_at: Time
    ended_at: Time
    way: Way


class Viewers(msgspec.Struct, frozen=True):
    """`now`: longest first. `earlier`: the newest hundred, newest first."""

    now: list[Viewer]
    earlier: list[PastViewer]

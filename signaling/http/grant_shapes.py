"""What goes over the wire about sharing: see `signaling.http.shapes`."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta

from signaling.access import SCOPES, Scope
from signaling.http.shapes import Body, Secret, Time
from signaling.http.trust_shapes import Key32, Statement, Statements
from signaling.protocol.messages import Way

Scopes = Annotated[list[Scope], Meta(min_length=1, max_length=len(SCOPES), description="What a guest may do")]
Moment = Annotated[datetime, Meta(tz=True, description="RFC 3339, with its offset from UTC")]


class GrantInvitationBody(Body, frozen=True):
    """`history_since`: nothing older is shown. `grant_expires_at`: when the guest may no longer.

    Where the app has drawn the link itself: `secret_hash`, SHA-256 of the secret that will accept it, in hex; `grant`:
    the owner's signed grant to the link's key; `link_proof`: the MAC over the camera's key. All three, or none.
    """

    scopes: Scopes
    history_since: Moment | None = None
    grant_expires_at: Moment | None = None
    secret_hash: Annotated[str, Meta(min_length=64, max_length=64, pattern=r"^[0-9a-f]+$")] | None = None
    grant: Statement | None = None
    link_proof: Key32 | None = None


class AcceptanceBody(Body, frozen=True):
    """`invitation`: the secret at the end of a sharing link. `acceptance`: signed by the key of a signed link."""

    invitation: Secret
    acceptance: Statement | None = None


class GrantChangeBody(Body, frozen=True):
    """What is left out stays as it is; null takes a bound away. A moment that has passed ends the grant now. `grant`: a
    signed one to the guest's keyring, in the place of the chain so far."""

    scopes: Scopes | msgspec.UnsetType = msgspec.UNSET
    history_since: Moment | msgspec.UnsetType | None = msgspec.UNSET
    expires_at: Moment | msgspec.UnsetType | None = msgspec.UNSET
    grant: Statement | msgspec.UnsetType = msgspec.UNSET


class Grant(msgspec.Struct, frozen=True):
    """What an account was given. `email`: of the guest. One whose `expires_at` has passed gives nothing. `chain`: the
    signed grant, and the acceptance that names the guest's keyring; empty where nothing was signed."""

    id: str
    email: str
    scopes: list[Scope]
    history_since: Time | None
    expires_at: Time | None
    created_at: Time
    chain: Statements


class OpenGrantInvitation(msgspec.Struct, frozen=True):
    """A link that nobody has used yet. `expires_at`: of the link. `grant`: what was signed for it."""

    id: str
    scopes: list[Scope]
    history_since: Time | None
    grant_expires_at: Time | None
    expires_at: Time
    created_at: Time
    grant: str | None


class Grants(msgspec.Struct, frozen=True):
    """Oldest first."""

    grants: list[Grant]
    invitations: list[OpenGrantInvitation]


class GrantInvitation(msgspec.Struct, frozen=True):
    """`link` is shown once, and good once. Where the app has drawn it, this is only where the link leads to."""

    id: str
    link: str
    expires_at: Time


class SignedOffer(msgspec.Struct, frozen=True):
    """What a guest checks by the link before accepting it."""

    camera_key: str
    owner_keyring: Statements
    grant: str
    link_proof: str


class GrantOffer(msgspec.Struct, frozen=True):
    """What a link offers. `owner`: the e-mail of who gives it. `signed`: null where nothing was."""

    camera_name: str
    owner: str
    scopes: list[Scope]
    history_since: Time | None
    grant_expires_at: Time | None
    signed: SignedOffer | None


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

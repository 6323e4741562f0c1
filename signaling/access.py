"""What an account may do with a camera: its own, or one that was shared with it. The rules, and nothing else.

A grant sleeps while its camera is not confirmed ("Is this your camera?"): until the yes, only the account that added
the camera sees it (DESIGN §6.5). Whoever is neither owner nor awake guest is told that there is no such camera.
"""

import math
from dataclasses import dataclass
from typing import Literal, get_args

from signaling.store.rows import Camera, Grant

Scope = Literal["live", "talk", "history", "manage"]
"""`talk` and `history` are kept for later: no route acts on them."""
SCOPES: tuple[Scope, ...] = get_args(Scope)


@dataclass(frozen=True, slots=True)
class Access:
    """`owner`: the e-mail of the camera's account. `grant`: what a guest was given; None for the owner."""

    owner: str
    grant: Grant | None = None

    def may(self, scope: Scope) -> bool:
        """The owner may everything."""
        return self.grant is None or scope in self.grant.scopes

    @property
    def until(self) -> float:
        """Seconds since the epoch, or infinity."""
        return math.inf if self.grant is None else end_of(self.grant)


def end_of(grant: Grant) -> float:
    """When it ends, seconds since the epoch, or infinity."""
    return math.inf if grant.expires_at is None else grant.expires_at


def is_awake(camera: Camera) -> bool:
    """Whether guests may know of it."""
    return camera.state == "active" and camera.confirmed


def counts(grant: Grant, camera: Camera, now: float) -> bool:
    """Whether this grant gives anything now."""
    return is_awake(camera) and now < end_of(grant)


def may_watch(camera: Camera, account_id: str, grant: Grant | None, now: float) -> float | None:
    """Until when this account may watch, seconds since the epoch; None where it may not. `grant`: its own, if any.

    Owners watch their own cameras, confirmed or not.
    """
    if camera.state != "active":
        return None
    if camera.account_id == account_id:
        return math.inf
    if grant is None or not counts(grant, camera, now) or "live" not in grant.scopes:
        return None
    return end_of(grant)

"""Signed grants as the server looks at them: whether they are about this camera, and belong together.

So that a mistake is noticed where it is made. Whether they give anything is for the camera to judge
(`protocol.trust.grant.rights`). All raise `Refused` (statement_untrue). Plain functions.
"""

from collections.abc import Sequence

from signaling.protocol.trust import statement
from signaling.protocol.trust.grant import ACCEPTANCE, GRANT, Acceptance, Grant
from signaling.protocol.trust.statement import Said, Untrue
from signaling.refusals import Refused
from signaling.store.rows import Camera


def check_grant(text: str, camera: Camera, *, link: bool) -> None:
    """Whether it grants something of this camera: to whoever has a link, or to a keyring."""
    said = _read(text)
    if said.what.camera != camera.public_key:
        raise _untrue("this grant is for another camera, or for the key that this one had before")
    if said.what.link is not link:
        raise _untrue("this grant is for somebody else")


def accepted(chain: Sequence[str], text: str) -> list[str]:
    """The chain with the acceptance of its grant. Raises `Refused` (already_accepted) as well."""
    if len(chain) > 1 and chain[1] == text:
        return list(chain)
    if not chain or not _read(chain[0]).what.link:
        raise _untrue("there is no signed grant of a link to be accepted")
    if len(chain) > 1:
        raise Refused("already_accepted", "this grant was accepted already")
    grant = _read(chain[0])
    try:
        said = statement.read(text, ACCEPTANCE, Acceptance)
    except Untrue as error:
        raise _untrue(str(error)) from None
    if said.by != grant.what.to or said.what.grant != grant.digest:
        raise _untrue("this acceptance is not of the grant's link")
    return [*chain, text]


def _read(text: str) -> Said[Grant]:
    try:
        return statement.read(text, GRANT, Grant)
    except Untrue as error:
        raise _untrue(str(error)) from None


def _untrue(why: str) -> Refused:
    return Refused("statement_untrue", why)

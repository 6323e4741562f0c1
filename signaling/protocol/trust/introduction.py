"""Introductions: one installation of an account tells the others which key a camera has, and whose it is.

So that only one of them has to be there at the pairing, or opens the invitation. The newest counts; who has seen one
does not go back to an older.
"""

from typing import Annotated

import msgspec

from signaling.protocol.trust import statement
from signaling.protocol.trust.keyring import Keyring
from signaling.protocol.trust.statement import Key, Seconds, Untrue

KIND = "belvedere-camera+jwt"
MAX_ID_CHARS = 64
"""Ids of cameras at the server are shorter."""


class Introduction(msgspec.Struct, frozen=True):
    """`ring`: of whoever says it, and to whom. `id`: the server's for the camera. `camera`: its key. `owner`: the ring
    of its owner, which is `ring` for one's own."""

    ring: Key
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_CHARS)]
    camera: Key
    owner: Key
    iat: Seconds


def read_introduction(text: str, ring: Keyring, id_: str, known: Introduction | None = None) -> Introduction:
    """What holds after this statement. One that is no newer than what is known changes nothing.

    Raises `Untrue` unless somebody on this ring said it to the others, of the camera with this id.
    """
    said = statement.read(text, KIND, Introduction)
    what = said.what
    if said.by not in ring.keys or what.ring != ring.name:
        raise Untrue("whoever introduces this camera does not belong to the keyring")
    if what.id != id_:
        raise Untrue("this introduces another camera")
    return what if known is None or what.iat > known.iat else known

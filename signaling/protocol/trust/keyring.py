"""Keyrings: which installations of the app speak for one account.

A keyring is a chain of statements. The first is signed by the only key that it names, and its digest is the ring's name
for ever: nobody can make another ring of that name. Each further one names all keys from then on, the digest of the one
before, and is signed by a key of that one. So a key can be added or taken away only by one that belongs, whatever the
server does. It could show an old end of the chain; who has seen a newer one does not go back.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from signaling.protocol.trust import statement
from signaling.protocol.trust.statement import Key, Seconds, Untrue

KIND = "belvedere-keyring+jwt"
MAX_KEYS = 16
"""Installations of one account, a printed recovery code among them."""
MAX_STATEMENTS = 256
"""Of one ring: a person who adds and removes one a week is there after five years, and pairs anew."""
MAX_CHAIN_CHARS = 32 * 1024
"""Of one ring's statements together, since viewers send theirs with each session: some fifty of a ring of three."""
MAX_LABEL_CHARS = 80
"""A browser's name and its system's."""


class Link(msgspec.Struct, frozen=True, omit_defaults=True):
    """One statement. `n` counts from 0. `ring` and `before` are empty in the first.

    `label`: how whoever added a key calls it, for people; nothing is decided by it.
    """

    n: Annotated[int, msgspec.Meta(ge=0, lt=MAX_STATEMENTS)]
    keys: Annotated[list[Key], msgspec.Meta(min_length=1, max_length=MAX_KEYS)]
    iat: Seconds
    ring: str = ""
    before: str = ""
    label: Annotated[str, msgspec.Meta(max_length=MAX_LABEL_CHARS)] = ""


@dataclass(frozen=True, slots=True)
class Keyring:
    """What a chain comes to. `head`: digest of its newest statement, number `n`."""

    name: Key
    n: int
    head: Key
    keys: frozenset[Key]


def begin(key: Ed25519PrivateKey, now: int, label: str = "") -> str:
    """The first statement of a new ring, which holds this key alone."""
    return statement.sign(key, KIND, Link(0, [statement.name_of(key)], now, label=label))


def change(key: Ed25519PrivateKey, ring: Keyring, keys: Sequence[Key], now: int, label: str = "") -> str:
    """The next statement. Raises `Untrue` where this key may not say it, or nobody would be left."""
    if statement.name_of(key) not in ring.keys:
        raise Untrue("this installation does not belong to the keyring")
    if not keys:
        raise Untrue("a keyring without any key could never be changed again")
    return statement.sign(key, KIND, Link(ring.n + 1, sorted(keys), now, ring.name, ring.head, label))


def follow(texts: Sequence[str], known: Keyring | None = None) -> Keyring:
    """The ring at the end of this chain, which begins with its first statement, or right after `known`.

    Raises `Untrue` where the chain is broken, and where there is nothing to follow.
    """
    ring = known
    if len(texts) > MAX_STATEMENTS or sum(map(len, texts)) > MAX_CHAIN_CHARS:
        raise Untrue("this keyring has too many statements")
    for text in texts:
        ring = _next(ring, text)
    if ring is None:
        raise Untrue("there is no keyring")
    return ring


def catch_up(texts: Sequence[str], known: Keyring) -> Keyring:
    """The newer of what is known and this whole chain. An old end, shown again, changes nothing.

    Raises `Untrue` where it is another ring, or parts from what is known: somebody was shown an old end and went on.
    """
    if len(texts) <= known.n:
        return known
    if statement.digest(texts[known.n]) != known.head:
        raise Untrue("this keyring is another one than what was seen before")
    # All of it: whoever keeps the longer chain has to be able to read it from its beginning.
    return known if len(texts) == known.n + 1 else follow(texts)


def _next(ring: Keyring | None, text: str) -> Keyring:
    said = statement.read(text, KIND, Link)
    link = said.what
    if len(set(link.keys)) != len(link.keys):
        raise Untrue("a key stands twice in this keyring")
    if ring is None:
        if (link.n, link.ring, link.before) != (0, "", "") or link.keys != [said.by]:
            raise Untrue("this keyring does not begin with its first statement")
        return Keyring(said.digest, 0, said.digest, frozenset(link.keys))
    if (link.n, link.ring, link.before) != (ring.n + 1, ring.name, ring.head):
        raise Untrue("this statement does not follow the last one of its keyring")
    if said.by not in ring.keys:
        raise Untrue("whoever signed this does not belong to the keyring")
    return Keyring(ring.name, link.n, said.digest, frozenset(link.keys))

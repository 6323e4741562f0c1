"""Theory, written out by hand once more: the table of all pairs, to be checked by eye against RFC 5128 and RFC 4787."""

import pytest

from tests.natlab.behaviour import Behaviour
from tests.natlab.expected import Reach, direct, reach
from tests.natlab.kinds import CELLS, HOMES, KINDS, SHARED, UnknownKind, pair

TABLE = """
                 none full restr port remap symm carr blocked 443 ipv6 dual
none              d    d     d     d    d    d    d     .      .   .    d
full-cone         d    d     d     d    d    d    d     .      .   .    d
restricted        d    d     d     d    d    d    d     .      .   .    d
port-restricted   d    d     d     d    d    .    d     .      .   .    d
port-remap        d    d     d     d    d    .    d     .      .   .    d
symmetric         d    d     d     .    .    .    .     .      .   .    .
carrier-grade     d    d     d     d    d    .    d     .      .   .    d
udp-blocked       .    .     .     .    .    .    .     .      .   .    .
only-tcp-443      .    .     .     .    .    .    .     .      .   .    .
ipv6-only         .    .     .     .    .    .    .     .      .   d    d
dual-stack        d    d     d     d    d    .    d     .      .   d    d
"""
"""d: direct. Columns are the viewer's kinds, in the order of the rows."""
TOGETHER = {"same-lan": True, "hairpin": True, "shared-carrier": False}


def rows() -> dict[str, list[str]]:
    return {name: marks for name, *marks in map(str.split, TABLE.strip().splitlines()[1:])}


def test_the_table_covers_every_pair() -> None:
    assert tuple(rows()) == HOMES
    assert all(len(marks) == len(HOMES) for marks in rows().values())
    assert set(TOGETHER) == set(SHARED)
    assert len(CELLS) == len(HOMES) ** 2 + len(SHARED) >= 49


@pytest.mark.parametrize("camera", HOMES)
def test_theory_is_the_table(camera: str) -> None:
    for viewer, mark in zip(HOMES, rows()[camera], strict=True):
        verdict = direct(KINDS[camera], KINDS[viewer])
        assert verdict.direct == (mark == "d"), f"{camera} and {viewer}: {verdict.reason}"


@pytest.mark.parametrize("name", SHARED)
def test_common_routers(name: str) -> None:
    assert direct(KINDS[name], KINDS[name]).direct == TOGETHER[name]


def test_what_a_relay_must_offer() -> None:
    by_tcp = {name: reach(kind) for name, kind in KINDS.items() if reach(kind) is not Reach.UDP}
    assert by_tcp == {"udp-blocked": Reach.TCP, "only-tcp-443": Reach.TCP_443}


def test_no_two_homes_are_the_same_network() -> None:
    """Kinds that no probe could tell apart would only make the matrix longer."""
    seen: dict[Behaviour, str] = {}
    for name in HOMES:
        twin = seen.setdefault(KINDS[name].declared, name)
        assert twin == name or {twin, name} == {"port-remap", "carrier-grade"}, f"{twin} and {name}"


def test_unknown_pairs_are_refused_in_words() -> None:
    with pytest.raises(UnknownKind, match=r"'moon'; there are: none, full-cone"):
        pair("moon", "none")
    with pytest.raises(UnknownKind, match="hairpin and none do not go together"):
        pair("hairpin", "none")

"""The access matrix of the REST API: every route of the OpenAPI document, tried by everybody.

What is right stands in `tests/signaling/access/rows.py`; callers in `callers.py`, the owner's things in `stage.py`.
"""

import re
from typing import Any

import pytest

from signaling.http.app import create_app
from signaling.http.call import SAFE_METHODS
from signaling.http.openapi import document
from signaling.http.problems import PROBLEMS
from signaling.http.routes import ROUTES
from signaling.server import Running
from tests.signaling.access.callers import CALLERS, GUESTS, SIGNED_IN, Caller, Form, foreign_page, forms
from tests.signaling.access.rows import ROWS, UNDOCUMENTED, Row
from tests.signaling.access.scene import Scene
from tests.signaling.api import Answer

DOCUMENT = document(ROUTES, origin="http://127.0.0.1", version="0")
DOCUMENTED = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
NAMING = [name for name, row in ROWS.items() if "$" in str((row.id, row.body))]
"""Rows whose request names something of the owner's."""
NOT_COMPARED = {"Date"}


def test_access_matrix_has_a_row_for_every_route() -> None:
    missing, stale = sorted(DOCUMENTED - ROWS.keys()), sorted(ROWS.keys() - DOCUMENTED)
    assert not missing, (
        f"no row in tests/signaling/access/rows.py (ROWS) for {missing}: say there who gets what from each of them, "
        'for instance  "GET /api/cameras/{id}": Row(owner_only(200), id="$camera").  A thing that the row needs and '
        "the stage lacks goes into `_play` (stage.py), a new kind of caller into `Caller` and `forms` (callers.py)."
    )
    assert not stale, f"rows without a route, to be removed from tests/signaling/access/rows.py: {stale}"


@pytest.mark.parametrize("name", sorted(ROWS))
def test_access_matrix_says_what_each_caller_gets(name: str) -> None:
    rights = ROWS[name].rights
    assert set(rights) == set(CALLERS), f"{name}: nothing is said about {set(CALLERS) ^ set(rights)}"
    codes = [answer for answer in rights.values() if isinstance(answer, str)]
    assert all(code in PROBLEMS for code in codes), codes
    secured = DOCUMENT["paths"][name.partition(" ")[2]][name.partition(" ")[0].lower()]["security"]
    outside = {rights[caller] for caller in CALLERS if caller not in SIGNED_IN}
    assert not secured or outside == {"unauthorized"}, (
        f"{name} needs an account, but {outside} is said of those without"
    )


async def test_access_matrix_knows_all_that_is_served(running: Running) -> None:
    """What is not in the document is named with its reason."""
    app = create_app(running.services, socket=_unused, media=_unused)
    served = {resource.canonical for resource in app.router.resources()}
    outside = {path for path in served if path.startswith(("/api/", "/metrics")) and path not in DOCUMENT["paths"]}
    assert outside - {path for path in outside if path.startswith("/api/docs")} == UNDOCUMENTED.keys()


async def _unused(_request: Any) -> Any:
    raise AssertionError("nobody asks")


@pytest.mark.parametrize("name", sorted(ROWS))
async def test_access_matrix(name: str, scene: Scene) -> None:
    """Everybody tries, the owner last. Who is refused has changed nothing and learnt nothing."""
    wrong: list[str] = []
    for caller in CALLERS:
        for form in forms(caller)[: 1 if caller == "owner" else None]:
            answer, changed = await attempt(scene, name, form)
            got: int | str = answer.code or answer.status if answer.status >= 400 else answer.status
            expected = ROWS[name].rights[caller]
            if got != expected:
                wrong.append(f"{caller}: {got} instead of {expected}")
            if answer.status >= 400 and changed:
                wrong.append(f"{caller}: refused with {got}, but {changed} changed")
            if caller != "owner" and reads_private(scene, caller, answer):
                wrong.append(f"{caller}: reads of the owner in {answer.data[:300]!r}")
    assert not wrong, f"{name}\n" + "\n".join(wrong)


def reads_private(scene: Scene, caller: Caller, answer: Answer) -> bool:
    """What an ended grant was about stands in its guest's own export for as long as the grant is kept."""
    text = answer.data.decode(errors="replace")
    knows = caller in GUESTS or (caller == "expired_grant" and '"form":"belvedere-export' in text)
    return any(word in text for word in scene.private(guest=knows))


async def attempt(scene: Scene, name: str, form: Form) -> tuple[Answer, list[str]]:
    """What one caller gets, and which tables are other than before."""
    headers, before = await form(scene), scene.remembered()
    assert {"accounts", "cameras", "logins"} <= before.keys()
    answer = await request(scene, name, headers)
    after = scene.remembered()
    return answer, [table for table in before.keys() | after.keys() if after.get(table) != before.get(table)]


async def request(scene: Scene, name: str, headers: dict[str, str], *, unknown: bool = False) -> Answer:
    row = ROWS[name]
    method, _, path = name.partition(" ")
    path = re.sub(r"{\w+}", lambda _: scene.filled(row.id, unknown=unknown), path)
    return await scene.ask(method, path, scene.filled(row.body, unknown=unknown), headers)


@pytest.mark.parametrize("name", sorted(NAMING))
async def test_access_matrix_tells_foreign_from_unknown_to_nobody(name: str, scene: Scene) -> None:
    """An id that is somebody's and one that is nobody's: the same answer, to the last byte."""
    for caller in outsiders(ROWS[name]):
        for form in forms(caller):
            foreign, unknown = [await request(scene, name, await form(scene), unknown=u) for u in (False, True)]
            assert (foreign.status, foreign.data) == (unknown.status, unknown.data), caller
            assert comparable(foreign) == comparable(unknown), caller


def outsiders(row: Row) -> list[Caller]:
    """Who is refused; a guest who is told `forbidden` knows the camera."""
    refused = [caller for caller, answer in row.rights.items() if isinstance(answer, str)]
    return [caller for caller in refused if not (caller in GUESTS and row.rights[caller] == "forbidden")]


def comparable(answer: Answer) -> dict[str, str]:
    return {header: value for header, value in answer.headers.items() if header not in NOT_COMPARED}


@pytest.mark.parametrize("name", sorted(name for name in ROWS if name.partition(" ")[0] not in SAFE_METHODS))
async def test_access_matrix_keeps_out_pages_of_others(name: str, scene: Scene) -> None:
    """A foreign page that has the owner's browser send the cookie along moves nothing."""
    answer, changed = await attempt(scene, name, foreign_page)
    public = ROWS[name].rights["anonymous"] != "unauthorized"
    assert (answer.code or answer.status) == (ROWS[name].rights["anonymous"] if public else "origin_refused")
    assert not changed and "Access-Control-Allow-Origin" not in answer.headers

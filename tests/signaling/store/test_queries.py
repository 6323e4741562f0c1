"""What comes from outside is never part of a query's text: it goes in as parameters."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
TAKES_SQL = {"text", "literal_column", "exec_driver_sql", "execute", "executemany", "scalar", "scalars", "stream"}
OURS = {
    "connection.exec_driver_sql(statement)",  # one of two words with which a transaction begins
    "cursor.execute(f'PRAGMA {pragma}')",  # three constants, one line above
}
"""Texts that are put together, of constants."""


def put_together(source: str) -> list[str]:
    """Calls whose query is a text that was put together, or came as a variable where only a text fits."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call) and node.args]
    found = []
    for call in calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        first = call.args[0]
        is_text = isinstance(first, ast.JoinedStr | ast.BinOp) or "format" in ast.unparse(first).split("(")[0]
        is_given = name in {"text", "literal_column", "exec_driver_sql"} and not isinstance(first, ast.Constant)
        if name in TAKES_SQL and (is_text or is_given):
            found.append(ast.unparse(call))
    return found


def test_queries_take_parameters() -> None:
    """Migrations are not asked: nothing from outside gets there."""
    files = [path for path in (ROOT / "signaling").rglob("*.py") if "migrations" not in path.parts]
    found = {call for path in files if "sqlalchemy" in path.read_text() for call in put_together(path.read_text())}
    assert found == OURS


@pytest.mark.parametrize(
    ("source", "fits"),
    [
        ("c.execute(text('SELECT :key'), {'key': key})", True),
        ("c.execute(select(cameras).where(cameras.c.id == key))", True),
        ("c.execute(text(f'SELECT {key}'))", False),
        ("c.execute(text('SELECT ' + key))", False),
        ("c.execute(text('SELECT {}'.format(key)))", False),
        ("c.execute(text(query))", False),
        ("c.exec_driver_sql('SELECT %s' % key)", False),
        ("select(literal_column(key))", False),
    ],
)
def test_the_rule_itself(source: str, fits: bool) -> None:
    assert (put_together(source) == []) is fits

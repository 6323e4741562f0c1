"""What a database says of an error, without the values it was given: those are people's data, and errors are logged.

`hide_parameters` keeps them out of what SQLAlchemy adds. PostgreSQL quotes the row in lines of their own (`DETAIL`),
and what it, or asyncpg before it, cannot read behind a colon.
"""

import re

from sqlalchemy.exc import DBAPIError

UNREADABLE = re.compile(r"(invalid (?:input|byte|value)[^:]*): .*")


def take_values_out(error: DBAPIError) -> None:
    """Its traceback stays; what the driver raised before it is not shown any more."""
    for told in (error, error.orig):
        if told is not None:
            told.args = tuple(plain(argument) if isinstance(argument, str) else argument for argument in told.args)
    error.__cause__, error.__suppress_context__ = None, True


def plain(text: str) -> str:
    """The first line, as far as it is the database's own."""
    return UNREADABLE.sub(r"\1", text.partition("\n")[0])

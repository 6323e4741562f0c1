"""How our programs read their settings: from the environment, once, with every fault named; and the table of them all.

A program's settings are one frozen dataclass whose fields are made by `setting`. Plain functions: the environment is an
argument.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from typing import Any, NamedTuple, TypeVar
from urllib.parse import urlsplit

PREFIX = "BELVEDERE_"
MAX_ADDRESSES = 16
"""Of a relay: each is a candidate or two of every session."""
MIN_SECRET_CHARS = 32
"""RFC 7518 §3.2."""
T = TypeVar("T")


class BadSettings(ValueError):
    """One or more settings make no sense; the text has one sentence a line."""


class Option(NamedTuple):
    """One that several programs have alike: the arguments of `setting`."""

    default: Any
    doc: str
    parse: Callable[[str], Any]


def setting(default: Any, doc: str, parse: Callable[[str], Any] = str, *, bare: bool = False) -> Any:
    """`bare`: also read without the prefix, because hosting platforms set it under that name."""
    return field(default=default, metadata={"doc": doc, "parse": parse, "bare": bare})


def read(kind: type[T], environment: Mapping[str, str]) -> tuple[T, list[str]]:
    """The settings, and a sentence for each that cannot be read; such a one has its default."""
    values: dict[str, Any] = {}
    faults: list[str] = []
    for option in _options(kind):
        name, text = _given(option, environment)
        if not text:
            continue
        try:
            values[option.name] = option.metadata["parse"](text)
        except ValueError as error:
            faults.append(f"{name}: {error}")
    return kind(**values), faults


def unknown(kind: type, environment: Mapping[str, str], foreign: tuple[str, ...]) -> list[str]:
    """Names that look like ours and mean nothing: usually a slip of the pen. `foreign`: beginnings of others' names."""
    known = {PREFIX + option.name.upper() for option in _options(kind)}
    return sorted(
        name for name in environment if name.startswith(PREFIX) and name not in known and not name.startswith(foreign)
    )


def table(kind: type) -> str:
    """All settings as a Markdown table."""
    lines = ["| variable | default | what it does |", "|---|---|---|"]
    for option in _options(kind):
        name = f"`{PREFIX}{option.name.upper()}`"
        if option.metadata["bare"]:
            name += f" or `{option.name.upper()}`"
        lines.append(f"| {name} | {_shown(option.default)} | {option.metadata['doc']} |")
    return "\n".join(lines)


def _options(kind: Any) -> Any:
    return fields(kind)


def _given(option: Any, environment: Mapping[str, str]) -> tuple[str, str]:
    name = PREFIX + option.name.upper()
    text = environment.get(name, "")
    if not text and option.metadata["bare"]:
        return option.name.upper(), environment.get(option.name.upper(), "").strip()
    return name, text.strip()


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return f"`{int(value)}`"
    if isinstance(value, tuple):
        return f"`{','.join(map(str, value))}`" if value else "none"
    return f"`{value}`" if str(value) else "none"


# --- readers of one value; each raises ValueError with what it wants ---


def switch(text: str) -> bool:
    if text.lower() not in {"1", "0", "true", "false", "yes", "no", "on", "off"}:
        raise ValueError("must be 1 or 0")
    return text.lower() in {"1", "true", "yes", "on"}


def port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise ValueError("must be a port, 0 to 65535")
    return int(text)


def one_of(*choices: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(f"must be one of: {', '.join(choices)}")
        return text.lower()

    return parse


def between(low: int, high: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"must be a number from {low} to {high}")
        return int(text)

    return parse


def words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in text.split(",") if word.strip())


def origin(text: str) -> str:
    parts = urlsplit(text.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path or parts.query or parts.username:
        raise ValueError("must look like https://cameras.example.org, without a path")
    _ = parts.port  # raises ValueError where it is no number
    return f"{parts.scheme}://{parts.netloc.lower()}"


def is_loopback(host: str) -> bool:
    """Whether a listening address stays on this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def addresses(text: str) -> tuple[str, ...]:
    found = words(text)
    if len(found) > MAX_ADDRESSES:
        raise ValueError(f"at most {MAX_ADDRESSES} addresses")
    for word in found:
        try:
            ipaddress.ip_address(word)
        except ValueError:
            raise ValueError(f"{word} is not an IP address") from None
    return found


def secret(text: str) -> str:
    if len(text) < MIN_SECRET_CHARS:
        raise ValueError(f"needs at least {MIN_SECRET_CHARS} characters")
    return text


# --- options of every server program ---

LOG_LEVEL = Option("info", "debug, info, warning or error", one_of("debug", "info", "warning", "error"))
LOG_FORMAT = Option("auto", "json, console or auto (console on a terminal)", one_of("auto", "json", "console"))

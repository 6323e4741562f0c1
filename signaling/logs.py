"""Logs: one JSON object a line, or a readable form on a terminal. Secrets are never passed to a logger; names that
would hold one are blotted out all the same."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

SECRET_NAMES = frozenset(
    {"password", "token", "secret", "secret_token", "authorization", "cookie", "wifi_password", "invitation", "ticket"}
)


def configure(level: str, form: str) -> None:
    """`level`: debug, info, warning, error. `form`: auto, json, console. Writes to standard error."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        blot_secrets,
    ]
    last: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if console
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[*shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _join_standard_logging(level, [*shared, structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last])


def blot_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A secret under a telling name does not get out, even by mistake."""
    for name in event:
        if name in SECRET_NAMES:
            event[name] = "…"
    return event


def _join_standard_logging(level: str, processors: "list[structlog.typing.Processor]") -> None:
    """Libraries log through `logging`; their lines take the same form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=processors))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(logging.WARNING, getattr(logging, level.upper())))

"""The log: one line per happening, with the ids of whoever it concerns, and never a payload or a secret.

The log is for operators and may be thrown away; what must survive is an audit event (`domain/events.py`).
Every logger of the process ends here, also those of the libraries. What comes from outside (login names, client
versions, device banners) may hold control characters; they are escaped, so that no line can forge another one or
drive the terminal of whoever reads it (T39).
"""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# Names whose values are dropped wherever they turn up. The rule is not to log them; this is the net under the rule.
HIDDEN = frozenset({"payload", "data", "password", "secret", "totp", "token", "cookie", "private_key"})
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
QUIET = {"asyncssh": logging.WARNING, "uvicorn.access": logging.WARNING}


def setup(log_format: str = "console", level: str = "info", stream: TextIO | None = None) -> None:
    """Route everything through one handler; `log_format` is `console` or `json`. Call once, before anything else."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[*_shared(), *_last(log_format, stream)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    _route_libraries(level.upper())
    structlog.configure(
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=False,
    )


def escape(text: str) -> str:
    r"""Write control, invisible and direction-changing characters as `\xNN` or `\uNNNN`."""
    return UNPRINTABLE.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _route_libraries(level: str) -> None:
    """Take away handlers that libraries brought along, and keep the talkative ones to warnings."""
    for name in ("asyncssh", "uvicorn", "uvicorn.error", "uvicorn.access", "sqlalchemy", "alembic", "asyncio"):
        library = logging.getLogger(name)
        library.handlers = []
        library.propagate = True
    for name, least in QUIET.items():
        wanted = logging.getLevelNamesMapping()[level]
        logging.getLogger(name).setLevel(wanted if level == "DEBUG" else max(wanted, least))


def _shared() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception,
        _hide,
        _escape_all,
    ]


def _last(log_format: str, stream: TextIO) -> list[Processor]:
    if log_format == "json":
        return [structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)]


def _exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Turn an exception into text here, without the values of local variables: they may be secrets."""
    return structlog.processors.format_exc_info(_logger, _method, event)


def _hide(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name in HIDDEN & event.keys():
        event[name] = "<hidden>"
    return event


def _escape_all(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        event[name] = _clean(value, keep_lines=name == "exception")
    return event


def _clean(value: object, *, keep_lines: bool = False) -> Any:
    """Escape text, also inside lists and mappings. Numbers and `None` pass; anything else is shown by its `str`."""
    match value:
        case bool() | int() | float() | None:
            return value
        case str() if keep_lines:
            return "\n".join(escape(line) for line in value.split("\n"))
        case str():
            return escape(value)
        case MutableMapping():
            return {escape(str(name)): "<hidden>" if name in HIDDEN else _clean(inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_clean(inner) for inner in value]
        case _:
            return escape(str(value))

"""Bad input for every form and every call there is, from the routes themselves: a new route is tried without a word.

What is sent is wrong in one way at a time: too long, of another type, hostile, of the past, what no database keeps.
"""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel

HUGE: Final = "9" * 30
LONG: Final = "x" * 100_000
TEXTS: Final = {
    "100 kB": LONG,
    "markup": "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>",
    "a formula": "=cmd|' /C calc'!A0",
    "NUL": "a\x00b",
    "a lone surrogate": "a\ud800b",
    "hidden characters": "\u202egnp.exe\u2066\x1b]52;c;aGk=\x07",
    "a huge number": HUGE,
    "less than nothing": "-1",
    "the past": "1970-01-01T00:00",
    "the end of time": "9999-12-31T23:59",
    "an hour that is skipped": "2026-03-29T02:30",
    "a path": "../../../etc/passwd",
    "a pattern": "%_\\%",
    "nothing but space": " \t\n ",
}
VALUES: Final[dict[str, Any]] = TEXTS | {
    "a number": 7,
    "a number beyond all": 10**40,
    "a fraction": 1.5e308,
    "null": None,
    "yes": True,
    "a list": ["x", 1, None],
    "an object": {"x": {"y": []}},
}
"""What a program may send as JSON."""


def routes(router: APIRouter) -> Iterator[APIRoute]:
    for route in router.routes:
        if isinstance(route, APIRoute):
            yield route


def names(fields: list[Any]) -> list[str]:
    """The names under which these parameters are sent; of a model, those of its fields."""
    found: list[str] = []
    for field in fields:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += list(kind.model_fields)
        else:
            found.append(field.alias)
    return found


def sent(fields: list[str], value: object) -> dict[str, object]:
    return dict.fromkeys(fields, value)


def encodable(text: str) -> bytes:
    """What goes over the wire; a lone surrogate as the bytes that no UTF-8 has."""
    return text.encode("utf-8", "surrogatepass")

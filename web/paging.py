"""Links to the next and the previous page of a list, keeping its filters.

A list that begins with the newest goes on from where a page ended, either way (`turned`): what comes meanwhile pushes
nothing onto another page. A register, whose rows hardly come and go, counts its pages (`pages`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Generic, Protocol, TypeVar
from urllib.parse import urlencode

from fastapi import Request

from bastion.domain.place import Newer, Place

PAGE: Final = 50
_BACK: Final = "-"
"""Stands before the place whose newer rows are asked for."""
T = TypeVar("T")


class Reader(Protocol[T]):
    def __call__(self, *, after: Place | None, limit: int) -> Awaitable[list[T]]: ...


@dataclass(frozen=True, slots=True)
class Turned(Generic[T]):
    """The rows of a page, the newest first, and the addresses of the pages around it, empty where there is none."""

    rows: list[T]
    newer: str
    older: str


async def turned(
    request: Request, read: Reader[T], place_of: Callable[[T], Place], size: int = PAGE, path: str = "",
) -> Turned[T]:  # fmt: skip
    """Read the page that the address asks for; nonsense in it is the first page.

    `read` is asked for one row more than is shown. `path` is where the page is
    when that is not where the request went.
    """
    place = _place(request.query_params.get("at", ""))
    rows = await read(after=place, limit=size + 1)
    if isinstance(place, Newer) and len(rows) <= size:  # these are the newest there are: show them as everybody does
        place, rows = None, await read(after=None, limit=size + 1)
    back = isinstance(place, Newer)
    more, shown = len(rows) > size, rows[-size:] if back else rows[:size]
    newer = older = ""
    if place is not None and (more or not back):
        newer = _address(request, f"{_BACK}{place_of(shown[0])}" if shown else "", path)
    if back or more:
        older = _address(request, str(place_of(shown[-1])), path)
    return Turned(shown, newer, older)


def _place(text: str) -> Place | None:
    kind = Newer if text.startswith(_BACK) else Place
    try:
        return kind.read(text.removeprefix(_BACK))
    except ValueError:
        return None


def pages(request: Request, number: int, found: int) -> tuple[str, str]:
    """Return the addresses of the newer and the older page, empty where there is none; `found` counts one row more."""
    newer = _address(request, str(number - 1)) if number else ""
    older = _address(request, str(number + 1)) if found > PAGE else ""
    return newer, older


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back a text was looked for, and the address that looks from there."""

    until: datetime
    address: str


def further(request: Request, name: str, until: datetime | None, value: str = "") -> Reach | None:
    """Return the way further back; nothing when everything was looked at."""
    if until is None:
        return None
    said = request.query_params.multi_items()
    kept = [(key, text) for key, text in said if key not in {"at", name}]
    return Reach(until, f"{request.url.path}?{urlencode([*kept, (name, value or until.isoformat())])}")


def _address(request: Request, at: str, path: str = "") -> str:
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "at"]
    return f"{path or request.url.path}?{urlencode([*kept, *([('at', at)] if at else [])])}"

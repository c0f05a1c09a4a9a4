"""Links to the next and the previous page of a list, keeping its filters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from fastapi import Request

PAGE: Final = 50


def pages(request: Request, number: int, found: int) -> tuple[str, str]:
    """Return the addresses of the newer and the older page, empty where there is none; `found` counts one row more."""
    newer = _address(request, number - 1) if number else ""
    older = _address(request, number + 1) if found > PAGE else ""
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


def _address(request: Request, number: int) -> str:
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "at"]
    return f"{request.url.path}?{urlencode([*kept, ('at', str(number))])}"

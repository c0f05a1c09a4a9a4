"""Links to the next and the previous page of a list, keeping its filters."""

from typing import Final
from urllib.parse import urlencode

from fastapi import Request

PAGE: Final = 50


def pages(request: Request, number: int, found: int) -> tuple[str, str]:
    """Return the addresses of the newer and the older page, empty where there is none; `found` counts one row more."""
    newer = _address(request, number - 1) if number else ""
    older = _address(request, number + 1) if found > PAGE else ""
    return newer, older


def _address(request: Request, number: int) -> str:
    kept = [(key, value) for key, value in request.query_params.multi_items() if key != "at" and value]
    return f"{request.url.path}?{urlencode([*kept, ('at', str(number))])}"

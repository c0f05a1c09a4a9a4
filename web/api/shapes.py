"""What every shape is made of: kinds of values and what makes a page. Ids are opaque text, times are UTC.

One shape per noun, filled from the services' views; those that several calls answer with have a file (`*_shapes.py`).
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, Strict
from starlette.responses import Response

from bastion.domain.local_time import YEARS
from bastion.domain.place import Place

Flag = Annotated[bool, Strict()]
"""`true` or `false`; a program that says 0 or "no" has made a mistake, and is told."""
Whole = Annotated[int, Strict()]
Version = Annotated[Whole, Field(ge=0, le=2**31 - 1, description="What was read; another one since then is a 409.")]
Minutes = Annotated[Whole, Field(ge=1, le=24 * 60, description="Minutes of work.")]
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def _as_written(value: object) -> object:
    """Let nothing but a written instant be one: `0.5` is no moment of 1970."""
    if isinstance(value, datetime) or (isinstance(value, str) and _WRITTEN.fullmatch(value)):
        return value
    raise ValueError("not an instant with its offset")


def _within_reach(value: datetime) -> datetime:
    if value.year not in YEARS:
        raise ValueError("too far away to reckon with")
    return value


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_as_written),
    AfterValidator(_within_reach),
    Field(description="An instant with its offset, e.g. 2026-05-04T08:00:00+02:00."),
]
T = TypeVar("T")


def _each_once(value: object) -> object:
    """Refuse a list that names something twice, as its description does."""
    if isinstance(value, list) and any(one in value[:at] for at, one in enumerate(value)):
        raise ValueError("named twice")
    return value


Several = Annotated[frozenset[T], BeforeValidator(_each_once)]
"""Each at most once, in any order."""


def _encodable(text: str) -> str:
    """A lone surrogate, which JSON can write, is no text: `ValueError`."""
    text.encode()
    return text


Encodable = Annotated[str, AfterValidator(_encodable)]
"""A text of which only the bytes are used; what the database keeps it judges itself."""


def _a_place(text: str) -> str:
    if text:
        Place.read(text)
    return text


After = Annotated[
    str,
    AfterValidator(_a_place),
    Field(description="The header `Next-After` of the page before, to read on from there, however far back."),
]


def place_in(after: str) -> Place | None:
    return Place.read(after) if after else None


def say_next(answer: Response, limit: int, places: Sequence[Place]) -> None:
    """Say where the next page begins, if there may be one; unlike a number of rows it stays right while rows come."""
    if len(places) == limit:
        answer.headers["next-after"] = str(places[-1])


Limit = Annotated[int, Field(ge=1, le=500)]
Offset = Annotated[int, Field(ge=0, le=100_000)]
Code = Annotated[str, Field("", max_length=16, description="A fresh code from the authenticator; each is used once.")]
Reason = Annotated[str, Field(max_length=2000, description="Why; kept with the record.")]


class Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True, extra="forbid", frozen=True)

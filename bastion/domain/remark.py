"""Question and answer on a request that waits: the hospital asks, whoever asked for the access answers (R-25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from bastion.errors import Conflict, Invalid

SHORTEST: Final = 2
"""“No” is an answer."""
LONGEST: Final = 2000
MOST: Final = 40


class Side(StrEnum):
    HOSPITAL = "hospital"  # who decides
    ASKER = "asker"  # the technician, or whoever asked in his name


@dataclass(frozen=True, slots=True)
class Remark:
    """One entry of the thread. It is never changed and never removed."""

    id: str
    request_id: str
    side: Side
    author_id: str
    author_name: str
    at: datetime
    text: str


def open_questions(thread: Sequence[Remark]) -> tuple[Remark, ...]:
    """What was asked since the last answer."""
    answered = max((place for place, one in enumerate(thread) if one.side is Side.ASKER), default=-1)
    return tuple(thread[answered + 1 :])


def checked(text: str, side: Side, thread: Sequence[Remark]) -> str:
    """Return the text, or raise `Invalid`, or `Conflict` where nothing was asked or the thread is full."""
    text = text.strip()
    if len(text) < SHORTEST:
        raise Invalid("text", field="text", sentence="Write the question or the answer.")
    if len(text) > LONGEST:
        raise Invalid(
            "text", field="text", sentence="This text is too long: {limit} characters at most.", limit=LONGEST
        )
    if side is Side.ASKER and not open_questions(thread):
        raise Conflict("no question", sentence="Nobody has asked anything that is still open.")
    if len(thread) >= MOST:
        raise Conflict("thread", sentence="This thread is full. Decide now, or call.")
    return text

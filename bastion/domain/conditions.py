"""On what terms an approver agrees: with conditions, and from a later moment on than was asked (R-25)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.errors import Invalid

FARTHEST: Final = timedelta(days=366)
"""How far ahead work may be planned: what lies beyond is a slip of the keyboard."""
TOO_FAR: Final = "This start lies too far ahead. Choose an earlier one."


class Condition(StrEnum):
    """What one person demanded holds, whatever the others said."""

    NO_UPLOAD = "no_upload"  # neither files nor tunnels, nor input to a command without a terminal
    FREEZE_FIRST = "freeze_first"  # a session begins frozen, until somebody of the hospital thaws it
    WATCHER = "watcher"  # somebody of the hospital looks on


@dataclass(frozen=True, slots=True)
class Terms:
    """Without `start`, from when it was asked for."""

    conditions: frozenset[Condition] = frozenset()
    start: datetime | None = None


PLAIN: Final = Terms()


def checked(terms: Terms, asked: datetime | None, now: datetime, *, extends: bool) -> Terms:
    """Return the terms, or raise `Invalid`: time goes on as it was agreed, and what begins later lies ahead."""
    if extends and terms != PLAIN:
        raise Invalid(
            "terms of an extension", field="conditions",
            sentence="More time for running work is agreed to as it is, or refused.",
        )  # fmt: skip
    start = terms.start
    if start is None:
        return terms
    if start.tzinfo is None or start < max(asked or now, now) - timedelta(minutes=1):
        raise Invalid("start", field="start", sentence="Agree to a later start than was asked for, not to an earlier.")
    if start > now + FARTHEST:
        raise Invalid("start", field="start", sentence=TOO_FAR)
    return terms

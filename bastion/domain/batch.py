"""Several devices asked for at once: one request each, under a common reference, each decided on its own (R-25)."""

from collections.abc import Iterable
from typing import Final

from bastion.errors import Invalid

MOST: Final = 10
"""Devices of one batch: more of them nobody reads before he decides."""


def codes(said: Iterable[str]) -> tuple[str, ...]:
    """Each device once, in the order they were named; `Invalid` for none and for too many."""
    known: dict[str, str] = {}
    for code in said:
        if code.strip():
            known.setdefault(code.strip().casefold(), code.strip())
    if not known:
        raise Invalid("none", field="device", sentence="Choose a device from the list.")
    if len(known) > MOST:
        raise Invalid("many", field="others", sentence="Ask for {limit} devices at most at once.", limit=MOST)
    return tuple(known.values())

"""Who has a page open: so many that they must not all ask the console for the same at the same moment.

What was decided goes out with the hint itself and stands on every page at once; what else a page shows it reads again,
and when that is, the console says.
"""

import zlib
from collections import Counter
from typing import Final

from bastion.domain.parties import EVERYWHERE

FEW: Final = 10
"""So many pages may read at once, and nobody else waits."""
EACH: Final = 15
"""Milliseconds for each further page: it asks, is admitted and answered, and others are served between."""


class Audience:
    """How many pages are open, by the hospitals that their readers see."""

    def __init__(self) -> None:
        self._pages: Counter[frozenset[str]] = Counter()

    def change(self, before: frozenset[str] | None, after: frozenset[str] | None) -> None:
        """A page is opened (`before` is `None`), closed (`after` is), or its reader sees other hospitals now."""
        if before is not None:
            self._pages[before] -= 1
            if not self._pages[before]:
                del self._pages[before]
        if after is not None:
            self._pages[after] += 1

    def seeing(self, facility_id: str = "") -> int:
        """How many pages of this hospital are open; of any hospital when it is not said which."""
        if not facility_id:
            return self._pages.total()
        here = {facility_id, EVERYWHERE}
        return sum(count for places, count in self._pages.items() if not here.isdisjoint(places))

    def wait(self, who: str, what: str, facility_id: str = "") -> int:
        """Milliseconds after which the pages of `who` should read again because of `what`.

        All pages of a person at the same moment, so that they are answered together (`Turns`), and those of many people
        one after the other, in another order each time.
        """
        spread = max(0, self.seeing(facility_id) - FEW) * EACH
        return zlib.crc32(f"{what} {who}".encode()) * spread >> 32

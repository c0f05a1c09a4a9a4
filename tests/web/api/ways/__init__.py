"""What must be there for each call of the staff's API that changes something to succeed. One function a call.

**A new call needs its function** in the file of its noun: it is entered in the book there.
"""

from tests.web.api.ways import duty, registers, suppliers, watching, work
from tests.web.api.ways.book import LONE, WAYS, Way, soon, written

PARTS = (work, watching, registers, suppliers, duty)
"""Read, so that all of them are in the book."""

__all__ = ["LONE", "PARTS", "WAYS", "Way", "soon", "written"]

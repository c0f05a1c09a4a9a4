"""A review of access rights as CSV, and what is signed of it.

What is signed is the table's bytes as they are handed out: a line for each right, and a last one that says of which
campaign. The signature's own line follows, and behind it what was decided later. So whoever holds the file checks it
with nothing of ours: the SHA-256 of all that stands before the line `signature` is the digest in that line.
"""

import csv
import hashlib
import io
from collections.abc import Iterable
from typing import Final

from bastion.domain.review import Campaign, ReviewSignature
from bastion.services.review_views import Review, Seen
from recordings.file_table import inert

HEADINGS: Final = (
    "kind", "name", "company", "right", "state", "decided_at", "decided_by", "note", "everywhere", "facility",
    "correspondent",
)  # fmt: skip
_BOM: Final = "\ufeff"


def unsigned(review: Review) -> str:
    """The table as it is now."""
    return _BOM + _rows([HEADINGS]) + _rows(map(_cells, review.lines))


def statement(review: Review) -> str:
    """What is signed: the table as it is now, and of which campaign it is."""
    return unsigned(review) + _rows([_campaign(review.standing.campaign)])


def signed(kept: str, signature: ReviewSignature, review: Review) -> str:
    """What was signed, by whom, and what was decided since: under the headings that were signed, which may be fewer."""
    width = len(next(csv.reader([kept.splitlines()[0]])))
    rows = [_signature(signature, review.standing.campaign), *map(_cells, review.since)]
    return kept + _rows(row[:width] for row in rows)


def digest(kept: str) -> str:
    return hashlib.sha256(kept.encode()).hexdigest()


def _cells(seen: Seen) -> tuple[object, ...]:
    one = seen.line
    at = one.decided_at.isoformat() if one.decided_at else ""
    wide, speaks = ("yes" if marked else "" for marked in (seen.everywhere, seen.correspondent))
    where = seen.facility.code if seen.facility else ""
    return (
        one.kind, one.name, one.company, one.right, seen.state, at, one.decided_by, one.note, wide, where, speaks,
    )  # fmt: skip


def _campaign(one: Campaign) -> tuple[object, ...]:
    """Its id stands under `right`, its hospitals under `company`, its day under `note`."""
    begun = one.created_at.isoformat()
    due = one.due_at.isoformat()
    return "review", one.name, " ".join(one.facilities), one.id, "", begun, one.created_by, due, "", "", ""


def _signature(one: ReviewSignature, campaign: Campaign) -> tuple[object, ...]:
    """The digest stands under `right`."""
    at = one.signed_at.isoformat()
    return "signature", campaign.name, "", one.digest, "signed", at, one.signed_by, one.remark, "", "", ""


def _rows(rows: Iterable[tuple[object, ...]]) -> str:
    """With no cell that is a formula (T39), and no row that goes over its line."""
    sheet = io.StringIO()
    csv.writer(sheet).writerows([inert(str(cell)) for cell in row] for row in rows)
    return sheet.getvalue()

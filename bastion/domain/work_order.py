"""Work orders of the hospital's GMAO (CMMS): what it says of one, and whether that fits what is asked (domain 3.5).

The GMAO's answer is a stranger's text: what is not as `docs/gmao.md` says is `ODD`, never a fault, and every text is
cut and freed of control characters before it is kept.
"""

import json
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

LONGEST: Final = 200
LONGEST_NUMBER: Final = 100


class OrderRule(StrEnum):
    """What a hospital does with the answer."""

    WARN = "warn"  # the approver reads it
    REQUIRE = "require"  # and without an order that fits there is no request, but for an emergency


class Finding(StrEnum):
    FITS = "fits"
    NONE_GIVEN = "none_given"
    UNKNOWN = "unknown"
    CLOSED = "closed"
    OTHER_DEVICE = "other_device"
    OTHER_SUPPLIER = "other_supplier"
    UNREACHABLE = "unreachable"  # the GMAO is down, or answers with an error of its own
    ODD = "odd"  # it answers what its contract does not know


REACHED_NOT: Final = frozenset({Finding.UNREACHABLE, Finding.ODD})
"""No answer about the order: nobody is kept from asking because the GMAO is unwell."""


@dataclass(frozen=True, slots=True)
class Gmao:
    """Where a hospital's GMAO answers. `url` is the root of its interface; one for each facility."""

    id: str
    facility_id: str
    url: str
    rule: OrderRule
    secret_id: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True)
class WorkOrder:
    number: str
    title: str
    state: str
    open: bool
    device: str
    supplier: str
    asked_by: str


@dataclass(frozen=True, slots=True)
class OrderLook:
    """What the GMAO said of a request's work order at a moment: when it was made, and again each time somebody was to
    agree to it. `id` and `request_id` are empty until it is kept; `looked_by` made the bastion look.
    """

    id: str
    request_id: str
    facility_id: str
    number: str
    finding: Finding
    checked_at: datetime
    title: str = ""
    state: str = ""
    asked_by: str = ""
    detail: str = ""
    looked_by: str = ""

    @property
    def fits(self) -> bool:
        return self.finding is Finding.FITS


def refuses(rule: OrderRule, check: OrderLook, *, emergency: bool) -> bool:
    """Whether a request may not be made. An emergency always may, and so may anybody while the GMAO is unwell."""
    return rule is OrderRule.REQUIRE and not (emergency or check.fits or check.finding in REACHED_NOT)


def read(content: bytes) -> WorkOrder:
    """Read the GMAO's answer. Raises `ValueError` for anything else than the contract says."""
    said = json.loads(content)
    if not isinstance(said, dict) or not isinstance(said.get("open"), bool):
        raise ValueError("this is no work order")  # noqa: TRY004 - what a stranger sent has a wrong value
    texts = {name: said.get(name, "") for name in ("number", "title", "state", "device", "supplier", "asked_by")}
    if not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("a field of the work order is no text")
    return WorkOrder(open=said["open"], **{name: clean(text) for name, text in texts.items()})


def judge(order: WorkOrder, number: str, device: str, supplier: str) -> Finding:
    """Codes are compared as people write them: without regard to case and blanks around them."""
    if not _same(order.number, number):
        return Finding.ODD
    if not _same(order.device, device):
        return Finding.OTHER_DEVICE
    if not _same(order.supplier, supplier):
        return Finding.OTHER_SUPPLIER
    return Finding.FITS if order.open else Finding.CLOSED


def clean(text: str) -> str:
    """One line without control, direction and unpaired characters, cut to what a screen shows."""
    kept = ("" if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text[: 4 * LONGEST])
    return "".join(kept).strip()[:LONGEST]


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()

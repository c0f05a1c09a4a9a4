"""Papers of a supplier: contract, charter, security plan and the like, until when they hold, and which are required.

A kind that is required blocks from a set day on: who has no valid paper of it begins nothing new (R-67, R-6).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bastion.errors import IllegalTransition, Invalid

LONGEST: Final = timedelta(days=30 * 366)


class PaperKind(StrEnum):
    CONTRACT = "contract"
    CHARTER = "charter"
    SECURITY_PLAN = "security_plan"
    ATTESTATION = "attestation"  # of the workstations, every year
    INSURANCE = "insurance"
    OTHER = "other"


NAMES: Final[Mapping[PaperKind, str]] = MappingProxyType(
    {
        PaperKind.CONTRACT: "maintenance contract",
        PaperKind.CHARTER: "telemaintenance charter",
        PaperKind.SECURITY_PLAN: "security plan (PAS)",
        PaperKind.ATTESTATION: "yearly security attestation",
        PaperKind.INSURANCE: "insurance certificate",
        PaperKind.OTHER: "other paper",
    }
)
"""What each is called within a sentence, translated where it is shown."""


TERMED: Final = frozenset({PaperKind.CONTRACT, PaperKind.SECURITY_PLAN, PaperKind.ATTESTATION, PaperKind.INSURANCE})
"""What is renewed, and so has a last day (R-6, R-67); any other one may hold until it is withdrawn."""
NO_END: Final = "A paper of this kind is renewed: give its last day."


@dataclass(frozen=True, slots=True)
class Paper:
    """What is known of a document that lies elsewhere. Without `valid_to` it holds until it is withdrawn: of a kind in
    `TERMED` only what was registered before an end was asked for.
    """

    id: str
    supplier_id: str
    kind: PaperKind
    reference: str
    valid_from: datetime
    valid_to: datetime | None
    note: str
    created_by: str
    created_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    warned_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        return self.withdrawn_at is None and self.valid_from <= now and (self.valid_to is None or now < self.valid_to)

    def over(self, now: datetime) -> bool:
        return self.valid_to is not None and self.valid_to <= now

    @property
    def lacks_end(self) -> bool:
        """Whether it stands without the last day that its kind has."""
        return self.kind in TERMED and self.valid_to is None and self.withdrawn_at is None

    def withdraw(self, by: str, now: datetime) -> "Paper":
        if self.withdrawn_at is not None:
            raise IllegalTransition(f"paper {self.id}", state="withdrawn")
        return replace(self, withdrawn_at=now, withdrawn_by=by)


@dataclass(frozen=True, slots=True)
class PaperRule:
    """Whether suppliers need a paper of this kind, and from when its lack blocks; `None`: it is only noted."""

    kind: PaperKind
    required_from: datetime | None
    set_by: str
    set_at: datetime

    def blocks(self, now: datetime) -> bool:
        return self.required_from is not None and self.required_from <= now


def checked(paper: Paper) -> Paper:
    if paper.lacks_end:
        raise Invalid("valid_to", field="valid_to", sentence=NO_END)
    if paper.valid_to is not None and not timedelta() < paper.valid_to - paper.valid_from <= LONGEST:
        raise Invalid("valid_to", field="valid_to", sentence="A paper ends after it begins. Correct the two days.")
    return paper


def missing(papers: Iterable[Paper], rules: Iterable[PaperRule], now: datetime) -> tuple[PaperKind, ...]:
    """The kinds whose lack blocks now, in the usual order."""
    there = {paper.kind for paper in papers if paper.valid(now)}
    blocking = {rule.kind for rule in rules if rule.blocks(now)}
    return tuple(kind for kind in PaperKind if kind in blocking - there)


def coming(
    papers: Iterable[Paper], rules: Iterable[PaperRule], now: datetime, until: datetime
) -> tuple[PaperKind, ...]:
    """The kinds that are in order now, or not yet required, and will block before `until` unless a paper comes."""
    held, named = tuple(papers), tuple(rules)
    lacking = set(missing(held, named, now))
    return tuple(kind for kind in missing(held, named, until) if kind not in lacking)


def ending(papers: Iterable[Paper], now: datetime, until: datetime) -> tuple[Paper, ...]:
    """Of each kind the paper that holds longest, where it ends before `until`."""
    last: dict[PaperKind, Paper] = {}
    for paper in papers:
        if paper.withdrawn_at is None and (paper.kind not in last or _later(paper, last[paper.kind])):
            last[paper.kind] = paper
    return tuple(paper for paper in last.values() if paper.valid_to is not None and now < paper.valid_to <= until)


def _later(one: Paper, other: Paper) -> bool:
    return other.valid_to is not None and (one.valid_to is None or one.valid_to > other.valid_to)

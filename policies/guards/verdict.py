"""The words of the guard, and the tally that sums findings up without ever growing past its bound."""

from dataclasses import dataclass, field
from enum import StrEnum

MIB = 1024 * 1024
NAMED_PLACES = 100
"""Findings told apart by place; what comes after is summed under the file's own name."""
WITHIN = " › "


class FindingKind(StrEnum):
    DICOM = "dicom"
    HL7 = "hl7"
    FHIR = "fhir"
    CDA = "cda"
    IDENTITY_NUMBER = "identity_number"
    ENCRYPTED = "encrypted"
    UNREADABLE = "unreadable"
    TOO_LARGE = "too_large"


UNSEEN = frozenset({FindingKind.ENCRYPTED, FindingKind.UNREADABLE, FindingKind.TOO_LARGE})
"""Kinds that mean: something in there was not looked at."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How far archives are opened. Bytes that are not unpacked from anything count against none of these."""

    depth: int = 6
    members: int = 200_000
    unpacked: int = 16 * 1024 * MIB
    ratio: int = 200
    ratio_from: int = 256 * MIB  # a small file may shrink as well as it likes
    dictionary: int = 64 * MIB


DEFAULT = Limits()


@dataclass(frozen=True, slots=True)
class Finding:
    """`evidence` is terse, the same in every language, and free of the data: "tags 0010,0010 0010,0020"."""

    kind: FindingKind
    where: str
    count: int
    evidence: str

    @property
    def line(self) -> str:
        """How it is kept: four words with tabs between, the kind first."""
        return "\t".join((self.kind.value, self.where, str(self.count), self.evidence))


@dataclass(frozen=True, slots=True)
class Verdict:
    findings: tuple[Finding, ...]
    complete: bool

    @property
    def clean(self) -> bool:
        return self.complete and not self.findings

    @property
    def health_data(self) -> bool:
        """Whether data of patients was seen, as against merely not ruled out."""
        return any(finding.kind not in UNSEEN for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look through one run of bytes found, before anybody says where."""

    kind: FindingKind
    count: int
    evidence: str


@dataclass(slots=True)
class Tally:
    root: str
    _found: dict[tuple[FindingKind, str], Finding] = field(default_factory=dict)
    complete: bool = True

    def add(self, where: str, sight: Sight) -> None:
        key = (sight.kind, where)
        if key not in self._found and len(self._found) >= NAMED_PLACES:
            key = (sight.kind, self.root + WITHIN + "…")
        known = self._found.get(key)
        count = sight.count + (known.count if known else 0)
        self._found[key] = Finding(sight.kind, key[1], count, known.evidence if known else sight.evidence)
        if sight.kind in UNSEEN:
            self.complete = False

    def verdict(self) -> Verdict:
        return Verdict(tuple(self._found.values()), self.complete)

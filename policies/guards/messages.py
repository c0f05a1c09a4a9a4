"""HL7 v2, FHIR, CDA and DICOM written as text, in a window of bytes.

Each look first asks with a plain search whether the literal part of a sign is there at all; only then the pattern.
Every pattern is bounded, so that a window's overlap of `LONGEST` bytes misses nothing.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from policies.guards.verdict import FindingKind, Sight

LONGEST = 2048

_MARK = rb"[!-/:-@\[-`{-~]"
_HEADER = re.compile(rb"MSH(" + _MARK + rb")" + _MARK + rb"{3,5}(?:amp;)?\1")
_PERSON = re.compile(rb"PID\|[0-9]{0,4}\|[^|\r\n]{0,200}\|([^|\r\n]{0,400})\|[^|\r\n]{0,200}\|([^|\r\n]{1,200})\|")
_SEGMENTS = (b"PID", b"PV1", b"OBX", b"OBR", b"ORC", b"NK1", b"DG1", b"AL1", b"IN1", b"MRG", b"RXE", b"RXA", b"TXA")
_MARKS_KEPT = 4

_RESOURCE = (
    rb"("
    rb"Account|AdverseEvent|AllergyIntolerance|Appointment|Bundle|CarePlan|CareTeam|Claim|ClaimResponse|"
    rb"ClinicalImpression|Communication|CommunicationRequest|Composition|Condition|Consent|Coverage|"
    rb"DetectedIssue|DeviceRequest|DeviceUsage|DeviceUseStatement|DiagnosticReport|DocumentReference|"
    rb"Encounter|EpisodeOfCare|ExplanationOfBenefit|FamilyMemberHistory|Flag|Goal|ImagingSelection|"
    rb"ImagingStudy|Immunization|Media|MedicationAdministration|MedicationDispense|MedicationRequest|"
    rb"MedicationStatement|MolecularSequence|NutritionOrder|Observation|Patient|Person|Procedure|"
    rb"QuestionnaireResponse|RelatedPerson|RiskAssessment|ServiceRequest|Specimen|VisionPrescription"
    rb")"
)
_FHIR_JSON = re.compile(rb"resourceType\\{0,3}[\"']\s{0,16}:\s{0,16}\\{0,3}[\"']" + _RESOURCE + rb"\\{0,3}[\"']")
_PREFIX = rb"(?:[A-Za-z_][A-Za-z0-9_.-]{0,30}:)?"
_FHIR_XML = re.compile(rb"<" + _PREFIX + _RESOURCE + rb"\s[^<>]{0,1500}http://hl7\.org/fhir[\"']")
_CDA = re.compile(rb"<" + _PREFIX + rb"ClinicalDocument[\s>]")
_DICOM_TEXT = re.compile(rb"(?:tag\s?=\s?[\"']0010(00[1-4]0)[\"']|\"0010(00[1-4]0)\"\s{0,16}:\s{0,16}\{)")


# A pattern that is nothing but literal text is searched several times faster than `bytes.find` does.
_MAYBE_HEADER, _MAYBE_PERSON = re.compile(rb"MSH"), re.compile(rb"PID\|")
_MAYBE_FHIR_JSON, _MAYBE_FHIR_XML = re.compile(rb"resourceTy"), re.compile(rb"://hl7\.org/fhir")
_MAYBE_CDA, _MAYBE_DICOM_TEXT = re.compile(rb"ClinicalDoc"), re.compile(rb"001000")

_Matches = Callable[[re.Pattern[bytes], re.Pattern[bytes]], Iterator[re.Match[bytes]]]


@dataclass(slots=True)
class MessageCount:
    headers: int = 0
    persons: int = 0
    documents: int = 0
    resources: Counter[str] = field(default_factory=Counter)
    dicom_tags: Counter[str] = field(default_factory=Counter)
    _marks: dict[bytes, int] = field(default_factory=dict)
    _segments: set[bytes] = field(default_factory=set)
    _resume: dict[str, int] = field(default_factory=dict)

    def look(self, window: bytes, base: int, start: int, limit: int) -> None:
        """Count the signs that begin in `[start, limit)`; `base` is where the window stands in the whole."""

        def matches(literal: re.Pattern[bytes], pattern: re.Pattern[bytes]) -> Iterator[re.Match[bytes]]:
            if not literal.search(window, start):
                return
            name = pattern.pattern.decode("latin-1")
            position = max(start, self._resume.get(name, 0) - base)
            while (match := pattern.search(window, position)) and match.start() < limit:
                position = match.end()
                self._resume[name] = base + position
                yield match

        self._hl7(matches, window, base, start)
        for match in matches(_MAYBE_FHIR_JSON, _FHIR_JSON):
            self.resources[match[1].decode()] += 1
        for match in matches(_MAYBE_FHIR_XML, _FHIR_XML):
            self.resources[match[1].decode()] += 1
        for _ in matches(_MAYBE_CDA, _CDA):
            self.documents += 1
        for match in matches(_MAYBE_DICOM_TEXT, _DICOM_TEXT):
            self.dicom_tags[(match[1] or match[2]).decode()] += 1

    def _hl7(self, matches: _Matches, window: bytes, base: int, start: int) -> None:
        for match in matches(_MAYBE_HEADER, _HEADER):
            self.headers += 1
            if len(self._marks) < _MARKS_KEPT:
                self._marks.setdefault(match[1], base + match.start())
        for match in matches(_MAYBE_PERSON, _PERSON):
            self.persons += b"^" in match[1] or b"^" in match[2]
        for mark, since in self._marks.items():
            heard = max(start, since - base)
            self._segments.update(name for name in _SEGMENTS if window.find(name + mark, heard) >= 0)

    def sights(self) -> Iterator[Sight]:
        if self._segments:
            names = " ".join(sorted(segment.decode() for segment in self._segments))
            yield Sight(FindingKind.HL7, self.headers, f"segments MSH {names}")
        elif self.persons:
            yield Sight(FindingKind.HL7, self.persons, "segments PID")
        if self.resources:
            names = ", ".join(f"{name} {count}" for name, count in self.resources.most_common(8))
            yield Sight(FindingKind.FHIR, self.resources.total(), f"resources {names}")
        if self.documents:
            yield Sight(FindingKind.CDA, self.documents, "ClinicalDocument")
        if self.dicom_tags:
            tags = " ".join(f"0010,{tag}" for tag in sorted(self.dicom_tags))
            yield Sight(FindingKind.DICOM, max(self.dicom_tags.values()), f"tags {tags}")

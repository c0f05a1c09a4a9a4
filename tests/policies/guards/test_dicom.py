import pytest

from policies.guards.verdict import FindingKind
from tests.policies.guards.samples import (
    BIG,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    PATIENT,
    dataset,
    dicom,
    element,
    kinds,
    look,
    only,
)

NAMED = "tags 0010,0010 0010,0020"  # the birth date is there but empty


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG, DEFLATED, "1.2.840.10008.1.2.4.70"])
def test_the_filled_patient_tags_are_named(syntax: str):
    finding = only(dicom(syntax))
    assert (finding.kind, finding.count, finding.evidence) == (FindingKind.DICOM, 1, NAMED)


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT, BIG])
def test_a_data_set_without_preamble(syntax: str):
    finding = only(dataset(syntax))
    assert (finding.kind, finding.evidence) == (FindingKind.DICOM, NAMED)


def test_a_file_meta_group_without_preamble():
    assert only(dicom()[132:]).evidence == NAMED


@pytest.mark.parametrize("syntax", [EXPLICIT, IMPLICIT])
def test_an_object_without_patient_tags_is_still_one(syntax: str):
    assert only(dicom(syntax, [])).evidence == "tags none filled"
    blank = [(0x0010, 0x0010, "PN", b"  "), (0x0010, 0x0020, "LO", b"\0\0")]
    assert only(dicom(syntax, blank)).evidence == "tags none filled"


def test_another_file_format_in_the_preamble_hides_nothing():
    assert only(b"II*\x00\x08\x00\x00\x00" + dicom()[8:]).evidence == NAMED


def test_objects_inside_a_disc_image_are_counted():
    image = bytes(70_000) + dicom() + bytes(150_001) + dicom(IMPLICIT) + b"\xff" * 9000
    finding = only(image)
    assert (finding.count, finding.evidence) == (2, NAMED)


def test_no_meta_group_after_dicm():
    assert only(bytes(128) + b"DICM" + dataset(IMPLICIT)).evidence == NAMED


@pytest.mark.parametrize("length", [b"\xff\xff\xff\xff", None])
def test_patients_inside_sequences_are_seen(length: bytes | None):
    item = b"\xfe\xff\x00\xe0\xff\xff\xff\xff" + element(0x10, 0x10, "PN", b"DUPONT") + b"\xfe\xff\x0d\xe0" + bytes(4)
    size = length or len(item).to_bytes(4, "little")
    directory = b"\x04\x00\x20\x12SQ\x00\x00" + size + item + (b"\xfe\xff\xdd\xe0" + bytes(4) if length else b"")
    assert only(dicom(data=directory)).evidence == "tags 0010,0010"


def test_a_long_private_element_before_the_patient():
    private = [(0x0009, 0x1010, "OB", bytes(40_000)), *PATIENT]
    assert only(dicom(patient=private)).evidence == NAMED


@pytest.mark.parametrize("cut", range(100, 420, 7))
def test_a_file_that_ends_anywhere_is_read_as_far_as_it_goes(cut: int):
    verdict = look(dicom()[:cut])
    assert (FindingKind.DICOM in {finding.kind for finding in verdict.findings}) == (cut >= 132)


@pytest.mark.parametrize(
    "data",
    [
        b"the DICM marker" * 20,
        b"\x08\x00\x05\x00CS" + bytes(500),
        b"\x08\x00" + bytes(range(256)) * 4,
        b"\x02\x00\x00\x00UL\x04\x00" + bytes(300),
    ],
)
def test_what_only_resembles_it_is_let_through(data: bytes):
    assert kinds(data) == set()

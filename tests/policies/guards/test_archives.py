"""Archives: what is in them is seen, and told by its place."""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib

import pytest
import zstandard

from policies.guards.verdict import FindingKind, Limits
from tests.policies.guards.samples import (
    DATA,
    FHIR,
    HL7,
    IMPLICIT,
    NIR,
    dataset,
    dicom,
    kinds,
    look,
    only,
    streamed_zip,
    tarred,
    zipped,
)

TEXT = f"patient {NIR} vu\n".encode()
PACKERS = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress}
METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
UNSEEN = {FindingKind.UNREADABLE}


def place(data: bytes, limits: Limits | None = None) -> str:
    finding = only(data, limits or Limits())
    assert finding.kind is FindingKind.IDENTITY_NUMBER
    return finding.where


@pytest.mark.parametrize("method", METHODS)
def test_zip(method: int):
    assert place(zipped(b"nothing", TEXT, b"nothing", method=method)) == "file › 2"


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
@pytest.mark.parametrize("size", [0, 10, 100_000])
def test_zip_written_into_a_pipe(method: int, size: int):
    data = streamed_zip(b"nothing", b"PK\x07\x08" * size + TEXT + b"PK\x07", b"", TEXT, method=method)
    verdict = look(data)
    assert [(finding.where, finding.count) for finding in verdict.findings] == [("file › 2", 1), ("file › 4", 1)]
    assert verdict.complete


def test_zip64():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(TEXT)
    assert place(out.getvalue()) == "file › 1"


@pytest.mark.parametrize("method", [93, 95])
def test_zip_with_newer_methods(method: int):
    packed = {93: zstandard.compress, 95: lzma.compress}[method](TEXT)
    assert place(one_member(packed, method, holds=TEXT)) == "file › 1"


def test_zip_with_lzma_that_does_not_mark_its_end():
    chain = {"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}
    unmarked = lzma.compress(TEXT, lzma.FORMAT_RAW, filters=[chain])[:-5]
    assert place(one_member(b"\x09\x04\x05\x00\x5d\x00\x00\x01\x00" + unmarked, 14, holds=TEXT)) == "file › 1"
    assert look(one_member(b"\x09\x04\x05\x00\x5d\x00\x00\x01\x00" + unmarked, 14, holds=TEXT)).complete


def one_member(packed: bytes, method: int, flags: int = 0, name: bytes = b"a", holds: bytes = b"") -> bytes:
    checksum = zlib.crc32(holds or packed)
    facts = struct.pack("<HHHHIII", flags, method, 0, 0, checksum, len(packed), 99) + struct.pack("<HH", len(name), 0)
    body = b"PK\x03\x04\x14\x00" + facts + name + packed
    central = b"PK\x01\x02\x14\x00\x14\x00" + facts + bytes(14) + name
    return body + central + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, len(central), len(body), 0)


def test_a_program_that_carries_a_zip():
    assert place(b"MZ" + bytes(65_533) + zipped(TEXT)) == "file › 1"
    for edge in range(-3, 2):
        assert place(b"MZ" + bytes(64 * 1024 - 2 + edge) + zipped(TEXT)) == "file › 1"


def test_zips_one_after_the_other_and_text_between_them():
    data = zipped(b"a", TEXT) + b"\n" + TEXT + zipped(TEXT)
    assert {finding.where for finding in look(data).findings} == {"file › 2", "file", "file › 3"}
    assert look(data).complete


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_files(packer: str):
    assert place(PACKERS[packer](TEXT)) == "file › 1"


@pytest.mark.parametrize("packer", PACKERS)
def test_compressed_in_several_parts(packer: str):
    pack = PACKERS[packer]
    assert place(pack(b"nothing" * 9999) + pack(TEXT[:13]) + pack(TEXT[13:])) == "file › 1"


@pytest.mark.parametrize("packer", ["gz", "bz2", "xz"])
def test_what_follows_a_compressed_file_is_seen(packer: str):
    assert place(PACKERS[packer](b"nothing") + bytes(9) + TEXT) == "file"


@pytest.mark.parametrize("fmt", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_tar(fmt: int):
    assert place(tarred(b"nothing", TEXT, b"", fmt=fmt)) == "file › 2"


@pytest.mark.parametrize("fmt", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tar_with_long_names(fmt: int):
    data = tarred(b"x", TEXT, fmt=fmt, name="{}" + "d/" * 200 + "é")
    assert place(data).startswith("file › ")


def test_old_tar_without_magic():
    data = bytearray(tarred(TEXT, fmt=tarfile.USTAR_FORMAT))
    data[257:265] = bytes(8)
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert place(bytes(data)) == "file › 1"


def test_tars_written_one_behind_the_other():
    assert place(tarred(b"nothing") + tarred(b"x", TEXT)) == "file › 3"


def test_tar_of_a_file_with_many_holes():
    data = bytearray(tarred(TEXT, TEXT))
    data[156], data[482] = ord("S"), 1  # its map goes on in a block of its own
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    whole = bytes(data[:512]) + bytes(504) + b"\x01" + bytes(7) + bytes(512) + bytes(data[512:])
    assert [finding.where for finding in look(whole).findings] == ["file › 1", "file › 2"]
    assert look(whole).complete


def test_what_follows_a_damaged_header_is_still_seen():
    data = bytearray(tarred(b"nothing", b"nothing", TEXT))
    data[1024 + 148] ^= 1
    verdict = look(bytes(data))
    assert [(finding.kind, finding.where) for finding in verdict.findings] == [
        (FindingKind.UNREADABLE, "file"),
        (FindingKind.IDENTITY_NUMBER, "file"),
    ]


def test_a_file_with_octal_digits_in_the_place_of_a_checksum_is_no_tar():
    assert look(b"x" * 148 + b"000123\0 " + b"x" * 900).clean


def test_tar_with_sizes_in_pax_and_in_base_256():
    data = bytearray(tarred(TEXT, TEXT))
    data[124:136] = b"\x80" + bytes(7) + len(TEXT).to_bytes(4, "big")
    data[148:156] = b" " * 8
    data[148:156] = b"%06o\0 " % sum(data[:512])
    assert [finding.where for finding in look(bytes(data)).findings] == ["file › 1", "file › 2"]

    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("a")
        info.size, info.pax_headers = len(TEXT), {"size": str(len(TEXT))}
        archive.addfile(info, io.BytesIO(TEXT))
    data = bytearray(out.getvalue())
    data[1024 + 124 : 1024 + 136] = b"00000000000\0"
    data[1024 + 148 : 1024 + 156] = b" " * 8
    data[1024 + 148 : 1024 + 156] = b"%06o\0 " % sum(data[1024:1536])
    assert look(bytes(data)).complete
    assert place(bytes(data)) == "file › 2"


def test_nested_in_every_way():
    data = TEXT
    for number, pack in enumerate([gzip.compress, zipped, tarred, lzma.compress, zstandard.compress], 1):
        data = pack(data)
        assert place(data) == "file" + " › 1" * number


def test_an_office_document_is_a_zip():
    assert kinds(zipped(b"<w:t>" + TEXT + b"</w:t>")) == {FindingKind.IDENTITY_NUMBER}


@pytest.mark.parametrize("pack", [zipped, tarred, gzip.compress, streamed_zip])
def test_every_detector_looks_inside(pack):
    assert kinds(pack(dicom())) == kinds(pack(dataset(IMPLICIT))) == {FindingKind.DICOM}
    assert kinds(pack(HL7.encode())) == {FindingKind.HL7}
    assert kinds(pack(FHIR.encode("utf-16"))) == {FindingKind.FHIR}


def test_names_of_members_are_looked_at_but_never_told():
    named = one_member(b"nothing", 0, name=f"DUPONT_{NIR}".encode().replace(b"_", b" ") + b".dcm")
    assert (only(named).kind, only(named).where) == (FindingKind.IDENTITY_NUMBER, "file")
    assert place(tarred(b"x", name=f"../../DUPONT {NIR}")) == "file"
    assert place(tarred(b"x", name="p" * 120 + f" {NIR}")) in {"file › 1", "file"}


@pytest.mark.parametrize(
    "data",
    [
        dicom(),
        zipped(dicom(), HL7.encode(), FHIR.encode(), TEXT),
        tarred(HL7.encode(), TEXT, name=f"DUPONT {NIR} {{}}"),
        b"PID|1||123456^^^HOP^PI||DUPONT^JEANNE||19700101|F",
    ],
)
def test_no_verdict_holds_the_data(data: bytes):
    verdict = look(data)
    assert verdict.findings
    for piece in DATA:
        assert piece.decode() not in repr(verdict)


@pytest.mark.parametrize(
    ("data", "evidence"),
    [
        (one_member(bytes(40), 8, flags=1), "zip"),
        (one_member(bytes(40), 99, flags=1), "zip"),
        (b"Salted__" + bytes(99), "openssl"),
        (b"-----BEGIN PGP MESSAGE-----\n\nabc", "pgp"),
        (b"U2FsdGVkX1+aaaa", "openssl"),
        (b"\x8c\x0d\x04\x09\x03\x02" + bytes(50), "pgp"),
        (b"\x85\x01\x0c\x03abcdefgh\x01" + bytes(50), "pgp"),
        (b"age-encryption.org/v1\n", "age"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16-le"), "office"),
    ],
)
def test_what_is_encrypted_is_said_to_be(data: bytes, evidence: str):
    finding = only(data)
    assert (finding.kind, finding.evidence) == (FindingKind.ENCRYPTED, evidence)
    assert not look(data).complete


def test_a_member_behind_an_encrypted_one_is_still_seen():
    data = one_member(bytes(40), 8, flags=1)[:71] + zipped(TEXT)
    assert FindingKind.IDENTITY_NUMBER in kinds(data)


@pytest.mark.parametrize(
    "data",
    [
        b"7z\xbc\xaf\x27\x1c" + bytes(50),
        b"Rar!\x1a\x07\x01\x00" + bytes(50),
        b"MSCF\x00\x00\x00\x00" + bytes(50),
        one_member(bytes(50), 9),
        gzip.compress(TEXT * 99)[:-20],
        gzip.compress(b"x" * 99)[:-4] + b"abcd",
        bz2.compress(TEXT * 99)[:-20],
        lzma.compress(TEXT * 99)[:-20],
        zstandard.compress(TEXT * 99) + b"trailing",
        zipped(b"x" * 999)[:60],
        zipped(b"x" * 999)[:-40],
        zipped(b"x" * 999).partition(b"PK\x01\x02")[0],
        tarred(b"x" * 999)[:800],
        b"PK\x03\x04" + b"\xff" * 90,
        zipped(b"x" * 50).replace(b"PK\x01\x02", b"PK\x03\x04"),
        zipped(zipped(b"x" * 999, method=0)[:500], method=0),
        one_member(b"x", 0, holds=b"y"),
    ],
)
def test_what_cannot_be_read_is_said_to_be(data: bytes):
    assert FindingKind.UNREADABLE in kinds(data)
    assert not look(data).complete


def test_a_member_the_directory_names_must_have_been_seen():
    moved = bytearray(zipped(b"a", b"b"))
    second = moved.rfind(b"PK\x01\x02")
    moved[second + 42 : second + 46] = struct.pack("<I", 7)
    assert kinds(bytes(moved)) == UNSEEN
    moved[second + 42 : second + 46] = struct.pack("<I", bytes(moved).find(b"PK\x03\x04", 1))
    assert look(bytes(moved)).clean


def test_a_damaged_member_does_not_hide_the_next():
    data = bytearray(zipped(b"nothing at all" * 99, TEXT, method=zipfile.ZIP_DEFLATED))
    data[50:60] = b"\xff" * 10
    assert kinds(bytes(data)) == {FindingKind.UNREADABLE, FindingKind.IDENTITY_NUMBER}

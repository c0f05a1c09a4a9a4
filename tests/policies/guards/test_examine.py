"""Limits, hostile files, false alarms."""

import gzip
import io
import lzma
import os
import random
import resource
import sys
import time
import zipfile
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.guards.examine import examine
from policies.guards.verdict import MIB, NAMED_PLACES, FindingKind, Limits
from tests.policies.guards.samples import (
    FHIR,
    HL7,
    NIR,
    dicom,
    kinds,
    look,
    only,
    streamed_zip,
    tarred,
    zipped,
)

TEXT = f"patient {NIR} vu\n".encode()
SMALL = Limits(depth=3, members=50, unpacked=8 * MIB, ratio=50, ratio_from=MIB)


class Endless(io.RawIOBase):
    """A large file that is never in memory."""

    def __init__(self, block: bytes, times: int, tail: bytes = b"") -> None:
        self.block, self.left, self.tail, self.largest = block, times, tail, 0

    def read(self, size: int = -1) -> bytes:
        self.largest = max(self.largest, size)
        if self.left:
            self.left -= 1
            return self.block[:size]
        tail, self.tail = self.tail[:size], self.tail[size:]
        return tail


def bomb(levels: int, width: int, inside: bytes) -> bytes:
    data = inside
    for _ in range(levels):
        data = zipped(*[data] * width)
    return data


@pytest.mark.timed
def test_a_bomb_of_zips_in_zips_ends_at_the_limit():
    data = bomb(4, 16, zipped(bytes(4 * MIB)))  # 42.zip has five levels of sixteen over 4 GiB
    assert len(data) < 200_000
    began = time.process_time()
    verdict = look(data, Limits(unpacked=64 * MIB))
    assert time.process_time() - began < 20
    assert not verdict.complete
    assert [finding.kind for finding in verdict.findings] == [FindingKind.TOO_LARGE]


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress, zstandard.compress, zipped, streamed_zip])
def test_what_unpacks_to_many_times_its_size_ends_at_the_ratio(pack):
    finding = only(pack(bytes(40 * MIB)), Limits(ratio=100, ratio_from=4 * MIB))
    assert (finding.kind, finding.evidence) == (FindingKind.TOO_LARGE, "ratio 100")


def test_the_total_and_the_members_are_bounded():
    noise = os.urandom(2 * MIB)
    assert only(zipped(*[noise] * 5), SMALL).evidence == f"unpacked {8 * MIB}"
    assert only(zipped(*[b"x"] * 51), SMALL).evidence == "members 50"
    assert only(tarred(*[b"x"] * 51), SMALL).evidence == "members 50"
    assert look(zipped(*[b"x"] * 50), SMALL).clean


def test_deeper_than_the_limit_is_said_and_the_rest_still_seen():
    deep = zipped(zipped(zipped(gzip.compress(TEXT))), TEXT)
    verdict = look(deep, SMALL)
    assert {(finding.kind, finding.where) for finding in verdict.findings} == {
        (FindingKind.TOO_LARGE, "file › 1 › 1 › 1"),
        (FindingKind.IDENTITY_NUMBER, "file › 2"),
    }
    assert not verdict.complete
    assert only(zipped(zipped(zipped(zipped(b"x", method=0), method=0), method=0)), SMALL).evidence == "depth 3"
    assert look(zipped(zipped(tarred(b"x"))), SMALL).clean


def test_what_was_found_before_a_limit_is_told():
    data = zipped(TEXT, bytes(40 * MIB))
    assert kinds(data, SMALL) == {FindingKind.IDENTITY_NUMBER, FindingKind.TOO_LARGE}


def test_dictionaries_larger_than_the_limit_are_not_allocated():
    xz = lzma.compress(b"x" * 99, filters=[{"id": lzma.FILTER_LZMA2, "dict_size": 256 * MIB}])
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    packer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    zst = packer.compress(bytes(1000)) + packer.flush()
    assert kinds(xz) == kinds(zst) == {FindingKind.UNREADABLE}


def test_findings_are_bounded_and_nothing_of_their_number_is_lost():
    verdict = look(zipped(*[TEXT] * 500))
    assert len(verdict.findings) == NAMED_PLACES + 1
    assert sum(finding.count for finding in verdict.findings) == 500


def test_memory_does_not_grow_with_the_file():
    block = os.urandom(32 * 1024) + b"the quick brown fox\r\n" * 1500
    look(block * 10)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    stream = Endless(block, 4000, TEXT)  # 250 MiB
    (finding,) = examine(stream, "file").findings
    assert finding.kind is FindingKind.IDENTITY_NUMBER
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024 < 32
    assert stream.largest <= 64 * 1024


def test_short_reads_are_no_end():
    class Trickle(io.BytesIO):
        def read(self, size=-1):
            return super().read(min(size, 7))

    for data in (zipped(TEXT), gzip.compress(TEXT), tarred(TEXT), dicom(), zstandard.compress(TEXT)):
        assert examine(Trickle(data), "file") == look(data)


def test_an_error_of_the_stream_itself_is_the_callers():
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        examine(Broken(), "file")


@pytest.mark.parametrize(
    "data", [b"", b"\0", b"P", b"PK", b"PK\x03\x04", b"\x1f\x8b", b"\x1f\x8b\x08", b"BZh", b"\x28\xb5\x2f\xfd"]
)
def test_the_smallest_files(data: bytes):
    look(data)


SEEDS = [
    zipped(TEXT, gzip.compress(FHIR.encode()), tarred(HL7.encode(), dicom())),
    streamed_zip(TEXT, zipped(TEXT), method=zipfile.ZIP_STORED),
    zipped(TEXT, method=zipfile.ZIP_LZMA),
    tarred(TEXT, lzma.compress(TEXT), zstandard.compress(TEXT), name="{}" + "n" * 150),
    dicom(),
    gzip.compress(TEXT * 3),
]


@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from(range(6)), st.lists(st.tuples(st.integers(0, 2**16), st.binary(min_size=1, max_size=6)), max_size=6)
)
def test_no_file_makes_it_fail(seed: int, changes: list[tuple[int, bytes]]):
    data = bytearray(SEEDS[seed])
    for place, new in changes:
        at = place % len(data)
        data[at : at + len(new)] = new
    verdict = look(bytes(data))
    assert verdict.complete == (not any(f.kind in {"encrypted", "unreadable", "too_large"} for f in verdict.findings))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(range(6)), st.integers(0, 2**16))
def test_a_file_that_is_cut_off_is_either_found_or_not_complete(seed: int, cut: int):
    whole = SEEDS[seed]
    least = 1537 if seed == 3 else len(whole) // 2  # a tar that ends before the data of its first member lacks nothing
    data = whole[: least + cut % (len(whole) - least)]
    assert not look(data).clean


def test_thousands_of_false_starts_cost_no_more_than_plain_bytes():
    header = b"PK\x03\x04\x14\x00\x00\x00\x00\x00" + bytes(16) + b"\x01\x00\x00\x00a"
    for pattern in (
        b"PK\x03\x04",
        b"MSH|^~\\&|",
        b"DICM\x02\x00\x00\x00UL",
        b"PID|1|||",
        b"<Patient ",
        b"\x1b]0;",
        header,
    ):
        began = time.process_time()
        look(pattern * (2 * MIB // len(pattern)), Limits(members=20_000))
        assert time.process_time() - began < 10, pattern


def kernel_log(lines: int) -> bytes:
    chance = random.Random(7)

    def line() -> str:
        below = chance.randrange
        return (
            f"Nov 26 04:{below(60):02}:{below(60):02} scanner-3 kernel: [{chance.random() * 1e6:12.6f}] sd 0:0:0:"
            f"{below(9)}: [sda] {below(10**9)} 512-byte blocks 0x{below(2**64):016x} at {below(2**32):08x}:{below(9)}\n"
            f"2026-11-26T04:47:10.{below(10**9):09}+01:00 PID {below(32768)} temp={chance.random() * 100!r} "
            f"flow={chance.gauss(0, 1)!r} uid 1.2.840.113619.2.55.3.{below(10**15)}.{below(10**15):015} "
            f"{below(2**128):032x} {1795668430123 + below(10**9)} {below(100):02} ns={below(10**18, 10**19)} "
            f"us={1795668430123456 + below(10**9)}\n"
        )

    return "".join(line() for _ in range(lines)).encode()


def serial_numbers(count: int) -> bytes:
    chance = random.Random(11)
    shapes = (
        "SN{:08d}",
        "{:010d}",
        "PN-{:06d}-{:04d}",
        "{:012d}",
        "(01){:014d}(21){:06d}",
        "{:016d}",
        "{:013d}",
        "{:08X}-{:04X}",
    )
    return "\n".join(
        chance.choice(shapes).format(chance.randrange(10**8), chance.randrange(10**4)) for _ in range(count)
    ).encode()


@pytest.mark.parametrize("make", [kernel_log, serial_numbers])
def test_logs_and_serial_numbers_raise_no_alarm(make):
    text = make(20_000)
    assert look(text).clean
    assert look(text.decode().encode("utf-16")).clean
    assert look(gzip.compress(text)).clean


def test_firmware_raises_no_alarm():
    chance = random.Random(13)
    stream = io.BytesIO(b"".join(chance.randbytes(MIB) + b"\xff" * 4096 + bytes(4096) for _ in range(64)))
    assert examine(stream, "firmware.bin").clean


def test_our_own_programs_raise_no_alarm():
    with Path(sys.executable).open("rb") as program:
        assert examine(program, "python").clean

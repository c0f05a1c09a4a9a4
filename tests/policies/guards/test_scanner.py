import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.guards import dicom as dicom_module
from policies.guards.scanner import OVERLAP, Scanner
from policies.guards.terminal import TextGuard
from tests.policies.guards.samples import CDA, FHIR, FHIR_XML, HL7, NIR, NIR_CORSICA, dicom

SIGNS = [
    NIR.encode(),
    b" " + NIR.encode() + b" ",
    b"1 85 05 78 006 084 91",
    f"é {NIR_CORSICA}\n".encode("utf-16-le"),
    f" {NIR} ".encode("utf-16-be"),
    HL7.encode(),
    HL7.replace("|", "$").encode("utf-16-le"),
    b"PID|1||1^A||B^C|",
    FHIR.encode(),
    FHIR_XML.encode("utf-16"),
    FHIR_XML.encode(),
    CDA.encode(),
    dicom(),
    b'"00100010": {',
    b"1850578006084 91 1850578006084 92 ",
]
FILLING = st.sampled_from([b"", b"x", b"\0", b"\0\0\0", b" ", b"7", b"\x1b[1m", b"\n" * 5, bytes(3000), b"ab " * 4000])
WHOLE = st.lists(st.one_of(st.sampled_from(SIGNS), FILLING, st.binary(max_size=40)), max_size=12).map(b"".join)


def scanned(pieces: list[bytes], window: int) -> list:
    scanner = Scanner(window=window)
    for piece in pieces:
        scanner.feed(piece)
    return scanner.finish()


def cut(whole: bytes, seed: int, sizes: list[int]) -> list[bytes]:
    chance, pieces, at = random.Random(seed), [], 0
    while at < len(whole):
        size = chance.choice(sizes)
        pieces.append(whole[at : at + size])
        at += size
    return pieces


@settings(max_examples=300, deadline=None)
@given(WHOLE, st.integers(0, 2**32), st.sampled_from([[1, 2, 3], [7, 4096], [OVERLAP, OVERLAP + 1, 100], [50_000]]))
def test_the_result_does_not_depend_on_where_the_pieces_end(whole: bytes, seed: int, sizes: list[int]):
    once = scanned([whole], 10**9)
    assert scanned(cut(whole, seed, sizes), OVERLAP + 64) == once


@settings(max_examples=200, deadline=None)
@given(WHOLE, st.integers(0, 2**32))
def test_nor_does_that_of_a_terminal(whole: bytes, seed: int):
    once, pieces = TextGuard(), TextGuard()
    once.feed(whole)
    for piece in cut(whole, seed, [1, 30, 5000]):
        pieces.feed(piece)
    assert pieces.verdict() == once.verdict()


ALSO = [b"9" + NIR.encode(), b"0." + NIR.encode(), b"x" + NIR.encode(), b"PID|1|xPID|1|A^B|C^D|e|f|"]


@pytest.mark.parametrize("sign", [*SIGNS, *ALSO])
def test_a_sign_at_the_end_of_a_window_is_judged_as_in_the_midst_of_one(sign: bytes):
    alone = scanned([b"\n" * 500 + sign + b"\n" * 9000], 10**9)
    for edge in range(min(len(sign), 400)):
        first = b"\n" * 500 + sign + b"\n" * OVERLAP
        cut_at = 500 + edge + OVERLAP  # what begins before 500 + edge is decided with the first window
        assert scanned([first[:cut_at], first[cut_at:] + b"\n" * 9000], 200) == alone, edge


def test_texts_apart_are_not_read_together():
    halves = [f"patient {NIR[:9]}".encode("utf-16-le"), f"{NIR[9:]} vu ce jour".encode("utf-16-le")]
    assert scanned([b"\x01\x02".join(halves)], 10**9) == []
    assert scanned([b"".join(halves)], 10**9) != []


def test_what_it_holds_does_not_grow():
    scanner = Scanner()
    for _ in range(200):
        scanner.feed(dicom() + bytes(30_000) + "é text".encode("utf-16-le") * 1000)
        held = len(scanner._buffer) + len(scanner._dicom._head) + len(scanner._wide._scanner._buffer)
        assert held < 3 * scanner._window + dicom_module.HEAD

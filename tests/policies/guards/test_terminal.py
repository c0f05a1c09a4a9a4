import pytest

from policies.guards.terminal import TextGuard
from policies.guards.verdict import FindingKind
from tests.policies.guards.samples import FHIR, HL7, NIR


def shown(*pieces: bytes):
    guard = TextGuard()
    for piece in pieces:
        guard.feed(piece)
    return guard.verdict()


def kinds(*pieces: bytes) -> set[FindingKind]:
    return {finding.kind for finding in shown(*pieces).findings}


@pytest.mark.parametrize(
    "screen",
    [
        f"$ cat patient\r\n{NIR}\r\n".encode(),
        b"1 85 05 78 006 084 91",
        b"\x1b[1m18505\x1b[0;31m78006\x1b[m08491\x1b[K",  # colours in its midst
        b"1\x1b[C85\x1b[1C05\x1b[C78\x1b[C006\x1b[C084\x1b[C91",  # blanks as steps of the cursor
        b"\x1b]0;root@scanner\x07185057800608491",
        b"\x1b]8;;http://x\x1b\\185057800608491\x1b]8;;\x1b\\",
        b"\x1b(B185057800608491\x1b=",
        b"1\x08185057800608491",  # bold, by striking over
        b"\x1bP+q544e\x1b\\185057800608491",
    ],
)
def test_a_number_on_the_screen_is_found(screen: bytes):
    (finding,) = shown(screen).findings
    assert (finding.kind, finding.where, finding.count) == (FindingKind.IDENTITY_NUMBER, "terminal", 1)
    assert kinds(*(screen[at : at + 1] for at in range(len(screen)))) == {FindingKind.IDENTITY_NUMBER}


@pytest.mark.parametrize(
    "screen",
    [
        b"\x1b[185057800608491m plain",
        b"185057800608\x1b[3C491",
        b"1850578\x1b[3;1H00608491",  # two places of the screen
        b"185057800608491\x089",  # the last digit was struck over
        b"\x1b]0;185057800608491\x07",
        b"total 12\r\ndrwxr-xr-x 2 root root 4096 Nov 26 04:47 log\r\n",
    ],
)
def test_what_is_not_on_the_screen_is_not_found(screen: bytes):
    assert shown(screen).clean


@pytest.mark.parametrize(
    "sequence", [b"\x1b[1;31m", b"\x1b]0;title 9\x07", b"\x1b]8;;x\x1b\\", b"\x1b(B", b"\x1b=", b"0\x08"]
)
def test_a_sequence_cut_at_the_end_of_a_batch_is_taken_out_whole(sequence: bytes):
    for cut in range(len(sequence) + 1):
        text = b"\n" * (4096 - 7 - cut) + b"1850578" + sequence
        assert kinds(text[:4096], text[4096:] + b"00608491") == {FindingKind.IDENTITY_NUMBER}, cut


def test_messages_and_resources_are_found():
    assert kinds(HL7.replace("\r", "^M\r\n").encode()) == {FindingKind.HL7}
    assert kinds(b"\x1b[32m" + FHIR.encode()) == {FindingKind.FHIR}


def test_asking_in_between_changes_nothing():
    guard = TextGuard()
    for digit in NIR.encode():
        guard.feed(bytes([digit]))
        guard.verdict()
    assert [finding.count for finding in guard.verdict().findings] == [1]
    guard.feed(b"\n" * 20_000)
    assert [finding.count for finding in guard.verdict().findings] == [1]
    guard.feed(NIR.encode())
    assert [finding.count for finding in guard.verdict().findings] == [2]


def test_a_sequence_without_end_is_not_kept():
    guard = TextGuard()
    guard.feed(b"\x1b]0;")
    for _ in range(2000):
        guard.feed(b"a" * 1000)
    assert len(guard._waiting) + len(guard._scanner._buffer) < 64 * 1024
    guard.feed(b"\n" + NIR.encode())
    assert guard.verdict().health_data

"""Bytes each way, from the frames as from the manifest."""

import pytest

from recordings.container import seal
from recordings.frames import ZSTD, Frame, passage
from recordings.model import TrackHead, TrackKind
from recordings.replay import open_recording
from recordings.traffic import Target, Traffic, of
from tests.recordings.conftest import ENDED

HEAD = TrackHead(2, 0, TrackKind.TUNNEL, 0, 0, "", "tcp ct-01:104 dicom", pty=False)


def test_what_was_kept_and_what_only_passed_is_summed_each_way():
    frames = [
        Frame(1_000_000, "h", b"{}", 0), Frame(1_100_000, "i", b"abc", 0), Frame(1_200_000, "o", b"defgh", 0),
        Frame(1_300_000, "p", passage("i", 10), 0), Frame(1_400_000, "p", passage("o", 2**40), 0),
        Frame(3_500_000, "x", b"closed", 0),
    ]  # fmt: skip
    assert Traffic.measured(HEAD, frames) == Traffic(
        2, "tcp ct-01:104 dicom", 1.0, 2.5, 13, 5 + 2**40, 10 + 2**40, "closed"
    )
    assert not Traffic.measured(HEAD, frames).kept
    assert Traffic.measured(HEAD, frames[:3]).kept
    assert Traffic.measured(HEAD, []).seconds == 0


def tunnel(recorder, command="tcp ct-01:104 dicom"):
    return recorder.open_track(0, TrackKind.TUNNEL, cols=0, rows=0, term="", command=command, pty=False)


def test_the_manifest_says_the_same_as_the_frames(recorder, shell, store, signer):
    shell.write("i", b"not a tunnel")
    whole, blind = tunnel(recorder), tunnel(recorder, "tcp ct-01:443 https")
    whole.write("i", b"abc")
    whole.write("o", bytes(100_000))
    whole.exit("closed")
    blind.passed("i", 517)
    blind.passed("o", 2**33)
    blind.passed("o", 0)
    recorder.finish(ENDED, "technician_left")
    made = seal(recorder.directory, store, signer)
    replay = open_recording(store, "r-1", signer.public)
    first, second = of(made.tracks)
    assert any(frame.flags & ZSTD for frame in replay.frames(1))
    assert (first.number, first.sent, first.received, first.kept, first.outcome) == (1, 3, 100_000, True, "closed")
    assert (second.target, second.sent, second.received, second.unkept) == (
        "tcp ct-01:443 https", 517, 2**33, 517 + 2**33
    )  # fmt: skip
    assert [f.code for f in replay.frames(2)] == ["h", "p", "p"]
    for traffic, info in zip((first, second), replay.tracks[1:], strict=True):
        assert Traffic.measured(info.head, replay.frames(info.head.number)) == traffic


@pytest.mark.parametrize(
    ("command", "target"),
    [("tcp ct-01:104 dicom", ("tcp", "ct-01", 104, "dicom")), ("tcp ::1:443 x y", ("tcp", "::1", 443, "x y")),
     ("tcp ct-01:22", ("tcp", "ct-01", 22, "")), ("tcp ct-01:0 x", ("", "", 0, "")),
     ("tcp ct-01:65536", ("", "", 0, "")),
     ("tcp ct-01:" + "9" * 5000, ("", "", 0, "")), ("", ("", "", 0, "")), ("\x1b[2J", ("", "", 0, "")),
     ("tcp ct-01:٣", ("", "", 0, ""))],
)  # fmt: skip
def test_the_target_as_it_was_named(command, target):
    found = Target.parse(command)
    assert (found.transport, found.host, found.port, found.service) == target

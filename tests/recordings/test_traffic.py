"""Bytes each way, from the frames as from the manifest."""

import pytest

from recordings.container import seal
from recordings.frames import ZSTD
from recordings.model import TrackKind
from recordings.replay import open_recording
from recordings.traffic import Target, of
from tests.recordings.conftest import ENDED


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
        moments = [frame.at / 1e6 for frame in replay.frames(info.head.number)]
        assert (traffic.began, traffic.seconds) == (moments[0], pytest.approx(moments[-1] - moments[0]))


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

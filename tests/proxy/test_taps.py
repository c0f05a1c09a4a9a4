"""What the taps write down, with a real recorder, and what counts as activity (R-35)."""

from pathlib import Path

import pytest

from bastion.proxy.frames import Break, Data, Eof, Exit, Resize, Signal, Stream
from bastion.proxy.taps import Activity, RecorderTap, Traffic
from recordings.blobs import FileBlobs
from recordings.container import seal
from recordings.model import RecordingError, RecordingMeta, TrackKind
from recordings.recorder import Recorder
from recordings.replay import open_recording
from recordings.signing import Signer


class Tape:
    """One track of a real recording; `sealed` ends it and returns (code, payload) of its frames."""

    def __init__(self, home: Path) -> None:
        self.home = home
        (home / "spool").mkdir()
        (home / "blobs").mkdir()
        meta = RecordingMeta(recording_id="s1", started_at="2026-01-02T03:04:05+00:00")
        self.recorder = Recorder.start(home / "spool", meta, min_free=0)
        track = self.recorder.open_track(1, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True)
        self.tap = RecorderTap(track)

    def sealed(self) -> list[tuple[str, bytes]]:
        self.recorder.finish("2026-01-02T04:04:05+00:00", "technician_left")
        signer, blobs = Signer.generate(self.home / "key"), FileBlobs(self.home / "blobs")
        seal(self.home / "spool" / "s1", blobs, signer)
        frames = list(open_recording(blobs, "s1", signer.public).frames(0))
        return [(frame.code, bytes(frame.data)) for frame in frames if frame.code != "h"]


@pytest.fixture
def tape(tmp_path) -> Tape:
    return Tape(tmp_path)


def test_what_is_typed_and_what_is_shown_is_kept_apart_byte_for_byte(tape):
    tape.tap.typed(Data(b"l\x00\xff"))
    tape.tap.shown(Data(b"out"))
    tape.tap.shown(Data(memoryview(b"err"), Stream.ERR))
    assert tape.sealed() == [("i", b"l\x00\xff"), ("o", b"out"), ("e", b"err")]


def test_window_sizes_and_outcomes_are_kept(tape):
    tape.tap.typed(Resize(132, 43))
    tape.tap.shown(Exit(3))
    kept = tape.sealed()
    assert [code for code, _ in kept] == ["r", "x"]
    assert kept[1][1] == b"3"


def test_death_by_a_signal_is_kept_by_its_name(tape):
    tape.tap.shown(Exit(0, signal="KILL"))
    assert tape.sealed() == [("x", b"KILL")]


def test_what_the_device_says_as_it_dies_is_kept(tape):
    tape.tap.shown(Exit(0, signal="SEGV", message="core dumped to /data"))
    assert tape.sealed() == [("m", b"core dumped to /data"), ("x", b"SEGV")]


def test_T36_whatever_reaches_the_device_leaves_a_trace(tape):
    for frame in (Signal("INT"), Break(500), Eof()):
        tape.tap.typed(frame)
    assert tape.sealed() == [("m", b"signal INT"), ("m", b"break 500 ms"), ("m", b"end of input")]


def test_what_was_typed_in_a_freeze_is_kept_apart_from_what_the_device_had(tape):
    for frame in (Data(b"l\x00\xff"), Signal("INT"), Break(500)):
        tape.tap.withheld(frame)
    assert tape.sealed() == [
        ("w", b"l\x00\xff"), ("m", b"signal INT, not passed on"), ("m", b"break 500 ms, not passed on"),
    ]  # fmt: skip


def test_T36_a_kind_of_frame_the_tap_does_not_know_goes_no_further(tape):
    with pytest.raises(TypeError):
        tape.tap.typed(Exit(0))
    tape.recorder.finish("2026-01-02T04:04:05+00:00", "cut")


def test_the_bytes_stand_in_the_spool_before_the_tap_returns(tape):
    tape.tap.typed(Data(b"canary-input"))
    assert any(b"canary-input" in f.read_bytes() for f in (tape.home / "spool" / "s1").iterdir() if f.is_file())
    tape.recorder.finish("2026-01-02T04:04:05+00:00", "cut")


@pytest.mark.parametrize("way", ["typed", "shown"])
def test_T36_what_cannot_be_written_raises(tape, way):
    tape.recorder.fail("the disk is full")
    for frame in (
        (Data(b"x"), Signal("INT"), Break(1), Resize(1, 1), Eof()) if way == "typed" else (Data(b"x"), Exit(0))
    ):
        with pytest.raises(RecordingError):
            getattr(tape.tap, way)(frame)
    tape.recorder.finish("2026-01-02T04:04:05+00:00", "recording_failed")


# -- activity ----------------------------------------------------------------------------------------------------------
def test_R35_only_the_technician_s_doing_ends_the_quiet():
    now = [100.0]
    activity = Activity(lambda: now[0])
    assert activity.quiet_for == 0
    now[0] = 160.0
    activity.shown(Data(b"the device talks all day"))
    assert activity.quiet_for == 60
    activity.typed(Data(b"x"))
    assert activity.quiet_for == 0
    now[0] = 161.5
    assert activity.quiet_for == 1.5


@pytest.mark.parametrize("frame", [Resize(80, 24), Signal("INT"), Eof()])
def test_R35_whatever_he_sends_counts(frame):
    now = [0.0]
    activity = Activity(lambda: now[0])
    now[0] = 60.0
    activity.typed(frame)
    assert activity.quiet_for == 0


def test_R35_without_a_terminal_whatever_passes_keeps_the_session_awake():
    now = [0.0]
    activity = Activity(lambda: now[0])
    for way in (Traffic(activity).shown, Traffic(activity).typed):
        now[0] += 60.0
        way(Data(b"a long download"))
        assert activity.quiet_for == 0

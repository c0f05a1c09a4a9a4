"""The spool as others find it: locked, cut short, spoilt, or still growing."""

import dataclasses
import os

import pytest

from recordings import spool
from recordings.frames import Frame
from recordings.model import Ending, RecordingBusy, RecordingDamaged, RecordingError, TrackKind
from recordings.recorder import Recorder
from tests.recordings.conftest import ENDED
from tests.recordings.spooled import frames_of


def test_a_running_recording_is_locked(recorder):
    with pytest.raises(RecordingBusy):
        spool.lock(recorder.directory)
    recorder.finish(ENDED, "idle")
    with spool.locked(recorder.directory), pytest.raises(RecordingBusy), spool.locked(recorder.directory):
        pytest.fail("two hold one lock")


def test_a_link_is_not_a_spool(tmp_path, recorder):
    recorder.finish(ENDED, "idle")
    (tmp_path / "link").symlink_to(recorder.directory)
    with pytest.raises(RecordingError):
        spool.lock(tmp_path / "link")


def test_the_start_is_kept(recorder, about):
    start = spool.read_start(recorder.directory)
    assert (start.meta, start.note) == (about, "")
    assert start.monotonic_ns > 0


OTHER = '{"meta": {"recording_id": "other", "started_at": ""}, "monotonic_ns": 1}'


@pytest.mark.parametrize("text", ["", "{", "[]", '{"meta": "x"}', '{"meta": {}}', OTHER, "\x00" * 50])
def test_a_spoilt_start_costs_the_facts_not_the_recording(recorder, text):
    (recorder.directory / spool.START).write_text(text)
    start = spool.read_start(recorder.directory)
    assert start.meta.recording_id == "r-1"
    assert start.note.startswith("start.json: ")


def test_no_end_until_it_is_written(recorder):
    assert spool.read_end(recorder.directory) is None
    assert (recorder.directory / spool.END).stat().st_size == spool.END_BYTES
    recorder.finish(ENDED, "cut")
    assert spool.read_end(recorder.directory).reason == "cut"


@pytest.mark.parametrize("length", [0, 1, 20, -1])
def test_half_an_end_is_none(recorder, length):
    text = spool.end_bytes(Ending(ENDED, "cut", 1.0))
    (recorder.directory / spool.END).write_bytes(text[:length] + bytes(100))
    assert spool.read_end(recorder.directory) is None


def test_a_missing_end_is_none(recorder):
    (recorder.directory / spool.END).unlink()
    assert spool.read_end(recorder.directory) is None


def test_track_numbers_are_numbers(recorder):
    for name in ("track-10.spool", "track-2.spool", "track-x.spool", "track-1.zst"):
        (recorder.directory / name).touch()
    assert spool.tracks(recorder.directory) == [2, 10]


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"kind": "shell"}', b'{"kind": "rdp"}', b"\xff"])
def test_what_is_no_head_is_damage(data):
    with pytest.raises(RecordingDamaged):
        spool.read_head(Frame(0, "h", data, 0))


def test_blocks_of_a_stretch(recorder, shell):
    shell.write("o", os.urandom(600_000))
    raw = (recorder.directory / spool.track_name(0)).read_bytes()
    assert b"".join(spool.blocks(recorder.directory, 0)) == raw
    assert b"".join(spool.blocks(recorder.directory, 0, 10, 300_000)) == raw[10:300_000]
    assert b"".join(spool.blocks(recorder.directory, 0, 500_000)) == raw[500_000:]
    with pytest.raises(RecordingError, match="track 7"):
        list(spool.blocks(recorder.directory, 7))


def test_waiting_sees_recordings_only(recorder, spool_root):
    (spool_root / "lost+found").mkdir()
    (spool_root / ".new-x").mkdir()
    (spool_root / "file").touch()
    assert spool.waiting(spool_root) == [recorder.directory]
    with pytest.raises(RecordingError):
        spool.waiting(spool_root / "missing")


def test_sweep_removes_only_what_nobody_holds(spool_root, about):
    for name in (".new-dead", ".sealed-dead", ".new-alive"):
        (spool_root / name).mkdir()
        (spool_root / name / "start.json").touch()
    with spool.locked(spool_root / ".new-alive"):
        spool.sweep(spool_root)
    assert [p.name for p in spool_root.iterdir()] == [".new-alive"]


def test_discard_leaves_nothing_or_what_sweep_removes(recorder, spool_root, monkeypatch):
    recorder.finish(ENDED, "idle")
    with monkeypatch.context() as patch:
        patch.setattr(spool.shutil, "rmtree", _refuse)
        with pytest.raises(RecordingError):
            spool.discard(recorder.directory)
    assert spool.waiting(spool_root) == []
    spool.sweep(spool_root)
    assert list(spool_root.iterdir()) == []


def _refuse(*_args):
    raise OSError(5, "Input/output error")


def test_head_round_trip(recorder):
    recorder.open_track(3, TrackKind.EXEC, cols=0, rows=0, term="", command="ls", pty=False)
    head = spool.read_head(frames_of(recorder.directory)[0])
    assert (head.channel, head.kind, head.command, head.pty) == (3, TrackKind.EXEC, "ls", False)


def test_a_recording_appears_only_when_it_is_complete(spool_root, about, monkeypatch):
    def look(name, size, directory):
        assert [p.name for p in spool_root.iterdir()] == [".new-r-9"]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("recordings.durable.reserve", look)
    with pytest.raises(RecordingError, match="No space"):
        Recorder.start(spool_root, dataclasses.replace(about, recording_id="r-9"), min_free=0)
    assert list(spool_root.iterdir()) == []

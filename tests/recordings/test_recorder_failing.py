"""What is acknowledged stays, whatever fails meanwhile: the disk, its fsync, the process (T37)."""

import dataclasses
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from recordings import recorder as recorder_module
from recordings import spool
from recordings.frames import MAGIC, Parser
from recordings.model import RecordingError
from recordings.recorder import Recorder
from tests.recordings import typist
from tests.recordings.conftest import ENDED
from tests.recordings.spooled import data_of, shell_of

ROOT = Path(__file__).parents[2]


# -- the disk fails ----------------------------------------------------------------------------------------------------
def fill(track, least=3_000_000):
    """Write noise until it is refused; return what was acknowledged."""
    taken = []
    for number in range(least):
        data = random.Random(number).randbytes(7001)
        try:
            track.write("o", data)
        except RecordingError:
            return b"".join(taken)
        taken.append(data)
    return pytest.fail("the disk never filled up")


def test_T37_a_full_disk_ends_the_recording_and_keeps_what_was_acknowledged(tiny_disk, about):
    recorder = Recorder.start(tiny_disk.path, about, min_free=0)
    track, other = shell_of(recorder), shell_of(recorder)
    other.write("o", b"before")
    with tiny_disk.small():
        taken = fill(track)
    assert len(taken) > 500_000
    for again in (lambda: track.write("i", b"x"), lambda: other.write("i", b"x"), lambda: shell_of(recorder)):
        with pytest.raises(RecordingError):
            again()
    with pytest.raises(RecordingError):
        recorder.sync()
    assert isinstance(recorder.failed, RecordingError)
    recorder.finish(ENDED, "recording_failed")
    assert spool.read_end(recorder.directory).reason == "recording_failed"
    assert data_of(recorder.directory, 0) == taken
    assert data_of(recorder.directory, 1) == b"before"


def test_T37_a_full_disk_refuses_new_sessions(tiny_disk, about):
    recorder = Recorder.start(tiny_disk.path, about, min_free=0)
    with tiny_disk.small():
        fill(shell_of(recorder))
    recorder.finish(ENDED, "recording_failed")
    with tiny_disk.exhausted(), pytest.raises(RecordingError):
        Recorder.start(tiny_disk.path, dataclasses.replace(about, recording_id="r-2"))
    assert [p.name for p in tiny_disk.path.iterdir()] == ["r-1"]


def test_T37_a_short_write_leaves_no_half_frame(recorder, shell, limited):
    shell.write("o", b"kept")
    size = (recorder.directory / spool.track_name(0)).stat().st_size
    with limited(size + 100), pytest.raises(RecordingError, match="took 100 of"):
        shell.write("o", b"x" * 4000)
    assert (recorder.directory / spool.track_name(0)).stat().st_size == size
    assert data_of(recorder.directory) == b"kept"
    with pytest.raises(RecordingError):
        shell.write("o", b"room again, but the recording has a hole")


def test_T37_dev_full_refuses_at_once(recorder, shell):
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, shell._fd)
    os.close(full)
    with pytest.raises(RecordingError, match="No space left"):
        shell.write("i", b"x")
    with pytest.raises(RecordingError):
        recorder.sync()


def test_T37_no_room_for_the_first_file_of_a_recording(spool_root, about, limited, descriptors):
    before = descriptors()
    with limited(10), pytest.raises(RecordingError):
        Recorder.start(spool_root, about, min_free=0)
    assert list(spool_root.iterdir()) == []
    assert descriptors() == before


def test_T37_a_track_that_cannot_be_opened_fails_the_recording(recorder):
    (recorder.directory / spool.track_name(0)).mkdir()
    with pytest.raises(RecordingError):
        shell_of(recorder)
    with pytest.raises(RecordingError):
        shell_of(recorder)


def test_T37_a_failed_fsync_fails_the_recording_for_good(recorder, shell, monkeypatch):
    def refuse(_name, _directory=None):
        raise OSError(5, "Input/output error")

    shell.write("o", b"x")
    with monkeypatch.context() as patch:
        patch.setattr(recorder_module.durable, "sync", refuse)
        with pytest.raises(RecordingError, match="Input/output"):
            recorder.sync()
    with pytest.raises(RecordingError):
        shell.write("o", b"y")
    with pytest.raises(RecordingError):
        recorder.sync()


def test_T37_a_spool_removed_under_our_feet_is_noticed(recorder, shell):
    shell.write("o", b"x")
    (recorder.directory / spool.track_name(0)).unlink()
    with pytest.raises(RecordingError, match="gone"):
        recorder.sync()


# -- sync --------------------------------------------------------------------------------------------------------------
def synced(recorder, monkeypatch):
    names = []
    with monkeypatch.context() as patch:
        patch.setattr(recorder_module.durable, "sync", lambda name, _directory: names.append(name))
        recorder.sync()
    return names


def test_sync_takes_what_is_new_and_nothing_else(recorder, shell, monkeypatch):
    assert synced(recorder, monkeypatch) == [".", "end.json", "start.json", "track-0.spool", ".."]
    assert synced(recorder, monkeypatch) == []
    shell.write("o", b"x")
    assert synced(recorder, monkeypatch) == ["track-0.spool"]
    shell.write("o", b"y")
    shell.close()
    assert synced(recorder, monkeypatch) == ["track-0.spool"]
    shell_of(recorder)
    assert synced(recorder, monkeypatch) == [".", "track-1.spool", ".."]


def test_sync_beside_writing_closing_and_finishing(recorder):
    stop, troubles = threading.Event(), []

    def run():
        while not stop.is_set():
            try:
                recorder.sync()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test reports it
                troubles.append(error)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(40):
        track = shell_of(recorder)
        for _ in range(20):
            track.write("o", b"data")
        track.close()
    recorder.finish(ENDED, "idle")
    for path in recorder.directory.iterdir():
        path.unlink()
    time.sleep(0.02)
    stop.set()
    for thread in threads:
        thread.join()
    assert troubles == []


# -- kill -9 -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(10))
def test_T37_kill_9_at_ten_points_loses_no_acknowledged_byte(spool_root, seed):
    chance = random.Random(seed)
    last = killed(spool_root, seed, after=chance.choice([1, 2, 5, 20, 60, 150]), linger=chance.random() / 500)
    wanted = {(0, "i"): b"", (0, "o"): b"", (1, "i"): b"", (1, "o"): b"", (1, "e"): b""}
    for number in range(last + 1):
        track, direction, data = typist.chunk(seed, number)
        wanted[track, direction] += data
    track, direction, unheard = typist.chunk(seed, last + 1)
    for (number, code), data in wanted.items():
        parser = Parser()
        found = parser.feed((spool_root / "killed" / spool.track_name(number)).read_bytes())
        recorded = b"".join(f.data for f in found if f.code == code)
        assert recorded[: len(data)] == data
        more = recorded[len(data) :]
        assert unheard.startswith(more) if (number, code) == (track, direction) else more == b""


def killed(spool_root, seed, after, linger):
    """Run the typist, kill it some time after `after` acknowledged writes; return the last one heard of."""
    command = [sys.executable, "-m", "tests.recordings.typist", str(spool_root), str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as child:
        for _ in range(after):
            assert child.stdout.readline()
        time.sleep(linger)
        child.send_signal(signal.SIGKILL)
        heard = child.stdout.read().split(b"\n")
    assert child.returncode == -signal.SIGKILL
    return int(heard[-2]) if len(heard) > 1 else after - 1


def test_the_kernel_frees_the_lock_of_a_killed_recorder(spool_root):
    killed(spool_root, 99, after=1, linger=0)
    with spool.locked(spool_root / "killed"):
        assert (spool_root / "killed" / spool.track_name(0)).read_bytes().startswith(MAGIC)

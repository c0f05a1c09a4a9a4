"""Record before forward, or refuse: nothing in between."""

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
from recordings.frames import MAGIC, ZSTD, Parser
from recordings.model import RecordingError, RecordingMeta, TrackKind
from recordings.recorder import PART, PROBE_EVERY, SMALL, WORTH, Recorder
from tests.recordings import typist
from tests.recordings.conftest import ENDED

ROOT = Path(__file__).parents[2]


def frames_of(directory, number=0):
    parser = Parser()
    found = parser.feed((directory / spool.track_name(number)).read_bytes())
    assert (parser.left, parser.broken) == (0, "")
    return found


def data_of(directory, number=0, codes="ioe"):
    return b"".join(f.data for f in frames_of(directory, number) if f.code in codes)


def shell_of(recorder):
    return recorder.open_track(0, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True)


def test_the_bytes_are_in_the_file_when_write_returns(recorder, shell):
    path = recorder.directory / spool.track_name(0)
    for data in (b"l", b"s\r", b"x" * 100_000):
        shell.write("i", data)
        assert path.read_bytes()[-1:] != b""
        assert data_of(recorder.directory, 0, "i").endswith(data)
    assert recorder.bytes_written == path.stat().st_size


def test_a_track_tells_what_it_is_and_all_that_happened(recorder, shell):
    shell.write("o", b"$ ")
    shell.write("i", memoryview(b"exit\r"))
    shell.resize(132, 43)
    shell.exit("3")
    head, *rest = frames_of(recorder.directory)
    assert dataclasses.asdict(spool.read_head(head)) == {
        "number": 0, "channel": 0, "kind": "shell", "cols": 100, "rows": 30, "term": "xterm-256color", "command": "",
        "pty": True,
    }  # fmt: skip
    assert [(f.code, f.data) for f in rest] == [
        ("o", b"$ "), ("i", b"exit\r"), ("r", (132).to_bytes(4, "little") + (43).to_bytes(4, "little")), ("x", b"3")
    ]  # fmt: skip


def test_times_are_microseconds_since_the_recording_began(recorder):
    time.sleep(0.03)
    track = shell_of(recorder)
    time.sleep(0.02)
    track.write("o", b"x")
    head, data = frames_of(recorder.directory)
    assert 30_000 <= head.at < 2_000_000
    assert 20_000 <= data.at - head.at < 2_000_000


@pytest.mark.parametrize("size", [1, SMALL, SMALL + 1, 32768, PART, PART + 1, 3 * PART + 7])
@pytest.mark.parametrize("make", [bytes, lambda n: random.Random(n).randbytes(n)], ids=["zeros", "noise"])
def test_every_size_comes_back_exactly(recorder, shell, size, make):
    data = make(size)
    for _ in range(3):
        shell.write("o", memoryview(data))
        shell.write("e", data)
    assert data_of(recorder.directory, 0, "o") == data * 3
    assert data_of(recorder.directory, 0, "e") == data * 3


def test_zeros_are_packed_and_noise_is_not(recorder, shell):
    for _ in range(40):
        shell.write("o", bytes(32768))
    packed = recorder.bytes_written
    assert packed < 40 * 32768 / WORTH
    for _ in range(40):
        shell.write("o", os.urandom(32768))
    flags = [f.flags & ZSTD for f in frames_of(recorder.directory)][1:]
    assert all(flags[:40])
    assert not any(flags[40:])


def test_what_packs_badly_is_packed_once_in_a_while_only(recorder, shell):
    """Hexadecimal digits pack two to one: not worth the processor's time while somebody waits."""
    digits = os.urandom(8192).hex().encode()
    for _ in range(2 * PROBE_EVERY + 3):
        shell.write("o", digits)
    flags = [f.flags & ZSTD for f in frames_of(recorder.directory)][1:]
    assert [number for number, flag in enumerate(flags) if flag] == [0, PROBE_EVERY + 1, 2 * PROBE_EVERY + 2]


def test_an_empty_write_is_nothing(recorder, shell):
    before = recorder.bytes_written
    shell.write("o", b"")
    assert recorder.bytes_written == before


def test_an_unknown_direction_is_refused(shell):
    with pytest.raises(KeyError):
        shell.write("x", b"data")


def test_a_view_that_is_not_of_bytes_is_refused_not_miscounted(recorder, shell):
    with pytest.raises(RecordingError):
        shell.write("o", memoryview(b"12345678").cast("I"))
    assert data_of(recorder.directory) == b""


def test_hostile_commands_and_terminals_are_kept_as_data(recorder):
    command = "echo \x1b]52;c;x\x07 \udc9b \u202e" + "A" * 70_000
    recorder.open_track(1, TrackKind.EXEC, cols=2**32, rows=0, term="\x9b", command=command, pty=False)
    head = spool.read_head(frames_of(recorder.directory)[0])
    assert head.command == command.replace("\udc9b", "\\udc9b")
    assert (head.cols, head.term) == (2**32, "\x9b")


def test_tracks_are_numbered_in_the_order_they_open(recorder):
    first, second = shell_of(recorder), shell_of(recorder)
    second.write("o", b"two")
    first.write("o", b"one")
    assert (data_of(recorder.directory, 0), data_of(recorder.directory, 1)) == (b"one", b"two")


# -- the end -----------------------------------------------------------------------------------------------------------
def test_after_close_and_after_finish_nothing_is_accepted(recorder, shell):
    other = shell_of(recorder)
    shell.close()
    shell.close()
    with pytest.raises(RecordingError, match="closed"):
        shell.write("i", b"x")
    other.write("i", b"still")
    recorder.finish(ENDED, "idle")
    recorder.finish(ENDED, "again")
    for late in (lambda: other.write("i", b"x"), lambda: shell_of(recorder), lambda: other.resize(1, 1)):
        with pytest.raises(RecordingError, match="finished"):
            late()
    recorder.sync()
    ending = spool.read_end(recorder.directory)
    assert (ending.reason, ending.ended_at) == ("idle", ENDED)
    assert ending.seconds > 0


def test_no_descriptor_is_left_open(spool_root, about, descriptors):
    before = descriptors()
    for number in range(5):
        recorder = Recorder.start(spool_root, dataclasses.replace(about, recording_id=f"r-{number}"), min_free=0)
        shell_of(recorder).write("o", b"x")
        shell_of(recorder).close()
        recorder.sync()
        recorder.finish(ENDED, "idle")
    assert descriptors() == before


def test_an_ending_without_a_time_is_refused_but_everything_is_closed(recorder, shell):
    with pytest.raises(RecordingError):
        recorder.finish("half past eight", "idle")
    with pytest.raises(RecordingError):
        shell.write("o", b"x")
    assert spool.read_end(recorder.directory) is None


# -- refused at the start (T36) ----------------------------------------------------------------------------------------
UNFIT = [
    "../../x", "a/b", "..", "", ".", ".hidden", "CON", "con.txt", "LPT1", "x" * 300, "a\0b", "a\nb", "é", "a.", "-rf",
]  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_T40_names_that_are_no_file_names_are_refused(spool_root, about, name):
    with pytest.raises(RecordingError):
        Recorder.start(spool_root, dataclasses.replace(about, recording_id=name), min_free=0)
    assert list(spool_root.parent.rglob("*")) == [spool_root]


def test_T40_hostile_facts_name_no_file(spool_root):
    evil = ("../../x", "CON", "n" * 300)
    for number, text in enumerate(evil):
        meta = RecordingMeta(
            recording_id=f"r{number}", started_at=ENDED, device_name=text, device_code=text, account=text,
            technician_login=text, facility=text, supplier=text,
        )  # fmt: skip
        recorder = Recorder.start(spool_root, meta, min_free=0)
        recorder.open_track(0, TrackKind.EXEC, cols=0, rows=0, term=text, command=text, pty=False)
        recorder.finish(ENDED, "idle")
    found = {str(p.relative_to(spool_root.parent)) for p in spool_root.parent.rglob("*")}
    files = ("start.json", "end.json", "track-0.spool")
    folders = [f"spool/r{n}" for n in range(3)]
    assert found == {"spool", *folders, *(f"{folder}/{file}" for folder in folders for file in files)}


def test_T36_a_missing_spool_is_refused_not_made(tmp_path, about):
    with pytest.raises(RecordingError, match="missing"):
        Recorder.start(tmp_path / "missing", about, min_free=0)
    assert not (tmp_path / "missing").exists()


def test_T36_an_unwritable_spool_is_refused(tmp_path, about):
    """Root may write anywhere, so another user tries; without root the mode alone will do."""
    place = tmp_path / "locked"
    place.mkdir(mode=0o500)
    with pytest.raises(RecordingError):
        _start_as_nobody(place, about)
    assert list(place.iterdir()) == []


def _start_as_nobody(place, about):
    for folder in (place.parent, *place.parent.parents):
        if folder != Path("/") and folder.stat().st_uid == os.geteuid() and "pytest" in str(folder):
            folder.chmod(0o755)
    root = os.geteuid() == 0
    if root:
        os.setegid(65534)
        os.seteuid(65534)
    try:
        return Recorder.start(place, about, min_free=0)
    finally:
        if root:
            os.seteuid(0)
            os.setegid(0)


def test_T36_a_read_only_file_instead_of_a_spool_is_refused(tmp_path, about):
    (tmp_path / "spool").write_text("")
    with pytest.raises(RecordingError):
        Recorder.start(tmp_path / "spool", about, min_free=0)


def test_T36_too_little_room_refuses_new_sessions(spool_root, about):
    state = os.statvfs(spool_root)
    with pytest.raises(RecordingError, match="free"):
        Recorder.start(spool_root, about, min_free=state.f_blocks * state.f_frsize + 1)
    assert list(spool_root.iterdir()) == []


@pytest.mark.parametrize("moment", ["", "yesterday", "2026-03-02T08:00:00", None])
def test_T36_a_broken_clock_is_refused(spool_root, about, moment):
    with pytest.raises(RecordingError):
        Recorder.start(spool_root, dataclasses.replace(about, started_at=moment), min_free=0)
    assert list(spool_root.iterdir()) == []


def test_the_same_id_twice_is_refused(spool_root, about, recorder, descriptors):
    before = descriptors()
    with pytest.raises(RecordingError):
        Recorder.start(spool_root, about, min_free=0)
    recorder.finish(ENDED, "idle")
    with pytest.raises(RecordingError):
        Recorder.start(spool_root, about, min_free=0)
    assert descriptors() == before - 1
    assert [p.name for p in spool_root.iterdir()] == ["r-1"]


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

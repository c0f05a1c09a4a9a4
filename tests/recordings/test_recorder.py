"""Record before forward, or refuse: nothing in between."""

import dataclasses
import os
import random
import time

import pytest

from recordings import container, spool
from recordings.frames import ZSTD
from recordings.model import RecordingError, TrackKind
from recordings.recorder import PART, PROBE_EVERY, SMALL, WORTH, Recorder
from tests.recordings.conftest import ENDED
from tests.recordings.spooled import data_of, frames_of, shell_of


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
        "pty": True, "modes": {},
    }  # fmt: skip
    assert [(f.code, f.data) for f in rest] == [
        ("o", b"$ "), ("i", b"exit\r"), ("r", (132).to_bytes(4, "little") + (43).to_bytes(4, "little")), ("x", b"3")
    ]  # fmt: skip


def test_modes_and_markers_are_kept_and_survive_sealing(recorder, store, signer):
    track = recorder.open_track(
        0, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True, modes={"VINTR": 3, "ECHO": 0}
    )
    track.mark("signal INT")
    track.mark("x" * 10_000)
    head, mark, long = frames_of(recorder.directory)
    assert spool.read_head(head).modes == {"VINTR": 3, "ECHO": 0}
    assert (mark.code, mark.data, long.size) == ("m", b"signal INT", 4096)
    recorder.finish("2026-11-22T10:00:00+00:00", "cut")
    (info,) = container.seal(recorder.directory, store, signer).tracks
    assert info.head.modes == {"VINTR": 3, "ECHO": 0}


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

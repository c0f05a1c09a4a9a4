"""What a spool is read to be, whole or torn."""

import pytest
import zstandard

from recordings import spool
from recordings.model import TrackKind
from recordings.sealing import SpoolReading
from tests.recordings.conftest import ENDED


def test_a_finished_spool(recorder, shell, about):
    shell.write("i", b"ls\r")
    shell.write("o", b"a b\r\n" * 3000)
    shell.write("e", b"!")
    shell.exit("0")
    recorder.open_track(1, TrackKind.EXEC, cols=0, rows=0, term="", command="true", pty=False)
    recorder.finish(ENDED, "technician_left")
    reading = SpoolReading(recorder.directory)
    manifest = reading.manifest()
    assert (manifest.meta, manifest.ending.reason, manifest.notes) == (about, "technician_left", ())
    first, second = manifest.tracks
    assert (first.typed, first.shown, first.errors, first.outcome, first.frames) == (3, 15_000, 1, "0", 5)
    assert (second.head.command, second.frames, second.outcome) == ("true", 1, "")
    assert 0 < first.began <= second.began <= manifest.ending.seconds
    assert first.seconds <= manifest.ending.seconds


def test_packed_is_the_spool_to_the_byte(recorder, shell):
    shell.write("o", bytes(range(256)) * 4000)
    recorder.finish(ENDED, "idle")
    (track,) = SpoolReading(recorder.directory).tracks
    unpacked = zstandard.ZstdDecompressor().decompressobj().decompress(b"".join(track.packed()))
    assert unpacked == (recorder.directory / spool.track_name(0)).read_bytes()
    assert track.left is None


def test_T37_a_torn_tail_is_told_and_kept(recorder, shell):
    shell.write("o", b"whole")
    path = recorder.directory / spool.track_name(0)
    valid = path.stat().st_size
    with path.open("ab") as file:
        file.write(b"half a frame")
    recorder.finish(ENDED, "idle")
    reading = SpoolReading(recorder.directory)
    (track,) = reading.tracks
    assert (track.left.offset, track.left.bytes, track.left.blob) == (valid, 12, "track-0.tail")
    assert b"".join(track.tail()) == b"half a frame"
    assert reading.manifest().tracks[0].spool_bytes == valid
    assert "12 bytes stand after the last whole frame" in reading.manifest().notes[0]


def test_T37_a_crash_ends_with_the_last_frame(recorder, shell):
    shell.write("o", b"x")
    manifest = SpoolReading(recorder.directory).manifest()
    assert manifest.ending.reason == "crashed"
    (track,) = manifest.tracks
    assert manifest.ending.seconds == pytest.approx(track.began + track.seconds)
    assert manifest.ending.ended_at.startswith("2026-03-02T08:00:00.")
    assert manifest.notes == ("the recording was not ended by its recorder",)


def test_T37_tracks_that_never_came_into_being_are_noted(recorder):
    (recorder.directory / spool.track_name(0)).touch()
    (recorder.directory / spool.track_name(1)).write_bytes(b"\x89BRE")
    manifest = SpoolReading(recorder.directory).manifest()
    assert manifest.tracks == ()
    assert manifest.notes[1:] == (
        "track 0 did not come into being",
        "track 1 did not come into being; 4 bytes stand after the last whole frame",
    )


def test_a_lost_start_leaves_no_time_but_the_bytes(recorder, shell):
    shell.write("o", b"x")
    (recorder.directory / spool.START).unlink()
    manifest = SpoolReading(recorder.directory).manifest()
    assert (manifest.meta.recording_id, manifest.meta.started_at, manifest.ending.ended_at) == ("r-1", "", "")
    assert manifest.tracks[0].shown == 1
    assert manifest.notes[0] == "start.json: FileNotFoundError"


class Echo:
    """A screen that tells what it was shown."""

    def __init__(self, head, began):
        self.head, self.began, self.seen, self.keys = head, began, b"", []

    def feed(self, data):
        self.seen += data

    def typed(self, data, at):
        self.keys.append((data, at - self.began))

    def acts(self):
        return tuple(f"typed {data!r}" for data, after in self.keys if 0 <= after < 10)

    def findings(self):
        return (f"seen {len(self.seen)} on {self.head.kind}",) if self.seen else ()


def test_what_terminals_showed_is_looked_at_and_nothing_else(recorder, shell):
    shell.write("i", b"cat patients\r")
    shell.write("w", b"reboot\r")
    shell.write("o", b"a" * 40_000)
    shell.write("e", b"no such file")
    tunnel = recorder.open_track(1, TrackKind.TUNNEL, cols=0, rows=0, term="", command="tcp ct-01:104", pty=False)
    tunnel.write("o", b"secret")
    recorder.open_track(2, TrackKind.EXEC, cols=0, rows=0, term="", command="true", pty=False)
    recorder.finish(ENDED, "technician_left")
    manifest = SpoolReading(recorder.directory, Echo).manifest()
    assert [track.findings for track in manifest.tracks] == [("seen 40012 on shell",), (), ()]
    assert [track.acts for track in manifest.tracks] == [("typed b'cat patients\\r'",), (), ()]
    assert manifest.tracks[0].typed == len(b"cat patients\rreboot\r")
    assert type(manifest).parse(manifest.as_bytes()) == manifest
    assert all(track.findings == track.acts == () for track in SpoolReading(recorder.directory).manifest().tracks)

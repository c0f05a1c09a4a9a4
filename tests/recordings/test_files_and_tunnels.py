"""Files and tunnels from the recorder to the copy: sealed, verified, survived a kill, read back."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from recordings import frames
from recordings.container import recover, seal
from recordings.files import BEGUN, DONE, FileLine
from recordings.model import RecordingDamaged, RecordingError, TrackKind
from recordings.replay import SUFFIXES, open_recording
from recordings.verify import main
from tests.recordings import porter
from tests.recordings.conftest import ENDED
from tests.recordings.spooled import frames_of

ROOT = Path(__file__).parents[2]
PUT = FileLine("put", "in", "/opt/fw.bin", size=5, sha256="ab", seconds=0.1, outcome=DONE)


def opened(recorder, kind, command=""):
    return recorder.open_track(0, kind, cols=0, rows=0, term="", command=command, pty=False)


@pytest.fixture
def busy(recorder, shell):
    """A terminal, two file channels at once, and a tunnel."""
    shell.write("o", b"$ ")
    first, second = opened(recorder, TrackKind.FILES, "sftp"), opened(recorder, TrackKind.FILES, "sftp")
    first.file(FileLine("put", "in", "/opt/fw.bin", outcome=BEGUN))
    second.file(FileLine("remove", path="/tmp/old", outcome=DONE))
    first.file(PUT)
    tunnel = opened(recorder, TrackKind.TUNNEL, "tcp ct-01:104 dicom")
    tunnel.write("i", b"A-ASSOCIATE-RQ")
    tunnel.write("o", b"A-ASSOCIATE-AC")
    tunnel.exit("closed")
    return recorder


@pytest.fixture
def sealed(busy, store, signer):
    busy.finish(ENDED, "technician_left")
    seal(busy.directory, store, signer)
    return open_recording(store, "r-1", signer.public)


# -- in the spool ------------------------------------------------------------------------------------------------------
def test_a_line_is_in_the_file_when_the_call_returns(recorder):
    track = opened(recorder, TrackKind.FILES)
    track.file(PUT)
    _, frame = frames_of(recorder.directory)
    assert (frame.code, FileLine.parse(frame.data)) == ("f", PUT)


def test_a_passage_keeps_direction_and_size_and_no_content(recorder):
    track = opened(recorder, TrackKind.TUNNEL)
    for direction, size in (("i", 1), ("o", 2**40), ("i", 0)):
        track.passed(direction, size)
    _, *rest = frames_of(recorder.directory)
    assert [(f.code, *frames.passed(f.data)) for f in rest] == [("p", "i", 1), ("p", "o", 2**40)]
    assert len(rest[0].data) == 9


@pytest.mark.parametrize("payload", [b"", b"i", b"e" + bytes(8), b"i" + bytes(7), b"i" + bytes(9)])
def test_what_is_no_passage_is_damage(payload):
    with pytest.raises(RecordingDamaged):
        frames.passed(payload)


def test_after_the_recording_failed_no_file_is_let_through(recorder):
    track = opened(recorder, TrackKind.FILES)
    recorder.fail("the disk is full")
    for late in (lambda: track.file(PUT), lambda: track.passed("i", 1)):
        with pytest.raises(RecordingError, match="the disk is full"):
            late()


# -- sealed ------------------------------------------------------------------------------------------------------------
def test_the_manifest_counts_lines_and_bytes(sealed):
    assert [(t.head.kind, t.files, t.typed, t.shown) for t in sealed.tracks] == [
        ("shell", 0, 0, 2), ("files", 2, 0, 0), ("files", 1, 0, 0), ("tunnel", 0, 14, 14)
    ]  # fmt: skip


def test_the_table_holds_the_files_of_every_channel_in_the_order_they_began(sealed):
    page = sealed.files()
    assert [(e.track, e.line) for e in page.entries] == [
        (1, PUT),
        (2, FileLine("remove", path="/tmp/old", outcome=DONE)),
    ]
    assert page.total == 2
    assert [e.line.path for e in sealed.files(1, 1).entries] == ["/tmp/old"]


def test_each_kind_has_its_copy(sealed):
    assert set(SUFFIXES) == set(TrackKind)
    assert b"".join(sealed.copy(0)).startswith(b'{"term":')
    assert b"/opt/fw.bin" in b"".join(sealed.copy(1))
    assert b"".join(sealed.copy(3)).startswith(b"\x0a\x0d\x0d\x0a")
    assert b"A-ASSOCIATE-AC" in b"".join(sealed.capture(3))


def test_what_is_no_terminal_is_not_played_and_what_is_no_tunnel_not_captured(sealed):
    for number in (1, 3):
        with pytest.raises(RecordingError, match="is of the kind"):
            sealed.cast(number)
    for number in (0, 1):
        with pytest.raises(RecordingError, match="is of the kind"):
            sealed.capture(number)
    with pytest.raises(RecordingError, match="no track"):
        sealed.copy(9)


def test_R48_files_and_tunnels_come_out_without_the_product(sealed, store_root, signer, tmp_path):
    (tmp_path / "key.pub").write_text(signer.public_pem)
    assert main([str(store_root), str(tmp_path / "key.pub"), "--export", str(tmp_path / "out")]) == 0
    names = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert set(names) == {f"r-1-track-{n}" for n in ("0.cast", "1.csv", "2.csv", "3.pcapng")}
    with names["r-1-track-1.csv"].open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["path"], row["outcome"]) for row in rows] == [("/opt/fw.bin", "begun"), ("/opt/fw.bin", "done")]
    assert rows[0]["at"].startswith("2026-03-02T08:00:00.")


# -- killed ------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("files", [1, 40, 200])
def test_T37_after_kill_9_every_acknowledged_line_and_passage_is_sealed(spool_root, store, signer, files):
    with subprocess.Popen(
        [sys.executable, "-m", "tests.recordings.porter", str(spool_root)], stdout=subprocess.PIPE, cwd=ROOT
    ) as child:
        last = [int(child.stdout.readline()) for _ in range(files)][-1]
        child.kill()
        for line in child.stdout:
            last = int(line)
    (found,) = recover(spool_root, store, signer)
    assert found.problem == ""
    replay = open_recording(store, "killed", signer.public)
    page = replay.files(0, 10**6)
    for number, entry in enumerate(page.entries[: last + 1]):
        assert entry.line == FileLine.parse(porter.lines(number)[1].as_bytes())
    assert last + 1 <= page.total <= last + 2
    assert [entry.open for entry in page.entries[last + 1 :]] in ([], [True], [False])
    passed = [frames.passed(f.data) for f in replay.frames(1) if f.code == "p"]
    assert passed[: last + 1] == [("o", 1000 + number) for number in range(last + 1)]
    assert replay.tracks[1].unkept == replay.tracks[1].shown == sum(size for _, size in passed)
    assert b"".join(replay.capture(1))

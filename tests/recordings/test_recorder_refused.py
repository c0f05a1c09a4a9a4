"""Where nothing can be recorded no recording begins (T36)."""

import dataclasses
import os
from pathlib import Path

import pytest

from recordings.model import RecordingError, RecordingMeta, TrackKind
from recordings.recorder import Recorder
from tests.recordings.conftest import ENDED

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

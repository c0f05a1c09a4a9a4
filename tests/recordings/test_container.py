"""Seal, recover, verify: every broken spot is named, and nothing recorded is lost on the way."""

import dataclasses
import os
import random
import shutil
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recordings import spool
from recordings.blobs import FileBlobs
from recordings.chain import CHUNK, SEAL
from recordings.container import Sealed, recover, seal, verify
from recordings.model import RecordingBusy, RecordingDamaged, RecordingError, RecordingMeta, TrackKind
from recordings.recorder import Recorder
from recordings.replay import open_recording
from recordings.signing import Signer
from tests.recordings import typist
from tests.recordings.conftest import ENDED
from tests.recordings.test_recorder_failing import killed

ROOT = Path(__file__).parents[2]
NOISE = random.Random(7).randbytes(5 * CHUNK + 1000)


def rewrite(path, data):
    path.chmod(0o600)
    path.write_bytes(data)


# -- sealing -----------------------------------------------------------------------------------------------------------
def test_seal_then_verify(finished, store, store_root, spool_root, signer):
    directory = finished(("i", b"ls\r"), ("o", NOISE))
    made = seal(directory, store, signer)
    assert not directory.exists()
    assert list(spool_root.iterdir()) == []
    assert sorted(store.names("r-1")) == ["manifest.json", "seal.json", "track-0.zst"]
    assert made.bytes == sum(p.stat().st_size for p in (store_root / "r-1").iterdir())
    verdict = verify(store, "r-1", signer.public_pem)
    assert (verdict.ok, verdict.where, verdict.digest, verdict.chunks) == (True, "", made.digest, 7)
    assert (made.tracks[0].typed, made.tracks[0].shown) == (3, len(NOISE))
    assert made.seconds > 0


def test_sealing_again_returns_the_same_seal(finished, store, signer, tmp_path):
    directory = finished(("o", b"x"))
    shutil.copytree(directory, tmp_path / "copy")
    made = seal(directory, store, signer)
    assert seal(directory, store, signer) == made
    shutil.copytree(tmp_path / "copy", directory)
    assert seal(directory, store, signer) == made
    assert not directory.exists()


def test_another_recording_of_the_same_id_does_not_replace_the_sealed_one(finished, store, signer):
    made = seal(finished(("o", b"first")), store, signer)
    directory = finished(("o", b"other"))
    with pytest.raises(RecordingError, match="another recording"):
        seal(directory, store, signer)
    assert directory.exists()
    assert verify(store, "r-1", signer.public).digest == made.digest


def test_a_running_recording_is_not_sealed(recorder, shell, store, signer):
    shell.write("o", b"x")
    with pytest.raises(RecordingBusy):
        seal(recorder.directory, store, signer)
    assert store.recordings() == []


def test_T36_several_who_seal_at_once_get_one_seal(finished, store, signer):
    """The end of a session and the job that seals what was left may meet."""
    directory = finished(("o", NOISE))
    seals = []
    threads = [threading.Thread(target=lambda: seals.append(seal(directory, store, signer))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seals) == 4
    assert len(set(seals)) == 1
    assert not directory.exists()


def test_what_was_neither_recorded_nor_sealed_cannot_be_sealed(spool_root, store, signer):
    with pytest.raises(RecordingError):
        seal(spool_root / "r-9", store, signer)


def test_a_recording_without_a_channel_is_sealed_too(recorder, store, signer):
    recorder.finish(ENDED, "time_over")
    made = seal(recorder.directory, store, signer)
    assert made.tracks == ()
    assert verify(store, "r-1", signer.public).ok


def test_T36_the_spool_stays_when_the_store_cannot_keep_it(finished, signer, tmp_path, monkeypatch):
    directory = finished(("o", b"x"))
    with pytest.raises(RecordingError):
        seal(directory, FileBlobs(tmp_path / "missing"), signer)
    assert (directory / "track-0.spool").exists()


def test_T36_the_spool_stays_when_the_signature_is_wrong(finished, store, signer, monkeypatch):
    """A signer that fails silently is noticed by reading the seal back."""
    directory = finished(("o", b"x"))
    monkeypatch.setattr(signer, "_key", Ed25519PrivateKey.generate())
    with pytest.raises(RecordingDamaged, match="signature"):
        seal(directory, store, signer)
    assert directory.exists()


def test_T36_the_spool_stays_when_the_store_lies(finished, store, store_root, signer, monkeypatch):
    directory = finished(("o", NOISE))
    put = FileBlobs.put

    def lossy(self, recording_id, name, blocks):
        size = put(self, recording_id, name, blocks)
        if name.startswith("track"):
            rewrite(store_root / recording_id / name, (store_root / recording_id / name).read_bytes()[:-1])
        return size

    monkeypatch.setattr(FileBlobs, "put", lossy)
    with pytest.raises(RecordingDamaged, match=r"track-0\.zst, chunk 5"):
        seal(directory, store, signer)
    assert directory.exists()


def test_T37_a_store_that_fills_up_keeps_the_spool_and_takes_it_later(finished, tiny_disk, store, signer):
    directory = finished(("o", NOISE), ("o", NOISE))
    full = FileBlobs(tiny_disk.path)
    with tiny_disk.small(), pytest.raises(RecordingError):
        seal(directory, full, signer)
    assert SEAL not in full.names("r-1")
    assert seal(directory, store, signer).tracks[0].shown == 2 * len(NOISE)


def test_sealing_does_not_grow_with_the_recording(spool_root, about, store, signer):
    recorder = Recorder.start(spool_root, about, min_free=0)
    track = recorder.open_track(0, TrackKind.EXEC, cols=0, rows=0, term="", pty=False)
    for _ in range(8):
        track.write("o", NOISE * 3)
    recorder.finish(ENDED, "idle")
    tracemalloc.start()
    try:
        seal(recorder.directory, store, signer)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 * 2**20 < recorder.bytes_written


# -- recovery ----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(3))
def test_T37_a_killed_recording_is_sealed_with_every_acknowledged_byte(spool_root, store, signer, seed):
    last = killed(spool_root, 100 + seed, after=30 + 40 * seed, linger=0.001)
    (found,) = recover(spool_root, store, signer)
    assert (found.recording_id, found.problem) == ("killed", "")
    replay = open_recording(store, "killed", signer.public)
    assert replay.manifest.ending.reason == "crashed"
    got = {0: replay.frames(0), 1: replay.frames(1)}
    assert [next(frames).code for frames in got.values()] == ["h", "h"]
    for number in range(last + 1):
        track, direction, data = typist.chunk(100 + seed, number)
        while data:
            frame = next(got[track])
            assert (frame.code, data.startswith(frame.data)) == (direction, True)
            data = data[frame.size :]
    assert list(spool_root.iterdir()) == []
    assert recover(spool_root, store, signer) == ()


@pytest.mark.parametrize("delay", [0, 0.001, 0.002, 0.004, 0.006, 0.008, 0.01, 0.015, 0.02, 0.04])
def test_T37_kill_9_while_sealing_loses_nothing(spool_root, store_root, store, tmp_path, about, delay):
    signer = Signer.generate(tmp_path / "key")
    recorder = Recorder.start(spool_root, about, min_free=0)
    for _ in range(3):
        recorder.open_track(0, TrackKind.EXEC, cols=0, rows=0, term="", pty=False).write("o", NOISE)
    recorder.finish(ENDED, "cut")
    command = [sys.executable, "-m", "tests.recordings.sealer", recorder.directory, store_root, tmp_path / "key"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as child:
        assert child.stdout.readline()
        time.sleep(delay)
        child.kill()
    found = recover(spool_root, store, signer)
    assert [one.problem for one in found] in ([], [""])
    replay = open_recording(store, "r-1", signer.public)
    assert replay.manifest.ending.reason == "cut"
    assert all(b"".join(f.data for f in replay.frames(n) if f.code == "o") == NOISE for n in range(3))
    assert list(spool_root.iterdir()) == []


def test_T37_a_torn_tail_is_sealed_with_the_rest(recorder, shell, spool_root, store, signer):
    shell.write("o", b"whole")
    with (recorder.directory / spool.track_name(0)).open("ab") as file:
        file.write(b"half")
    os.close(recorder._fd)  # as the kernel does for a killed process
    recorder._fd = -1
    (found,) = recover(spool_root, store, signer)
    assert found.seal.tracks[0].tail.bytes == 4
    assert b"".join(store.chunks("r-1", "track-0.tail")) == b"half"
    assert verify(store, "r-1", signer.public).ok
    assert open_recording(store, "r-1", signer.public).manifest.notes[0].startswith("the recording was not ended")


def test_recover_leaves_running_recordings_alone_and_takes_all_others(
    recorder, shell, spool_root, about, store, signer
):
    for number in (2, 3):
        other = Recorder.start(spool_root, dataclasses.replace(about, recording_id=f"r-{number}"), min_free=0)
        other.finish(ENDED, "shutdown")
    (spool_root / "r-3" / spool.track_name(0)).mkdir()
    (spool_root / "bad name\x1b").mkdir()
    (spool_root / ".new-r-4").mkdir()
    found = {one.recording_id: one for one in recover(spool_root, store, signer)}
    assert set(found) == {"r-2", "r-3", "bad name"}
    assert found["r-2"].seal.digest
    assert "track 0" in found["r-3"].problem
    assert found["bad name"].seal is None
    assert {p.name for p in spool_root.iterdir()} == {"r-1", "r-3", "bad name\x1b"}
    shell.write("o", b"goes on")


def test_recover_needs_its_spool(tmp_path, store, signer):
    with pytest.raises(RecordingError):
        recover(tmp_path / "missing", store, signer)


# -- T39 ---------------------------------------------------------------------------------------------------------------
def test_T39_hostile_facts_are_inert_in_everything_stored_as_text(spool_root, store, store_root, signer):
    evil = "\x1b]52;c;x\x07\x9b2J\u202e\n=cmd|' /C calc'!A0\udc9b"
    meta = RecordingMeta(recording_id="r-1", started_at=ENDED, technician_name=evil, device_name=evil, reason=evil)
    recorder = Recorder.start(spool_root, meta, min_free=0)
    track = recorder.open_track(0, TrackKind.EXEC, cols=0, rows=0, term=evil, command=evil, pty=False)
    track.write("o", evil.encode("utf-8", "replace"))
    track.exit(evil)
    recorder.finish(ENDED, evil)
    seal(recorder.directory, store, signer)
    replay = open_recording(store, "r-1", signer.public)
    for raw in (
        (store_root / "r-1" / SEAL).read_bytes(),
        (store_root / "r-1" / "manifest.json").read_bytes(),
        b"".join(replay.cast(0)),
    ):
        assert all(byte == 10 or 32 <= byte < 127 for byte in raw)
    assert replay.meta.reason == evil.replace("\udc9b", "\\udc9b")


class Seen:
    def __init__(self, _head, _began):
        pass

    def feed(self, data):
        pass

    def typed(self, data, at):
        pass

    def acts(self):
        return ("reboot\t1\t0\t3",)

    def findings(self):
        return ("identity_number\tterminal\t2\tvalid key", "hl7\tterminal\t1\tMSH")


def test_what_was_seen_is_under_the_seal_and_hinders_no_second_sealing(recorder, shell, store, signer, tmp_path):
    shell.write("o", b"x")
    recorder.finish(ENDED, "idle")
    again = tmp_path / "again" / recorder.directory.name
    shutil.copytree(recorder.directory, again)
    sealed = seal(recorder.directory, store, signer, Seen)
    assert (sealed.findings, sealed.acts) == (("hl7", "identity_number"), ("reboot\t1\t0\t3",))
    (track,) = Sealed.open(store, recorder.directory.name, signer.public).manifest().tracks
    assert track.findings == ("identity_number\tterminal\t2\tvalid key", "hl7\tterminal\t1\tMSH")
    second = seal(again, store, signer)
    assert (second.findings, second.acts) == (sealed.findings, sealed.acts)

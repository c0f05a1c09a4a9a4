import json
import shutil

import pytest

from bastion import clock
from bastion.domain.session_events import EndReason
from bastion.errors import Forbidden, NotFound, ReasonNeeded, RecordingDamaged
from bastion.services.replay import MEDIA, OTHER_SEAL
from bastion.services.sessions import Ending
from recordings.container import seal
from recordings.files import DONE, FileLine
from recordings.model import RecordingMeta, TrackKind
from recordings.recorder import Recorder
from recordings.signing import Signer
from tests.services.house import moved


@pytest.fixture
async def recorded(house, tmp_path):
    """A session that was really recorded and sealed."""
    opened = await house.opened()
    recorder = Recorder.start(tmp_path / "spool", opened.meta)
    track = recorder.open_track(1, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True)
    track.write("i", b"ls\r")
    track.write("o", b"firmware.bin\r\n")
    track.close()
    plain = {"cols": 0, "rows": 0, "term": "", "pty": False}
    files = recorder.open_track(2, TrackKind.FILES, **plain)
    for number in range(3):
        files.file(FileLine("remove", path=f"/tmp/{number}", outcome=DONE))
    tunnel = recorder.open_track(3, TrackKind.TUNNEL, command="tcp ct-01:104 dicom", **plain)
    tunnel.write("i", b"A-ASSOCIATE-RQ")
    tunnel.passed("o", 99)
    recorder.finish(clock.now().isoformat(), "technician_left")
    sealed = seal(tmp_path / "spool" / opened.record.id, house.recordings.blobs, Signer.load(tmp_path / "signing.key"))
    ending = Ending(EndReason.TECHNICIAN_LEFT, digest=sealed.digest, bytes=sealed.bytes, seconds=sealed.seconds)
    await house.services.sessions.closed(opened.record, ending)
    return opened.record


async def test_T41_watching_needs_a_reason_and_is_in_the_trail_before_the_first_byte(house, recorded):
    replay, ruth = house.services.replay, house.staff(house.ruth)
    with pytest.raises(ReasonNeeded):
        await replay.open(ruth, recorded.id, "  ")
    assert await house.tags("recording:viewed") == []
    playback = await replay.open(ruth, recorded.id, "incident 42")
    seen = await house.event("recording:viewed")
    assert (seen.actor_name, seen.fields["why"], seen.fields["how"]) == ("Ruth", "incident 42", "watch")
    track = playback.tracks[0]
    lines = b"".join(replay.stream(playback, track.head.number)).splitlines()
    assert json.loads(lines[0])["version"] == 3
    assert [json.loads(line)[1:] for line in lines[1:]] == [["i", "ls\r"], ["o", "firmware.bin\r\n"]]
    with pytest.raises(NotFound):
        replay.stream(playback, 99)


async def test_T31_recordings_are_for_security_and_auditors_of_the_facility(house, recorded):
    with pytest.raises(Forbidden):
        await house.services.replay.open(house.staff(house.eve), recorded.id, "curious")
    elsewhere = moved(house.staff(house.ruth), {"elsewhere"})
    with pytest.raises(NotFound):
        await house.services.replay.open(elsewhere, recorded.id, "curious")
    with pytest.raises((Forbidden, NotFound)):
        await house.services.replay.open(house.technician(), recorded.id, "my own")


async def test_T38_a_damaged_recording_is_refused_with_the_spot_and_raises_an_alarm(house, recorded, tmp_path):
    blob = next((tmp_path / "recordings" / recorded.id).glob("track-*"))
    data = bytearray(blob.read_bytes())
    data[len(data) // 2] ^= 1
    blob.chmod(0o600)
    blob.write_bytes(data)
    with pytest.raises(RecordingDamaged, match="track"):
        await house.services.replay.open(house.staff(house.ruth), recorded.id, "incident 42")
    assert (await house.tags("recording:damaged")) == ["recording:damaged"]


async def test_R52_a_recording_that_was_made_anew_is_refused_and_raises_an_alarm(house, recorded, tmp_path):
    """Whoever holds the key that signs can seal another one: it is whole, but the trail knows the seal of the first."""
    shutil.rmtree(tmp_path / "recordings" / recorded.id)
    Recorder.start(
        tmp_path / "spool", RecordingMeta(recording_id=recorded.id, started_at=clock.now().isoformat())
    ).finish(clock.now().isoformat(), "technician_left")
    seal(tmp_path / "spool" / recorded.id, house.recordings.blobs, Signer.load(tmp_path / "signing.key"))
    with pytest.raises(RecordingDamaged):
        await house.services.replay.open(house.staff(house.ruth), recorded.id, "incident 42")
    assert (await house.event("recording:damaged")).fields["where"] == OTHER_SEAL


async def test_a_live_or_missing_recording_is_not_there(house):
    opened = await house.opened()
    for ident in (opened.record.id, "nothing"):
        with pytest.raises(NotFound):
            await house.services.replay.open(house.staff(house.ruth), ident, "incident")


async def test_files_are_listed_and_tunnels_summed(house, recorded):
    ruth = house.staff(house.ruth)
    playback = await house.services.replay.open(ruth, recorded.id, "incident 42")
    page = await house.services.replay.files(ruth, playback, limit=2, offset=1)
    assert ([entry.line.path for entry in page.entries], page.total) == (["/tmp/1", "/tmp/2"], 3)
    (tunnel,) = playback.tunnels
    assert (tunnel.number, tunnel.target, tunnel.sent, tunnel.received, tunnel.unkept) == (
        2, "tcp ct-01:104 dicom", 14, 99, 99
    )  # fmt: skip


async def test_each_kind_of_track_has_its_copy_and_its_own_only(house, recorded):
    replay = house.services.replay
    playback = await replay.open(house.staff(house.ruth), recorded.id, "incident 42")
    copies = [replay.copy(playback, number) for number in (0, 1, 2)]
    assert [(copy.suffix, copy.media) for copy in copies] == list(MEDIA.items())
    assert b"A-ASSOCIATE-RQ" in b"".join(copies[2].chunks)
    assert b"".join(replay.capture(playback, 2).chunks) == b"".join(replay.copy(playback, 2).chunks)
    for ask in (
        lambda: replay.stream(playback, 1), lambda: replay.stream(playback, 2), lambda: replay.capture(playback, 0),
        lambda: replay.capture(playback, 9), lambda: replay.copy(playback, 9),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            ask()


async def test_T38_files_of_a_recording_damaged_since_it_was_opened_raise_an_alarm(house, recorded, tmp_path):
    ruth = house.staff(house.ruth)
    playback = await house.services.replay.open(ruth, recorded.id, "incident 42")
    blob = tmp_path / "recordings" / recorded.id / "track-1.zst"
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1] + b"\0")
    with pytest.raises(RecordingDamaged, match="track-1"):
        await house.services.replay.files(ruth, playback, limit=10)
    assert await house.tags("recording:damaged") == ["recording:damaged"]
    blob.unlink()
    with pytest.raises(NotFound):
        await house.services.replay.files(ruth, playback, limit=10)

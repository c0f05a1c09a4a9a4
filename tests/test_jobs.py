"""Work nobody asks for: it raises alarms, leaves running recordings alone, and survives its own trouble."""

import asyncio
import os
import shutil
from dataclasses import replace
from datetime import timedelta
from unittest.mock import AsyncMock

import pytest
from structlog.testing import capture_logs

from bastion import clock, jobs
from bastion.domain.derogation import DerogationKind
from bastion.domain.held_file import Direction, FileState
from bastion.domain.importing import Register
from bastion.domain.paper import PaperKind
from bastion.domain.session_events import EndReason
from bastion.errors import NotFound, Unavailable
from bastion.services.derogations import DerogationForm
from bastion.services.papers import PaperForm
from bastion.services.replay import OTHER_SEAL
from bastion.services.reviews import CampaignForm
from bastion.services.sessions import Ending
from recordings.blobs import FileBlobs
from recordings.model import RecordingError, RecordingMeta, TrackKind
from recordings.recorder import Recorder
from recordings.signing import Signer
from tests.services.house import OPERATOR, build_house

META = RecordingMeta(recording_id="r1", started_at="2026-11-22T08:00:00+00:00")


@pytest.fixture
async def house(database, tmp_path):
    return await build_house(database, tmp_path)


@pytest.fixture
def archive(house, tmp_path):
    signer = Signer.load(tmp_path / "signing.key")
    return jobs.Archive(tmp_path / "spool", FileBlobs(tmp_path / "recordings"), signer, min_free=1)


def recorded(archive):
    recorder = Recorder.start(archive.spool, META)
    track = recorder.open_track(0, TrackKind.EXEC, cols=0, rows=0, term="", command="status", pty=False)
    track.write("o", b"all well\n" * 100)
    track.close()
    return recorder


def sealed(archive):
    recorded(archive).finish("2026-11-22T08:01:00+00:00", "technician_left")
    return archive.seal("r1")


async def test_a_running_recording_is_left_alone_and_a_forsaken_one_sealed(house, archive):
    recorder = recorded(archive)
    await jobs._reseal(house.services, archive)
    assert archive.blobs.recordings() == []
    os.close(recorder._fd)  # as the kernel does for a killed process
    await jobs._reseal(house.services, archive)
    assert archive.verify("r1").ok


async def test_T36_a_damaged_recording_is_an_alarm(house, archive, tmp_path):
    sealed(archive)
    await jobs._verify_in_turn(house.services, archive, "n1")
    assert "recording:damaged" not in await house.tags()
    (blob,) = (tmp_path / "recordings" / "r1").glob("*.zst")
    blob.chmod(0o600)
    blob.write_bytes(blob.read_bytes()[:-1] + bytes([blob.read_bytes()[-1] ^ 1]))
    await jobs._verify_in_turn(house.services, archive, "n1")
    assert (await house.event("recording:damaged")).fields["session"] == "r1"


async def test_one_node_at_a_time_lets_the_database_count(house, monkeypatch):
    counted = AsyncMock(wraps=house.services.database.take_stock)
    monkeypatch.setattr(house.services.database, "take_stock", counted)
    await jobs._take_stock(house.services, "n1")
    await jobs._take_stock(house.services, "n2")
    assert counted.await_count == 1


async def test_one_node_at_a_time_verifies(house, archive, tmp_path):
    sealed(archive)
    await jobs._verify_in_turn(house.services, archive, "n1")
    (tmp_path / "recordings" / "r1" / "manifest.json").unlink()
    await jobs._verify_in_turn(house.services, archive, "n2")
    assert "recording:damaged" not in await house.tags()


async def test_T36_a_disk_without_room_is_an_alarm_before_a_session_needs_it(house, archive):
    await jobs._look_at_disk(house.services, archive)
    assert "recording:failed" not in await house.tags()
    full = jobs.Archive(archive.spool, archive.blobs, archive.signer, min_free=1 << 60)
    await jobs._look_at_disk(house.services, full)
    assert "recording:failed" in await house.tags()


async def test_T36_the_disk_of_running_recordings_is_watched_as_well(house, archive, tmp_path):
    await jobs._look_at_disk(house.services, replace(archive, spool=tmp_path / "not mounted"))
    assert "not mounted" in (await house.event("recording:failed")).fields["detail"]


# -- erasure -----------------------------------------------------------------------------------------------------------
@pytest.fixture
def old(house, archive, monkeypatch):
    return lambda **changes: aged(house, archive, monkeypatch, **changes)


async def aged(house, archive, monkeypatch, *, known=True):
    """A sealed recording whose time is over; its digest may not be known to the records. Return its id and digest."""
    opened = await house.opened()
    recorder = Recorder.start(archive.spool, opened.meta)
    recorder.open_track(0, TrackKind.EXEC, cols=0, rows=0, term="", command="status", pty=False).write("o", b"secret")
    recorder.finish(clock.now().isoformat(), "technician_left")
    seal = archive.seal(opened.record.id)
    await house.services.sessions.closed(
        opened.record, Ending(EndReason.TECHNICIAN_LEFT, digest=seal.digest if known else "")
    )
    later = clock.now() + timedelta(days=200)
    monkeypatch.setattr(clock, "now", lambda: later)
    return opened.record.id, seal.digest


async def test_R54_at_its_term_a_recording_is_erased_and_the_trail_keeps_its_digest(house, archive, old, tmp_path):
    ident, digest = await old()
    await jobs._erase_overdue(house.services, archive)
    await jobs._erase_overdue(house.services, archive)
    erased = await house.event("recording:erased")
    assert (erased.subject_id, erased.fields["session"], erased.fields["digest"]) == (ident, ident, digest)
    assert await house.tags("recording:erased") == ["recording:erased"]
    assert [path.name for path in (tmp_path / "recordings" / ident).iterdir()] == ["erased.json"]
    verdict = archive.verify(ident)
    assert (verdict.ok, verdict.digest, verdict.erased_at[:10]) == (True, digest, f"{clock.now():%Y-%m-%d}")
    assert (await house.services.audit.verify(house.staff(house.ruth))).ok
    await jobs._verify_in_turn(house.services, archive, "n1")
    assert "recording:damaged" not in await house.tags()
    with pytest.raises(NotFound) as told:
        await house.services.replay.open(house.staff(house.ruth), ident, "curious")
    assert told.value.public == f"This recording was erased on {clock.now():%Y-%m-%d}: its time was over."


async def test_R52_a_recording_that_was_made_anew_is_an_alarm(house, archive, old, tmp_path):
    ident, _ = await old()
    await jobs._verify_in_turn(house.services, archive, "n1")
    assert "recording:damaged" not in await house.tags()
    shutil.rmtree(tmp_path / "recordings" / ident)
    Recorder.start(archive.spool, replace(META, recording_id=ident)).finish(META.started_at, "technician_left")
    archive.seal(ident)
    await jobs._verify_in_turn(house.services, archive, "n1")
    assert (await house.event("recording:damaged")).fields == {"session": ident, "where": OTHER_SEAL}


@pytest.mark.parametrize("at_once", [1, 200])
async def test_T36_a_recording_somebody_removed_is_an_alarm_an_erased_one_is_not(
    house, archive, old, tmp_path, monkeypatch, at_once
):
    monkeypatch.setattr("bastion.services.retention.AT_ONCE", at_once)
    ident, _ = await old()
    await jobs._verify_in_turn(house.services, archive, "n1")
    assert "recording:damaged" not in await house.tags()
    shutil.rmtree(tmp_path / "recordings" / ident)
    await jobs._verify_in_turn(house.services, archive, "n1")
    assert (await house.event("recording:damaged")).fields == {"session": ident, "where": "it is missing"}


async def test_R54_what_is_held_or_young_is_left_alone(house, archive, old):
    ident, _ = await old()
    sealed(archive)  # a recording the records know nothing of
    await house.services.retention.hold(house.staff(house.ruth), ident, "incident 42")
    await jobs._erase_overdue(house.services, archive)
    assert archive.kept() == sorted([ident, "r1"])
    assert await house.tags("recording:erased") == []


async def test_R54_a_hold_that_comes_late_wins_and_hinders_no_other(house, archive, old, monkeypatch):
    ident, _ = await old()
    overdue = await house.services.retention.overdue([ident])
    monkeypatch.setattr(house.services.retention, "overdue", AsyncMock(return_value=overdue * 2))
    await house.services.retention.hold(house.staff(house.ruth), ident, "incident 42")
    with capture_logs() as logged:
        await jobs._erase_overdue(house.services, archive)
    assert [line["event"] for line in logged] == ["a recording is kept after all"] * 2
    assert archive.verify(ident).erased_at == ""


async def test_R54_a_recording_that_cannot_be_erased_is_an_alarm_and_is_tried_again(house, archive, old, monkeypatch):
    await old()

    def stuck(*_):
        raise RecordingError("read-only file system")

    with monkeypatch.context() as broken:
        broken.setattr(archive.blobs, "keep_only", stuck)
        await jobs._erase_overdue(house.services, archive)
    assert "read-only" in (await house.event("recording:failed")).fields["detail"]
    await jobs._erase_overdue(house.services, archive)
    assert archive.kept() == []


async def test_R54_a_recording_sealed_after_its_session_closed_keeps_its_own_digest(house, archive, old):
    _, digest = await old(known=False)
    await jobs._erase_overdue(house.services, archive)
    assert (await house.event("recording:erased")).fields["digest"] == digest


async def test_a_job_goes_on_after_trouble():
    turns = []

    async def work():
        turns.append(1)
        if len(turns) == 1:
            raise Unavailable

    task = asyncio.create_task(jobs._every(0.001, work, first=0))
    async with asyncio.timeout(30):
        while len(turns) < 3:
            await asyncio.sleep(0.005)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_R41_the_release_desk_is_emptied_by_the_clock_and_after_a_crash(house, archive, monkeypatch):
    session = await house.opened()
    files = house.services.files
    kept, arrival = await files.arriving(session.record, session.grant, Direction.IN, "/fw/a.bin")
    arrival.write(0, b"x")
    await files.arrived(session.record, kept, arrival)
    half, _ = await files.arriving(session.record, session.grant, Direction.IN, "/fw/b.bin")
    await jobs.recover(house.services, archive, session.record.node)
    assert (await files.get(half.id)).stored_state is FileState.BROKEN
    await jobs._purge_files(house.services, session.record.node)
    assert (await files.get(kept.id)).stored_state is FileState.HELD
    later = clock.now() + timedelta(days=8)
    monkeypatch.setattr(clock, "now", lambda: later)
    with capture_logs() as logs:
        await jobs._purge_files(house.services, session.record.node)
    assert [line["count"] for line in logs] == [1]
    assert (await files.get(kept.id)).stored_state is FileState.PURGED


async def test_R10_the_end_of_a_derogation_is_announced_once(house, archive, monkeypatch):
    monkeypatch.setattr(jobs, "RESEAL_EVERY", 0.01)
    monkeypatch.setattr(jobs, "DAY", 0.02)
    form = DerogationForm(DerogationKind.TELNET, "Dr Vasseur", "no update", clock.now() + timedelta(days=20))
    await house.services.derogations.make(OPERATOR, house.device.id, form)
    turns, warn = [], jobs._warn_of_ends

    async def counted(services):
        await warn(services)
        turns.append(1)

    monkeypatch.setattr(jobs, "_warn_of_ends", counted)
    work = asyncio.create_task(jobs.run(house.services, archive, "n1"))
    async with asyncio.timeout(30):
        while len(turns) < 3:
            await asyncio.sleep(0.01)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    assert await house.tags("derogation:ending") == ["derogation:ending"]


async def test_R67_papers_that_end_soon_are_announced_and_forgotten_files_removed(house, monkeypatch):
    soon = clock.now() + timedelta(days=5)
    form = PaperForm(PaperKind.CHARTER, "CH-7", None, soon)
    await house.services.papers.add(OPERATOR, house.alice.supplier_id, form)
    await house.services.imports.hand_in(OPERATOR, Register.DEVICES, "a.csv", b"code;name\nct-01;X\n")
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=2))
    await jobs._look_at_papers(house.services)
    await jobs._look_at_papers(house.services)
    await jobs._forget(house.services)
    assert await house.tags("paper:ending") == ["paper:ending"]
    async with house.database.read() as uow:
        assert await uow.drafts.all() == []


async def test_a_review_of_rights_that_is_due_soon_is_noted_once(house, monkeypatch):
    due = clock.now() + timedelta(days=20)
    await house.services.reviews.start(OPERATOR, CampaignForm("H2", due))
    await jobs._warn_of_reviews(house.services)
    assert "review:ending" not in await house.tags()
    monkeypatch.setattr(clock, "now", lambda: due - timedelta(days=6))
    for _ in range(2):
        await jobs._warn_of_reviews(house.services)
    assert (await house.tags()).count("review:ending") == 1

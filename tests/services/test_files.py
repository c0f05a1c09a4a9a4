import hashlib
import io
import zipfile
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.announced_file import Announced, AnnouncedFile
from bastion.domain.held_file import Direction, FileState, Scan
from bastion.errors import Conflict, IllegalTransition, NoRoom
from bastion.services.antivirus import NOT_CONFIGURED, Scanned
from bastion.services.files import TECHNICIAN_LEFT
from bastion.store.quarantine import Quarantine
from policies.model import Sas

FIRMWARE = b"firmware 7" * 1000
IN, OUT = Direction.IN, Direction.OUT


class Verdicts:
    """An antivirus that says what the test wants; the real one has tests of its own."""

    def __init__(self, answer: Scanned | None = None) -> None:
        self.answer = answer or Scanned(Scan.CLEAN)
        self.seen: list[bytes] = []

    async def scan(self, file, size):
        self.seen.append(file.read())
        return self.answer


@pytest.fixture
async def session(house):
    house.services.files._antivirus = Verdicts()
    return await house.opened()


def lying(house) -> list[str]:
    return sorted(house.services.files._quarantine.ids())


async def brought(house, session, data=FIRMWARE, direction=IN, path="/fw/a.bin", **grant):
    files = house.services.files
    file, arrival = await files.arriving(session.record, replace(session.grant, **grant), direction, path)
    arrival.write(0, data)
    return await files.arrived(session.record, file, arrival)


async def released(house, file):
    return await house.services.releases.release(house.staff(house.eve), file.id, file.version, "looked")


async def test_clean_and_nothing_found_passes_by_rule_with_its_words_in_the_trail(house, session):
    file = await brought(house, session)
    assert (file.stored_state, file.size, file.scan, file.announced) == (
        FileState.RELEASED, len(FIRMWARE), Scan.CLEAN, Announced.NONE,
    )  # fmt: skip
    assert house.services.files._antivirus.seen == [FIRMWARE]
    released = await house.event("file:released")
    assert (released.subject_id, released.fields["how"], released.fields["sha256"]) == (file.id, "rule", file.sha256)
    assert (released.fields["path"], released.facility_id) == ("/fw/a.bin", session.record.facility_id)


@pytest.mark.parametrize("answer", [
    Scanned(Scan.UNSCANNED, NOT_CONFIGURED), Scanned(Scan.INFECTED, "Evil.Thing"),
])  # fmt: skip
async def test_what_was_not_found_clean_is_held(house, session, answer):
    house.services.files._antivirus = Verdicts(answer)
    file = await brought(house, session)
    assert (file.stored_state, file.scan, file.scan_name) == (FileState.HELD, answer.scan, answer.name)
    held = await house.event("file:held")
    assert (held.fields["scan"], held.fields["signature"]) == (answer.scan.value, answer.name)


async def test_a_person_s_word_is_waited_for_where_the_policy_wants_it_and_free_is_free(house, session):
    assert (await brought(house, session, uploads=Sas.PERSON)).stored_state is FileState.HELD
    free = await brought(house, session, uploads=Sas.FREE)
    assert (free.stored_state, len(house.services.files._antivirus.seen)) == (FileState.RELEASED, 1)


async def test_R42_what_was_not_announced_is_held(house):
    house.services.files._antivirus = Verdicts()
    sha256 = hashlib.sha256(FIRMWARE).hexdigest()
    session = await house.opened(announced=(AnnouncedFile("a.bin", len(FIRMWARE), sha256),))
    same, other = await brought(house, session), await brought(house, session, FIRMWARE + b"!")
    assert (same.announced, same.stored_state) == (Announced.MATCHES, FileState.RELEASED)
    assert (other.announced, other.stored_state) == (Announced.DIFFERS, FileState.HELD)
    out = await brought(house, session, direction=OUT)
    assert (out.announced, out.stored_state) == (Announced.NONE, FileState.RELEASED)


async def test_R44_what_carries_data_of_patients_is_held_on_its_way_out_only(house, session):
    message = "MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\rPID|1||123^^^H||DUPONT^JEANNE||19700101|F\r"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("DUPONT.hl7", message)
    out = await brought(house, session, packed.getvalue(), OUT, "/log/DUMP.zip")
    assert out.stored_state is FileState.HELD
    kind, where, count, evidence = out.findings[0].split("\t")
    assert (kind, where, count) == ("hl7", "DUMP.zip › 1", "1")
    assert "DUPONT" not in "".join(out.findings)
    assert evidence == "segments MSH PID"
    held = await house.event("file:held")
    assert "segments MSH PID" in held.fields["findings"]
    assert (await brought(house, session, packed.getvalue(), IN)).stored_state is FileState.RELEASED


async def test_R44_what_nobody_could_look_into_is_held(house, session):
    out = await brought(house, session, b"7z\xbc\xaf\x27\x1c" + bytes(100), OUT, "/log/a.7z")
    assert (out.stored_state, out.findings[0].split("\t")[0]) == (FileState.HELD, "unreadable")


async def test_T43_it_is_handed_out_as_it_was_released_to_one_at_a_time_and_once(house, session):
    files = house.services.files
    file = await brought(house, session)
    async with files.take(file) as content:
        assert content.read() == FIRMWARE
        with pytest.raises(Conflict):
            async with files.take(file):
                raise AssertionError("twice at a time")
    async with files.take(file) as content:
        assert content.read(8) == b"firmware"
    done = await files.delivered(session.record, file)
    assert (done.stored_state, lying(house)) == (FileState.DELIVERED, [])
    assert (await house.event("file:delivered")).fields["session"] == session.record.id
    with pytest.raises(IllegalTransition):
        await files.delivered(session.record, file)
    with pytest.raises(IllegalTransition):
        async with files.take(file):
            raise AssertionError("delivered already")


async def test_T43_what_was_changed_since_goes_nowhere(house, session, tmp_path):
    files = house.services.files
    file = await brought(house, session)
    (tmp_path / "quarantine" / file.id).write_bytes(FIRMWARE[:-1] + b"8")
    with pytest.raises(Conflict):
        async with files.take(file):
            raise AssertionError("changed")
    assert (await files.get(file.id)).stored_state is FileState.BROKEN
    assert lying(house) == []


async def test_what_is_held_is_not_handed_out(house, session):
    file = await brought(house, session, uploads=Sas.PERSON)
    with pytest.raises(IllegalTransition):
        async with house.services.files.take(file):
            raise AssertionError("held")


async def test_the_technician_s_files_are_found_again(house, session):
    files, record = house.services.files, session.record
    up = await released(house, await brought(house, session, uploads=Sas.PERSON))
    down = await released(house, await brought(house, session, direction=OUT, downloads=Sas.PERSON))
    await brought(house, session)
    await brought(house, session, direction=OUT)
    held = await brought(house, session, direction=OUT, path="/log/b", downloads=Sas.PERSON)
    assert [f.id for f in await files.waiting_for(record)] == [up.id]
    assert (await files.fetched(record, "/fw/a.bin")).id == down.id
    assert (await files.fetched(record, "/log/b")).id == held.id
    assert await files.fetched(record, "/log/c") is None


async def test_a_file_that_breaks_off_leaves_nothing_but_its_trace(house, session):
    files = house.services.files
    file, arrival = await files.arriving(session.record, session.grant, IN, "/fw/a.bin")
    arrival.write(0, b"half")
    arrival.discard()
    await files.broken(session.record, file, TECHNICIAN_LEFT)
    await files.broken(session.record, file, "again")
    assert (await files.get(file.id)).stored_state is FileState.BROKEN
    assert lying(house) == []
    assert (await house.tags("file:")) == ["file:broken"]
    assert (await house.event("file:broken")).fields["why"] == TECHNICIAN_LEFT


async def test_no_room_is_a_clear_error_and_leaves_no_file_behind(house, session, tmp_path):
    house.services.files._quarantine = Quarantine(tmp_path / "quarantine", 1 << 60)
    with pytest.raises(NoRoom):
        await house.services.files.arriving(session.record, session.grant, IN, "/fw/a.bin")
    assert (await house.tags("file:")) == ["file:broken"]


async def test_R41_what_waits_too_long_is_removed_and_nothing_else(house, session, tmp_path, monkeypatch):
    files = house.services.files
    held = await brought(house, session, uploads=Sas.PERSON)
    old = clock.now()
    monkeypatch.setattr(clock, "now", lambda: old + timedelta(days=6))
    young, (arriving, _arrival) = (
        await brought(house, session), await files.arriving(session.record, session.grant, IN, "/x"),
    )  # fmt: skip
    (tmp_path / "quarantine" / "nobody-knows-this").touch()
    monkeypatch.setattr(clock, "now", lambda: old + timedelta(days=7, seconds=1))
    assert await files.purge("another-node") == 0
    assert await files.purge(session.record.node) == 1
    assert (await files.get(held.id)).stored_state is FileState.PURGED
    assert lying(house) == sorted([young.id, arriving.id])
    assert (await house.event("file:purged")).subject_id == held.id
    assert await files.purge(session.record.node) == 0


async def test_what_was_arriving_when_the_node_died_is_broken_off(house, session):
    files = house.services.files
    file, _arrival = await files.arriving(session.record, session.grant, IN, "/x")
    assert await files.recover("another-node") == 0
    passing = await brought(house, session)
    word = await released(house, await brought(house, session, uploads=Sas.PERSON))
    assert await files.recover(session.record.node) == 2
    for gone in (file, passing):
        assert (await files.get(gone.id)).stored_state is FileState.BROKEN
    assert lying(house) == [word.id]

from datetime import timedelta
from typing import Any

import pytest

from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.held_file import Checks, Content, Direction, FileState, HeldFile, Scan
from bastion.domain.parties import Facility
from bastion.errors import Conflict, Invalid
from bastion.store import looking
from bastion.store.database import Database
from policies.model import Sas
from tests.store.samples import HOUR, NOW, a_held_file, a_request, a_session

DAYS = timedelta(days=7)
CONTENT = Content(5_000_000_000, "ab" * 32)


@pytest.fixture
async def desk(granted: Database) -> Database:
    async with granted.write() as uow:
        await uow.sessions.add(a_session())
    return granted


async def kept(database: Database, *files: HeldFile) -> None:
    async with database.write() as uow:
        for file in files:
            await uow.held_files.add(file)


def arrived(number: int, sas: Sas = Sas.PERSON, **changes: Any) -> HeldFile:
    return a_held_file(number, sas=sas, **changes).arrive(CONTENT, Checks(Scan.CLEAN), NOW)


def released(number: int, **changes: Any) -> HeldFile:
    return arrived(number, **changes).release("stf-1", "Bob", "looked", NOW)


async def test_a_held_file_comes_back_whole(desk: Database) -> None:
    checks = Checks(Scan.INFECTED, "Eicar-Test", findings=("dicom · a.dcm · tags 0010,0010", "hl7 · é"))
    file = a_held_file(path="/fw/é\\xff.bin").arrive(CONTENT, checks, NOW)
    await kept(desk, file)
    async with desk.read() as uow:
        assert await uow.held_files.get("fil-1") == file
    async with desk.write() as uow:
        read = await uow.held_files.get("fil-1")
        assert read is not None
        saved = await uow.held_files.save(read.release("stf-1", "Bob", "looked", NOW))
    with pytest.raises(Conflict):
        async with desk.write() as uow:
            await uow.held_files.save(file.refuse("stf-2", "Eve", "", NOW))
    async with desk.read() as uow:
        assert await uow.held_files.get("fil-1") == saved


async def test_it_is_found_by_what_people_look_for(desk: Database) -> None:
    late = NOW + HOUR
    await kept(desk, a_held_file(1), arrived(2), arrived(3, Sas.RULE, arrived_at=late), arrived(4, path="/x/100%.log"))

    async def found(**wanted: Any) -> list[str]:
        async with desk.read() as uow:
            return [file.id for file in await uow.held_files.search(**{"now": NOW, **wanted})]

    assert await found() == ["fil-3", "fil-4", "fil-2", "fil-1"]
    assert await found(state="held") == ["fil-4", "fil-2"]
    assert await found(state="arriving") == ["fil-1"]
    assert await found(state="held", now=NOW + DAYS) == []
    assert await found(state="purged", now=NOW + DAYS) == ["fil-3", "fil-4", "fil-2"]
    assert await found(text="100%") == ["fil-4"]
    assert await found(text="IL-2") == ["fil-2"]
    assert await found(text="\x00") == []
    assert await found(facility_ids=frozenset({"fac-1"}), limit=1) == ["fil-3"]
    assert await found(facility_ids=frozenset()) == []
    assert await found(technician_id="tec-2") == await found(session_id="ses-2") == []
    async with desk.read() as uow:
        assert await uow.held_files.count_held(None, NOW) == 2
        assert await uow.held_files.count_held(frozenset({"fac-2"}), NOW) == 0
        assert await uow.held_files.count_held(None, NOW + DAYS) == 0


async def test_what_may_be_delivered_is_what_was_brought_for_this_device_and_released(desk: Database) -> None:
    await kept(
        desk, released(1), arrived(2), released(3, direction=Direction.OUT), released(4, node="node-b"),
        arrived(5, Sas.RULE),
    )  # fmt: skip
    async with desk.read() as uow:
        waiting = uow.held_files.released
        assert [f.id for f in await waiting("tec-1", "dev-1", "node-a", NOW)] == ["fil-1"]
        assert await waiting("tec-1", "dev-1", "node-a", NOW + DAYS) == []
        assert await waiting("tec-1", "dev-2", "node-a", NOW) == await waiting("tec-2", "dev-1", "node-a", NOW) == []


async def test_what_was_taken_is_found_again_under_its_grant_and_path(desk: Database) -> None:
    def out(number: int, **changes: Any) -> HeldFile:
        return arrived(number, path="/log/a", direction=Direction.OUT, **changes)

    brought = arrived(3, path="/log/a", arrived_at=NOW + 2 * HOUR)
    await kept(desk, out(1), out(2, arrived_at=NOW + HOUR), brought, out(4, node="node-b"))
    await kept(desk, arrived(5, Sas.RULE, path="/log/a", direction=Direction.OUT, arrived_at=NOW + 2 * HOUR))
    async with desk.read() as uow:
        newest = await uow.held_files.fetched("gra-1", "/log/a", "node-a", NOW)
        assert newest is not None
        assert newest.id == "fil-2"
        assert await uow.held_files.fetched("gra-2", "/log/a", "node-a", NOW) is None
        assert await uow.held_files.fetched("gra-1", "/log/b", "node-a", NOW) is None
        assert await uow.held_files.fetched("gra-1", "/log/a", "node-a", NOW + DAYS) is None
        assert await uow.held_files.fetched("gra-1", "/log\x00", "node-a", NOW) is None


async def test_what_is_left_over_is_found(desk: Database) -> None:
    await kept(desk, a_held_file(1), arrived(2), arrived(3, Sas.RULE), arrived(4).refuse("stf-1", "Bob", "no", NOW))
    async with desk.read() as uow:
        assert await uow.held_files.over("node-a", NOW) == await uow.held_files.over("node-b", NOW + DAYS) == []
        assert [f.id for f in await uow.held_files.over("node-a", NOW + DAYS)] == ["fil-2", "fil-3"]
        assert [f.id for f in await uow.held_files.unfinished("node-a")] == ["fil-1", "fil-3"]
        assert await uow.held_files.unfinished("node-b") == await uow.held_files.some([]) == []
        some = await uow.held_files.some(["fil-4", "fil-9", "\x00"])
        assert [(f.id, f.stored_state) for f in some] == [("fil-4", FileState.REFUSED)]


async def test_what_a_request_announces_comes_back(hospital: Database) -> None:
    announced = (AnnouncedFile("é.bin", 7, "ab" * 32), AnnouncedFile("b \\u0000.bin", 0, "cd" * 32))
    async with hospital.write() as uow:
        await uow.requests.add(a_request(announced=announced))
    async with hospital.read() as uow:
        read = await uow.requests.get("req-1")
    assert read is not None
    assert read.announced == announced
    with pytest.raises(Invalid):
        async with hospital.write() as uow:
            await uow.requests.add(a_request(2, announced=(AnnouncedFile("a\x00", 0, "ab" * 32),)))


async def test_a_text_is_looked_for_a_stretch_at_a_time_and_what_is_copied_at_any_age(
    desk: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "STRETCH", 3)
    idents = [f"{number:024x}{number:08x}" for number in range(5)]
    sums = [f"{number}c" * 32 for number in range(5)]
    for number, (ident, digest) in enumerate(zip(idents, sums, strict=True)):
        made = a_held_file(1, id=ident, path=f"/fw/{number}.bin", arrived_at=NOW + number * HOUR)
        await kept(desk, made.arrive(Content(1, digest), Checks(Scan.CLEAN), NOW + number * HOUR))

    async def found(text: str, **wanted: Any) -> list[int]:
        async with desk.read() as uow:
            return [idents.index(one.id) for one in await uow.held_files.search(text=text, now=NOW, **wanted)]

    async with desk.read() as uow:
        last = await uow.held_files.reach(".bin", now=NOW)
        assert last == NOW + 2 * HOUR
        assert await uow.held_files.reach(".bin", now=NOW, before=last) is None
        assert await uow.held_files.reach(".bin", now=NOW, session_id="ses-2") is None
        assert await uow.held_files.reach("0c" * 32, now=NOW) is None
        assert await uow.held_files.reach(idents[0][24:], now=NOW) is None
    assert await found(".bin") == [4, 3, 2]
    assert await found(".bin", before=last) == [1, 0]
    assert await found("0c" * 32) == await found("0C" * 32) == await found(f" {idents[0][24:]} ") == [0]
    assert await found("0c0c") == [], "a part of a SHA-256 is a text like any other"
    assert await found("0c" * 32, technician_id="tec-1") == [], "among a technician's own nothing is looked up by index"
    assert await found("0c" * 32, technician_id="tec-1", before=last) == [0]


async def test_T33_what_a_file_of_another_hospital_is_called_is_any_word(
    desk: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "STRETCH", 2)
    async with desk.write() as uow:
        await uow.facilities.add(Facility("fac-2", "ch2", "Other", ""))
    for number in range(4):
        made = a_held_file(1, id=f"{number:032x}", facility_id=f"fac-{1 + number % 2}", arrived_at=NOW + number * HOUR)
        await kept(desk, made.arrive(Content(1, f"{number}c" * 32), Checks(Scan.CLEAN), NOW + number * HOUR))
    async with desk.read() as uow:
        for text in ("0c" * 32, "0" * 8):
            assert await uow.held_files.reach(text, now=NOW, facility_ids=frozenset({"fac-1"})) is None
            assert await uow.held_files.reach(text, now=NOW, facility_ids=frozenset({"fac-2"})) == NOW + HOUR

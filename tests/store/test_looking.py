"""What people copy is found however old it is; any other text a stretch at a time, and the way on is said."""

import sqlite3
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from bastion import clock
from bastion.domain.held_file import Direction
from bastion.domain.ids import new_id
from bastion.domain.parties import Assignment, Role
from bastion.store import audit_search, looking
from bastion.store import tables as t
from bastion.store.audit_search import Wanted
from bastion.store.database import Database
from tests.services.house import CONNECTION, House, build_house, moved

STRETCH = 3


@pytest.fixture
async def house(database: Database, tmp_path, monkeypatch) -> House:
    """A hospital in which a stretch is three rows long, with five refused requests of Alice's."""
    made = await build_house(database, tmp_path)
    for module in (looking, audit_search):
        monkeypatch.setattr(module, "STRETCH", STRETCH)
    for number in range(5):
        request = await made.asked(reason=f"replace tube {number}", work_order=f"WO-{number}")
        await made.services.taking_back.withdraw(made.technician(), request.id)
    return made


async def reasons(house: House, text: str, **more) -> list[str]:
    async with house.database.read() as uow:
        return [one.reason[-1] for one in await uow.requests.search(text=text, **more)]


async def test_a_text_is_looked_for_a_stretch_at_a_time(house: House):
    assert await reasons(house, "tube") == ["4", "3", "2"]
    async with house.database.read() as uow:
        last = await uow.requests.reach("tube")
        assert last is not None
        assert await uow.requests.reach("tube", before=last) is None
    assert await reasons(house, "tube", before=last) == ["1", "0"]


@pytest.mark.parametrize("text", ["wo-0", "ct-01", "alice", "Alice Martin", "acme", "ACME imaging"])
async def test_what_people_copy_is_found_however_old_it_is(house: House, text: str):
    assert "0" in await reasons(house, text)
    async with house.database.read() as uow:
        assert await uow.requests.reach(text) is None


async def test_T33_where_a_search_ends_does_not_tell_what_is_a_name_in_another_hospital(house: House):
    """A work order, a reference, a device's code of another: looked for, and left, as any word."""
    async with house.database.write() as uow:
        other = await uow.facilities.by_code("ch2")
        assert other is not None
        elsewhere = frozenset({other.id})
        for one in await uow.requests.search():
            await uow.requests.add(
                replace(one, id=new_id(clock.now()), facility_id=other.id, work_order="", approvals=())
            )
    async with house.database.read() as uow:
        ref = (await uow.requests.search(text="WO-0"))[0].ref
        reach = {
            text: await uow.requests.reach(text, facility_ids=elsewhere) for text in ("wo-0", ref, "ct-01", "zz-9")
        }
        assert None not in reach.values()
        assert len(set(reach.values())) == 1
        assert await uow.sessions.reach("ct-01", facility_ids=elsewhere) is None, "there is no session"
        own = frozenset({house.device.facility_id})
        for text in ("wo-0", ref, "ct-01", "alice"):
            assert await uow.requests.reach(text, facility_ids=own) is None
            assert await uow.requests.search(text=text, facility_ids=own)
        assert await uow.requests.search(text="ct-01", facility_ids=elsewhere) != [], "the device's code is in the row"


async def test_T33_how_far_was_looked_is_said_of_one_s_own_hospitals_only(house: House):
    """Else it would tell when something was asked for, opened, brought or written elsewhere."""
    session = await house.opened()
    for number in range(STRETCH):
        if number:
            await house.services.sessions.open(house.technician(), session.grant.id, CONNECTION)
        await house.services.files.arriving(session.record, session.grant, Direction.IN, f"/fw/{number}.bin")
    async with house.database.read() as uow:
        other = await uow.facilities.by_code("ch2")
    use, own = house.services, house.staff(house.ruth)
    away = moved(own, {other.id})
    approves = Assignment(Role.APPROVER, house.device.facility_id)
    here_too = replace(away, assignments=(*away.assignments, approves))
    everything = {"requests", "sessions", "files", "trail"}
    for who, found in ((own, everything), (away, set()), (here_too, {"requests", "files"})):
        reached = {
            "requests": await use.asked.reach(who, text="tube"),
            "sessions": await use.supervision.reach(who, text="tube"),
            "files": await use.releases.reach(who, text="tube"),
            "trail": await use.audit.reach(who, Wanted(text="tube")),
        }
        assert {what for what, last in reached.items() if last is not None} == found


async def test_a_reference_is_found_in_either_case(house: House):
    async with house.database.read() as uow:
        oldest = (await uow.requests.search())[-1]
    assert await reasons(house, oldest.ref) == await reasons(house, oldest.ref.lower()) == ["0"]


async def test_other_filters_make_the_stretch_reach_further(house: House):
    async with house.database.read() as uow:
        assert await uow.requests.reach("tube", state="denied") is None
        assert await uow.requests.search(text="tube", state="denied") == []


async def test_the_trail_is_looked_through_a_stretch_at_a_time(house: House):
    async with house.database.read() as uow:
        head = (await uow.audit.head()).seq
        wanted = Wanted(tag_prefix="request:created", text="tube")
        first = await uow.audit.search(tag_prefix="request:created", text="tube")
        last = await uow.audit.reach(wanted)
        assert [event.fields["work_order"] for event in first] == ["WO-4", "WO-3", "WO-2"]
        assert last == first[-1].seq < head
        rest = await uow.audit.search(tag_prefix="request:created", text="tube", before_seq=last)
        assert [event.fields["work_order"] for event in rest] == ["WO-1", "WO-0"]


async def test_the_graver_are_found_with_the_gravest_newest_first(house: House):
    async with house.database.read() as uow:
        everything = await uow.audit.search(limit=500)
        for least in ("info", "notice", "warning", "alarm"):
            degrees = ["info", "notice", "warning", "alarm"]
            graver = set(degrees[degrees.index(least) :])
            found = await uow.audit.search(severity=least, limit=500)
            assert found == [event for event in everything if event.severity in graver]
        assert len(await uow.audit.search(severity="notice", limit=2)) == 2


async def test_sessions_are_found_by_what_was_asked(house: House):
    opened = await house.opened(reason="noise in the gantry", work_order="WO-9")
    async with house.database.read() as uow:
        for text in ("gantry", "WO-9", "ct-01", "Alice Martin", opened.record.request_id[-8:]):
            assert [one.id for one in await uow.sessions.search(text=text)] == [opened.record.id], text
        assert await uow.sessions.search(text="another noise") == []
        assert await uow.sessions.search(technician="Nobody") == []
        assert [one.id for one in await uow.sessions.search(technician="tin")] == [opened.record.id]


async def test_a_day_that_is_not_looked_at_is_not_found(house: House):
    async with house.database.read() as uow:
        newest = (await uow.requests.search())[0]
        assert await uow.requests.search(text="tube", before=newest.created_at - timedelta(days=1)) == []


def test_a_text_is_in_one_of_the_columns_and_not_across_two(migrated_sqlite: Path):
    d = t.devices.c
    with sqlite3.connect(migrated_sqlite) as connection:
        connection.execute("create temp table devices (code text, name text, ward text)")
        connection.execute("insert into temp.devices values ('ct-01', 'Scanner 100%', 'IMAGERIE')")
        for text, found in (("T-01", 1), ("scan", 1), ("imag", 1), ("01sc", 0), ("100%", 1), ("1%0", 0), ("c_-01", 0)):
            found_in = sa.select(sa.func.count()).where(looking.holds(text, d.code, d.name, d.ward))
            compiled = found_in.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
            assert connection.execute(str(compiled)).fetchone() == (found,), text


async def test_a_line_break_is_no_bridge_between_texts_people_type(house: House):
    assert await reasons(house, "Alice Martin\nreplace") == []


async def test_days_of_the_trail_are_read_from_their_index(house: House):
    async with house.database.read() as uow:
        events = await uow.audit.search(limit=500)
        first = min(event.at for event in events)
        for since, until in ((first, None), (None, first), (first, first + timedelta(microseconds=1))):
            found = await uow.audit.search(since=since, until=until, limit=500)
            kept = [e for e in events if (since is None or e.at >= since) and (until is None or e.at < until)]
            assert [e.seq for e in found] == [e.seq for e in kept]

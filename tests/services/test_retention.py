"""Which recordings may be erased, who holds one back, and what the trail says of it (R-54)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.session_events import EndReason
from bastion.errors import Conflict, Forbidden, NotFound, ReasonNeeded
from bastion.services.retention import Retention
from bastion.services.sessions import Ending
from recordings.retention import Retention as Keep
from tests.services.house import CONNECTION, moved

DIGEST = "ab" * 32


@pytest.fixture
async def ended(house):
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT, digest=DIGEST))
    return opened.record


@pytest.fixture
def later(monkeypatch):
    """Let so many days pass."""

    def pass_by(days: int) -> None:
        then = clock.now() + timedelta(days=days)
        monkeypatch.setattr(clock, "now", lambda: then)

    return pass_by


async def overdue(house, record):
    return [one.record.id for one in await house.services.retention.overdue([record.id, "unknown"])]


async def test_R54_a_recording_is_overdue_at_its_term_and_not_before(house, ended, later):
    later(180)
    assert await overdue(house, ended) == []
    later(5)
    assert await overdue(house, ended) == [ended.id]


async def test_R54_the_hospital_may_keep_them_for_a_year(house, ended, later):
    longer = Retention(house.database, Keep(12))
    later(300)
    assert await longer.overdue([ended.id]) == []
    later(70)
    assert len(await longer.overdue([ended.id])) == 1


async def test_R54_many_are_looked_at_page_by_page(house, ended, later, monkeypatch):
    monkeypatch.setattr("bastion.services.retention.AT_ONCE", 2)
    later(200)
    found = await house.services.retention.overdue(["a", "b", "c", ended.id, "d"])
    assert [one.record.id for one in found] == [ended.id]


async def test_R54_a_live_session_keeps_its_recording(house, later):
    opened = await house.opened()
    later(200)
    assert await overdue(house, opened.record) == []


async def test_R54_an_intervention_that_goes_on_keeps_its_recordings(house, ended, later):
    async with house.database.write() as uow:
        grant = await uow.grants.get(ended.grant_id)
        await uow.grants.save(replace(grant, end=grant.end + timedelta(days=300)))
    later(200)
    assert await overdue(house, ended) == []
    later(150)
    assert await overdue(house, ended) == [ended.id]


async def test_R54_what_is_held_is_kept_until_it_is_released(house, ended, later):
    ruth, retention = house.staff(house.ruth), house.services.retention
    await retention.hold(ruth, ended.id, "incident 42")
    later(400)
    assert await overdue(house, ended) == []
    held = await house.event("recording:held")
    assert (held.actor_name, held.fields) == ("Ruth", {"session": ended.id, "why": "incident 42"})
    await retention.release(ruth, ended.id, "closed")
    assert await overdue(house, ended) == [ended.id]
    assert (await house.event("recording:released")).fields["why"] == "closed"
    with pytest.raises(Conflict):
        await retention.release(ruth, ended.id, "again")


async def test_R54_a_hold_that_comes_between_looking_and_erasing_wins(house, ended, later):
    later(400)
    (due,) = await house.services.retention.overdue([ended.id])
    await house.services.retention.hold(house.staff(house.ruth), ended.id, "incident 42")
    with pytest.raises(Conflict):
        await house.services.retention.erased(house.staff(house.ruth), due, DIGEST)
    assert await house.tags("recording:erased") == []


async def test_R23_only_security_of_the_facility_holds_and_with_a_reason(house, ended):
    retention, ruth = house.services.retention, house.staff(house.ruth)
    for change in (retention.hold, retention.release):
        with pytest.raises(Forbidden):
            await change(house.staff(house.eve), ended.id, "incident 42")
        with pytest.raises(NotFound):
            await change(moved(ruth, {"elsewhere"}), ended.id, "incident 42")
        with pytest.raises(NotFound):
            await change(ruth, "nothing", "incident 42")
        with pytest.raises(ReasonNeeded):
            await change(ruth, ended.id, " ")
    assert await house.tags("recording:held") == []


async def test_T36_a_recording_is_promised_for_every_session_that_was_sealed(house, ended, monkeypatch):
    monkeypatch.setattr("bastion.services.retention.AT_ONCE", 1)
    sessions = house.services.sessions
    unsealed = await sessions.open(house.technician(), ended.grant_id, CONNECTION)
    await sessions.closed(unsealed.record, Ending(EndReason.CRASHED))
    await sessions.open(house.technician(), ended.grant_id, CONNECTION)
    assert await house.services.retention.promised() == {ended.id: DIGEST}

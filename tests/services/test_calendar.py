"""What is coming: agreed, asked for and expected, in one list by time; each hospital sees its own."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.maintenance import Rhythm
from bastion.errors import Forbidden, Invalid
from bastion.services import calendar
from bastion.services.calendar import EntryKind
from bastion.services.emergencies import Call
from bastion.services.maintenance import WindowForm
from bastion.services.people import TechnicianForm
from tests.services.house import OPERATOR, moved
from tests.services.test_review_reach import say
from tests.services.test_reviews import WITHDRAWN, begun

DAY = timedelta(days=1)


@pytest.fixture
def use(house):
    return house.services.calendar


async def test_grants_requests_and_windows_stand_in_one_list(house, use):
    now = clock.now()
    eve = house.staff(house.eve)
    ends, rhythm = now + 90 * DAY, Rhythm(0, (now + 2 * DAY).weekday(), 600, 60)
    form = WindowForm("ct-01", "", InterventionKind.TELEDIAGNOSTIC, rhythm, ends, "weekly look")
    window = await house.services.maintenance.propose(eve, form)
    agreed = await house.approved(start=now + DAY)
    planned = await house.asked(start=now + 3 * DAY)
    found = await use.between(eve, now, now + 7 * DAY)
    assert [(one.kind, one.ident) for one in found if one.kind is not EntryKind.WINDOW] == [
        (EntryKind.GRANT, agreed.id), (EntryKind.REQUEST, planned.id),
    ]  # fmt: skip
    expected = [one for one in found if one.kind is EntryKind.WINDOW]
    assert expected
    assert {(one.ident, one.state) for one in expected} == {(window.id, "proposed")}
    assert found == sorted(found, key=lambda one: one.box.start)
    grant = next(one for one in found if one.kind is EntryKind.GRANT)
    assert (grant.state, grant.path, grant.who) == ("scheduled", f"/requests/{agreed.id}", "Alice Martin")
    await house.services.maintenance.end(eve, window.id, "no longer needed")
    assert EntryKind.WINDOW not in {one.kind for one in await use.between(eve, now, now + 7 * DAY)}


async def test_a_window_stands_in_the_calendar_of_its_device_and_hospital_as_soon_as_it_begins(house, use):
    now, eve = clock.now(), house.staff(house.eve)
    async with house.database.write() as uow:
        await uow.devices.add(replace(house.device, id="another", code="ct-02"))
    rhythm = Rhythm(0, (now + 2 * DAY).weekday(), 600, 60)
    form = WindowForm("ct-01", "", InterventionKind.TELEDIAGNOSTIC, rhythm, now + 90 * DAY, "weekly look")
    window = await house.services.maintenance.propose(eve, form)
    first = min(one.box.start for one in await use.between(eve, now, now + 30 * DAY))
    for about, expected in (
        ({}, {window.id}), ({"device_code": "ct-01"}, {window.id}), ({"device_code": "ct-02"}, set()),
        ({"facility_code": "chu"}, {window.id}), ({"device_code": "ct-01", "facility_code": "ch2"}, set()),
    ):  # fmt: skip
        found = await use.between(eve, first, first + timedelta(minutes=1), **about)
        assert {one.ident for one in found} == expected
    assert await use.between(eve, now - 20 * DAY, window.starts) == []
    assert await use.between(moved(eve, {"elsewhere"}), first, first + DAY) == []


async def test_what_is_open_now_is_in_it_and_what_was_revoked_is_not(house, use):
    request = await house.approved(emergency=Call("Dr Roux"))
    now = clock.now()
    (one,) = await use.between(house.staff(house.eve), now, now + DAY)
    assert (one.state, one.emergency, one.ident) == ("open", True, request.id)
    await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, "a patient is on the table")
    assert await use.between(house.staff(house.eve), now, now + DAY) == []


async def test_what_a_review_withdrew_is_not_in_it_either_nor_once_its_time_is_over(house, use, later):
    """Nothing opens under it: it says “agreed” no longer than what was revoked."""
    eve = house.staff(house.eve)
    await house.approved()
    now = clock.now()
    assert len(await use.between(eve, now, now + DAY)) == 1
    await say(house, eve, await begun(house, 10, "chu"), WITHDRAWN, "has changed job")
    edges = [now, now + DAY]
    assert (await use.between(eve, now, now + DAY), (await use.days(eve, edges))[0].entries) == ([], ())
    later(minutes=120)
    assert (await use.between(eve, now, now + DAY), (await use.days(eve, edges))[0].entries) == ([], ())


async def closed(house, **changes: object) -> None:
    form = replace(TechnicianForm.of(house.alice, "acme"), **changes)
    await house.services.people.save_technician(OPERATOR, form)


async def company(house, **changes: object) -> None:
    """As a register that was kept while the bastion was down: nothing was taken back."""
    async with house.database.write() as uow:
        known = await uow.suppliers.get(house.alice.supplier_id)
        await uow.suppliers.save(replace(known, **changes))


async def review(house, **_facts: object) -> None:
    await say(house, house.staff(house.eve), await begun(house, 10, "chu"), WITHDRAWN, "has changed job")


LOST = {
    "account closed": (closed, lambda _at: {"active": False}),
    "account over": (closed, lambda at: {"valid_until": at}),
    "contract over": (company, lambda at: {"contract_end": at}),
    "withdrawn in a review": (review, lambda _at: {}),
}


@pytest.mark.parametrize("how", LOST)
async def test_a_past_week_tells_until_when_it_held(house, use, later, how):
    eve, (lose, facts) = house.staff(house.eve), LOST[how]
    await house.approved()
    since = clock.now()
    later(minutes=20)
    lost = clock.now() + timedelta(seconds=2)
    await lose(house, **facts(lost))
    later(minutes=120)
    edges = [since, since + DAY]
    for (one,) in (await use.between(eve, since, since + DAY), (await use.days(eve, edges))[0].entries):
        assert abs(one.box.end - lost) < timedelta(minutes=1)
        assert one.state == "over"
    assert await use.between(eve, since + timedelta(minutes=30), since + DAY) == [], "it held no longer by then"


@pytest.mark.parametrize("how", LOST)
async def test_what_held_to_its_end_is_told_so_whatever_comes_after(house, use, later, how):
    """A day that is entered afterwards shortens nothing that was."""
    eve, (lose, facts) = house.staff(house.eve), LOST[how]
    await house.approved(minutes=60)
    since = clock.now()
    later(minutes=90)
    await lose(house, **facts(clock.now()))
    (one,) = await use.between(eve, since, since + DAY)
    assert one.box.length == timedelta(hours=1)


async def test_a_last_day_entered_afterwards_for_a_time_before_shortens_nothing(house, use, later):
    await house.approved(minutes=60)
    since = clock.now()
    later(minutes=90)
    await closed(house, valid_until=since + timedelta(minutes=10))
    (one,) = await use.between(house.staff(house.eve), since, since + DAY)
    assert one.box.length == timedelta(hours=1)


async def test_who_is_back_since_was_there(house, use, later):
    await house.approved(minutes=60)
    since = clock.now()
    later(minutes=90)
    await closed(house, active=False)
    await closed(house, active=True)
    await closed(house, active=False)
    (one,) = await use.between(house.staff(house.eve), since, since + DAY)
    assert one.box.length == timedelta(hours=1)


async def test_what_was_over_before_stays_what_it_was(house, use, later):
    eve = house.staff(house.eve)
    request, began = await house.approved(), clock.now()
    later(minutes=120)
    await say(house, house.staff(house.eve), await begun(house, 10, "chu"), WITHDRAWN, "has changed job")
    (one,) = await use.between(eve, began, began + DAY)
    assert (one.ident, one.state) == (request.id, "over")


async def test_half_open_what_ends_as_the_span_begins_is_not_in_it(house, use):
    now = clock.now()
    request = await house.approved(start=now + DAY)
    async with house.database.read() as uow:
        grant = await uow.grants.get(request.grant_id)
    eve = house.staff(house.eve)
    assert await use.between(eve, grant.end, grant.end + DAY) == []
    assert await use.between(eve, grant.start - DAY, grant.start) == []
    assert len(await use.between(eve, grant.start, grant.start + timedelta(seconds=1))) == 1


async def test_filters_and_who_sees_what(house, use):
    await house.approved()
    now, eve = clock.now(), house.staff(house.eve)
    for changes, count in (
        ({"device_code": "ct-01"}, 1), ({"device_code": "other"}, 0), ({"facility_code": "chu"}, 1),
        ({"facility_code": "ch2"}, 0),
    ):  # fmt: skip
        assert len(await use.between(eve, now, now + DAY, **changes)) == count
    elsewhere = moved(eve, {"elsewhere"})
    assert await use.between(elsewhere, now, now + DAY) == []
    with pytest.raises(Forbidden):
        await use.between(house.technician(), now, now + DAY)
    for until in (now, now - DAY, now + 63 * DAY):
        with pytest.raises(Invalid):
            await use.between(eve, now, until)


async def test_a_busy_day_hides_neither_the_next_nor_that_there_is_more(house, use, monkeypatch):
    monkeypatch.setattr(calendar, "FULL", 1)
    now, eve = clock.now(), house.staff(house.eve)
    for start in (now + DAY, now + DAY + timedelta(hours=1), now + 2 * DAY + timedelta(hours=1)):
        request = await house.approved(start=start)
    edges = [now + number * DAY for number in range(4)]
    days = await use.days(eve, edges)
    assert [(len(one.entries), one.more) for one in days] == [(0, False), (1, True), (1, False)]
    assert days[2].entries[0].ident == request.id
    assert [one.entries for one in await use.days(eve, edges, device_code="nothing")] == [(), (), ()]
    assert [one.entries for one in await use.days(eve, edges, facility_code="ch2")] == [(), (), ()]
    assert [len(one.entries) for one in await use.days(eve, edges, device_code="CT-01", facility_code="chu")] == [
        0,
        1,
        1,
    ]
    assert [one.entries for one in await use.days(moved(eve, {"elsewhere"}), edges)] == [(), (), ()]
    with pytest.raises(Forbidden):
        await use.days(house.technician(), edges)


async def test_what_goes_on_as_a_week_begins_stands_on_its_first_day_alone(house, use):
    request = await house.approved()
    async with house.database.read() as uow:
        grant = await uow.grants.get(request.grant_id)
    begin = grant.start + timedelta(seconds=1)
    days = await use.days(house.staff(house.eve), [begin, begin + timedelta(seconds=1), begin + DAY])
    assert [[entry.ident for entry in one.entries] for one in days] == [[request.id], []]

"""What nobody decides on in time ends with a word: in the trail once, to the technician and to whoever asked (R-24)."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.emergency import Call
from bastion.domain.parties import system_actor
from bastion.services.inventory import DeviceForm
from bastion.services.lapses import SAID_UNTIL
from bastion.services.webhooks import WebhookForm
from tests.services.house import OPERATOR
from tests.services.postroom import heard, turn

EXPIRED = "request:expired"


@pytest.fixture
async def note(house):
    """The job; it has run before."""

    async def run() -> int:
        return await house.services.lapses.note(system_actor())

    assert await run() == 0
    return run


@pytest.fixture
async def reached(house, box):
    """Alice has an address that mail can go to."""
    async with house.database.write() as uow:
        await uow.technicians.save(replace(house.alice, email="alice@acme.example"))


async def test_the_technician_and_who_asked_for_him_are_told_once(house, note, tell, box, reached, later):
    asked = await house.services.access.request(house.staff(house.eve), house.draft(technician_login="alice"))
    await turn(tell)
    box.raw.clear()
    later(hours=2, minutes=1)
    assert (await note(), await note()) == (1, 0), "another node, or the next turn, finds nothing"
    await turn(tell)
    said = [f"Request {asked.ref} lapsed, nobody has decided: ct-01"]
    assert heard(box) == {"alice@acme.example": said, "eve@chu": said}
    assert "ask again" in box.to("eve@chu")[0].get_content()
    assert await house.tags(EXPIRED) == [EXPIRED]
    event = await house.event(EXPIRED)
    assert (event.subject_id, event.fields["device"], event.fields["technician"], event.fields["missing"]) == (
        asked.id, "ct-01", "alice", "1",
    )  # fmt: skip
    assert not event.fields.get("emergency")


async def test_of_two_nodes_at_once_one_says_it_and_what_was_said_is_not_said_again(house, note, monkeypatch):
    """Though the clock of the one that writes last is behind the other's."""
    await house.asked()
    ahead = clock.now() + timedelta(hours=2, minutes=1)
    behind = ahead - timedelta(seconds=1)
    turns = iter([ahead, behind])
    monkeypatch.setattr(clock, "now", lambda: next(turns, behind))
    assert sorted(await asyncio.gather(note(), note())) == [0, 1]
    assert await house.tags(EXPIRED) == [EXPIRED]
    async with house.database.read() as uow:
        assert await uow.settings.get(SAID_UNTIL) == ahead.isoformat()


async def test_what_was_decided_or_taken_back_does_not_lapse(house, note, later):
    await house.services.taking_back.withdraw(house.technician(), (await house.asked()).id)
    await house.approved()
    later(hours=3)
    assert (await note(), await house.tags(EXPIRED)) == (0, [])


async def test_each_lapses_in_its_own_time_emergencies_too(house, note, later):
    await house.asked()
    later(minutes=30)
    urgent = await house.asked(emergency=Call("Dr Anne Roux"))
    later(minutes=91)
    assert await note() == 1
    later(minutes=30)
    assert await note() == 1
    event = await house.event(EXPIRED)
    assert (event.subject_id, event.fields["emergency"]) == (urgent.id, "yes")


async def test_more_time_that_nobody_answered_is_told_of_at_its_end(house, note, tell, box, reached, later):
    opened = await house.opened()
    more = await house.services.access.extend(house.technician(), opened.grant.id, 30, "more")
    await turn(tell)
    box.raw.clear()
    later(hours=1, minutes=1)
    assert await note() == 1
    await turn(tell)
    assert heard(box)["alice@acme.example"] == [f"Request {more.ref} lapsed, nobody has decided: ct-01"]


async def test_what_lapsed_before_the_first_time_ever_is_nobodys_news(house, later):
    await house.asked()
    later(hours=3)
    assert (await house.services.lapses.note(system_actor()), await house.tags(EXPIRED)) == (0, [])


async def test_R22_what_lapses_after_the_rules_wanted_more_people_lacked_one(house, note, later):
    """Somebody had agreed, and nobody else did."""
    asked = await house.asked()
    await vital(house)
    await house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 60)
    entry = await house.services.sessions.enter(house.technician(), "ct-01")
    assert (entry.pending.id, entry.pending.missing) == (asked.id, 1), "nor does the technician read that nobody is"
    later(hours=2, minutes=1)
    assert await note() == 1
    assert (await house.event(EXPIRED)).fields["missing"] == "1"


async def vital(house) -> None:
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)


async def test_R22_what_two_must_agree_to_and_nobody_did_lacked_both(house, note, later):
    await vital(house)
    await house.asked()
    later(hours=2, minutes=1)
    assert await note() == 1
    assert (await house.event(EXPIRED)).fields["missing"] == "2"


async def test_programs_hear_of_it(house, note, tell, later):
    form = WebhookForm("gmao", "https://hooks.example/x", frozenset({"request_decided"}))
    await house.services.webhooks.register(house.staff(house.ruth), form)
    await house.asked()
    later(hours=2, minutes=1)
    await note()
    await tell.gather()
    async with house.database.read() as uow:
        rows = [one for one in await uow.deliveries.all() if one.topic == "request_decided"]
    assert [one.facts["outcome"] for one in rows] == ["expired"]
    assert rows[0].at - rows[0].due_at == timedelta()

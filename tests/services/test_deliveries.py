"""What fails is tried again, arrives once, and never holds up a decision."""

import asyncio
import contextlib
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.telling import MOST_ATTEMPTS, DeliveryState, Topic, pause_after
from bastion.errors import Conflict
from bastion.services import notifications
from tests.services.house import OPERATOR
from tests.services.postroom import ADDRESS, heard, point, states, turn


# -- failing, trying again ---------------------------------------------------------------------------------------------
async def test_what_fails_is_tried_again_after_growing_pauses_and_arrives_once(house, tell, box, later):
    box.refuse = "451 not now"
    await house.asked()
    await turn(tell)
    assert await states(house) == [("request_waiting", "waiting")] * 2
    listed = await tell.search(house.staff(house.ruth), state="waiting")
    assert sorted((one.name, one.delivery.attempts) for one in listed) == [("Eve", 1), ("Max", 1)]
    assert all("not now" in one.delivery.trouble for one in listed)
    later(seconds=29)
    assert await tell.deliver(ADDRESS) == 0, "not before its time"
    later(seconds=2)
    assert await tell.deliver(ADDRESS) == 2
    box.refuse = ""
    later(seconds=59)
    assert await tell.deliver(ADDRESS) == 0
    later(seconds=2)
    await turn(tell)
    later(hours=2)
    await turn(tell)
    assert heard(box).keys() == {"eve@chu", "max@chu"}
    assert all(len(subjects) == 1 for subjects in heard(box).values())


async def test_the_same_message_has_the_same_name_each_time(house, tell, box, later):
    await house.asked()
    box.refuse = "451 not now"
    seen = []
    taken = box.handle_DATA

    async def note(server, session, envelope):
        seen.append(re.search(rb"Message-ID: (\S+)", envelope.original_content)[1])
        return await taken(server, session, envelope)

    box.handle_DATA = note
    await turn(tell)
    later(minutes=1)
    await turn(tell)
    assert (len(seen), len(set(seen))) == (4, 2)


async def test_after_the_last_attempt_it_stays_for_an_administrator(house, tell, box, later):
    box.refuse = "550 no such user"
    await house.asked()
    await tell.gather()
    async with house.database.write() as uow:  # a request lives for two hours only; its hearing must not end before
        rows = await uow.requests.pending(clock.now())
        await uow.requests.save(replace(rows[0], expires_at=clock.now() + timedelta(days=3)))
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert await tell.deliver(ADDRESS) == 2, attempt
        later(seconds=pause_after(attempt).total_seconds() + 1)
    assert await tell.deliver(ADDRESS) == 0
    assert await states(house) == [("request_waiting", "failed")] * 2
    event = await house.event("delivery:failed")
    assert (event.fields["topic"], event.fields["channel"], event.fields["attempts"]) == (
        "request_waiting", "mail", str(MOST_ATTEMPTS),
    )  # fmt: skip
    ruth = house.staff(house.ruth)
    assert await tell.count(ruth, DeliveryState.FAILED) == 2
    box.refuse = ""
    for one in await tell.search(ruth, state="failed"):
        await tell.retry(ruth, one.delivery.id)
        with pytest.raises(Conflict):
            await tell.retry(ruth, one.delivery.id)
    await turn(tell)
    assert await states(house) == [("request_waiting", "sent")] * 2
    assert (await house.tags("delivery"))[-2:] == ["delivery:retried"] * 2


async def test_one_message_that_cannot_be_made_keeps_no_other_waiting(house, tell, box, monkeypatch):
    real = notifications.letter

    def faulty(delivery, *rest):
        if delivery.recipient_id == house.eve.id:
            raise KeyError("a hole")
        return real(delivery, *rest)

    monkeypatch.setattr(notifications, "letter", faulty)
    await house.asked()
    await turn(tell)
    assert list(heard(box)) == ["max@chu"]
    (left,) = await tell.search(house.staff(house.ruth), state="waiting")
    assert (left.name, left.delivery.trouble) == ("Eve", "KeyError")


def test_pauses_grow_and_are_bounded():
    pauses = [pause_after(attempt) for attempt in range(1, MOST_ATTEMPTS + 1)]
    assert pauses[:3] == [timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == timedelta(hours=1)


async def test_a_decision_never_waits_for_the_mail(house, tell):
    point(tell, 9)  # nobody listens there
    request = await house.approved()
    assert request.grant_id
    await turn(tell)
    assert ("request_decided", "waiting") in await states(house)


async def test_what_is_rolled_back_is_told_to_nobody_and_what_is_committed_is_not_lost(house, tell, box):
    class Oops(Exception):
        pass

    request = await house.asked()
    async with house.database.read() as uow:
        before = await uow.outbox.next(10)
    assert [fact.topic for fact in before] == [Topic.REQUEST_WAITING], "it is there before anybody gathers"
    with contextlib.suppress(Oops):
        async with house.database.write() as uow:
            await uow.audit.append("lock:imposed", actor=OPERATOR, subject=("lock", "x"), at=clock.now())
            raise Oops
    await turn(tell)
    assert set(heard(box)) == {"eve@chu", "max@chu"}
    assert request.ref in box.letters[0]["Subject"]


async def test_several_nodes_tell_each_thing_once(house, tell, box):
    await house.asked()
    await asyncio.gather(*(turn(tell) for _ in range(4)))
    assert {address: len(subjects) for address, subjects in heard(box).items()} == {"eve@chu": 1, "max@chu": 1}


async def test_an_attempt_that_dies_is_due_again(house, tell, box, later):
    await house.asked()
    await tell.gather()
    async with house.database.write() as uow:
        for one in await uow.deliveries.due(clock.now(), 10):
            assert await uow.deliveries.claim(one, clock.now()) is not None
            assert await uow.deliveries.claim(one, clock.now()) is None
    assert await tell.deliver(ADDRESS) == 0
    later(seconds=31)
    await turn(tell)
    assert len(box.raw) == 2


async def test_what_nobody_told_for_a_day_is_not_told_any_more(house, tell, box, later):
    await house.asked()
    later(hours=25)
    await turn(tell)
    assert (box.raw, await states(house)) == ([], [])


async def test_without_a_mail_server_nothing_is_kept_for_it(house, tell):
    await house.asked()
    await turn(tell)
    assert await states(house) == []


async def test_facts_nobody_would_hear_are_removed_at_once(house, tell, monkeypatch):
    """Each costs a dozen reads to tell; on a busy bastion without mail they would slow every session."""
    opened = await house.opened()
    monkeypatch.setattr(tell, "_spread", None)
    await turn(tell)
    async with house.database.read() as uow:
        assert await uow.outbox.next(10) == []
        assert await uow.audit.search(tag_prefix="session:opened") != []
    assert opened.record.id

"""Question and answer on a request that waits (R-25)."""

import pytest

from bastion.domain.remark import MOST, Side
from bastion.errors import BastionError, Conflict, Forbidden, Invalid, NotFound, SelfApproval
from tests.services.house import OPERATOR, moved


async def test_R25_the_hospital_asks_and_the_technician_answers_in_one_thread(house):
    request = await house.asked()
    eve, alice, threads = house.staff(house.eve, fresh=False), house.technician(), house.services.threads
    await threads.ask(eve, request.id, " Which tube? ")
    await threads.answer(alice, request.id, "no")
    thread = await threads.of(alice, request.id)
    assert [(one.side, one.author_name, one.text) for one in thread] == [
        (Side.HOSPITAL, "Eve", "Which tube?"), (Side.ASKER, "Alice Martin", "no"),
    ]  # fmt: skip
    assert (await house.services.asked.get(eve, request.id)).thread == tuple(thread)
    assert (await house.tags("request"))[-2:] == ["request:question", "request:answer"]
    told = await house.event("request:question")
    assert (told.subject_id, told.fields["note"]) == (request.id, "Which tube?")
    with pytest.raises(Conflict):
        await threads.answer(alice, request.id, "and another thing")


async def test_only_who_may_decide_asks_and_only_who_asked_answers(house):
    request = await house.asked()
    threads = house.services.threads
    for who, error in (
        (house.technician(), BastionError), (house.staff(house.ruth), Forbidden),
        (moved(house.staff(house.eve), {"f-2"}), NotFound), (house.technician(house.bob), NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            await threads.ask(who, request.id, "Which tube?")
    await threads.ask(house.staff(house.eve), request.id, "Which tube?")
    for who in (house.technician(house.bob), house.staff(house.max), house.staff(house.eve)):
        with pytest.raises(NotFound):
            await threads.answer(who, request.id, "the left one")
    with pytest.raises(NotFound):
        await threads.of(house.technician(house.bob), request.id)


async def test_who_asked_in_a_technicians_name_answers_too_and_asks_not(house):
    draft = house.draft(technician_login="alice")
    request = await house.services.access.request(house.staff(house.max), draft)
    with pytest.raises(SelfApproval):
        await house.services.threads.ask(house.staff(house.max), request.id, "Which tube?")
    await house.services.threads.ask(house.staff(house.eve), request.id, "Which tube?")
    said = await house.services.threads.answer(house.staff(house.max), request.id, "the left one")
    assert said.side is Side.ASKER


async def test_what_is_decided_is_asked_about_no_more(house):
    request = await house.approved()
    with pytest.raises(BastionError):
        await house.services.threads.ask(house.staff(house.max), request.id, "Which tube?")
    with pytest.raises(Conflict):
        await house.services.threads.answer(house.technician(), request.id, "the left one")


async def test_texts_and_threads_have_an_end(house):
    request = await house.asked()
    eve, threads = house.staff(house.eve), house.services.threads
    for text in ("", " ", "x" * 2001):
        with pytest.raises(Invalid):
            await threads.ask(eve, request.id, text)
    for number in range(MOST):
        await threads.ask(eve, request.id, f"question {number}")
    with pytest.raises(Conflict):
        await threads.ask(eve, request.id, "one more")


async def test_the_operator_at_the_machine_reads_and_says_nothing(house):
    """Nothing is said in the name of nobody."""
    request = await house.asked()
    await house.services.threads.ask(house.staff(house.eve), request.id, "Which tube?")
    assert [one.text for one in await house.services.threads.of(OPERATOR, request.id)] == ["Which tube?"]
    for attempt in (house.services.threads.ask, house.services.threads.answer):
        with pytest.raises(NotFound):
            await attempt(OPERATOR, request.id, "the left one")

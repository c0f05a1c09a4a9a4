"""Who hears of a question about a request, and of its answer; nothing that was typed is in a mail (R-25)."""

from dataclasses import replace

import pytest

from tests.services.postroom import ADDRESS, CANARY, ENTRANCE, heard, letter_to, nothing_typed, point, states, turn


@pytest.fixture
def talk(house):
    return house.services.threads


async def test_R25_a_question_reaches_the_technician_and_the_answer_who_asked(house, tell, box, talk):
    request = await house.asked()
    await turn(tell)
    box.raw.clear()
    await talk.ask(house.staff(house.eve), request.id, CANARY)
    await turn(tell)
    assert heard(box) == {"a@acme": [f"The hospital asks about request {request.ref}: ct-01"]}
    text = letter_to(box, "a@acme").get_content()
    assert "Acme Imaging · ct-01 · CHU Demo" in text
    assert f"{ENTRANCE}/supplier/requests/{request.id}" in text
    assert ADDRESS not in text
    await talk.answer(house.technician(), request.id, f"{CANARY} is not inside")
    await turn(tell)
    assert heard(box)["eve@chu"] == [f"Your question on request {request.ref} is answered: ct-01"]
    assert f"{ADDRESS}/requests/{request.id}" in letter_to(box, "eve@chu").get_content()
    assert "max@chu" not in heard(box), "he asked nothing"
    nothing_typed(box)


async def test_who_asked_in_a_technicians_name_is_asked_too_with_the_way_to_answer(house, tell, box, talk):
    eve = house.staff(house.eve)
    request = await house.services.access.request(eve, house.draft(technician_login="alice"))
    await talk.ask(house.staff(house.max), request.id, CANARY)
    await turn(tell)
    told = heard(box)
    assert told["a@acme"] == told["eve@chu"] == [f"The hospital asks about request {request.ref}: ct-01"]
    assert f"{ADDRESS}/requests/{request.id}" in letter_to(box, "eve@chu").get_content()
    nothing_typed(box)


async def test_each_question_is_told_and_an_answer_goes_to_those_whose_question_was_open(house, tell, box, talk, later):
    request = await house.asked()
    await turn(tell)
    box.raw.clear()
    await talk.ask(house.staff(house.eve), request.id, "Which tube?")
    await turn(tell)
    await talk.answer(house.technician(), request.id, "the left one")
    later(seconds=1)
    await talk.ask(house.staff(house.max), request.id, "And the fan?")
    await turn(tell)
    later(seconds=1)
    await talk.answer(house.technician(), request.id, "it stays")
    await turn(tell)
    told = heard(box)
    assert [len(told[address]) for address in ("a@acme", "eve@chu", "max@chu")] == [2, 1, 1]


async def test_a_question_that_is_answered_or_decided_before_the_mail_leaves_is_not_mailed(house, tell, box, talk):
    request = await house.asked()
    await turn(tell)
    box.raw.clear()
    await talk.ask(house.staff(house.eve), request.id, "Which tube?")
    await talk.answer(house.technician(), request.id, "the left one")
    await turn(tell)
    assert "a@acme" not in heard(box)
    await talk.ask(house.staff(house.eve), request.id, "And the fan?")
    await house.services.approvals.deny(house.staff(house.max), request.id, request.version, "not today")
    await turn(tell)
    assert heard(box)["a@acme"] == [f"Request {request.ref} was refused: ct-01"]
    assert (await states(house)).count(("question_asked", "dropped")) == 2


async def test_a_technician_is_asked_in_his_own_language(house, tell, box, talk):
    async with house.database.write() as uow:
        await uow.technicians.save(replace(house.alice, language="fr"))
    request = await house.asked()
    await talk.ask(house.staff(house.eve), request.id, "Which tube?")
    await turn(tell)
    assert heard(box)["a@acme"] == [f"Question de l’établissement sur la demande {request.ref} : ct-01"]
    assert "espace fournisseur" in letter_to(box, "a@acme").get_content()


async def test_a_mail_server_that_is_away_holds_no_question_up(house, tell, box, talk, later):
    request = await house.asked()
    point(tell, 9)
    await talk.ask(house.staff(house.eve), request.id, "Which tube?")
    await turn(tell)
    assert ("question_asked", "waiting") in await states(house)
    assert len(await talk.of(house.technician(), request.id)) == 1
    point(tell, box.port)
    later(seconds=61)
    await turn(tell)
    assert f"The hospital asks about request {request.ref}: ct-01" in heard(box)["a@acme"]

"""Question and answer, and passing work on, at the suppliers' entrance: the terminal's services, and only one's own."""

import re
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.remark import LONGEST
from tests.services.house import undertake
from tests.web.scenery import HOSTILE

WHY = "my shift is over"


async def test_R25_a_question_is_read_and_answered_on_the_requests_page(comer, house):
    request = await house.asked()
    eve = house.staff(house.eve, fresh=False)
    await house.services.threads.ask(eve, request.id, HOSTILE)
    browser, path = await comer(house.alice, fresh=False), f"/supplier/requests/{request.id}"
    for address in ("/supplier/board", path):
        page = (await browser.see(address)).text
        assert "&lt;script&gt;" in page
        assert "<script>window" not in page
    assert 'name="text"' in (await browser.see(path)).text
    assert (await browser.send(f"{path}/answer", text="The left <b>one</b>")).headers["location"] == path
    (_, said) = await house.services.threads.of(eve, request.id)
    assert (said.text, said.author_name) == ("The left <b>one</b>", "Alice Martin")
    page = (await browser.see(path)).text
    assert "The left &lt;b&gt;one&lt;/b&gt;" in page
    assert 'name="text"' not in page, "nothing is open any more"
    assert "Your answer is awaited" not in (await browser.see("/supplier/board")).text
    assert (await house.tags("request"))[-2:] == ["request:question", "request:answer"]


async def test_an_answer_nobody_asked_for_or_too_long_comes_back(comer, house):
    request = await house.asked()
    browser, path = await comer(house.alice), f"/supplier/requests/{request.id}/answer"
    assert (await browser.send(path, text="hello")).status_code == 409
    await house.services.threads.ask(house.staff(house.eve), request.id, "Which tube?")
    long = await browser.send(path, text="x" * (LONGEST + 1))
    assert long.status_code == 422
    assert "x" * 100 in long.text, "what was typed is not lost"
    await house.services.taking_back.withdraw(house.technician(), request.id)
    assert (await browser.send(path, text="the left one")).status_code == 409


async def test_the_correspondent_reads_the_thread_and_does_not_answer_for_the_person(comer, house, carl):
    """What is answered binds whoever does the work; another company's correspondent does not find it at all (T33)."""
    request = await house.services.access.request(house.technician(carl), house.draft())
    await house.services.threads.ask(house.staff(house.eve), request.id, "Which tube?")
    speaker, path = await comer(house.alice), f"/supplier/company/requests/{request.id}"
    page = (await speaker.see(path)).text
    assert "Which tube?" in page
    assert 'name="text"' not in page
    assert (await speaker.send(f"/supplier/requests/{request.id}/answer", text="the left one")).status_code == 404
    stranger = await comer(house.bob)
    assert (await stranger.see(path)).status_code == 404
    assert len(await house.services.threads.of(house.technician(carl), request.id)) == 1


@pytest.fixture
async def at_work(house, carl):
    await undertake(house.services, carl)
    return await house.opened()


async def test_an_open_authorisation_is_handed_to_a_colleague(comer, house, carl, at_work):
    browser, path = await comer(house.alice), f"/supplier/requests/{at_work.record.request_id}"
    page = (await browser.see(path)).text
    assert '<option value="carl"' in page
    assert '<option value="bob"' not in page, "of another company (T33)"
    assert '<option value="alice"' not in page
    asked = await browser.send(f"{path}/hand-over", technician="carl", why=WHY)
    assert asked.headers["location"] == path, "the colleague's request is not there for him"
    (view,) = await house.services.asked.search(house.technician(carl))
    assert (view.request.stored_state, view.request.reason) == (RequestState.PENDING, WHY)
    assert "You asked that Carl Weber takes over" in (await browser.see(path)).text
    theirs = await comer(carl)
    assert "Takes over from Alice Martin" in (await theirs.see(f"/supplier/requests/{view.request.id}")).text


async def test_what_is_agreed_to_is_given_back_and_the_page_says_so(comer, house):
    request = await house.approved(start=clock.now() + timedelta(days=1))
    browser, path = await comer(house.alice), f"/supplier/requests/{request.id}"
    assert "Give it back" in (await browser.see(path)).text
    done = await browser.send(f"{path}/give-back", back="the part has not come")
    assert done.headers["location"] == path
    page = (await browser.see(path)).text
    assert "The authorisation is given back; its sessions end." in page
    assert re.search(r"Given back by Alice Martin, .* <q[^>]*>the part has not come</q>", page)
    assert "/give-back" not in page
    assert (await browser.send(f"{path}/give-back")).status_code in {404, 409}


async def test_what_is_planned_is_handed_to_a_colleague_before_it_begins(comer, house, carl):
    request = await house.approved(start=clock.now() + timedelta(hours=5))
    browser, path = await comer(house.alice), f"/supplier/requests/{request.id}"
    assert f"{path}/hand-over" in (await browser.see(path)).text
    asked = await browser.send(f"{path}/hand-over", technician="carl", why=WHY)
    assert asked.status_code == 303
    (waiting,) = await house.services.asked.pending(house.staff(house.eve))
    assert (waiting.technician.id, waiting.request.start) == (carl.id, request.start)


async def test_T33_to_whom_one_cannot_hand_over_is_answered_alike_and_nothing_is_lost(
    comer, house, carl, at_work, monkeypatch
):
    """A person of another company is no more there than one that never was."""
    browser, path = await comer(house.alice), f"/supplier/requests/{at_work.record.request_id}/hand-over"
    instant = clock.now()
    with monkeypatch.context() as still:  # the page draws how much of the window is gone
        still.setattr(clock, "now", lambda: instant)
        answers = [await browser.send(path, technician=login, why=WHY) for login in ("bob", "nobody")]
    assert [answer.status_code for answer in answers] == [422, 422]
    said = [answer.text.partition('<main class="work"')[2].partition("</main>")[0] for answer in answers]
    assert "There is no usable technician" in said[0]
    assert said[0] == said[1]
    assert WHY in answers[0].text
    for wrong in ({"technician": "", "why": WHY}, {"technician": "carl", "why": " "}):
        assert (await browser.send(path, **wrong)).status_code == 422
    assert (await browser.send(path, technician="carl", why="x" * 3000)).status_code == 422
    for other in (carl, house.bob):
        thief = await comer(other)
        assert (await thief.send(path, technician="carl", why=WHY)).status_code == 404
    assert await house.services.asked.search(house.technician(carl)) == []

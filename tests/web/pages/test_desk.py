"""The release desk's pages: what waits, what was found, and the decision on exactly one file (R-41, T43)."""

import html
import re

import pytest

from bastion.domain.held_file import FileState
from bastion.errors import FreshFactorNeeded
from bastion.store import looking
from tests.web.saying import SAID


@pytest.fixture
async def held(house, scenery):
    """A clean file that passed, one with a virus, one nobody scanned, one with data of patients."""
    return await scenery.held(await scenery.at_work(house.alice, "ct-01", "New firmware"))


def version(page: str) -> str:
    return re.search(r'name="version" value="(\d+)"', page)[1]


async def state(house, file) -> FileState:
    return (await house.services.files.get(file.id)).stored_state


async def test_what_waits_is_listed_first_and_the_rest_can_be_asked_for(house, held, visitor, people):
    browser = await visitor().enter(people["approver"])
    page = (await browser.see("/desk")).text
    for fact in ("outil é\\xff.exe", "Win.Test.EICAR", "no scanner is set up", "HL7 message", "ct-01", "Alice Martin"):
        assert fact in page, fact
    assert "firmware-7.2.2.bin" not in page
    assert "firmware-7.2.2.bin" in (await browser.see("/desk?state=")).text
    found = (await browser.see(f"/desk?state=&text={held[2].ref}")).text
    assert ("compressor.ini" in found, "outil" in found) == (True, False)
    assert (await browser.see("/desk/count")).text == "3"


async def test_one_file_shows_everything_one_decides_on(house, held, visitor, people):
    page = (await (await visitor().enter(people["approver"])).see(f"/desk/{held[3].id}")).text
    for fact in (
        "/var/log/syngo/examens-2026-11-22.log", held[3].sha256, "HL7 message", "× 12", "segments MSH PID",
        "no virus found", "Alice Martin", "Acme Imaging", "New firmware", 'name="code"', "may fetch it once",
    ):  # fmt: skip
        assert fact in page, fact
    assert "DUPONT" not in page


async def test_who_may_not_decide_reads_who_does(held, visitor, people):
    page = (await (await visitor().enter(people["security"])).see(f"/desk/{held[3].id}")).text
    assert "Releasing or refusing a file is for the approvers of CHU Demo." in page
    assert "Your role does not allow this" not in page


async def test_releasing_says_why_and_is_kept(house, held, visitor, people):
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"/desk/{held[1].id}")).text
    assert "A virus was found." in page
    silent = await browser.send(f"/desk/{held[1].id}/release", version=version(page), note=" ")
    assert silent.status_code == 422
    assert "The reason is missing." in silent.text
    short = await browser.send(f"/desk/{held[1].id}/release", version=version(page), note="ok")
    assert (short.status_code, "The reason is too short: 3 characters at least." in short.text) == (422, True)
    answer = await browser.send(f"/desk/{held[1].id}/release", version=version(page), note="a false alarm, asked Acme")
    assert (answer.status_code, await state(house, held[1])) == (303, FileState.RELEASED)
    after = (await browser.see(f"/desk/{held[1].id}")).text
    assert "Released. It goes on its way by itself." in after
    assert "a false alarm, asked Acme" in after
    assert 'name="version"' not in after
    assert (await browser.see("/desk/count")).text == "2"


async def test_refusing_wants_a_reason_too(house, held, visitor, people):
    browser = await visitor().enter(people["approver"])
    assert (await browser.send(f"/desk/{held[2].id}/refuse", version="2", note="")).status_code == 422
    answer = await browser.send(f"/desk/{held[2].id}/refuse", version="2", note="not agreed")
    assert (answer.status_code, await state(house, held[2])) == (303, FileState.REFUSED)


async def test_a_decision_on_what_was_changed_since_is_refused(house, held, visitor, people):
    browser = await visitor().enter(people["approver"])
    answer = await browser.send(f"/desk/{held[2].id}/release", version="1", note="looked")
    assert (answer.status_code, await state(house, held[2])) == (409, FileState.HELD)


async def test_it_takes_a_fresh_code(house, held, visitor, people, monkeypatch):
    browser = await visitor().enter(people["approver"])

    def stale(actor):
        raise FreshFactorNeeded(actor.login)

    monkeypatch.setattr(house.services.authentication, "require_fresh", stale)
    answer = await browser.send(f"/desk/{held[2].id}/release", version="2", note="looked")
    assert "Please enter a new code" in answer.text
    assert await state(house, held[2]) is FileState.HELD


async def test_who_may_only_look_sees_no_buttons(house, held, visitor, people):
    page = (await (await visitor().enter(people["security"])).see(f"/desk/{held[2].id}")).text
    assert "Your part" in page
    assert "/release" not in page


async def test_R42_what_is_announced_is_given_in_the_form_and_shown_to_the_approver(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    form = {
        "technician": "alice",
        "device": "ct-01",
        "kind": "telemaintenance",
        "reason": "update",
        "minutes": "60",
    } | SAID
    wrong = await browser.send("/requests/new", **form, announced="firmware.bin")
    assert (wrong.status_code, "Write one file per line" in wrong.text) == (422, True)
    assert "firmware.bin</textarea>" in wrong.text
    made = await browser.send("/requests/new", **form, announced=f"{'AB' * 32}  fw/firmware.bin")
    page = (await browser.see(made.headers["location"])).text
    assert "firmware.bin" in page
    assert "ab" * 32 in page


async def test_the_reason_is_asked_for_before_the_code_is_used_up(house, held, visitor, people, monkeypatch):
    browser = await visitor().enter(people["approver"])
    monkeypatch.setattr(house.services.authentication, "confirm_factor", lambda *_: pytest.fail("a code was taken"))
    for decision in ("release", "refuse"):
        answer = await browser.send(f"/desk/{held[2].id}/{decision}", version="2", note=" ", code="123456")
        assert (answer.status_code, "The reason is missing." in answer.text) == (422, True)


async def test_a_text_is_looked_for_a_stretch_at_a_time_and_the_way_on_is_shown(
    house, held, visitor, people, monkeypatch
):
    browser = await visitor().enter(people["approver"])
    assert "Look further back" not in (await browser.see("/desk?state=&text=alice")).text
    monkeypatch.setattr(looking, "STRETCH", 2)
    address, shown = "/desk?state=&text=alice", []
    while address:
        page = (await browser.see(address)).text
        shown.append([one.ref for one in held if one.ref in page])
        way = re.search(r'href="([^"]*text=alice[^"]*before=[^"]*)"', page)
        address = html.unescape(way[1]) if way else ""
    assert sorted([ref for refs in shown for ref in refs]) == sorted(one.ref for one in held)
    assert len(shown) > 1
    assert "Look further back" not in (await browser.see(f"/desk?state=&text={held[0].ref}")).text

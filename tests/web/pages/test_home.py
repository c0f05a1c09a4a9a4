import asyncio
import re
from dataclasses import replace
from datetime import timedelta

from bastion import clock
from bastion.domain.derogation import DerogationKind
from bastion.domain.device import Device
from bastion.domain.emergency import Call
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import EndReason
from bastion.services.derogations import DerogationForm
from bastion.services.sessions import Ending
from tests.services.house import CONNECTION, OPERATOR
from tests.services.watched import watched_session
from tests.web.scenery import HOSTILE
from web.app import READ_AT_ONCE


async def test_on_paper_a_page_says_who_read_it_when_and_by_which_clock(visitor, people):
    page = (await (await visitor().enter(people["approver"])).see("/")).text
    said = re.search(r'<p class="on-paper">(.*?)</p>', page)[1]
    assert '<b translate="no">Approver</b>' in said
    assert "(Europe/Paris)" in said


async def test_what_waits_stands_first_and_what_is_live_beside_it(house, scenery, visitor, people):
    browser = await visitor().enter(people["approver"])
    empty = (await browser.see("/")).text
    assert "Nothing waits" in empty
    assert "Nobody is connected" in empty
    device: Device = await scenery.device("mri-02", "MRI 2", 3, "Imaging", "B4")
    await scenery.at_work(house.alice, device.code, "quench valve")
    request = await house.asked()
    page = (await browser.see("/")).text
    assert f"/requests/{request.id}" in page
    assert "Alice Martin" in page
    assert "quench valve" not in page, "a live session shows who and where; why stands on its own page"
    assert (await browser.see("/count")).text == "1"


async def test_only_who_decides_reads_by_which_key(house, scenery, visitor, people):
    await scenery.device("mri-02", "MRI 2", 3, "Imaging", "B4")
    for device in ("ct-01", "mri-02"):
        await house.services.access.request(house.technician(), replace(house.draft(), device_code=device))
    approver, auditor = await visitor().enter(people["approver"]), await visitor().enter(people["auditor"])
    assert "Enter in the code field agrees" in (await approver.see("/")).text
    page = (await auditor.see("/")).text
    assert "Enter to open it." in page
    assert "Enter in the code field agrees" not in page


async def test_a_session_that_waits_to_be_followed_is_not_nothing(house, visitor, people):
    await watched_session(house)
    browser = await visitor().enter(people["approver"])
    page = (await browser.see("/")).text
    assert "somebody must follow the session" in page
    assert "Nothing waits" not in page


async def test_sessions_of_one_person_on_one_device_are_told_apart(house, scenery, visitor, people):
    first = await house.opened()
    browser, auditor = [await visitor().enter(people[who]) for who in ("approver", "auditor")]
    assert "session 1 of" not in (await browser.see("/")).text
    second = await house.services.sessions.open(house.technician(), first.record.grant_id, CONNECTION)
    for opened, kind in ((first, "shell"), (second, "sftp")):
        facts = [Audit("channel:opened", {"channel": 1, "kind": kind, "detail": ""})]
        await house.services.sessions.note(opened.record, facts)
    over = {"channel": 2, "kind": "exec"}
    facts = [Audit("channel:opened", over | {"detail": "ls"}), Audit("channel:closed", over | {"outcome": "closed"})]
    facts.append(Audit("channel:refused", {"channel": 3, "kind": "tunnel", "why": "not_granted", "detail": ""}))
    await house.services.sessions.note(first.record, facts)
    cards = re.split(r'<li class="card on', (await browser.see("/board")).text)[1:]
    said = {re.search(r'id="on-(\w+)"', card)[1]: " ".join(re.sub(r"<[^>]*>", "", card).split()) for card in cards}
    assert f"session 1 of 2 · Terminal · from {first.record.source}" in said[first.record.id]
    assert f"session 2 of 2 · File transfer · from {second.record.source}" in said[second.record.id]
    assert all(re.search(r"since \d\d:\d\d:\d\d", card) for card in said.values())
    watching = " ".join(re.sub(r"<[^>]*>", "", (await auditor.see("/board")).text).split())
    assert f"session 1 of 2 · from {first.record.source}" in watching, "what is open is for whoever may follow"


async def test_the_board_is_the_part_that_reads_itself_again(visitor, people):
    board = (await (await visitor().enter(people["approver"])).see("/board")).text
    assert board.strip().startswith('<div id="board"')
    assert "bastion:request from:body" in board
    assert "<html" not in board


async def test_one_sees_only_ones_own_hospital(house, visitor, people):
    await house.asked()
    browser = await visitor().enter(people["approver of another hospital"])
    assert "Nothing waits" in (await browser.see("/")).text
    assert (await browser.see("/count")).text == "0"


async def test_others_see_that_it_waits_but_not_as_theirs(house, visitor, people):
    await house.asked()
    browser = await visitor().enter(people["auditor"])
    page = (await browser.see("/")).text
    assert "for others to decide" in page
    assert (await browser.see("/count")).text == "0"


async def test_T39_a_hostile_reason_is_text(house, visitor, people):
    await house.asked(reason=HOSTILE, work_order=HOSTILE)
    page = (await (await visitor().enter(people["approver"])).see("/")).text
    assert "<script>window" not in page
    assert "\\x1b]52;" in page
    assert "\x1b" not in page


async def test_R5_a_supplier_with_every_address_there_is_stands_on_the_first_page_of_who_can_mend_it(
    house, visitor, people
):
    async with house.database.write() as uow:
        (acme,) = await uow.suppliers.some([house.alice.supplier_id])
        await uow.suppliers.save(replace(acme, networks=("::/0",)))
    admin = await visitor().enter(people["admin"])
    page = (await admin.see("/")).text
    assert f"For {acme.name} every address there is was declared" in page
    assert f'href="/directory/suppliers/{acme.id}"' in page
    assert "counts as no declared network" in (await admin.see(f"/directory/suppliers/{acme.id}/file")).text
    assert "none: it cannot connect" in (await admin.see("/directory/suppliers")).text
    assert "every address there is" not in (await (await visitor().enter(people["approver"])).see("/")).text


async def test_R10_a_derogation_that_ends_within_a_month_stands_on_the_first_page(house, visitor, people):
    browser = await visitor().enter(people["admin"])
    for days, said in ((90, False), (20, True)):
        form = DerogationForm(DerogationKind.TELNET, "Dr Vasseur", "old one", clock.now() + timedelta(days=days))
        await house.services.derogations.make(OPERATOR, house.device.id, form)
        assert ("The derogation for ct-01 is about to end" in (await browser.see("/")).text) is said
    other = await visitor().enter(people["approver of another hospital"])
    assert "ct-01" not in (await other.see("/")).text


async def test_what_waits_stands_by_urgency(house, scenery, visitor, people):
    """Emergencies, then what is void soonest; of two as close, the more critical device."""
    await scenery.device("mri-02", "MRI 2", 3, "Imaging", "B4")
    await scenery.device("us-03", "Ultrasound 3", 1, "Imaging", "B5")
    await scenery.device("cr-04", "Reader 4", 1, "Imaging", "B6")
    later = await house.asked(device_code="mri-02", start=clock.now() + timedelta(days=1))
    minor = await house.asked(device_code="us-03")
    graver = await house.asked()
    urgent = await house.asked(device_code="cr-04", emergency=Call("Dr Anne Roux"))
    own = house.draft(technician_login="alice", device_code="mri-02", emergency=Call("Dr Anne Roux"))
    own = await house.services.access.request(house.staff(people["approver"]), own)
    page = (await (await visitor().enter(people["approver"])).see("/")).text
    places = [page.index(f"/requests/{one.id}") for one in (urgent, graver, minor, later, own)]
    assert places == sorted(places), "what others decide stands last, however urgent it is"
    assert "2 of 4" in page
    assert "Enter to open it" in page


async def test_many_pages_at_once_read_the_board_once_for_each_person(house, app, visitor, people, monkeypatch):
    """Two hundred pages that heard of a decision held the console up for seconds, and the database refused the last."""
    await house.asked()
    names = ("approver", "security", "auditor", "approver of another hospital")
    browsers = {name: [await visitor().enter(people[name], fresh=bool(n % 2)) for n in range(15)] for name in names}
    alone = {name: [(await browsers[name][0].see(path)).text for path in ("/board", "/count")] for name in names}
    begun: list[str] = []
    came: list[object] = []
    all_there = asyncio.Event()
    pending, turn = house.services.asked.pending, app.state.turns.of

    async def counted(actor):
        begun.append(actor.login)
        await all_there.wait()
        return await pending(actor)

    async def arrived(key, work):
        came.append(key)
        if len(came) == len(asked):
            all_there.set()
        return await turn(key, work)

    monkeypatch.setattr(house.services.asked, "pending", counted)
    monkeypatch.setattr(app.state.turns, "of", arrived)
    asked = [(name, path, one) for one in range(15) for name in names for path in ("/board", "/count")]
    answers = await asyncio.gather(*(browsers[name][one].see(path) for name, path, one in asked))
    for (name, path, _one), answer in zip(asked, answers, strict=True):
        assert _timeless(answer.text) == _timeless(alone[name][path == "/count"]), (name, path)
    assert len({alone["approver"][0], alone["auditor"][0], alone["approver of another hospital"][0]}) == 3
    assert set(begun) == {people[name].login for name in names}
    assert len(begun) <= len(names) + READ_AT_ONCE, "what was under way before all had come, and then one for each"


def _timeless(text: str) -> str:
    """Without the seconds that passed."""
    return re.sub(r"(?<=-relative>)[^<]*", "", text)


async def test_a_device_that_refuses_its_account_is_on_the_first_page_its_own_and_in_the_register(
    house, visitor, people
):
    opened = await house.opened()
    await house.services.sessions.note(opened.record, [Audit("device:login_failed", {"account": "service"})])
    ending = Ending(EndReason.DEVICE_LOST, why="device_login_failed", reached=False)
    await house.services.sessions.closed(opened.record, ending)
    for who in ("approver", "admin"):
        home = (await (await visitor().enter(people[who])).see("/")).text
        assert "ct-01 refuses the account the hospital keeps for it" in home
    browser = await visitor().enter(people["admin"])
    for path in (f"/directory/devices/{house.device.id}", "/directory/devices"):
        assert "Account refused" in (await browser.see(path)).text
    session = (await (await visitor().enter(people["approver"])).see(f"/sessions/{opened.record.id}")).text
    assert "The device refused the account" in session
    assert "device_login_failed" not in session, "that code is for programs"

"""The page of messages: what failed is seen and tried again, programs are registered; and each person's own mail."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest

from bastion import clock
from bastion.domain.lock import LockScope
from bastion.domain.parties import system_actor
from bastion.domain.telling import Delivery, RecipientKind, Topic
from bastion.networks import Networks
from bastion.services.letters import Doors, letter
from tests.services.house import enrol
from tests.web.scenery import told
from web.paging import PAGE


async def test_what_failed_is_seen_with_its_reason_and_tried_again(house, visitor, people):
    await house.asked()
    await told(house)
    browser = await visitor().enter(people["admin"])
    page = (await browser.see("/messages")).text
    for fact in ("1 message could not be delivered.", "A request waits for a decision", "Connection refused", "ct-01"):
        assert fact in page, fact
    (ident,) = re.findall(r"/messages/([0-9a-f]{32})/retry", page)
    assert (await browser.send(f"/messages/{ident}/retry")).headers["location"] == "/messages"
    page = (await browser.see("/messages")).text
    assert "It is tried again now." in page
    assert "/retry" not in page
    assert (await browser.send(f"/messages/{ident}/retry")).status_code == 409
    assert await house.tags("delivery") == ["delivery:retried"]


async def test_R11_a_warning_to_an_address_from_before_is_told_from_the_one_to_todays(house, visitor, people):
    """Two rows of one person: where it failed says which of his addresses takes no mail."""
    now = clock.now()
    eve = (RecipientKind.STAFF, house.eve.id, "")
    warning = Delivery("a" * 32, "k", Topic.ADDRESS_CHANGED, *eve, {}, "/", now, now)
    async with house.database.write() as uow:
        await uow.deliveries.add(warning)
        await uow.deliveries.add(warning.for_former("b" * 32, "c" * 32, now))
    browser = await visitor().enter(people["admin"])
    rows = [" ".join(html.unescape(row).split()) for row in (await browser.see("/messages")).text.split("<tr>")[2:]]
    assert ["by mail, to an address from before</span>" in row for row in rows] == [True, False]
    assert ["by mail</span>" in row for row in rows] == [False, True]


async def test_after_a_refused_form_older_messages_are_still_reached(house, visitor, people):
    now = clock.now()
    async with house.database.write() as uow:
        for n in range(PAGE + 1):
            told_to = (RecipientKind.STAFF, house.eve.id, "")
            await uow.deliveries.add(Delivery(f"{n:032}", f"k{n}", Topic.ACCESS_CUT, *told_to, {}, "/", now, now))
    browser = await visitor().enter(people["admin"])
    refused = await browser.send("/messages/webhooks", name="GMAO", url="http://gmao.example/")
    assert refused.status_code == 422
    (older,) = re.findall(r'rel="next" href="([^"]+)"', refused.text)
    assert older.startswith("/messages?at=")
    assert (await browser.see(html.unescape(older))).status_code == 200


async def test_every_kind_of_message_is_listed(house, scenery, visitor, people):
    await scenery.held(await scenery.at_work(house.alice, "ct-01", "New firmware"))
    await house.services.locks.impose(house.staff(house.ruth), LockScope.DEVICE, "ct-01", "a drill")
    await house.services.upkeep.mark(system_actor(), "recording:failed", detail="disk full", session="")
    await told(house)
    answer = await (await visitor().enter(people["admin"])).see("/messages")
    assert answer.status_code == 200
    for what in (
        "A file waits in the release desk",
        "A session begins",
        "Access is cut, or a cut lifted",
        "Recordings",
    ):
        assert what in answer.text, what


async def test_the_list_can_be_narrowed(house, visitor, people):
    await house.asked()
    await told(house)
    browser = await visitor().enter(people["admin"])
    assert "/retry" not in (await browser.see("/messages?state=waiting")).text
    assert "/retry" in (await browser.see("/messages?state=failed")).text
    assert (await browser.see("/messages?state=nonsense&at=x")).status_code == 200


async def test_without_a_mail_server_the_page_says_so(visitor, people):
    assert "no mail server is set up" in (await (await visitor().enter(people["admin"])).see("/messages")).text


async def test_a_program_is_registered_and_its_secret_shown_once(house, visitor, people):
    house.services.webhooks._networks = Networks()
    browser = await visitor().enter(people["admin"])
    facts = {"name": "GMAO <b>", "topics": ["request_waiting", "access_cut"], "facility": ""}
    for url in ("http://gmao.example/", "https://169.254.169.254/"):
        wrong = await browser.send("/messages/webhooks", url=url, **facts)
        assert (wrong.status_code, 'id="url-wrong"' in wrong.text) == (422, True)
    answer = await browser.send("/messages/webhooks", url="https://gmao.example/in", **facts)
    (made,) = await house.services.webhooks.all(house.staff(house.ruth))
    assert made.topics == {Topic.REQUEST_WAITING, Topic.ACCESS_CUT}
    secret = re.search(r'id="token"[^>]*>([^<]+)<', answer.text)[1]
    assert "GMAO &lt;b&gt;" in answer.text
    page = (await browser.see("/messages")).text
    assert ("https://gmao.example/in" in page, secret in page) == (True, False)
    again = await browser.send("/messages/webhooks", url="https://gmao.example/in", **facts)
    assert (again.status_code, "already" in again.text, 'id="token"' in again.text) == (409, True, False)
    assert (await browser.send(f"/messages/webhooks/{made.id}/remove")).status_code == 303
    assert await house.services.webhooks.all(house.staff(house.ruth)) == []


async def test_registering_and_removing_take_a_fresh_code(house, visitor):
    _, totp = await enrol(house, house.ruth)
    browser = await visitor().enter(house.ruth, fresh=False)
    facts = {"name": "GMAO", "topics": ["access_cut"], "url": "https://gmao.example/in"}
    assert "Please enter a new code" in (await browser.send("/messages/webhooks", **facts)).text
    assert await house.services.webhooks.all(house.staff(house.ruth)) == []
    code = pyotp.TOTP(totp).at(clock.now(), counter_offset=1)
    assert 'id="token"' in (await browser.send("/messages/webhooks", **facts, code=code)).text
    (made,) = await house.services.webhooks.all(house.staff(house.ruth))
    browser = await visitor().enter(house.ruth, fresh=False)
    answer = await browser.send(f"/messages/webhooks/{made.id}/remove", code="")
    assert "Please enter a new code" in answer.text
    assert await house.services.webhooks.all(house.staff(house.ruth)) == [made]


@pytest.mark.parametrize(("role", "offered"), [("approver", 7), ("security", 1), ("auditor", 0)])
async def test_each_person_chooses_his_own_mail(house, visitor, people, role, offered):
    browser = await visitor().enter(people[role])
    page = (await browser.see("/account")).text
    assert len(re.findall(r'name="topics" value="\w+" checked', page)) == offered
    answer = await browser.send("/account/mails")
    assert answer.status_code == 303
    page = (await browser.see("/account")).text
    assert re.findall(r'name="topics" value="\w+" checked', page) == []
    for wrong in ("access_cut", "nonsense"):
        assert (await browser.send("/account/mails", topics=[wrong])).status_code == 422


async def test_T26_the_link_of_a_mail_leads_through_signing_in_to_the_request(house, visitor, app):
    """Whoever follows it signs in and is there; nothing that was put into `next` leads out of the console."""
    password, totp = await enrol(house, house.eve)
    request = await house.asked()
    await told(house)
    async with house.database.read() as uow:
        (one,) = [row for row in await uow.deliveries.search(limit=9) if row.recipient_id == house.eve.id]
    text = letter(one, "en", Doors("https://bastion.test")).body
    link = urlsplit(re.search(r"^https://\S+$", text, re.MULTILINE)[0])
    browser = visitor()
    door = (await browser.see(link.path)).headers["location"]
    onward = parse_qs(urlsplit(door).query)["next"][0]
    assert onward == f"/requests/{request.id}"
    code = pyotp.TOTP(totp).at(clock.now(), counter_offset=1)
    for hostile in ("//evil.test", "https://evil.test", "javascript:alert(1)", "\\\\evil.test", "/\\evil.test"):
        assert f'value="{hostile}"' not in (await browser.see(f"/sign-in?next={hostile}")).text
    there = await browser.send("/sign-in", login="eve", password=password, code=code, next=onward)
    assert (there.status_code, there.headers["location"]) == (303, f"/requests/{request.id}")
    assert request.ref in (await browser.see(there.headers["location"])).text

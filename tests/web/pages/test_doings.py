"""The page of a running session: what is being done on it."""

from bastion.domain.session_effects import Audit
from tests.services.test_doings import busy, passed
from tests.web.visitor import speak

__all__ = ["busy"]


async def test_whoever_may_follow_sees_files_and_tunnels_while_it_runs(house, visitor, people, busy):
    path = f"/sessions/{busy.record.id}"
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(path)).text
    for words in ("What is being done", "vnc ct-01:5900", "pacs:104", "/fw/a.bin", "Upload to the device", "every 5s"):
        assert words in page, words
    for who in ("auditor", "admin"):
        other = await visitor().enter(people[who])
        assert "/fw/a.bin" not in (await other.see(path)).text
    french = await visitor().enter(await speak(house, people["approver"], "fr"))
    page = (await french.see(path)).text
    assert "Ce qui est en train de se faire" in page
    assert "Port redirigé" in page or "Redirection" in page


async def test_hostile_names_do_nothing(house, visitor, people, busy):
    nasty = "<img src=x onerror=alert(1)>\"'{{ 7*7 }}"
    facts = [passed(f"/{nasty}"), Audit("channel:opened", {"channel": 9, "kind": "exec", "detail": nasty})]
    await house.services.sessions.note(busy.record, facts)
    page = (await (await visitor().enter(people["approver"])).see(f"/sessions/{busy.record.id}")).text
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page

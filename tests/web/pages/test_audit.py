import json
from pathlib import Path

import policies
from policies.engine import PolicyEngine
from policies.loader import load
from tests.web.visitor import speak


async def test_the_trail_is_filtered_by_what_who_when_and_how_grave(house, visitor, people):
    await house.asked(reason="the tube")
    browser = await visitor().enter(people["security"])
    everything = (await browser.see("/audit")).text
    assert "Access requested" in everything
    assert "Staff saved" in everything
    for query, there, absent in (
        ("?tag=request:created", "the tube", "supplier_saved"), ("?who=Alice", "the tube", "supplier_saved"),
        ("?severity=warning", "Device identity confirmed", "request:created</span>"), ("?text=tube", "the tube", "chu"),
        ("?since=2099-01-01", "No entry fits", "the tube"), ("?until=2020-01-01", "No entry fits", "the tube"),
        (f"?subject={house.alice.id}", "SSH key added", "the tube"),
    ):  # fmt: skip
        rows = (await browser.see(f"/audit{query}")).text.partition('id="rows"')[2]
        assert there in rows, query
        assert absent not in rows, query


async def test_the_rule_that_let_somebody_decide_speaks_in_the_readers_language(house, visitor, people, tmp_path):
    await house.approved()
    browser = await visitor().enter(people["security"])
    said = "An approver of this device’s ward, or of its whole facility, decides."
    rows = (await browser.see("/audit?tag=request:approved")).text.partition('id="rows"')[2]
    assert rows.count(said) == 1
    reader = await speak(house, people["security"], "fr")
    french = await (await visitor().enter(reader)).see("/audit?tag=request:approved")
    assert "Un approbateur du service de ce dispositif, ou de tout son établissement, décide." in french.text
    assert said not in french.text
    folder = tmp_path / "rules"
    folder.mkdir()
    for file in (Path(policies.__file__).parent / "library").iterdir():
        (folder / file.name).write_text(file.read_text().replace("approver-agrees", "another"))
    house.services.decisions.replace_engine(PolicyEngine(load(folder)))
    rows = (await browser.see("/audit?tag=request:approved")).text.partition('id="rows"')[2]
    assert "approver-agrees" in rows, "a rule that is no longer in force is named"
    assert said in rows, "with what it said when it decided"


async def test_the_trail_is_paged_by_its_own_numbers(house, visitor, people):
    operator = house.staff(house.ruth)
    for _ in range(110):
        await house.services.audit.verify(operator)
    browser = await visitor().enter(people["auditor"])
    first = (await browser.see("/audit")).text
    older = first.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    assert older.startswith("/audit?before=")
    second = (await browser.see(older)).text
    assert "Bastion" in second
    assert 'rel="prev" href="/audit?"' in second
    assert "Facility saved" in second
    assert "Facility saved" not in first.partition('id="rows"')[2]


async def test_the_chain_is_verified_in_front_of_the_reader(house, visitor, people):
    browser = await visitor().enter(people["auditor"])
    answer = await browser.send("/audit/verify")
    assert "The chain is whole" in answer.text
    assert "audit:verified" in await house.tags()


async def test_a_broken_chain_is_named(house, visitor, people, monkeypatch):
    from bastion.store.audit_log import AuditVerdict

    async def broken(_actor):
        return AuditVerdict(ok=False, count=9, broken_at=7, why="a field was changed")

    monkeypatch.setattr(type(house.services.audit), "verify", lambda self, actor: broken(actor))
    answer = await (await visitor().enter(people["auditor"])).send("/audit/verify")
    assert "broken at entry 7: a field was changed" in answer.text


async def test_the_export_wants_a_fresh_code_and_is_an_event_itself(house, visitor, people):
    stale = await (await visitor().enter(people["auditor"], fresh=False)).send("/audit/export")
    assert stale.status_code == 403
    assert "enter a new code" in stale.text
    answer = await (await visitor().enter(people["auditor"])).send("/audit/export", since="2020-01-01")
    assert answer.headers["content-type"] == "application/jsonl"
    rows = [json.loads(line) for line in answer.text.splitlines()]
    assert rows[0]["tag"] == "audit:exported"
    assert {"digest", "previous", "seq"} <= rows[0].keys()
    assert len(rows) == len({row["seq"] for row in rows})


async def test_nonsense_in_the_address_is_said_and_breaks_nothing(visitor, people):
    browser = await visitor().enter(people["auditor"])
    assert (await browser.see("/audit?since=soon")).status_code == 422
    assert (await browser.see("/audit?severity=x&tag='&before=-1")).status_code == 200

import pytest

from bastion.errors import Forbidden, FreshFactorNeeded
from tests.services.house import moved


async def test_the_trail_is_read_by_those_who_may(house):
    await house.asked()
    events = await house.services.audit.search(house.staff(house.ruth), tag_prefix="request")
    assert [e.tag for e in events] == ["request:created"]
    with pytest.raises(Forbidden):
        await house.services.audit.search(house.staff(house.eve))
    with pytest.raises(Forbidden):
        await house.services.audit.search(house.technician())


async def test_T33_events_of_other_facilities_are_not_there(house):
    await house.asked()
    elsewhere = moved(house.staff(house.ruth), {"elsewhere"})
    assert await house.services.audit.search(elsewhere, tag_prefix="request") == []


async def test_verifying_is_itself_an_event(house):
    verdict = await house.services.audit.verify(house.staff(house.ruth))
    assert verdict.ok
    assert (await house.event("audit:verified")).fields["outcome"] == "ok"


async def test_an_export_is_an_event_before_its_first_row_and_pages_through_everything(house):
    ruth = house.staff(house.ruth)
    with pytest.raises(FreshFactorNeeded):
        await anext(house.services.audit.export(house.staff(house.ruth, fresh=False)))
    rows = [event async for event in house.services.audit.export(ruth)]
    assert rows[0].tag == "audit:exported"
    assert [r.seq for r in rows] == list(range(rows[0].seq, 0, -1))


async def test_T39_hostile_text_is_inert_in_the_trail(house):
    await house.asked(reason="\x1b]52;c;aGVsbG8=\x07\x9b31m\u202ebad", work_order="=cmd|' /C calc'!A0")
    event = await house.event("request:created")
    shown = "".join(event.fields.values())
    assert not [c for c in shown if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066"]

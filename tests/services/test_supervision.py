import pytest

from bastion.cli import records
from bastion.domain.session_events import EndReason
from bastion.errors import (
    Conflict,
    DeviceLoginFailed,
    Forbidden,
    FreshFactorNeeded,
    IllegalTransition,
    NotFound,
    ReasonNeeded,
)
from bastion.services.sessions import Ending
from tests.services.house import moved


async def test_live_sessions_show_who_where_and_why(house):
    opened = await house.opened()
    (view,) = await house.services.supervision.live(house.staff(house.eve))
    assert (view.record.id, view.state, view.request.reason) == (opened.record.id, "active", "replace the tube")
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert await house.services.supervision.live(house.staff(house.eve)) == []
    (past,) = await house.services.supervision.search(house.staff(house.eve), outcome="technician_left")
    assert past.state == "closed"


async def test_T33_sessions_of_another_facility_are_not_there(house):
    opened = await house.opened()
    elsewhere = moved(house.staff(house.eve), {"elsewhere"})
    assert await house.services.supervision.live(elsewhere) == []
    for act in (house.services.supervision.get, house.services.supervision.freeze):
        with pytest.raises(NotFound):
            await act(elsewhere, opened.record.id)


async def test_freeze_and_thaw_are_facts_with_names(house):
    opened = await house.opened()
    eve = house.staff(house.eve, fresh=False)
    await house.services.supervision.freeze(eve, opened.record.id)
    assert (await house.services.supervision.get(eve, opened.record.id)).state == "frozen"
    with pytest.raises(IllegalTransition):
        await house.services.supervision.freeze(eve, opened.record.id)
    await house.services.supervision.thaw(eve, opened.record.id)
    with pytest.raises(IllegalTransition):
        await house.services.supervision.thaw(eve, opened.record.id)
    assert {"session:freeze_asked", "session:thaw_asked"} <= set(await house.tags("session"))


async def test_a_cut_needs_a_fresh_code_and_a_reason_and_is_kept(house):
    opened = await house.opened()
    cut = house.services.supervision.cut
    with pytest.raises(FreshFactorNeeded):
        await cut(house.staff(house.eve, fresh=False), opened.record.id, "patient arrives")
    with pytest.raises(ReasonNeeded):
        await cut(house.staff(house.eve), opened.record.id, "")
    await cut(house.staff(house.eve), opened.record.id, "patient arrives")
    wish = (await house.services.sessions.wishes("n1"))[opened.record.id]
    assert (wish.cut_by, wish.cut_why) == ("Eve", "patient arrives")


async def test_R64_a_cut_that_withdraws_does_both_at_once(house):
    opened = await house.opened()
    await house.services.supervision.cut(house.staff(house.eve), opened.record.id, "patient arrives", withdraw=True)
    wish = (await house.services.sessions.wishes("n1"))[opened.record.id]
    assert (wish.cut_by, wish.grant.revoked_by, wish.grant.revoke_reason) == ("Eve", "Eve", "patient arrives")
    again = await house.services.supervision.cut(house.staff(house.eve), opened.record.id, "once more", withdraw=True)
    assert again.cut_why == "patient arrives", "sent twice it is done once"


async def test_a_closed_session_takes_no_orders(house):
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    with pytest.raises(Conflict):
        await house.services.supervision.freeze(house.staff(house.eve), opened.record.id)


async def test_a_technician_cannot_steer_sessions(house):
    opened = await house.opened()
    with pytest.raises((Forbidden, NotFound)):
        await house.services.supervision.thaw(house.technician(), opened.record.id)


async def test_the_command_line_names_an_end_as_the_other_doors_do(house):
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.DEVICE_LOST, why=DeviceLoginFailed.code))
    (view,) = await house.services.supervision.search(house.staff(house.eve), outcome="account_refused")
    assert records._session_row(view)["end_reason"] == "account_refused"


async def test_a_look_at_a_session_that_others_need_not_let_begin_asks_nothing(house, monkeypatch):
    opened = await house.opened()
    monkeypatch.setattr(house.services.supervision, "_database", None)
    assert not await house.services.supervision.held_for_others(house.staff(house.eve), opened.record)

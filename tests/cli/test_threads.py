"""`bastion thread` and `bastion report`."""

import json

from bastion import clock
from bastion.cli.exits import Exit
from bastion.cli.terminal import perform
from bastion.domain.parties import Role
from bastion.domain.report import After, ReportDue, ReportForm
from bastion.services.actors import staff_actor
from bastion.services.people import StaffForm
from tests.cli.asked import a_request, as_alice


def test_what_was_asked_answered_and_reported_is_read(bastion, home, monkeypatch):
    request_id, ref = a_request(bastion, monkeypatch)
    perform(lambda services, me: _spoken(services, me, request_id))
    for name in (ref, ref.lower(), request_id):
        shown = json.loads(bastion("thread", name, "--json").out)
        assert [(row["side"], row["who"], row["text"]) for row in shown] == [
            ("hospital", "Eve", "Which tube?"), ("asker", "Alice Martin", "the left one"),
        ]  # fmt: skip
    owed = bastion("report", ref)
    assert "A report is owed" in owed.err
    perform(lambda services, me: _reported(services, me, request_id))
    shown = bastion("report", ref, "--json")
    (row,) = json.loads(shown.out)
    assert (row["text"], row["after"], row["who"], shown.err) == ("\x1b[2JTube replaced", "in_service", "Eve", "")
    assert "\x1b" not in bastion("report", ref).out, "what was typed does not drive the terminal"
    for name in ("0" * 32, "ABCDEF01"):
        assert bastion("thread", name).code == bastion("report", name).code == Exit.NOT_FOUND


async def _eve(services, me):
    form = StaffForm("eve", "Eve", "eve@chu", frozenset({Role.APPROVER}), (), "en")
    async with services.database.read() as uow:
        known = await uow.staff.by_login("eve")
    return staff_actor(known or await services.people.save_staff(me, form), "127.0.0.1", clock.now())


async def _spoken(services, me, request_id):
    alice, eve, now = await as_alice(services), await _eve(services, me), clock.now()
    await services.threads.ask(eve, request_id, "Which tube?")
    await services.threads.answer(alice, request_id, "the left one")
    async with services.database.write() as uow:
        asked = await uow.requests.get(request_id)
        due = ReportDue(request_id, alice.id, alice.supplier_id, asked.facility_id, None, None)
        await uow.report_dues.put(due.worked_again(now, now))


async def _reported(services, me, request_id):
    form = ReportForm("\x1b[2JTube replaced", After.IN_SERVICE)
    await services.reports.write(await _eve(services, me), request_id, form)

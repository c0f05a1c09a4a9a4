"""`bastion thread` and `bastion report`."""

import io
import json

from bastion import clock
from bastion.cli.exits import Exit
from bastion.cli.terminal import perform
from bastion.domain.access_request import InterventionKind
from bastion.domain.parties import Role
from bastion.domain.report import After, ReportDue, ReportForm
from bastion.domain.work_plan import PLAIN
from bastion.services.actors import staff_actor, technician_actor
from bastion.services.drafts import RequestDraft
from bastion.services.people import StaffForm


def test_what_was_asked_answered_and_reported_is_read(bastion, home, monkeypatch):
    request_id, ref = _a_request(bastion, monkeypatch)
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


def _a_request(bastion, monkeypatch):
    for words in (
        ("facility", "add", "chu", "CHU Demo"),
        ("supplier", "add", "acme", "Acme Imaging", "--network", "127.0.0.0/8", "--contract-end", "2090-01-01"),
        ("technician", "add", "alice", "Alice Martin", "--supplier", "acme"),
        ("device", "add", "ct-01", "Scanner 1", "--facility", "chu", "--supplier", "acme"),
    ):
        assert bastion("admin", *words).code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("canary-s3cret"))
    assert bastion("admin", "account", "add", "ct-01", "service", "--password-stdin").code == 0

    async def ask(services, me):
        return await services.access.request(
            await _alice(services),
            RequestDraft("ct-01", InterventionKind.TELEMAINTENANCE, "replace the tube", 60, plan=PLAIN),
        )

    made = perform(ask)
    return made.id, made.ref


async def _alice(services):
    async with services.database.read() as uow:
        return technician_actor(await uow.technicians.by_login("alice"), "127.0.0.1", clock.now())


async def _eve(services, me):
    form = StaffForm("eve", "Eve", "eve@chu", frozenset({Role.APPROVER}), (), "en")
    async with services.database.read() as uow:
        known = await uow.staff.by_login("eve")
    return staff_actor(known or await services.people.save_staff(me, form), "127.0.0.1", clock.now())


async def _spoken(services, me, request_id):
    alice, eve, now = await _alice(services), await _eve(services, me), clock.now()
    await services.threads.ask(eve, request_id, "Which tube?")
    await services.threads.answer(alice, request_id, "the left one")
    async with services.database.write() as uow:
        asked = await uow.requests.get(request_id)
        due = ReportDue(request_id, alice.id, alice.supplier_id, asked.facility_id, None, None)
        await uow.report_dues.put(due.worked_again(now, now))


async def _reported(services, me, request_id):
    form = ReportForm("\x1b[2JTube replaced", After.IN_SERVICE)
    await services.reports.write(await _eve(services, me), request_id, form)

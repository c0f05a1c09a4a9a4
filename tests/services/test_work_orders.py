"""Work orders against a real GMAO of our own, which checks signatures and takes each report once (domain 3.5)."""

import asyncio
import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.emergency import Call
from bastion.domain.report import After, ReportForm
from bastion.domain.session_events import EndReason
from bastion.domain.telling import DeliveryState, Topic
from bastion.domain.work_order import Finding, OrderRule
from bastion.errors import Conflict, DeviceLoginFailed, Forbidden, FreshFactorNeeded, Invalid, NotFound
from bastion.services import gmao_wire
from bastion.services.couriers import Couriers
from bastion.services.gmao_wire import GmaoWire
from bastion.services.sessions import Ending
from bastion.services.webhooks import WebhookForm
from bastion.services.work_orders import GmaoForm
from tests.services.house import OPERATOR, moved
from tests.services.postroom import LOOPBACK, turn
from tests.services.receivers import Authority
from tests.services.reference_gmao import order, raw, reference_gmao, reply

WARN, REQUIRE = OrderRule.WARN, OrderRule.REQUIRE


@pytest.fixture
async def gmao(house, tell, tmp_path):
    ca = Authority(tmp_path)
    couriers = Couriers(None, "", ca.file, LOOPBACK, 5)
    tell._couriers = couriers
    house.services.work_orders._wire = GmaoWire(couriers)
    async with reference_gmao(ca.server()) as service:
        service.now = lambda: clock.now().timestamp()
        yield service


async def register(house, gmao, rule=WARN):
    made, secret = await house.services.work_orders.save(house.staff(house.ruth), GmaoForm("chu", gmao.url, rule))
    gmao.secret = secret or gmao.secret
    return made


async def checked(house, **changes):
    request = await house.asked(**changes)
    view = await house.services.asked.get(house.staff(house.max), request.id)
    await house.services.taking_back.withdraw(house.technician(), request.id)
    return view.order


# -- where it answers --------------------------------------------------------------------------------------------------
async def test_the_secret_is_shown_once_sealed_and_kept_when_the_rule_changes(house, gmao):
    made = await register(house, gmao)
    again, secret = await house.services.work_orders.save(house.staff(house.ruth), GmaoForm("chu", gmao.url, REQUIRE))
    assert (again.id, again.rule, secret) == (made.id, REQUIRE, "")
    async with house.database.read() as uow:
        sealed = await uow.secrets.get(made.secret_id)
    assert gmao.secret.encode() not in sealed.sealed
    await house.services.upkeep.rotate_vault(OPERATOR)
    assert (await checked(house)).fits, "the secret opens after a change of the vault's key"
    assert (await house.event("gmao:saved")).fields["rule"] == "require"


async def test_only_an_administrator_with_a_fresh_code_says_where(house, gmao):
    save, form = house.services.work_orders.save, GmaoForm("chu", gmao.url, WARN)
    with pytest.raises(Forbidden):
        await save(house.staff(house.eve), form)
    with pytest.raises(FreshFactorNeeded):
        await save(house.staff(house.ruth, fresh=False), form)
    with pytest.raises(NotFound):
        await save(house.staff(house.ruth), replace(form, facility="nowhere"))
    away = moved(house.staff(house.ruth), {"elsewhere"})
    with pytest.raises(NotFound):
        await save(away, form)
    assert await house.services.work_orders.all(away) == []


@pytest.mark.parametrize(
    "url", ["http://gmao.chu", "https://u:p@gmao.chu", "https://169.254.169.254", "https://localhost", "https://x/?a=b"]
)
async def test_T50_what_must_not_be_dialled_is_not_registered(house, gmao, url):
    with pytest.raises(Invalid):
        await house.services.work_orders.save(house.staff(house.ruth), GmaoForm("chu", url, WARN))


async def test_removed_it_is_asked_nothing_more(house, gmao):
    made = await register(house, gmao, REQUIRE)
    await house.services.work_orders.remove(house.staff(house.ruth), made.id)
    assert await checked(house, work_order="WO-9") is None
    assert gmao.asked == []
    async with house.database.read() as uow:
        assert await uow.secrets.get(made.secret_id) is None


# -- looking -----------------------------------------------------------------------------------------------------------
async def test_without_a_gmao_nothing_is_looked_at(house):
    assert await checked(house) is None
    assert "order:checked" not in await house.tags("order")


async def test_an_order_that_fits_is_shown_to_the_approver(house, gmao):
    await register(house, gmao, REQUIRE)
    seen = await checked(house)
    assert (seen.finding, seen.title, seen.state, seen.asked_by) == (
        Finding.FITS, "Replace the tube", "in progress", "Imaging ward",
    )  # fmt: skip
    (asked,) = gmao.asked
    assert (asked.method, asked.target) == ("GET", "/api/work-orders/WO-1")
    event = await house.event("order:checked")
    assert (event.fields["finding"], event.fields["work_order"]) == ("fits", "WO-1")


WRONG = {
    Finding.NONE_GIVEN: ("", {}),
    Finding.UNKNOWN: ("WO-404", {}),
    Finding.CLOSED: ("WO-2", {"open": False}),
    Finding.OTHER_DEVICE: ("WO-2", {"device": "ct-02"}),
    Finding.OTHER_SUPPLIER: ("WO-2", {"supplier": "other"}),
}


@pytest.mark.parametrize("finding", WRONG)
async def test_what_does_not_fit_is_flagged_or_refused_by_the_hospital_s_rule(house, gmao, finding):
    number, changes = WRONG[finding]
    gmao.orders["WO-2"] = order("WO-2", **changes)
    await register(house, gmao, WARN)
    seen = await checked(house, work_order=number)
    assert seen.finding is finding
    await register(house, gmao, REQUIRE)
    with pytest.raises(Invalid, match=finding) as refused:
        await house.asked(work_order=number)
    assert refused.value.field == "work_order"
    assert (await house.event("order:checked")).fields["refused"] == "yes"
    urgent = await house.asked(work_order=number, emergency=Call("Dr Anne Roux"))
    view = await house.services.asked.get(house.staff(house.max), urgent.id)
    assert view.order.finding is finding, "an emergency is flagged, never kept out"


async def test_T33_whatever_is_wrong_the_technician_reads_the_same(house, gmao):
    gmao.orders["WO-2"] = order("WO-2", supplier="other", title="secret of another company")
    await register(house, gmao, REQUIRE)
    said = set()
    for number in ("", "WO-404", "WO-2"):
        with pytest.raises(Invalid) as refused:
            await house.asked(work_order=number)
        said.add(refused.value.public)
    assert len(said) == 1
    await register(house, gmao, WARN)
    assert "another company" not in (await checked(house, work_order="WO-2")).title


async def test_T33_a_device_of_somebody_else_is_not_asked_about(house, gmao):
    await register(house, gmao)
    with pytest.raises(NotFound):
        await house.services.access.request(house.technician(house.bob), house.draft())
    assert gmao.asked == []


async def test_an_administrator_tries_whether_the_two_understand_each_other(house, gmao):
    ruth, look = house.staff(house.ruth), house.services.work_orders.look
    with pytest.raises(NotFound):
        await look(ruth, "WO-1", "ct-01", "acme")
    await register(house, gmao, REQUIRE)
    assert (await look(ruth, "WO-1", "ct-01", "acme")).title == "Replace the tube"
    assert (await look(ruth, "WO-1", "ct-01", "other")).finding is Finding.OTHER_SUPPLIER
    with pytest.raises(Forbidden):
        await look(house.staff(house.eve), "WO-1", "ct-01", "acme")


@pytest.mark.parametrize(
    ("answer", "finding"),
    [
        (reply(500, {}), Finding.UNREACHABLE),
        (reply(302, {}), Finding.UNREACHABLE),
        (raw(200, b"<html>maintenance</html>"), Finding.ODD),
        (reply(200, [order()]), Finding.ODD),
        (reply(200, order(open="yes")), Finding.ODD),
        (reply(200, order(title=7)), Finding.ODD),
        (reply(200, order("WO-7")), Finding.ODD),
        (raw(200, b"[" * 5000), Finding.ODD),
        (raw(200, b"\xff\xfe{}"), Finding.ODD),
        (b"SSH-2.0-OpenSSH\r\n\r\n", Finding.UNREACHABLE),
        (raw(200, b"x" * 100_000), Finding.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{}", Finding.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n{}", Finding.UNREACHABLE),
        (b"HTTP/1.1 200 OK\r\n\r\n" + json.dumps(order()).encode(), Finding.FITS),
        (b"", Finding.UNREACHABLE),
    ],
)
async def test_a_wrong_answer_keeps_nobody_out_and_is_flagged(house, gmao, answer, finding):
    await register(house, gmao, REQUIRE)
    gmao.first = [answer]
    assert (await checked(house)).finding is finding


async def test_a_slow_gmao_is_not_waited_for(house, gmao, monkeypatch):
    monkeypatch.setattr(gmao_wire, "LOOK_PATIENCE", 0.3)
    await register(house, gmao, REQUIRE)
    gmao.pause = 600
    async with asyncio.timeout(60):
        assert (await checked(house)).finding is Finding.UNREACHABLE


async def test_whoever_waits_for_a_gmao_holds_no_transaction(house, gmao, monkeypatch):
    monkeypatch.setattr(gmao_wire, "LOOK_PATIENCE", 600)
    await register(house, gmao, REQUIRE)
    gmao.pause = 600
    asking = asyncio.create_task(checked(house))
    async with asyncio.timeout(60):
        while not gmao.asked:
            await asyncio.sleep(0.01)
        await house.services.directory.facilities(house.staff(house.max))
        async with house.database.write() as uow:
            await uow.settings.put("while it waits", "others write")
    assert not asking.done()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def test_a_gmao_that_is_down_keeps_nobody_out(house, gmao):
    await register(house, gmao, REQUIRE)
    gmao_port = gmao.port
    async with house.database.write() as uow:
        (row,) = await uow.gmaos.all()
        await uow.gmaos.save(replace(row, url="https://127.0.0.1:1/api"))
    seen = await checked(house)
    assert (seen.finding, bool(seen.detail)) == (Finding.UNREACHABLE, True)
    assert gmao_port


async def test_T22_a_certificate_of_another_authority_is_no_answer(house, gmao, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    await register(house, gmao)
    couriers = Couriers(None, "", Authority(other, "Other").file, LOOPBACK, 5)
    house.services.work_orders._wire = GmaoWire(couriers)
    seen = await checked(house)
    assert seen.finding is Finding.UNREACHABLE
    assert "certificate" in seen.detail.lower()
    assert gmao.asked == []


async def test_hostile_texts_are_kept_as_one_harmless_line_and_numbers_stay_in_their_place(house, gmao):
    nasty = "<script>alert(1)</script>\x1b[2J\u202e\r\n=cmd" + "x" * 5000
    gmao.orders["../WO 1?x#y"] = order("../WO 1?x#y", title=nasty, state=nasty, asked_by=nasty)
    await register(house, gmao)
    seen = await checked(house, work_order="../WO 1?x#y")
    assert seen.fits
    assert gmao.asked[-1].target == "/api/work-orders/..%2FWO%201%3Fx%23y"
    for text in (seen.title, seen.state, seen.asked_by):
        assert text.isprintable()
        assert len(text) <= 200
    assert (await checked(house, work_order="W\r\nX-Header: 1")).finding is Finding.UNKNOWN
    assert (await checked(house, work_order="9" * 500)).finding is Finding.UNKNOWN


async def test_the_gmao_refuses_what_is_not_signed_with_its_secret(house, gmao):
    await register(house, gmao)
    gmao.secret = "another"
    seen = await checked(house)
    assert (seen.finding, seen.detail) == (Finding.UNREACHABLE, "answered 401")


# -- looking again, at the agreement to planned work -------------------------------------------------------------------
async def planned(house, **changes):
    """Asked for three weeks ahead, on an order that fits."""
    return await house.asked(start=clock.now() + timedelta(weeks=3), **changes)


async def agree(house, request):
    return await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30)


async def test_planned_work_is_not_agreed_to_on_an_order_that_was_closed_since(house, gmao):
    await register(house, gmao, REQUIRE)
    request = await planned(house)
    gmao.orders["WO-1"] = order(open=False)
    for _ in range(2):
        with pytest.raises(Conflict, match="closed") as refused:
            await agree(house, request)
    assert "work order WO-1" in refused.value.public
    event = await house.event("order:checked")
    assert (event.subject_id, event.actor_name, event.fields["finding"], event.fields["refused"]) == (
        request.id, "Eve", "closed", "yes",
    )  # fmt: skip
    seen = await house.services.asked.get(house.staff(house.max), request.id)
    assert seen.order.finding is Finding.CLOSED, "whoever reads the request reads what was said last"
    gmao.orders["WO-1"] = order()
    assert (await agree(house, request)).grant_id
    assert (await house.event("order:checked")).fields["refused"] == ""
    seen = await house.services.asked.get(house.staff(house.max), request.id)
    assert [(one.finding, one.looked_by) for one in seen.orders] == [
        (Finding.FITS, "Alice Martin"), (Finding.CLOSED, "Eve"), (Finding.CLOSED, "Eve"), (Finding.FITS, "Eve"),
    ]  # fmt: skip


async def test_where_the_hospital_only_warns_who_agrees_is_told_once_and_decides(house, gmao):
    await register(house, gmao, WARN)
    request = await planned(house)
    gmao.orders["WO-1"] = order(open=False)
    with pytest.raises(Conflict, match="closed") as told:
        await agree(house, request)
    assert "Agree once more" in told.value.public
    assert (await agree(house, request)).grant_id


async def test_what_was_flagged_when_it_was_asked_for_holds_nobody_up_again(house, gmao):
    await register(house, gmao, WARN)
    request = await planned(house, work_order="WO-404")
    assert (await agree(house, request)).grant_id


async def test_a_gmao_that_is_unwell_at_the_agreement_holds_nothing_up(house, gmao):
    await register(house, gmao, REQUIRE)
    request = await planned(house)
    gmao.first = [reply(500, {})]
    assert (await agree(house, request)).grant_id
    assert (await house.event("order:checked")).fields["finding"] == "unreachable"


async def test_what_is_for_now_an_emergency_and_what_has_no_order_are_not_looked_at_again(house, gmao):
    await register(house, gmao, WARN)
    now = await house.asked()
    gmao.asked.clear()
    await agree(house, now)
    assert gmao.asked == []
    none = await planned(house, work_order="")
    await agree(house, none)
    assert gmao.asked == []


async def test_who_may_not_decide_makes_nobody_look(house, gmao):
    await register(house, gmao)
    request = await planned(house)
    gmao.asked.clear()
    with pytest.raises(Forbidden):
        await house.services.approvals.approve(house.staff(house.ruth), request.id, request.version, 30)
    away = moved(house.staff(house.eve), {"elsewhere"})
    with pytest.raises(NotFound):
        await house.services.approvals.approve(away, request.id, request.version, 30)
    assert gmao.asked == []


# -- reporting ---------------------------------------------------------------------------------------------------------
async def ended(house, **changes):
    opened = await house.opened(**changes)
    digest = "ab" * 32
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT, digest=digest, seconds=3))
    return opened.record


async def test_the_end_of_a_session_is_written_back_once_signed_and_without_a_person_s_name(house, gmao, tell):
    await register(house, gmao)
    record = await ended(house)
    await turn(tell)
    ((key, told),) = gmao.reports.items()
    assert told["id"] == key
    wanted = {
        "work_order": "WO-1", "session": record.id, "device": "ct-01", "supplier": "acme", "company": "Acme Imaging",
        "facility": "chu", "finess": "750000001", "kind": "telemaintenance", "outcome": "technician_left",
        "recording_sha256": "ab" * 32, "sessions": 1, "running": 0,
    }  # fmt: skip
    assert {name: told[name] for name in wanted} == wanted
    assert told["findings"] == f"https://bastion.test/sessions/{record.id}"
    assert set(told["downtime"]) == {"from", "to", "seconds"}
    assert told["started_at"] == record.started_at.isoformat(timespec="seconds")
    assert "Alice" not in json.dumps(told), "of the supplier, never of the person (R-55)"


async def test_a_refused_account_is_reported_as_that_and_not_as_a_device_that_went_away(house, gmao, tell):
    await register(house, gmao)
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.DEVICE_LOST, why=DeviceLoginFailed.code))
    await turn(tell)
    (told,) = gmao.reports.values()
    assert told["outcome"] == "account_refused"


async def test_errors_are_retried_under_the_same_key_and_taken_once(house, gmao, tell, later):
    await register(house, gmao)
    await ended(house)
    gmao.asked.clear()
    gmao.first = [reply(503, {}), b""]
    await turn(tell)
    later(seconds=31)
    await turn(tell)
    later(minutes=5)
    await turn(tell)
    keys = {one.headers["idempotency-key"] for one in gmao.asked}
    assert (len(gmao.asked), len(keys), len(gmao.reports)) == (3, 1, 1)
    assert len({one.body for one in gmao.asked}) == 1, "each attempt says the same"


async def test_a_report_whose_answer_was_lost_is_not_taken_twice(house, gmao, tell, later):
    await register(house, gmao)
    await ended(house)
    gmao.asked.clear()
    real, lost = gmao._answer, []

    def lose(asked):
        answer = real(asked)
        lost.append(answer)
        return b"" if len(lost) == 1 else answer

    gmao._answer = lose
    await turn(tell)
    later(seconds=31)
    await turn(tell)
    assert (len(gmao.asked), len(gmao.reports)) == (2, 1)
    async with house.database.read() as uow:
        (one,) = [row for row in await uow.deliveries.search(limit=10) if row.facts.get("work_order")]
    assert one.state is DeliveryState.SENT


async def test_what_fails_for_good_is_seen_by_an_administrator_and_tried_again(house, gmao, tell, later):
    await register(house, gmao)
    await ended(house)
    gmao.first = [reply(500, {})] * 12
    for _ in range(12):
        await turn(tell)
        later(hours=2)
    (seen,) = await tell.search(house.staff(house.ruth), state="failed")
    assert (seen.name, seen.delivery.trouble) == ("GMAO", "the GMAO answered 500")
    await tell.retry(house.staff(house.ruth), seen.delivery.id)
    await turn(tell)
    assert len(gmao.reports) == 1


async def test_without_a_work_order_there_is_nothing_to_report_to(house, gmao, tell):
    await register(house, gmao)
    await ended(house, work_order="")
    await turn(tell)
    assert gmao.reports == {}


async def test_what_waits_for_a_gmao_that_was_removed_is_dropped(house, gmao, tell):
    made = await register(house, gmao)
    await ended(house)
    while await tell.gather():
        pass
    await house.services.work_orders.remove(house.staff(house.ruth), made.id)
    await turn(tell)
    assert gmao.reports == {}
    async with house.database.read() as uow:
        states = {row.state for row in await uow.deliveries.search(limit=10) if row.facts.get("work_order")}
    assert states == {DeliveryState.DROPPED}


# -- the report --------------------------------------------------------------------------------------------------------
REPORT = ReportForm("Tube replaced, <b>test image</b> taken.", After.LIMITED)


async def test_what_the_supplier_reports_is_written_back_signed_and_without_a_person_s_name(house, gmao, tell):
    await register(house, gmao)
    record = await ended(house)
    await turn(tell)
    written = await house.services.reports.write(house.technician(), record.request_id, REPORT)
    await turn(tell)
    ((key, told),) = gmao.written.items()
    wanted = {
        "id": key, "work_order": "WO-1", "request": record.request_id, "report": written.id, "device": "ct-01",
        "supplier": "acme", "company": "Acme Imaging", "facility": "chu", "kind": "telemaintenance",
        "written_by": "supplier", "done": REPORT.done, "after": "limited", "taken": "", "erased_by": None,
        "sessions": 1, "page": f"https://bastion.test/requests/{record.request_id}/report",
    }  # fmt: skip
    assert {name: told[name] for name in wanted} == wanted
    assert set(told["downtime"]) == {"from", "to", "seconds"}
    assert told["downtime"]["from"] == record.started_at.isoformat(timespec="seconds")
    assert "Alice" not in json.dumps(told), "of the supplier, never of the person (R-55)"
    assert len(gmao.reports) == 1, "the session was told of once, and is told of by itself"


async def test_a_report_is_tried_again_with_the_same_words_and_taken_once(house, gmao, tell, later):
    await register(house, gmao)
    record = await ended(house)
    await turn(tell)
    gmao.asked.clear()
    gmao.first = [reply(503, {}), b""]
    ends = clock.now() + timedelta(days=30)
    form = ReportForm("Log fetched.", After.IN_SERVICE, "the error log", ends)
    await house.services.reports.write(house.staff(house.max), record.request_id, form)
    for wait in (31, 300, 0):
        await turn(tell)
        later(seconds=wait)
    assert (len(gmao.asked), len({one.body for one in gmao.asked}), len(gmao.written)) == (3, 1, 1)
    assert {one.target for one in gmao.asked} == {"/api/reports"}
    (told,) = gmao.written.values()
    assert (told["written_by"], told["taken"]) == ("hospital", "the error log")
    assert told["erased_by"] == ends.isoformat(timespec="seconds")


async def test_what_is_added_to_a_report_is_written_back_too(house, gmao, tell, later):
    await register(house, gmao)
    record = await ended(house)
    for done in ("Tube replaced.", "And the fan."):
        await house.services.reports.write(house.technician(), record.request_id, replace(REPORT, done=done))
        await turn(tell)
        later(seconds=1)
    assert [one["done"] for one in gmao.written.values()] == ["Tube replaced.", "And the fan."]


async def test_a_report_is_kept_in_no_message_and_told_to_no_other_program(house, gmao, tell):
    """What was typed is read when it leaves; the list of messages and other programs never have it."""
    await register(house, gmao)
    form = WebhookForm("GTC", "https://198.51.100.7/hook", frozenset({Topic.REPORT_WRITTEN}), "chu")
    await house.services.webhooks.register(house.staff(house.ruth), form)
    record = await ended(house)
    await house.services.reports.write(house.technician(), record.request_id, replace(REPORT, done="canary"))
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = [one for one in await uow.deliveries.search(limit=50) if one.topic is Topic.REPORT_WRITTEN]
    assert len(rows) == 2
    assert "canary" not in repr(rows)


async def test_without_a_work_order_no_report_is_written_back(house, gmao, tell):
    await register(house, gmao)
    record = await ended(house, work_order="")
    await house.services.reports.write(house.technician(), record.request_id, REPORT)
    await turn(tell)
    assert gmao.written == {}

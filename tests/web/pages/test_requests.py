"""The screen on which one decides (R-25, R-28), and what goes wrong on it."""

import re
from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.device import SecretKind
from bastion.domain.emergency import Call
from bastion.domain.paper import PaperKind
from bastion.domain.parties import Role
from bastion.domain.session_events import EndReason
from bastion.domain.work_plan import PLAIN, PatientData
from bastion.secret import Secret
from bastion.services.directory import SupplierForm
from bastion.services.inventory import DeviceForm
from bastion.services.papers import PaperForm
from bastion.services.people import Duty, StaffForm, TechnicianForm
from bastion.services.sessions import Ending
from bastion.store import tables as t
from tests.services.batches import more_devices
from tests.services.house import CONNECTION, OPERATOR
from tests.services.in_turn import engine as in_turn_rules
from tests.services.professionals import LABEL, a_professional
from tests.services.test_review_reach import say
from tests.services.test_reviews import WITHDRAWN, begun
from tests.store.tampering import tamper
from tests.web.saying import SAID, pressed_by_enter
from tests.web.visitor import speak
from web.views import Clockface


def version(page: str) -> str:
    return re.search(r'name="version" value="(\d+)"', page)[1]


async def test_R25_all_one_must_know_stands_on_one_screen(house, scenery, visitor, people):
    await scenery.recorded(house.alice, "ct-01", "the time before")
    request = await house.asked()
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    for fact in (
        "Alice Martin", "Acme Imaging", "ct-01", "Scanner 1", "CHU Demo · Imagerie · B12", "2 of 4", "replace the tube",
        "Remote maintenance", "WO-1", "1 h", "service", "127.0.0.1", "one person of the hospital must agree",
        "0 of 1 people have agreed", "the time before", "The technician left", 'name="code"',
    ):  # fmt: skip
        assert fact in page, fact


async def test_agreeing_as_asked_opens_the_access(house, visitor, people):
    request = await house.asked()
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"/requests/{request.id}")).text
    answer = await browser.send(
        f"/requests/{request.id}/approve", version=version(page), minutes="60", note="go", code=""
    )
    assert answer.status_code == 303
    after = (await browser.see(f"/requests/{request.id}")).text
    assert "Agreed. The technician may connect." in after
    assert "Authorisation" in after
    assert "Agreed. The technician" not in (await browser.see(f"/requests/{request.id}")).text, "said once"
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert view.request.stored_state is RequestState.APPROVED
    assert view.request.decision_note == "go"


async def test_agreeing_to_less(house, visitor, people):
    request = await house.asked(minutes=120)
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"/requests/{request.id}")).text
    assert re.findall(r'name="minutes" value="(\d+)"', page) == ["120", "60", "30", "15"]
    await browser.send(f"/requests/{request.id}/approve", version=version(page), minutes="30")
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert view.grant is not None
    assert (view.grant.end - view.grant.start).total_seconds() == 1800


async def test_refusing_wants_a_reason_that_the_technician_reads(house, visitor, people):
    request = await house.asked()
    browser = await visitor().enter(people["approver"])
    silent = await browser.send(f"/requests/{request.id}/refuse", version="1", note="")
    assert silent.status_code == 422
    assert 'aria-invalid="true"' in silent.text
    assert "The reason is missing. Write a few words; the technician will read them." in silent.text
    told = await browser.send(f"/requests/{request.id}/refuse", version="1", note="patient on the table")
    assert told.status_code == 303
    page = (await browser.see(f"/requests/{request.id}")).text
    assert "patient on the table" in page
    assert 'name="version"' not in page


async def test_the_reason_is_asked_for_before_the_code_is_used_up(house, visitor, people, monkeypatch):
    request = await house.asked()
    taken: list[str] = []

    async def take(_self, actor, code, _token):
        taken.append(code)
        return actor

    monkeypatch.setattr(type(house.services.authentication), "confirm_factor", take)
    browser = await visitor().enter(people["approver"], fresh=False)
    silent = await browser.send(f"/requests/{request.id}/refuse", version="1", note="no", code="123456")
    assert (silent.status_code, taken) == (422, [])
    assert "The reason is too short" in silent.text
    assert "enter a new code" not in silent.text
    assert (await browser.send(f"/requests/{request.id}/refuse", version="1", note="")).status_code == 422


async def test_T41_a_decision_wants_a_fresh_code(house, visitor, people):
    request = await house.asked()
    browser = await visitor().enter(people["approver"], fresh=False)
    stale = await browser.send(f"/requests/{request.id}/approve", version="1", minutes="60", note="typed before")
    assert stale.status_code == 403
    assert "enter a new code" in stale.text
    assert "typed before" in stale.text, "what was typed stays"
    wrong = await browser.send(f"/requests/{request.id}/approve", version="1", minutes="60", code="000000")
    assert wrong.status_code == 401
    for page, said in ((stale.text, "enter a new code"), (wrong.text, "This code is wrong or was used already.")):
        assert said in page.partition('id="code-wrong"')[2].partition("</label>")[0], "beside the field"
        assert re.findall(r'name="(\w+)"[^>]* autofocus', page) == ["code"], "where the page opens"
    assert "This code is wrong or was used already." in wrong.text
    assert "Sign-in failed" not in wrong.text
    view = await house.services.asked.get(house.staff(house.eve), request.id)
    assert view.request.stored_state is RequestState.PENDING


async def test_a_page_says_until_when_no_code_is_asked_for(house, visitor, people):
    request = await house.asked()
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    assert re.search(r'data-lapses="\S+">Not needed until \d\d:\d\d:\d\d: you gave one a moment ago\.', page)
    stale = (await (await visitor().enter(people["approver"], fresh=False)).see(f"/requests/{request.id}")).text
    assert "Not needed until" not in stale


async def test_two_who_decide_at_once_the_second_reads_that_he_was_second(house, visitor, people):
    request = await house.asked()
    first, second = await visitor().enter(people["approver"]), await visitor().enter(house.max)
    await first.send(f"/requests/{request.id}/refuse", version="1", note="not now")
    late = await second.send(f"/requests/{request.id}/approve", version="1", minutes="60")
    assert late.status_code == 409
    assert "Approver was faster: nothing is left to decide here." in late.text


async def test_R22_a_vital_device_needs_two_and_nobody_counts_twice(house, scenery, visitor, people):
    await scenery.device("linac-1", "Linac", 4, "Radiotherapy", "B1")
    request = await scenery.ask(house.alice, "linac-1", "dose check")
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"/requests/{request.id}")).text
    assert "After you, 1 more person must agree" in page
    await browser.send(f"/requests/{request.id}/approve", version=version(page), minutes="60")
    mine = (await browser.see(f"/requests/{request.id}")).text
    assert "Another person must agree too" in mine
    assert "already agreed" in mine
    assert "/approve" not in mine
    again = await browser.send(f"/requests/{request.id}/approve", version="2", minutes="60")
    assert again.status_code == 409


async def test_R23_ones_own_request_is_for_another_to_decide_and_ones_own_to_take_back(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    form = {
        "device": "ct-01",
        "technician": "alice",
        "kind": "telediagnostic",
        "reason": "look at the log",
        "minutes": "30",
    } | SAID
    made = await browser.send("/requests/new", **form)
    path = made.headers["location"]
    page = (await browser.see(path)).text
    assert "another person must decide" in page
    assert "/approve" not in page
    assert (await browser.send(f"{path}/approve", version="1", minutes="30")).status_code == 403
    assert (await browser.send(f"{path}/withdraw")).status_code == 303
    assert "Taken back" in (await browser.see(path)).text


async def test_asking_says_what_is_missing_beside_the_field(visitor, people):
    browser = await visitor().enter(people["approver"])
    answer = await browser.send("/requests/new", device="no-such", kind="telediagnostic", reason="x y z", minutes="30")
    assert answer.status_code == 422
    assert "Choose a device from the list" in answer.text
    empty = (await browser.send("/requests/new", reason="x y z", minutes="30")).text
    silent = await browser.send(
        "/requests/new", device="ct-01", technician="alice", kind="telediagnostic", reason=" ", minutes="0"
    )
    for field, said in (("reason", "Please say in a few words"), ("minutes", "Choose a duration"), ("keeps", "Say ")):
        assert said in silent.text.partition(f'id="{field}-wrong"')[2].partition("</span>")[0]
    for field, said in (("technician", "Choose a technician"), ("device", "Choose a device"), ("kind", "Choose one")):
        assert f'href="#{field}-wrong">{said}' in empty, "told at the top"
        assert said in empty.partition(f'id="{field}-wrong"')[2].partition("</span>")[0], "and each beside its field"
    spring = await browser.send(
        "/requests/new", device="ct-01", technician="alice", kind="telediagnostic", reason="x y z", minutes="30",
        start="2027-03-28T02:30", **SAID,
    )  # fmt: skip
    assert "The clocks skip this hour" in spring.text


async def test_a_device_that_is_not_the_suppliers_is_said_and_the_form_keeps_what_was_typed(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    answer = await browser.send(
        "/requests/new", device="ct-01", technician="bob", kind="telediagnostic", reason="look at the log",
        minutes="30", work_order="WO-77", **SAID,
    )  # fmt: skip
    assert answer.status_code == 422
    assert answer.text.count("does not maintain this device") == 2, "at the top and beside the field"
    for kept in ('value="ct-01" selected', 'value="bob" selected', "look at the log", 'value="WO-77"'):
        assert kept in answer.text, kept
    nobody = await browser.send("/requests/new", device="ct-01", kind="telediagnostic", reason="x y z", minutes="30")
    assert "Choose a technician from the list" in nobody.text


async def test_the_devices_offered_follow_the_technician(visitor, people):
    browser = await visitor().enter(people["approver"])
    assert 'value="ct-01"' in (await browser.see("/requests/new?technician=alice")).text
    assert 'value="ct-01"' not in (await browser.see("/requests/new?technician=bob&device=ct-01")).text
    assert 'value="ct-01"' in (await browser.see("/requests/new?technician=nobody")).text


async def test_Enter_in_a_field_asks_and_does_nothing_else(visitor, people):
    for path in ("/requests/new", "/requests/new?technician=alice&device=ct-01"):
        page = (await (await visitor().enter(people["approver"])).see(path)).text
        pressed = pressed_by_enter(page, "/requests/new")
        assert ("formaction" in pressed, "type=" in pressed) == (False, False), pressed


async def test_who_answers_for_patient_data_stays_chosen_with_another_technician(house, visitor, people):
    await a_professional(house)
    browser = await visitor().enter(people["approver"])
    for changed in ("technician=alice&device=ct-01", "technician=&device=ct-01"):
        page = (await browser.see(f"/requests/new?{changed}&professional={quote(LABEL)}")).text
        assert f'value="{LABEL}" selected' in page, changed
    asked = re.findall(r'hx-include="([^"]*)"[^>]*hx-select-oob="#professionals"', page)
    assert len(asked) == 2
    assert all("[name=professional]" in fields for fields in asked)


async def test_the_list_and_the_screen_show_the_same_duration(house, visitor, people):
    request = await house.asked(minutes=120)
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 30, "ok")
    browser = await visitor().enter(people["approver"])
    for page in ("/requests", f"/requests/{request.id}"):
        text = (await browser.see(page)).text
        assert '<b>30 min</b> <small class="soft">(2 h asked)</small>' in text, page


async def test_an_authorisation_is_withdrawn_with_a_reason(house, visitor, people):
    request = await house.approved()
    browser = await visitor().enter(people["security"])
    refused = await browser.send(f"/grants/{request.grant_id}/revoke", request=request.id, reason="")
    assert refused.status_code == 422
    done = await browser.send(f"/grants/{request.grant_id}/revoke", request=request.id, reason="contract dispute")
    assert done.headers["location"] == f"/requests/{request.id}"
    assert "contract dispute" in (await browser.see(f"/requests/{request.id}")).text


async def test_that_the_supplier_gives_it_back_is_noted_with_who_and_when(house, visitor, people):
    request = await house.approved()
    browser = await visitor().enter(people["approver"])
    path = f"/requests/{request.id}"
    assert "The supplier gives it back" in (await browser.see(path)).text
    done = await browser.send(f"/grants/{request.grant_id}/give-back", request=request.id, reason="no part <b>")
    assert done.headers["location"] == path
    page = (await browser.see(path)).text
    assert re.search(r"Given back by [\w ]+, (today|\d)", page)
    assert ">no part &lt;b&gt;</q>" in page
    assert "Agreed, then given back" in page
    assert "/give-back" not in page
    assert (await browser.send(f"/grants/{request.grant_id}/give-back", request=request.id)).status_code == 409


async def test_the_list_is_searched_and_paged(house, scenery, visitor, people):
    await house.asked(reason="the red one")
    browser = await visitor().enter(people["approver"])
    assert "the red one" in (await browser.see("/requests?text=red&state=pending")).text
    assert "No request fits" in (await browser.see("/requests?text=blue")).text
    assert "the red one" in (await browser.see("/requests?state=nonsense&at=nonsense")).text
    assert "No request fits" in (await browser.see("/requests?at=2020-01-01T00:00:00Z~0")).text


async def test_an_approver_who_is_also_administrator_is_told_why_he_cannot(house, visitor):
    form = StaffForm("both", "Both", "b@chu", frozenset({Role.APPROVER, Role.ADMIN}), (), "en")
    both = await house.services.people.save_staff(OPERATOR, form)
    request = await house.asked()
    page = (await (await visitor().enter(both)).see(f"/requests/{request.id}")).text
    assert "/approve" not in page
    assert "Your part" in page


async def test_R25_what_the_work_touches_stands_on_the_screen(house, visitor, people):
    await a_professional(house)
    plan = replace(
        PLAIN, keeps="archive stays up", procedure="1. stop\n2. install", people=("Jeanne Roy",),
        patient_data=PatientData.NEEDED, professional="Dr Hélène Roux", patient_why="<b>real</b> plan",
        software_change=True, backup_at=clock.now(), backup_place="NAS biomed", rollback="restore the image",
    )  # fmt: skip
    request = await house.asked(plan=plan)
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    for fact in (
        "Patient data needed", "Software is changed", "archive stays up", LABEL, "&lt;b&gt;real&lt;/b&gt; plan",
        "NAS biomed", "restore the image", "Jeanne Roy", "1. stop",
    ):  # fmt: skip
        assert fact in page, fact
    assert page.index("Patient data needed") < page.index("WO-1"), "what decides comes first"
    plain = await house.asked(plan=PLAIN, device_code=await another_device(house))
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{plain.id}")).text
    assert "No patient data" in page
    assert "No software change" in page


async def test_R25_whoever_decides_reads_that_nothing_was_said_before_it_had_to_be(house, visitor, people):
    request = await house.asked()
    old = sa.update(t.access_requests).where(t.access_requests.c.id == request.id)
    await tamper(house.database, old.values(keeps="", said=[]))
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    for said in ("Patient data: not said", "Software change: not said"):
        assert said in page
    for said in ("No patient data", "No software change"):
        assert said not in page


@pytest.mark.parametrize(("said", "sentence"), [
    ({"usable": ""}, "Say what stays usable on the device meanwhile"),
    ({"usable": "some"}, "Say what stays usable on the device meanwhile"),
    ({"patient_data": ""}, "Say whether the work meets patient data"),
    ({"software_change": ""}, "Say whether software is changed"),
    ({"software_change": "perhaps"}, "Say whether software is changed"),
])  # fmt: skip
async def test_R25_nothing_is_asked_for_before_all_of_it_is_said(house, visitor, people, said, sentence):
    browser = await visitor().enter(people["approver"])
    form = (await browser.see("/requests/new")).text
    assert "checked" not in form.partition("What stays usable on the device meanwhile?")[2], "it is a choice"
    lacking = await browser.send(
        "/requests/new", device="ct-01", technician="alice", kind="telediagnostic", reason="a look", minutes="30",
        **SAID | said,
    )  # fmt: skip
    assert (lacking.status_code, lacking.text.count(sentence)) == (422, 2), "at the top and beside the field"
    async with house.database.read() as uow:
        assert not await uow.requests.search()


async def test_R25_a_short_answer_is_read_in_the_readers_language(house, visitor):
    request = await house.asked()
    for language, words in (("en", "everything stays usable"), ("fr", "tout reste utilisable")):
        form = StaffForm(f"reads-{language}", "Rea", "r@chu", frozenset({Role.APPROVER, Role.AUDITOR}), (), language)
        reader = await visitor().enter(await house.services.people.save_staff(OPERATOR, form))
        assert words in (await reader.see(f"/requests/{request.id}")).text
        assert words in (await reader.see("/audit?text=request:created")).text


async def another_device(house):
    form = DeviceForm("ct-02", "Scanner 2", "chu", ("acme",), 2)
    device = await house.services.inventory.save_device(OPERATOR, form)
    await house.services.inventory.save_account(OPERATOR, device.id, "service", SecretKind.PASSWORD, Secret.of("x"))
    return device.code


async def test_R38_R43_the_form_asks_for_what_an_answer_demands_and_keeps_what_was_typed(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    one = await a_professional(house)
    form = {
        "device": "ct-01", "technician": "alice", "kind": "telemaintenance", "reason": "new version", "minutes": "60",
        "patient_data": "needed", "professional": one.id, "software_change": "yes", "keeps": "archive",
        "people": "Jeanne Roy\nMarc", "backup_at": "2026-01-01T08:00", "backup_place": "NAS",
    }  # fmt: skip
    lacking = await browser.send("/requests/new", **form)
    assert lacking.status_code == 422
    assert "say why the work cannot be done without" in lacking.text
    form["patient_why"] = "a real plan"
    lacking = await browser.send("/requests/new", **form)
    assert lacking.text.count("say how you go back if it goes wrong") == 2, "at the top and beside the field"
    for kept in (
        f'value="{LABEL}" selected>{LABEL}',
        'value="2026-01-01T08:00"',
        ">archive</textarea>",
        "Jeanne Roy\nMarc",
    ):
        assert kept in lacking.text, kept
    made = await browser.send("/requests/new", **form, rollback="restore the image")
    assert made.status_code == 303
    view = await house.services.asked.get(house.staff(house.max), made.headers["location"].rpartition("/")[2])
    assert view.request.plan.people == ("Jeanne Roy", "Marc")
    assert view.request.plan.backup_at.isoformat() == "2026-01-01T07:00:00+00:00", "on the hospital's clock"


async def test_agreeing_on_conditions_and_later_is_said_on_the_page(house, visitor, people):
    request = await house.asked()
    browser = await visitor().enter(people["approver"])
    form = {"version": "1", "minutes": "60", "conditions": ["no_upload", "freeze_first"], "note": "together"}
    spring = await browser.send(f"/requests/{request.id}/approve", **form, start="2027-03-28T02:30")
    assert spring.status_code == 422
    assert 'name="conditions" value="no_upload" checked' in spring.text, "what was ticked stays"
    assert (await browser.send(f"/requests/{request.id}/approve", **form | {"conditions": ["none"]})).status_code == 422
    start = (clock.now() + timedelta(days=2)).astimezone(ZoneInfo("Europe/Paris")).replace(second=0, microsecond=0)
    done = await browser.send(f"/requests/{request.id}/approve", **form, start=f"{start:%Y-%m-%dT%H:%M}")
    assert done.status_code == 303
    page = (await browser.see(f"/requests/{request.id}")).text
    for said in ("no file, no tunnel to the device", "begins frozen", "not before"):
        assert said in page, said


async def test_more_time_is_offered_without_conditions(house, visitor, people):
    request = await house.approved()
    more = await house.services.access.extend(house.technician(), request.grant_id, 30, "not finished")
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{more.id}")).text
    assert "/approve" in page
    assert 'name="conditions"' not in page


async def test_who_would_have_to_agree_is_looked_up_from_the_form_without_asking(house, visitor, people):
    browser = await visitor().enter(people["approver"])
    assert "Nobody is asked by looking." in (await browser.see("/requests/new")).text
    form = {"device": "ct-01", "technician": "alice", "kind": "telediagnostic", "minutes": "30", "reason": "<i>x"}
    page = (await browser.send("/requests/forecast", **form)).text
    for fact in ("1 person has to agree.", "For 30 min at most.", "Would be asked: Eve, Max", "&lt;i&gt;x"):
        assert fact in page, fact
    assert await house.services.asked.pending(house.staff(house.eve)) == []
    refused = await browser.send("/requests/forecast", **form | {"minutes": "1440"})
    assert "The rules refuse this." in refused.text
    for changes, sentence in (
        ({"device": "no-such"}, "Choose a device from the list."),
        ({"technician": ""}, "Choose a technician from the list."),
        ({"technician": "bob"}, "does not maintain this device"),
        ({"minutes": "x"}, "Choose a duration of at least one minute."),
        ({"start": "2001-01-01T08:00"}, "The start lies in the past."),
        ({"patient_data": "needed"}, "Nobody of CHU Demo is authorised to answer for patient data"),
    ):
        assert sentence in (await browser.send("/requests/forecast", **form | changes)).text


async def test_after_an_agreement_to_work_that_is_followed_it_is_said_who_must_now_do_what(house, visitor, people):
    request = await house.asked()
    browser = await visitor().enter(people["approver"])
    form = {"version": "1", "minutes": "60", "note": "", "conditions": ["watcher"]}
    answer = await browser.send(f"/requests/{request.id}/approve", **form)
    assert answer.status_code == 303
    page = (await browser.see(f"/requests/{request.id}")).text
    assert "Agreed. The technician may connect, and somebody of the hospital must then follow the session" in page
    assert '<a href="/sessions">Where sessions stand as soon as they begin</a>' in page


async def test_what_was_typed_about_giving_back_stays_after_an_error(house, visitor, people):
    request = await house.approved(60)
    browser = await visitor().enter(people["approver"])
    long = "no part <" + "x" * 2000
    answer = await browser.send(f"/grants/{request.grant_id}/give-back", request=request.id, reason=long)
    assert answer.status_code == 422
    back = answer.text.partition("/give-back")[2].partition("</form>")[0]
    assert "no part &lt;xxx" in back


async def only_in_the_theatre(house, person):
    duties = (Duty(Role.APPROVER, "chu", ("Bloc",)),)
    form = StaffForm(person.login, person.name, person.email, language="en", duties=duties, id=person.id)
    await house.services.people.save_staff(OPERATOR, form)


async def test_R27_the_page_says_that_nobody_is_left_to_agree_and_the_device_what_it_lacks(house, visitor, people):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)
    await only_in_the_theatre(house, house.eve)
    request = await house.asked(emergency=Call("Max"))
    browser = await visitor().enter(people["approver"])
    await house.services.approvals.approve(house.staff(people["approver"]), request.id, request.version, 30, "ok")
    page = (await browser.see(f"/requests/{request.id}")).text
    assert "Nobody is left at the moment who can give the missing agreement." in page
    await only_in_the_theatre(house, house.max)
    await only_in_the_theatre(house, people["approver"])
    admin = await visitor().enter(people["admin"])
    page = (await admin.see(f"/directory/devices/{house.device.id}")).text
    assert "Not finished" in page
    assert '<a href="/directory/staff">Let somebody decide on it' in page
    assert "somebody who decides" in (await admin.see("/directory/devices?text=ct-01")).text


async def test_where_the_rules_want_an_order_the_page_says_whose_turn_it_is(house, visitor, people, tmp_path):
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12")
    await house.services.inventory.save_device(OPERATOR, replace(form, id=house.device.id))
    house.services.decisions.replace_engine(in_turn_rules(tmp_path / "rules"))
    browser = await visitor().enter(people["approver"])
    asked = {"device": "ct-01", "technician": "alice", "kind": "telediagnostic", "minutes": "30", "reason": "a look"}
    page = (await browser.send("/requests/forecast", **asked)).text
    assert re.findall(r"<li>((?:Would|Nobody)[^<]*)", page) == [
        "Nobody may agree then.",
        "Would be asked then: Eve, Max",
    ]
    assert "Nobody can open this today" in page
    ward = StaffForm("fay", "Fay", "fay@chu", language="en", duties=(Duty(Role.APPROVER, "chu", ("Imagerie",)),))
    fay = await house.services.people.save_staff(OPERATOR, ward)
    request = await house.asked()
    page = (await browser.see(f"/requests/{request.id}")).text
    assert "Asked: Fay" in page
    assert "An approver of the ward agrees first" in page
    assert "/approve" not in page
    await house.services.approvals.approve(house.staff(fay), request.id, request.version, 30, "ok")
    page = (await browser.see(f"/requests/{request.id}")).text
    assert "/approve" in page


async def test_R25_a_question_and_its_answer_stand_on_the_page(house, visitor, people):
    request = await house.asked()
    browser = await visitor().enter(people["approver"])
    path = f"/requests/{request.id}"
    assert "Ask before you decide" in (await browser.see(path)).text
    lacking = await browser.send(f"{path}/question", text=" ")
    assert lacking.status_code == 422
    assert "Write the question or the answer." in lacking.text
    assert (await browser.send(f"{path}/question", text="<b>Which tube?")).status_code == 303
    await house.services.threads.answer(house.technician(), request.id, "the left one")
    page = (await browser.see(path)).text
    for said in ("&lt;b&gt;Which tube?", "the left one", "Alice Martin"):
        assert said in page, said
    assert (await browser.send(f"{path}/answer", text="me too")).status_code == 404


async def test_who_asked_in_a_technicians_name_answers_on_the_page(house, visitor, people):
    asker = await visitor().enter(house.eve)
    form = {
        "device": "ct-01",
        "technician": "alice",
        "kind": "telediagnostic",
        "reason": "x y z",
        "minutes": "30",
    } | SAID
    path = (await asker.send("/requests/new", **form)).headers["location"]
    assert "Your answer" not in (await asker.see(path)).text
    await (await visitor().enter(people["approver"])).send(f"{path}/question", text="Which tube?")
    assert "Your answer" in (await asker.see(path)).text
    assert (await asker.send(f"{path}/answer", text="the left one")).status_code == 303
    assert "Your answer" not in (await asker.see(path)).text


async def test_R35_more_time_is_told_from_the_old_end_and_not_from_now(house, visitor, people):
    session = await house.opened()
    first, grant = session.record.request_id, session.grant
    more = await house.services.access.extend(house.technician(), grant.id, 15, "not finished")
    old, new = (Clockface("en", clock.now()).time(one) for one in (grant.end, grant.end + timedelta(minutes=15)))
    browser = await visitor().enter(people["approver"])
    page = (await browser.see(f"/requests/{more.id}")).text
    assert f"+15 min: {old} → {new}" in page
    assert "if you agree now" not in page
    assert "data-ends-after" not in page
    assert re.findall(r'name="minutes" value="(\d+)"', page) == ["15", "10", "5"]
    assert f"{old} → {new}</small>" in page
    assert "This prolongs an authorisation that runs already." in page
    assert f'<a href="/requests/{first}">The first request</a>' in page
    assert f'<a href="/sessions/{session.record.id}">The running session</a>' in page
    for place in ("/requests", "/"):
        assert f"+15 min: {old} → {new}" in (await browser.see(place)).text, place
    await browser.send(f"/requests/{more.id}/approve", version=version(page), minutes="15")
    after = (await browser.see(f"/requests/{more.id}")).text
    assert f"Extended until {new}." in after
    assert "may connect" not in after
    assert f"+15 min: {old} → {new}" in after, "as it was agreed, whatever the end is now"


def state_in(page: str) -> str:
    """The first mark of a state: its colour and its words."""
    colour, words = re.search(r'<span class="status (\w+)"><svg.*?</svg><span>([^<]+)</span>', page, re.DOTALL).groups()
    return f"{colour}: {words}"


async def test_a_request_is_green_only_while_its_authorisation_is_open(house, visitor, people):
    request = await house.approved()
    browser, his = await visitor().enter(people["approver"]), await visitor().enter(house.alice)
    for page in ("/requests?state=approved", f"/requests/{request.id}"):
        assert state_in((await browser.see(page)).text.partition("<main")[2]) == "ok: Agreed, open now", page
    await house.services.approvals.revoke(house.staff(house.eve), request.grant_id, "contract dispute")
    for page in ("/requests?state=approved", f"/requests/{request.id}"):
        assert state_in((await browser.see(page)).text.partition("<main")[2]) == "stop: Agreed, then withdrawn", page
    assert "Agreed, then withdrawn" in (await his.see("/supplier/")).text
    assert "Agreed, then withdrawn" in (await his.see(f"/supplier/requests/{request.id}")).text


async def test_the_page_leads_to_the_running_session_and_an_ended_one_is_a_session(house, visitor, people):
    session = await house.opened()
    browser = await visitor().enter(people["approver"])
    way, there = f"/sessions/{session.record.id}", f"/requests/{session.record.request_id}"
    page = (await browser.see(there)).text
    assert f'href="{way}"' in page
    assert "To the running session of Alice Martin" in page
    await house.services.sessions.closed(session.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert "To the running session" not in (await browser.see(there)).text
    trail = re.search(r'<nav class="trail".*?</nav>', (await browser.see(way)).text, re.DOTALL)[0]
    assert '<a href="/sessions">Sessions</a>' in trail
    assert "/requests" not in trail


async def another_of_acme(house):
    """Anna, a colleague of Alice who has neither a key nor an authenticator."""
    form = TechnicianForm("anna", "Anna Roux", "anna@acme", "acme", "en")
    return await house.services.people.save_technician(OPERATOR, form)


async def test_the_page_says_whether_the_device_is_free_and_whether_he_can_connect(house, visitor, people):
    anna, access = await another_of_acme(house), house.services.access
    browser = await visitor().enter(people["approver"])
    more = await access.request(house.technician(anna), house.draft())
    path = f"/requests/{more.id}"
    page = (await browser.see(path)).text
    assert "The device is free" in page
    assert "no SSH key is registered for him, and no authenticator" in page
    asked = await house.asked()
    assert "Alice Martin (Acme Imaging) asks for this device as well, from" in (await browser.see(path)).text
    assert "cannot connect yet" not in (await browser.see(f"/requests/{asked.id}")).text, "Alice has both"
    agreed = await house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 30)
    page = (await browser.see(path)).text
    assert "Alice Martin (Acme Imaging) is authorised on this device from" in page
    assert "The device is free" not in page
    await house.services.sessions.acknowledge(house.technician(), agreed.grant_id, "terminal")
    session = await house.services.sessions.open(house.technician(), agreed.grant_id, CONNECTION)
    page = (await browser.see(path)).text
    assert "Alice Martin (Acme Imaging) is at work on this device now, until" in page
    assert f'<a href="/sessions/{session.record.id}">See it</a>' in page
    assert page.count("data-occupant=") == 1, "once, not for the authorisation too"
    own = await access.extend(house.technician(), agreed.grant_id, 15, "not finished")
    page = (await browser.see(f"/requests/{own.id}")).text
    assert "is at work on this device now" not in page, "it is the work that goes on"
    assert "Anna Roux (Acme Imaging) asks for this device as well" in page


async def test_a_colleague_is_offered_however_many_other_people_there_are(house, visitor, people):
    anna, request = await another_of_acme(house), await house.approved()
    await house.services.directory.save_supplier(OPERATOR, SupplierForm("zeta", "Zeta", ("127.0.0.0/8",)))
    form = TechnicianForm("other", "Aaron", "a@other", "zeta", "en")
    other = await house.services.people.save_technician(OPERATOR, form)
    async with house.database.write() as uow:
        several = [replace(other, id=f"o{number}", login=f"other{number}") for number in range(600)]
        await uow.technicians.add_all(several)
    page = (await (await visitor().enter(people["approver"])).see(f"/requests/{request.id}")).text
    assert f'value="{anna.login}"' in page
    assert 'value="other1"' not in page


async def test_R67_who_decides_on_planned_work_reads_which_papers_end_before_it(house, visitor, people):
    papers, now = house.services.papers, clock.now()
    await papers.require(OPERATOR, PaperKind.INSURANCE, now)
    form = PaperForm(PaperKind.INSURANCE, "P-1", None, now + timedelta(days=5))
    await papers.add(OPERATOR, house.alice.supplier_id, form)
    near, far = await house.asked(start=now + timedelta(days=3)), await house.asked(start=now + timedelta(days=10))
    browser = await visitor().enter(people["approver"])
    assert "data-renew" not in (await browser.see(f"/requests/{near.id}")).text
    page = (await browser.see(f"/requests/{far.id}")).text
    assert "To be renewed before this work is over, or no session opens: insurance certificate" in " ".join(
        page.split()
    )


async def test_whom_a_review_has_withdrawn_is_offered_to_nobody_who_asks(house, visitor, people):
    """He would be refused once all is filled in; who is withdrawn in one hospital alone may be asked for in another."""
    browser = await visitor().enter(people["approver"])
    offered = '<option value="alice"'
    assert offered in (await browser.see("/requests/new")).text
    await say(house, house.staff(house.eve), await begun(house, 10, "chu"), WITHDRAWN, "has changed job")
    for language in ("en", "fr"):
        await speak(house, people["approver"], language)
        page = (await browser.see("/requests/new")).text
        assert offered not in page
        assert '<option value="bob"' in page


async def test_where_a_review_keeps_somebody_out_of_one_hospital_its_devices_are_not_offered_for_him(
    house, visitor, people
):
    await more_devices(house)
    both = await visitor().enter(house.max)

    async def offered(query: str) -> tuple[set[str], str]:
        page = (await both.see(f"/requests/new?{query}")).text
        return set(re.findall(r'<option value="(ct-0\d|alice)"', page)), " ".join(page.split())

    assert {"ct-01", "ct-03", "alice"} <= (await offered("technician=alice"))[0]
    await say(house, house.staff(house.eve), await begun(house, 10, "chu"), WITHDRAWN, "has changed job")
    found, page = await offered("technician=alice")
    assert found == {"alice", "ct-03"}
    assert "Nothing is offered of CHU Demo: a review of access rights has not confirmed Alice Martin there." in page
    assert "alice" not in (await offered("device=ct-01"))[0]
    assert "alice" in (await offered("device=ct-03"))[0]
    form = {"technician": "alice", "device": "ct-01", "kind": "telediagnostic", "reason": "look at it", "minutes": "30"}
    refused = await both.send("/requests/new", **form, usable="everything", patient_data="none", software_change="no")
    assert refused.status_code == 403
    assert "has not confirmed this access" in refused.text

"""The API of suppliers' people: their own work from asking to reporting, and nothing of anybody else's (T24, T33)."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlencode

import httpx2
import pytest
from fastapi import FastAPI

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.lock import LockScope
from bastion.domain.parties import Technician
from bastion.domain.session_events import EndReason
from bastion.errors import Conflict, Forbidden, FreshFactorNeeded, Invalid, NotFound
from bastion.services.directory import SupplierForm
from bastion.services.inventory import DeviceForm
from bastion.services.people import TechnicianForm
from bastion.services.sessions import Ending
from bastion.services.templates import TemplateForm
from tests.services.batches import more_devices
from tests.services.house import CONNECTION, OPERATOR, PASSWORD, SOURCE, House, set_up, undertake
from tests.services.professionals import a_professional, needing
from tests.services.templates import a_template
from tests.web.api.conftest import problem
from tests.web.saying import PLAN
from tests.web.scenery import HOSTILE
from web.api.building import routes_of
from web.api.guards import SUPPLIER_API_GUARDS
from web.api.supplier import router
from web.api.supplier.bearer import PREFIX

ASK = {"device": "ct-01", "kind": "telemaintenance", "reason": "replace the tube", "minutes": 60, "plan": PLAN}
REPORT = {"done": "Tube replaced.", "after": "in_service"}
PERSON = {"name": "Carl", "email": "", "language": "en", "country": "FR", "valid_until": None, "why": "has left"}
UNKNOWN = "0" * 32


class Program:
    """Acts for one person of a supplier, from an address."""

    def __init__(self, app: FastAPI, bearer: str = "", source: str = SOURCE) -> None:
        transport = httpx2.ASGITransport(app=app, client=(source, 4711), raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        base = "https://bastion.test/supplier/api/v1"
        self.client = httpx2.AsyncClient(transport=transport, base_url=base, headers=headers)

    async def get(self, path: str) -> httpx2.Response:
        return await self.client.get(path)

    async def post(self, path: str, **body: object) -> httpx2.Response:
        return await self.client.post(path, json=body)

    async def prove(self, method: str, path: str, code: str, body: object) -> httpx2.Response:
        """With a code of the person's authenticator."""
        return await self.client.request(method, path, json=body, headers={"authenticator-code": code})

    async def ask(self, method: str, path: str) -> httpx2.Response:
        return await self.client.request(method, path, json={} if method in {"POST", "PUT", "PATCH"} else None)


Maker = Callable[..., Awaitable[Program]]


@pytest.fixture
def program(app: FastAPI, house: House) -> Maker:
    async def make(person: Technician, *, writes: bool = True, people: bool = False, source: str = SOURCE) -> Program:
        actor, use = house.technician(person), house.services.supplier_tokens
        _, text = await use.create(actor, "erp", 30, writes=writes, people=people)
        return Program(app, text, source)

    return make


# -- what one does with it ---------------------------------------------------------------------------------------------
async def test_what_nobody_answers_for_is_not_said_to_be_open_and_has_no_commands(program, house):
    one = await a_professional(house)
    agreed, alice = await house.approved(plan=needing()), await program(house.alice)
    path = f"/requests/{agreed.id}/commands"
    assert (await alice.get("/devices")).json()[0]["state"] == "open"
    assert (await alice.get(path)).json()["commands"]
    await house.services.professionals.retire(OPERATOR, one.id)
    assert (await alice.get("/devices")).json()[0]["state"] == "unanswered"
    assert (await alice.get(path)).json()["commands"] == []


async def test_from_asking_to_reporting(program, house, carl):
    await undertake(house.services, carl)
    alice = await program(house.alice)
    me = (await alice.get("/me")).json()
    assert (me["login"], me["company"], me["correspondent"], me["undertaking_owed"]) == ("alice", "acme", True, False)
    assert [one["code"] for one in (await alice.get("/devices")).json()] == ["ct-01"]
    made = await alice.post("/requests", **ASK)
    asked, path = made.json(), f"/requests/{made.json()['id']}"
    assert (made.status_code, asked["state"], asked["asked_by"]) == (201, "pending", "Alice Martin")

    eve = house.staff(house.eve)
    await house.services.threads.ask(eve, asked["id"], "Which tube?")
    assert (await alice.get(path)).json()["asks"] == "Which tube?"
    assert (await alice.get("/requests?state=pending")).json()[0]["asks"] == "Which tube?"
    answered = (await alice.post(f"{path}/answer", text="the left one")).json()
    assert (answered["asks"], [one["side"] for one in answered["thread"]]) == ("", ["hospital", "asker"])

    await house.services.approvals.approve(eve, asked["id"], 1, 30, "only the tube")
    agreed = (await alice.get(path)).json()
    assert (agreed["state"], agreed["grant"]["status"], agreed["approvals"][0]["note"]) == (
        "approved", "open", "only the tube",
    )  # fmt: skip
    ready = (await alice.get(f"{path}/commands")).json()
    assert ready["door"] == (await alice.get("/bastion")).json()
    assert "ssh -p 2222 alice+ct-01@127.0.0.1" in [one["variants"][0]["text"] for one in ready["commands"]]
    longer = (await alice.post(f"{path}/extend", minutes=15, reason="one more screw")).json()
    assert (longer["state"], longer["extends_grant_id"]) == ("pending", agreed["grant"]["id"])
    assert (await alice.post(f"/requests/{longer['id']}/withdraw", note="no need")).json()["state"] == "withdrawn"

    assert (await alice.get(f"{path}/colleagues")).json() == [{"login": "carl", "name": "Carl Weber"}]
    over = await alice.post(f"{path}/hand-over", technician="carl", reason="my shift is over")
    assert (over.status_code, over.json()["id"]) == (201, asked["id"])
    (his,) = (await (await program(carl)).get("/requests")).json()
    assert (his["takes_over_from"], his["state"]) == ("Alice Martin", "pending")

    spare = await house.approved(start=clock.now() + timedelta(days=2))
    back = (await alice.post(f"/requests/{spare.id}/give-back", reason="no need")).json()["grant"]
    assert (back["status"], back["revoked_by"], back["revoke_reason"]) == ("given_back", "Alice Martin", "no need")
    assert problem(await alice.post(f"/requests/{spare.id}/give-back"))[0] in {404, 409}
    assert (await alice.get(f"/requests/{spare.id}/colleagues")).json() == []

    await house.services.sessions.acknowledge(house.technician(), agreed["grant"]["id"], "terminal")
    opened = await house.services.sessions.open(house.technician(), agreed["grant"]["id"], CONNECTION)
    assert problem(await alice.post(f"{path}/report", **REPORT)) == (409, "conflict")
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert [one["request"] for one in (await alice.get("/reports")).json()] == [asked["id"]]
    assert [one["request"] for one in (await alice.get("/company/reports")).json()] == [asked["id"]]
    assert (await alice.post(f"{path}/report", **REPORT)).json()["owed_since"] is None
    assert (await alice.get("/reports")).json() == []


async def test_a_refusal_is_read_with_its_reason_and_a_request_is_taken_back(program, house):
    alice = await program(house.alice)
    request = await house.asked()
    await house.services.approvals.deny(house.staff(house.eve), request.id, 1, "A patient is on the table")
    shown = (await alice.get(f"/requests/{request.id}")).json()
    assert (shown["state"], shown["decision_note"], shown["grant"]) == ("denied", "A patient is on the table", None)
    assert (await alice.get(f"/requests/{request.id}/commands")).json()["commands"] == []
    again = (await alice.post("/requests", **ASK)).json()
    assert (await alice.post(f"/requests/{again['id']}/withdraw")).json()["state"] == "withdrawn"
    assert problem(await alice.post(f"/requests/{again['id']}/withdraw"))[0] == 409


async def test_R25_a_program_looks_who_would_have_to_agree_and_learns_no_name(program, house):
    reader, bob = await program(house.alice, writes=False), await program(house.bob)
    path = "/forecast?kind=telemaintenance&minutes=60&device="
    seen = (await reader.get(f"{path}ct-01")).json()
    assert (seen["allowed"], seen["quorum"], seen["roles"], seen["minutes"]) == (True, 1, ["approver"], 60)
    assert seen["reasons"]
    assert not [name for name in ("Eve", "Max", "Ruth") if name in repr(seen)]
    late = urlencode({"start": "2001-01-01T08:00:00+01:00", "patient_data": "needed", "professional": "Dr Nemo"})
    past, nobody = (await reader.get(f"{path}ct-01&{late}")).json()["obstacles"]
    assert "The start lies in the past." in past
    assert "Nobody of CHU Demo is authorised to answer for patient data" in nobody
    answers = [await bob.get(f"{path}{code}") for code in ("ct-01", "nothing")]
    assert [problem(one) for one in answers] == [(422, "invalid")] * 2
    assert answers[0].json() == answers[1].json()


async def test_a_usual_request_is_offered_and_named(program, house):
    await house.services.inventory.save_device(
        OPERATOR,
        DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 2, "Imagerie", "B12", "Siemens", "Go", id=house.device.id),
    )
    eve = house.staff(house.max)
    form = TemplateForm("Siemens", "Go", "Tube change", InterventionKind.TELEMAINTENANCE, "Change the tube", 90)
    made = await house.services.templates.add(eve, form)
    alice = await program(house.alice)
    (offer,) = (await alice.get("/devices/ct-01/usual")).json()
    assert (offer["id"], offer["minutes"]) == (made.id, 90)
    assert problem(await alice.post("/requests", **ASK, template=UNKNOWN)) == (422, "invalid")
    asked = (await alice.post("/requests", **ASK, template=offer["id"])).json()
    view = await house.services.asked.get(eve, asked["id"])
    assert view.request.template_id == made.id


async def test_a_correspondents_token_reads_his_company(program, house, carl):
    request = await house.services.access.request(house.technician(carl), house.draft())
    alice = await program(house.alice)
    assert [one["id"] for one in (await alice.get("/company/requests")).json()] == [request.id]
    assert (await alice.get(f"/company/requests/{request.id}")).json()["technician_name"] == "Carl Weber"
    assert problem(await alice.get(f"/requests/{request.id}"))[0] == 404, "that is Carl's own"
    assert (await (await program(house.bob)).get("/company/requests")).json() == []


# -- what a token is ---------------------------------------------------------------------------------------------------
async def test_T24_a_token_that_only_reads_changes_nothing(program, house):
    request = await house.asked()
    reader = await program(house.alice, writes=False)
    for path in ("/requests", f"/requests/{request.id}/withdraw", f"/requests/{request.id}/report"):
        assert problem(await reader.post(path, **ASK)) == (403, "forbidden")
    assert (await reader.get(f"/requests/{request.id}")).json()["state"] == "pending"
    (own,) = (await reader.get("/tokens")).json()
    assert problem(await reader.ask("DELETE", f"/tokens/{own['id']}")) == (403, "forbidden")


async def test_T24_it_is_made_in_person_with_a_fresh_code_for_a_while_and_kept_as_a_hash(house):
    use, me = house.services.supplier_tokens, house.technician()
    token, text = await use.create(me, " erp ", 92, writes=True)
    assert (token.label, token.expires_at - token.created_at) == ("erp", timedelta(days=92))
    assert text not in repr(token)
    event = await house.event("token:created")
    assert (event.subject_id, event.fields["token"], event.fields["writes"]) == (me.id, token.id, "yes")
    assert text not in repr(event)
    for days in (0, 93):
        with pytest.raises(Invalid):
            await use.create(me, "erp", days, writes=True)
    for actor, error in (
        (replace(me, factor_at=None), FreshFactorNeeded), (replace(me, token_id=token.id), Forbidden),
        (house.staff(house.eve), NotFound),
    ):  # fmt: skip
        with pytest.raises(error):
            await use.create(actor, "erp", 1, writes=True)
    for _ in range(9):
        await use.create(me, "erp", 1, writes=False)
    with pytest.raises(Conflict):
        await use.create(me, "erp", 1, writes=False)


async def test_T24_it_ends_by_its_day_and_by_revocation_and_nobody_revokes_anothers(program, house, carl, monkeypatch):
    alice, other = await program(house.alice), await program(carl)
    (token,) = (await alice.get("/tokens")).json()
    assert problem(await other.ask("DELETE", f"/tokens/{token['id']}"))[0] == 404
    now = clock.now()
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(clock, "now", lambda: now + timedelta(days=30))
        assert problem(await alice.get("/me")) == (401, "authentication_failed")
    assert (await alice.ask("DELETE", f"/tokens/{token['id']}")).status_code == 204
    assert problem(await alice.get("/me")) == (401, "authentication_failed")
    assert (await house.event("token:revoked")).fields["token"] == token["id"]
    assert (await other.get("/me")).status_code == 200


async def _left(house):
    await house.services.rosters.leave(OPERATOR, house.alice.id, "gone")


async def _out_of_use(house):
    form = TechnicianForm("alice", "Alice Martin", "a@acme", "acme", "en", active=False, id=house.alice.id)
    await house.services.people.save_technician(OPERATOR, form)


async def _other_company(house):
    form = TechnicianForm("alice", "Alice Martin", "a@acme", "other", "en", id=house.alice.id)
    await house.services.people.save_technician(OPERATOR, form)


async def _contract_over(house):
    form = SupplierForm(
        "acme", "Acme Imaging", ("127.0.0.0/8",), contract_end=clock.now() - timedelta(seconds=1),
        id=house.alice.supplier_id,
    )  # fmt: skip
    await house.services.directory.save_supplier(OPERATOR, form)


async def _new_link(house):
    await set_up(house, house.alice)


async def _new_authenticator(house):
    await house.services.enrolment.technician_totp(OPERATOR, house.alice.id)


@pytest.mark.parametrize(
    "gone",
    [_left, _out_of_use, _other_company, _contract_over, _new_link, _new_authenticator],
    ids=lambda f: f.__name__,
)
async def test_R18_a_token_is_void_for_good_with_what_it_stood_on(program, house, gone):
    """And not merely refused: no later change brings it back."""
    alice = await program(house.alice)
    await gone(house)
    assert problem(await alice.get("/me")) == (401, "authentication_failed")
    async with house.database.read() as uow:
        (token,) = await uow.supplier_tokens.of(house.alice.id)
    assert token.revoked_at is not None


async def test_a_new_password_ends_the_tokens_made_under_the_old_one(program, house):
    await set_up(house, house.alice)
    alice = await program(house.alice)
    await house.services.portal.change_password(house.technician(), PASSWORD, f"{PASSWORD} again")
    assert problem(await alice.get("/me"))[0] == 401


async def test_R5_a_cut_and_a_foreign_network_keep_it_out_while_they_last(app, program, house):
    alice = await program(house.alice)
    assert problem(await (await program(house.alice, source="192.0.2.9")).get("/me"))[0] == 401
    lock = await house.services.locks.impose(house.staff(house.ruth), LockScope.ALL, "", "drill")
    assert problem(await alice.get("/devices"))[0] == 401
    await house.services.locks.lift(house.staff(house.ruth), lock.id, "over")
    assert (await alice.get("/devices")).status_code == 200


# -- what is not there -------------------------------------------------------------------------------------------------
def test_T28_every_route_has_a_guard_and_every_guard_a_route():
    assert routes_of(router.router, PREFIX) == SUPPLIER_API_GUARDS.keys()


async def test_another_method_is_told_which_ones_there_are(program, house):
    alice = await program(house.alice)
    answer = await alice.ask("PATCH", "/requests")
    assert problem(answer) == (405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, POST"
    assert problem(await alice.ask("PATCH", "/nothing")) == (404, "not_found")


async def test_T28_neither_api_takes_the_others_tokens_nor_a_cookie(app, program, house, comer, people):
    alice = await program(house.alice)
    _, text = await house.services.tokens.create(house.staff(people["admin"]), "x", 1, people["admin"].roles)
    assert problem(await Program(app, text).get("/me"))[0] == 401
    console = await alice.client.get("https://bastion.test/api/v1/me")
    assert problem(console)[0] == 401
    browser = await comer(house.alice)
    assert problem(await browser.see("/supplier/api/v1/me"))[0] == 401
    assert (await alice.client.get("https://bastion.test/supplier/account")).status_code == 303


async def test_T30_T33_every_route_shuts_out_strangers_and_shows_another_company_what_is_not_there(
    app, program, house, carl
):
    """By the table: each route that names a thing answers for another company's as for one that never was."""
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    waiting = await house.services.access.request(house.technician(carl), house.draft())
    await program(house.alice)
    (token,) = await house.services.supplier_tokens.mine(house.technician())
    nobody, bob = Program(app, "bsp_of-nobody"), await program(house.bob, people=True)
    bodies = {"technician": "alice", "reason": "why not", "text": "hello", "minutes": 5, "note": "", **REPORT, **PERSON}
    for method, path in sorted(SUPPLIER_API_GUARDS):
        if path == "/openapi.json":
            continue
        plain = path.replace("{rest:path}", "anything")
        assert problem(await nobody.ask(method, plain)) == (401, "authentication_failed"), (method, path)
        named = (
            ("ct-01",) if path.startswith("/devices/") else (opened.record.request_id, waiting.id, token.id, carl.id)
        )
        for ident in named if "{ident}" in path else ():
            answers = []
            for one in (ident, UNKNOWN):
                address = path.replace("{ident}", one)
                wanted = {name: bodies[name] for name in _body_of(method, path)}
                sent = await bob.client.request(method, address, json=wanted if method in {"POST", "PUT"} else None)
                answers.append((problem(sent), sent.json()))
            assert answers[0] == answers[1], (method, path)
            assert answers[0][0] == (404, "not_found"), (method, path)
    for path in ("/devices", "/requests", "/reports", "/company/requests", "/company/reports", "/tokens"):
        said = (await bob.get(path)).text
        assert opened.record.request_id not in said
        assert "ct-01" not in said
        assert "Alice" not in said
    assert (await house.services.asked.get(house.staff(house.eve), waiting.id)).request == waiting


def _body_of(method: str, path: str) -> list[str]:
    """The fields a route takes, from the API's own document."""
    document = router.describe()
    told = document["paths"].get(f"/api/v1{path}", {}).get(method.lower(), {}).get("requestBody")
    if told is None:
        return []
    name = told["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return [
        field for field in document["components"]["schemas"][name]["properties"] if field not in {"taken", "erased_by"}
    ]


async def test_T33_a_device_of_another_company_is_answered_like_none(program, house):
    bob = await program(house.bob)
    answers = [await bob.post("/requests", **ASK | {"device": code}) for code in ("ct-01", "nothing")]
    assert [problem(one) for one in answers] == [(422, "invalid")] * 2
    assert answers[0].json() == answers[1].json()


async def test_T33_who_speaks_for_no_company_finds_none(program, house, carl):
    his = await program(carl)
    for path in ("/company/requests", "/company/reports", f"/company/requests/{UNKNOWN}"):
        assert problem(await his.get(path)) == (404, "not_found")


async def test_the_document_tells_of_the_suppliers_routes_only(app, house):
    document = (await Program(app).get("/openapi.json")).json()
    assert document["servers"] == [{"url": "/supplier"}]
    told = {path.removeprefix("/api/v1") for path in document["paths"]}
    assert told == {path for _, path in SUPPLIER_API_GUARDS} - {"/openapi.json", "/{rest:path}"}
    assert not [path for path in told if "approve" in path or "audit" in path]


@pytest.mark.parametrize(
    "body", [{}, {"device": "ct-01"}, ASK | {"minutes": 0}, ASK | {"more": 1}, ASK | {"kind": "x"}]
)
async def test_what_cannot_be_read_is_refused_as_a_problem(program, house, body):
    assert problem(await (await program(house.alice)).post("/requests", **body)) == (422, "invalid")
    assert await house.services.asked.search(house.technician()) == []


async def test_a_body_too_large_and_a_wrong_address_are_problems_too(program, house):
    alice = await program(house.alice)
    assert problem(await alice.post("/requests", **ASK | {"reason": "x" * 300_000})) == (413, "invalid")
    assert problem(await alice.ask("GET", "/nothing")) == (404, "not_found")
    for method, path in (("PUT", "/me"), ("POST", "/devices")):
        assert problem(await alice.ask(method, path)) == (405, "method_not_allowed")


async def test_a_line_s_end_in_an_address_leads_nowhere_else(program, house):
    alice = await program(house.alice)
    for path in ("/requests/a%0Ab", "/requests/a%0Ab/colleagues"):
        assert problem(await alice.get(path)) == (404, "not_found")


async def test_a_token_is_made_on_ones_account_shown_once_and_revoked(app, comer, house):
    stale = await comer(house.alice, fresh=False)
    form = {"label": HOSTILE[:90], "days": "30", "writes": "yes"}
    assert (await stale.send("/supplier/account/tokens", **form)).status_code == 403
    browser = await comer(house.alice)
    assert (await browser.send("/supplier/account/tokens", **form | {"days": "x"})).status_code == 422
    page = (await browser.send("/supplier/account/tokens", **form)).text
    assert "<script>window" not in page
    text = re.search(r"bsp_[\w-]{43}", page).group()
    assert (await Program(app, text).get("/me")).json()["login"] == "alice"
    again = (await browser.see("/supplier/account")).text
    assert text not in again
    (token,) = await house.services.supplier_tokens.mine(house.technician())
    path = f"/supplier/account/tokens/{token.id}/revoke"
    assert (await (await comer(house.bob)).send(path)).status_code == 404
    assert (await browser.send(path)).headers["location"] == "/supplier/account"
    assert problem(await Program(app, text).get("/me"))[0] == 401


async def test_R25_a_program_starts_from_what_is_usual_and_asks_for_several_devices_at_once(program, house):
    template = await a_template(house)
    await more_devices(house)
    alice, bob = await program(house.alice), await program(house.bob)
    (offer,) = (await alice.get("/devices/ct-01/usual")).json()
    assert (offer["id"], offer["minutes"], "created_by" in offer) == (template.id, 90, False)
    assert problem(await bob.get("/devices/ct-01/usual")) == problem(await bob.get("/devices/nothing/usual"))
    for others in (["nothing"], ["x"] * 11):
        assert (await alice.post("/batches", **ASK, others=others)).status_code == 422
    made = (await alice.post("/batches", **ASK, others=["ct-02", "ct-03"], template=template.id)).json()
    assert ([one["device"] for one in made], len({one["batch"] for one in made})) == (["ct-01", "ct-02", "ct-03"], 1)
    assert [one["template"] for one in made] == [template.id, "", ""]
    path = f"/batches/{made[0]['batch']}"
    assert len((await alice.get(path)).json()) == 3
    assert problem(await bob.get(path)) == problem(await bob.get(f"/batches/{UNKNOWN}")) == (404, "not_found")
    assert problem(await bob.post(f"{path}/withdraw")) == (404, "not_found")
    assert {one["state"] for one in (await alice.post(f"{path}/withdraw")).json()} == {"withdrawn"}
    reader = await program(house.alice, writes=False)
    assert (await reader.post("/batches", **ASK, others=["ct-02"])).status_code == 403


async def test_R26_an_emergency_names_its_caller_and_begins_now(program, house):
    alice = await program(house.alice)
    for call in ({"caller": ""}, {"caller": " ", "callee": "myself"}, {"callee": "myself"}):
        refused = await alice.post("/requests", **ASK, emergency=call)
        assert (refused.status_code, "caller" in refused.text) == (422, True), call
    later = (clock.now() + timedelta(days=20)).isoformat()
    refused = await alice.post("/requests", **ASK, emergency={"caller": "Dr Roux"}, start=later)
    assert (refused.status_code, refused.json()["field"]) == (422, "start")
    assert (await alice.get("/requests")).json() == []

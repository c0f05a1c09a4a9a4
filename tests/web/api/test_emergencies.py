"""Emergencies and their reviews over the API (R-26, R-27)."""

from dataclasses import replace
from datetime import timedelta

from bastion import clock
from bastion.domain.emergency import Call
from tests.services.test_works import colleague, in_three_parts
from tests.web.api.conftest import problem
from tests.web.saying import PLAN

BODY = {
    "technician": "alice", "device": "ct-01", "kind": "telemaintenance", "reason": "scanner down", "minutes": 60,
    "plan": PLAN,
}  # fmt: skip


async def test_one_is_asked_for_agreed_to_and_reviewed(eve, ruth, house):
    call = {"caller": "Dr Roux", "callee": "", "call_back": "4512"}
    made = (await eve.ask("POST", "/requests", **BODY, emergency=call)).json()
    assert made["emergency"] == call | {"callee": "Alice Martin"}
    assert (await eve.ask("GET", "/requests")).json()[0]["emergency"]["caller"] == "Dr Roux"
    await house.services.approvals.approve(house.staff(house.max), made["id"], made["version"], 60)
    (grant,) = (await eve.ask("GET", f"/technicians/{house.alice.id}/grants")).json()
    assert grant["emergency"]
    (due,) = (await ruth.ask("GET", "/emergencies?waiting=true")).json()
    assert (due["status"], due["device"], due["can_review"], due["call"]["caller"]) == ("due", "ct-01", True, "Dr Roux")
    path = f"/emergencies/{due['id']}/review"
    body = {"version": due["version"], "outcome": "justified", "note": "read the recording"}
    assert problem(await ruth.ask("POST", path, **body)) == (403, "fresh_factor_needed")
    done = (await ruth.sure("POST", path, **body)).json()
    assert (done["status"], done["reviewed_by"]) == ("reviewed", "Ruth")
    assert (await ruth.ask("GET", "/emergencies?waiting=true")).json() == []
    assert (await ruth.ask("GET", f"/emergencies/{due['id']}")).json()["outcome"] == "justified"


async def test_without_a_caller_it_is_refused_at_its_field_and_nothing_is_asked(eve, house):
    for call in ({"caller": ""}, {"caller": " ", "callee": "Alice Martin"}):
        refused = await eve.ask("POST", "/requests", **BODY, emergency=call)
        assert (refused.status_code, refused.json()["field"]) == (422, "caller"), call
    for call in ({}, {"callee": "Alice Martin"}):
        refused = await eve.ask("POST", "/requests", **BODY, emergency=call)
        assert (refused.status_code, "caller" in refused.text) == (422, True), call
    later = (clock.now() + timedelta(days=20)).isoformat()
    refused = await eve.ask("POST", "/requests", **BODY, emergency={"caller": "Dr Roux"}, start=later)
    assert (refused.status_code, refused.json()["field"]) == (422, "start")
    assert await house.services.asked.search(house.staff(house.eve)) == []


async def test_it_is_agreed_to_for_now(eve, house):
    request = await house.asked(emergency=Call("Dr Roux"))
    body = {"version": request.version, "minutes": 60, "start": (clock.now() + timedelta(days=20)).isoformat()}
    refused = await eve.ask("POST", f"/requests/{request.id}/approve", **body, code=eve.code())
    assert (refused.status_code, refused.json()["field"]) == (422, "start")


async def test_who_agreed_does_not_review_and_nonsense_is_refused(eve, house):
    request = await house.approved(emergency=Call("Dr Roux"))
    path = f"/emergencies/{request.id}/review"
    body = {"version": 2, "outcome": "justified", "note": "read the recording"}
    assert problem(await eve.sure("POST", path, **body)) == (403, "self_review")
    assert (await eve.ask("POST", path, **(body | {"outcome": "fine"}))).status_code == 422
    assert problem(await eve.ask("GET", f"/emergencies/{'0' * 32}")) == (404, "not_found")
    assert problem(await eve.ask("POST", "/requests", **BODY, emergency={"caller": "x"}))[0] in {409, 422}


async def test_R27_whose_name_is_like_the_callers_says_that_he_did_not_call(house, eve):
    async with house.database.write() as uow:
        await uow.staff.save(replace(house.eve, name="Eve Weil"))
    request = await house.asked(emergency=Call("Mme Weil, biomed"))
    path, body = f"/requests/{request.id}/approve", {"version": request.version, "minutes": 60}
    refused = await eve.ask("POST", path, **body, code=eve.code())
    assert (refused.status_code, refused.json()["field"]) == (422, "not_caller")
    done = await eve.ask("POST", path, **body, not_caller=True, code=eve.code())
    assert (done.status_code, done.json()["state"]) == (200, "approved")


async def test_R26_it_holds_every_part_of_the_work_and_every_session(house, ruth):
    carol = await colleague(house, "carol", "Carol Blanc")
    made, record = await in_three_parts(house, carol)
    first, passed, longer = (one.id for one in made)
    for shown in (
        (await ruth.ask("GET", f"/emergencies/{first}")).json(),
        (await ruth.ask("GET", "/emergencies?waiting=true")).json()[0],
    ):
        parts = shown["parts"]
        assert [one["id"] for one in parts] == [first, passed, longer]
        assert [one["takes_over_from"] for one in parts] == ["", "Alice Martin", ""]
        assert [[by["staff_name"] for by in one["approvals"]] for one in parts] == [["Eve"], ["Max"], ["Eve"]]
        (session,) = shown["sessions"]
        assert (session["id"], session["request_id"], session["technician_name"]) == (record.id, passed, "Carol Blanc")
    request = (await ruth.ask("GET", f"/requests/{longer}")).json()
    assert (request["work"], request["parts"]) == (first, [first, passed])

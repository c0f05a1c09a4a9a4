"""Requests and grants over the API: the whole way from asking to a revoked right."""

from urllib.parse import quote, urlencode

import pytest

from bastion.domain.place import Place
from bastion.services.people import TechnicianForm
from tests.services.house import OPERATOR
from tests.services.professionals import LABEL, a_professional, needing
from tests.web.api.conftest import problem
from tests.web.saying import PLAN

ASK = {
    "technician": "alice",
    "device": "ct-01",
    "kind": "telemaintenance",
    "reason": "replace the tube",
    "minutes": 60,
    "plan": PLAN,
}


async def test_a_pending_request_is_read_decided_and_becomes_a_grant(eve, house):
    asked = await house.asked()
    (shown,) = (await eve.ask("GET", "/requests?state=pending")).json()
    assert (shown["id"], shown["technician"], shown["minutes"], shown["can_decide"]) == (asked.id, "alice", 60, True)

    body = {"version": shown["version"], "minutes": 30, "note": "ok"}
    answer = await eve.ask("POST", f"/requests/{asked.id}/approve", **body, code=eve.code())
    agreed = answer.json()
    assert (answer.status_code, agreed["state"], agreed["approvals"][0]["minutes"]) == (200, "approved", 30)

    (grant,) = (await eve.ask("GET", f"/technicians/{house.alice.id}/grants")).json()
    assert (grant["id"], grant["status"], grant["device"]) == (agreed["grant_id"], "open", "ct-01")
    assert sorted(grant["channels"]) == ["exec", "forward", "sftp", "shell"]
    longer = await eve.ask("POST", f"/grants/{grant['id']}/extend", minutes=15, reason="two more screws")
    assert (longer.status_code, longer.json()["extends_grant_id"]) == (201, grant["id"])
    revoked = (await eve.ask("POST", f"/grants/{grant['id']}/revoke", reason="patient arrives")).json()
    assert (revoked["status"], revoked["revoke_reason"]) == ("revoked", "patient arrives")
    became = (await eve.ask("GET", f"/requests/{revoked['request_id']}")).json()["grant"]
    assert (became["id"], became["status"], became["revoke_reason"]) == (grant["id"], "revoked", "patient arrives")


async def test_T21_a_code_decides_once(eve, house):
    first = await house.asked()
    code = eve.code()
    deny = {"version": 1, "note": "not today", "code": code}
    assert (await eve.ask("POST", f"/requests/{first.id}/deny", **deny)).json()["state"] == "denied"
    second = await house.asked()
    answer = await eve.ask("POST", f"/requests/{second.id}/deny", **deny)
    assert problem(answer) == (401, "authentication_failed")


async def test_R23_whoever_asks_does_not_decide(eve, house):
    made = (await eve.ask("POST", "/requests", **ASK)).json()
    assert (made["state"], made["can_decide"]) == ("pending", False)
    answer = await eve.ask("POST", f"/requests/{made['id']}/approve", version=1, minutes=60, code=eve.code())
    assert problem(answer) == (403, "self_approval")
    assert (await eve.ask("POST", f"/requests/{made['id']}/withdraw")).json()["state"] == "withdrawn"


async def test_a_decision_on_an_old_version_is_refused(eve, house):
    asked = await house.asked()
    answer = await eve.ask("POST", f"/requests/{asked.id}/approve", version=7, minutes=60, code=eve.code())
    assert problem(answer) == (409, "conflict")


async def test_T33_what_one_may_not_see_is_not_there(program, people, house):
    asked = await house.asked()
    elsewhere = await program(people["approver of another hospital"]).take_token()
    for method, path in (("GET", ""), ("POST", "/withdraw")):
        assert problem(await elsewhere.ask(method, f"/requests/{asked.id}{path}")) == (404, "not_found")
    assert (await elsewhere.ask("GET", "/requests")).json() == []


async def test_R25_the_plan_of_the_work_goes_in_and_comes_out(eve, house):
    one = await a_professional(house)
    plan = {
        "keeps": "the archive", "people": ["Jeanne Roy"], "patient_data": "needed", "professional": one.id,
        "patient_why": "a real plan", "software_change": True, "backup_at": "2026-01-01T08:00:00+01:00",
        "backup_place": "NAS", "rollback": "restore the image", "procedure": "",
    }  # fmt: skip
    lacking = await eve.ask("POST", "/requests", **ASK | {"plan": plan | {"professional": ""}})
    assert problem(lacking) == (422, "invalid")
    assert lacking.json()["field"] == "professional"
    made = (await eve.ask("POST", "/requests", **ASK | {"plan": plan})).json()
    assert made["plan"] == plan | {"backup_at": "2026-01-01T07:00:00Z", "professional": LABEL}


@pytest.mark.parametrize("lack", ["keeps", "patient_data", "software_change"])
async def test_R25_nobody_asks_without_saying_what_the_work_takes_and_meets(eve, lack):
    said = {name: value for name, value in PLAN.items() if name != lack}
    for plan in (said, said | {lack: "" if lack == "keeps" else None}):
        refused = await eve.ask("POST", "/requests", **ASK | {"plan": plan})
        assert (*problem(refused), refused.json()["field"]) == (422, "invalid", lack)
    nothing = await eve.ask("POST", "/requests", **ASK | {"plan": None})
    assert (*problem(nothing), nothing.json()["field"]) == (422, "invalid", "keeps")
    assert (await eve.ask("GET", "/requests")).json() == []


async def test_an_open_right_is_handed_over_to_a_colleague(eve, house):
    form = TechnicianForm("carol", "Carol Blanc", "c@acme", "acme", "en")
    await house.services.people.save_technician(OPERATOR, form)
    opened = await house.opened()
    path = f"/grants/{opened.grant.id}/hand-over"
    made = await eve.ask("POST", path, technician="carol", reason="her shift is over")
    assert (made.status_code, made.json()["technician"]) == (201, "carol")
    assert made.json()["takes_over_grant_id"] == opened.grant.id
    assert problem(await eve.ask("POST", path, technician="bob", reason="her shift is over")) == (422, "invalid")
    assert problem(await eve.ask("POST", f"/grants/{'0' * 32}/hand-over", technician="carol", reason="why not")) == (
        404, "not_found",
    )  # fmt: skip


async def test_agreeing_on_conditions_takes_rights_out_of_the_grant(eve, house):
    asked = await house.asked()
    body = {"version": 1, "minutes": 60, "conditions": ["no_upload", "watcher"]}
    agreed = (await eve.ask("POST", f"/requests/{asked.id}/approve", **body, code=eve.code())).json()
    assert agreed["approvals"][0]["conditions"] == ["no_upload", "watcher"]
    (grant,) = (await eve.ask("GET", f"/technicians/{house.alice.id}/grants")).json()
    assert (grant["conditions"], grant["watcher"]) == (["no_upload", "watcher"], True)


async def test_who_would_have_to_agree_is_told_without_asking(eve, house, program, people):
    path = "/forecast?technician=alice&device=ct-01&kind=telemaintenance&minutes=60"
    seen = (await eve.ask("GET", path)).json()
    assert (seen["allowed"], seen["quorum"], seen["too_few"], seen["minutes"]) == (True, 1, False, 60)
    assert "Max" in seen["approvers"]
    assert "Eve" not in seen["approvers"], "she asks"
    assert seen["reasons"]
    theirs = (await eve.ask("GET", f"{path}&asks=technician")).json()
    assert {"Eve", "Max"} <= set(theirs["approvers"])
    assert theirs["turns"] == [theirs["approvers"]]
    urgent = (await eve.ask("GET", f"{path}&emergency=true")).json()
    assert urgent["policy_ids"] != seen["policy_ids"]
    late = {"start": "2001-01-01T08:00:00+01:00", "patient_data": "needed", "professional": "Dr Nemo"}
    past, nobody = (await eve.ask("GET", f"{path}&{urlencode(late)}")).json()["obstacles"]
    assert "The start lies in the past." in past
    assert "Nobody of CHU Demo is authorised to answer for patient data" in nobody
    assert (await eve.ask("GET", "/requests")).json() == []
    elsewhere = await program(people["approver of another hospital"]).take_token()
    assert problem(await elsewhere.ask("GET", path)) == (404, "not_found")
    assert (await eve.ask("GET", path.replace("60", "0"))).status_code == 422


async def test_R25_a_question_is_asked_and_answered(eve, house):
    asked = await house.asked()
    path = f"/requests/{asked.id}"
    shown = await eve.ask("POST", f"{path}/question", text="Which tube?")
    assert (shown.status_code, [one["side"] for one in shown.json()["thread"]]) == (201, ["hospital"])
    await house.services.threads.answer(house.technician(), asked.id, "the left one")
    thread = (await eve.ask("GET", path)).json()["thread"]
    assert [(one["side"], one["text"]) for one in thread] == [("hospital", "Which tube?"), ("asker", "the left one")]
    assert problem(await eve.ask("POST", f"{path}/answer", text="me")) == (404, "not_found")


async def test_what_is_named_twice_is_refused(eve, house):
    one = await house.asked()
    body = {"version": one.version, "minutes": 30, "note": "", "code": eve.code(), "conditions": ["watcher", "watcher"]}
    answer = await eve.ask("POST", f"/requests/{one.id}/approve", **body)
    assert (problem(answer), answer.json()["field"]) == ((422, "invalid"), "conditions")


async def test_a_long_list_is_read_on_from_where_a_page_ended(eve, house):
    """Not by the number of rows: those that came meanwhile would push others onto the next page."""

    async def asked_and_withdrawn() -> str:
        request = await house.asked()
        await house.services.taking_back.withdraw(house.technician(), request.id)
        return request.id

    made = [await asked_and_withdrawn() for _ in range(5)]
    read: list[str] = []
    after = ""
    for _ in range(3):
        answer = await eve.ask("GET", f"/requests?limit=2&after={quote(after)}")
        read += [one["id"] for one in answer.json()]
        after = answer.headers.get("next-after", "")
        await asked_and_withdrawn()
    assert (read, after) == (made[::-1], "")
    answer = await eve.ask("GET", "/requests?after=yesterday")
    assert problem(answer) == (422, "invalid")


async def test_sessions_are_read_on_in_the_same_way(eve, house):
    opened = (await house.opened()).record
    first = await eve.ask("GET", "/sessions?limit=1")
    after = first.headers["next-after"]
    assert ([one["id"] for one in first.json()], after) == ([opened.id], str(Place(opened.started_at, opened.id)))
    rest = await eve.ask("GET", f"/sessions?limit=1&after={quote(after)}")
    assert (rest.json(), rest.headers.get("next-after")) == ([], None)


async def test_who_does_not_answer_for_patient_data_any_more_stands_with_the_request_and_its_session(eve, house):
    one = await a_professional(house)
    live = await house.opened(plan=needing())
    paths = (f"/requests/{live.record.request_id}", f"/sessions/{live.record.id}")
    assert [(await eve.ask("GET", path)).json()["unanswered"] for path in paths] == ["", ""]
    await house.services.professionals.retire(OPERATOR, one.id)
    assert [(await eve.ask("GET", path)).json()["unanswered"] for path in paths] == [LABEL, LABEL]

"""Registers from a file over the API: the dry run, the mark it gives, and applying with a fresh code."""

import pytest

from tests.web.api.conftest import problem

DATA = "code,name,facility,suppliers\nct-01,Scanner One,chu,acme\nnew,New,chu,acme\n".encode("utf-16")


async def send(program, path, data=DATA, *, fresh=False):
    headers = {"content-type": "text/csv"} | ({"authenticator-code": program.code()} if fresh else {})
    return await program.client.post(path, content=data, headers=headers)


async def names(program) -> dict[str, str]:
    return {d["code"]: d["name"] for d in (await program.ask("GET", "/devices")).json()}


async def test_a_dry_run_then_the_same_applied(ruth):
    plan = (await send(ruth, "/imports/devices")).json()
    assert (plan["created"], plan["changed"], plan["bad"]) == (1, 1, [])
    assert plan["changes"][0] == {
        "line": 2, "key": "ct-01", "new": False,
        "fields": [{"name": "name", "old": "Scanner 1", "new": "Scanner One"}],
    }  # fmt: skip
    assert await names(ruth) == {"ct-01": "Scanner 1"}
    path = f"/imports/devices/apply?mark={plan['mark']}&name=gmao.csv"
    assert problem(await send(ruth, path)) == (403, "fresh_factor_needed")
    done = await send(ruth, path, fresh=True)
    assert done.json()["mark"] == plan["mark"]
    assert await names(ruth) == {"ct-01": "Scanner One", "new": "New"}
    assert problem(await send(ruth, path, fresh=True)) == (409, "conflict")


async def test_bad_lines_are_named_and_block(ruth):
    data = DATA.decode("utf-16") + "bad,Bad,nowhere,acme\n"
    plan = (await send(ruth, "/imports/devices", data.encode())).json()
    assert plan["bad"] == [
        {
            "line": 4,
            "column": "facility",
            "problem": "There is no facility “nowhere”. Register it first, or name one there is: ch2, chu.",
        }
    ]
    assert problem(await send(ruth, "/imports/devices/apply", data.encode(), fresh=True)) == (422, "invalid")
    assert (await names(ruth)).keys() == {"ct-01"}
    assert (await send(ruth, "/imports/devices/apply?skip_bad=true", data.encode(), fresh=True)).status_code == 200
    assert (await names(ruth)).keys() == {"ct-01", "new"}


@pytest.mark.parametrize("data", [b"", b"\x00" * 99, b"no;columns\n"])
async def test_what_is_no_table_is_a_problem_document(ruth, data):
    assert problem(await send(ruth, "/imports/suppliers", data)) == (422, "invalid")
    assert problem(await send(ruth, "/imports/facilities", DATA)) == (422, "invalid")


async def test_only_an_administrator(eve):
    assert problem(await send(eve, "/imports/devices")) == (403, "forbidden")


async def test_R23_people_of_the_hospital_with_what_is_wrong_of_each(house, ruth):
    data = b"login,name,roles,facilities\nzoe,Zoe,approver,chu\nruth,,approver,chu\nyan,Yan,boss,chu\n"
    plan = (await send(ruth, "/imports/staff", data)).json()
    assert [(one["line"], one["column"]) for one in plan["bad"]] == [(3, "login"), (4, "roles")]
    assert {"name": "roles", "old": "", "new": "approver@chu"} in plan["changes"][0]["fields"]
    path = f"/imports/staff/apply?mark={plan['mark']}&skip_bad=true"
    assert problem(await send(ruth, path, data)) == (403, "fresh_factor_needed")
    assert (await send(ruth, path, data, fresh=True)).status_code == 200
    found = {one["login"]: one for one in (await ruth.ask("GET", "/staff")).json()}
    assert found["zoe"]["assignments"][0]["role"] == "approver"
    assert "yan" not in found


async def test_who_answers_for_patient_data_comes_from_a_file(ruth):
    data = "name,title,facility,until\nDr Roux,radiologist,chu,2090-12-31\nDr Roux,radiologist,chu,\n"
    plan = (await send(ruth, "/imports/professionals", data)).json()
    assert [(one["line"], one["column"]) for one in plan["bad"]] == [(3, "name")]
    assert (plan["created"], plan["changes"][0]["key"]) == (1, "Dr Roux, radiologist")
    await send(ruth, f"/imports/professionals/apply?mark={plan['mark']}&skip_bad=true", data, fresh=True)
    (one,) = (await ruth.ask("GET", "/professionals")).json()
    assert (one["name"], one["ends"][:10]) == ("Dr Roux", "2090-12-31")

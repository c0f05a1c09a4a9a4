"""The release desk over the API."""

import pytest

from bastion.services.files import Files
from policies.model import Sas
from tests.services.test_files import Verdicts, brought
from tests.web.api.conftest import problem
from tests.web.api.test_requests import ASK


@pytest.fixture
async def held(house):
    files: Files = house.services.files
    files._antivirus = Verdicts()
    return await brought(house, await house.opened(), uploads=Sas.PERSON)


async def test_a_held_file_is_read_and_released(eve, held):
    (shown,) = (await eve.ask("GET", "/files?state=held")).json()
    assert (shown["id"], shown["path"], shown["sha256"], shown["can_decide"]) == (held.id, held.path, held.sha256, True)
    body = {"version": shown["version"], "note": "compared with the supplier"}
    assert problem(await eve.ask("POST", f"/files/{held.id}/release", **body)) == (403, "fresh_factor_needed")
    answer = await eve.ask("POST", f"/files/{held.id}/release", **body, code=eve.code())
    assert (answer.status_code, answer.json()["state"], answer.json()["note"]) == (200, "released", body["note"])
    assert (await eve.ask("GET", "/files?state=held")).json() == []
    again = await eve.ask("POST", f"/files/{held.id}/refuse", version=3, note="after all", code=eve.code())
    assert problem(again) == (409, "illegal_transition")


async def test_a_held_file_is_refused(eve, held):
    answer = await eve.ask("POST", f"/files/{held.id}/refuse", version=2, note="not agreed", code=eve.code())
    assert (answer.json()["state"], answer.json()["decided_by"]) == ("refused", "Eve")


async def test_T33_files_of_another_hospital_are_not_there(program, people, held):
    elsewhere = await program(people["approver of another hospital"]).take_token()
    assert problem(await elsewhere.ask("GET", f"/files/{held.id}")) == (404, "not_found")
    assert (await elsewhere.ask("GET", "/files")).json() == []


async def test_R42_a_program_announces_what_the_supplier_will_bring(eve):
    file = {"name": "firmware.bin", "size": 7, "sha256": "AB" * 32}
    made = (await eve.ask("POST", "/requests", **ASK, announced=[file])).json()
    assert made["announced"] == [file | {"sha256": "ab" * 32}]
    wrong = await eve.ask("POST", "/requests", **ASK, announced=[file | {"sha256": "ab"}])
    assert problem(wrong) == (422, "invalid")

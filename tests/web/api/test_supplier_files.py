"""The file of a supplier over the API (R-18, R-45, R-46)."""

from tests.web.api.conftest import problem


async def test_a_subcontractor_is_declared_and_objected_to(ruth, house):
    path = f"/suppliers/{house.alice.supplier_id}"
    body = {"name": "Sub", "country": "DE"}
    assert problem(await ruth.ask("POST", f"{path}/subcontractors", **body)) == (403, "fresh_factor_needed")
    made = (await ruth.sure("POST", f"{path}/subcontractors", **body)).json()
    assert (made["state"], made["country"]) == ("waiting", "DE")
    file = (await ruth.ask("GET", f"{path}/file")).json()
    assert file["subcontractors"] == [made]
    assert file["soon"][0]["text"].startswith("The hospital may object")
    assert (file["blocks"], file["supplier"]["countries"]) == ([], ["FR"])
    said = {"reason": "no papers"}
    where = f"/subcontractors/{made['id']}/object"
    assert problem(await ruth.ask("POST", where, **said)) == (403, "fresh_factor_needed")
    gone = (await ruth.sure("POST", where, **said)).json()
    assert (gone["state"], gone["objection"], gone["objected_by"]) == ("objected", "no papers", "Ruth")


async def test_the_list_of_people_and_the_report(ruth, eve, house):
    path = f"/suppliers/{house.alice.supplier_id}"
    made = (await ruth.sure("POST", f"{path}/roster", people=[house.alice.id], reference="L-7")).json()
    assert (made["people"], made["left_out"]) == ([house.alice.id], 0)
    (alice,) = (await eve.ask("GET", f"{path}/file")).json()["people"]
    assert (alice["login"], alice["state"], alice["country"]) == ("alice", "confirmed", "FR")
    assert (await eve.ask("GET", "/abroad")).json() == {"people": [], "sessions": []}
    assert problem(await eve.ask("POST", f"{path}/roster", people=[], reference="L")) == (403, "forbidden")


async def test_somebody_is_off_boarded(ruth, house):
    gone = (await ruth.sure("POST", f"/technicians/{house.alice.id}/leave", why="resigned")).json()
    assert (gone["active"], gone["keys"], gone["totp_enrolled"]) == (False, [], False)


async def test_what_stands_in_a_person_s_way(ruth, eve, house):
    path = f"/technicians/{house.alice.id}/standing"
    seen = (await eve.ask("GET", path)).json()
    assert (seen["employer"], seen["why"]) == ("", "")
    made = (await ruth.sure("POST", f"/suppliers/{house.alice.supplier_id}/subcontractors", name="Sub")).json()
    body = {
        "login": "alice", "name": "Alice", "email": "", "supplier": "acme", "employer_id": made["id"], "country": "FR",
    }  # fmt: skip
    assert (await ruth.ask("PUT", f"/technicians/{house.alice.id}", **body)).status_code == 200
    seen = (await eve.ask("GET", path)).json()
    assert seen["employer"] == "Sub"
    assert "the hospital may object to" in seen["why"]
    assert problem(await eve.ask("GET", f"/technicians/{'0' * 32}/standing")) == (404, "not_found")

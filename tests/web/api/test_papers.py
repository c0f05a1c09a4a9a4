"""Papers of suppliers over the API (R-67)."""

from tests.web.api.conftest import problem


async def test_a_paper_is_required_registered_and_withdrawn(ruth, house):
    path = f"/suppliers/{house.alice.supplier_id}/papers"
    body = {"kind": "charter", "reference": "CH-7", "valid_to": "2040-01-01T00:00:00Z"}
    assert problem(await ruth.ask("POST", path, **body)) == (403, "fresh_factor_needed")
    rule = (await ruth.sure("PUT", "/paper-rules/charter", required_from="2026-01-01T00:00:00+01:00")).json()
    assert (rule["kind"], rule["set_by"]) == ("charter", "Ruth")
    assert (await ruth.ask("GET", path)).json()["missing"] == ["charter"]
    made = (await ruth.sure("POST", path, **body)).json()
    shown = (await ruth.ask("GET", path)).json()
    assert (shown["papers"], shown["missing"]) == ([made], [])
    assert [r["kind"] for r in (await ruth.ask("GET", "/paper-rules")).json()] == ["charter"]
    assert problem(await ruth.ask("POST", f"/papers/{made['id']}/withdraw")) == (403, "fresh_factor_needed")


async def test_readers_read_and_do_not_write(eve, house):
    path = f"/suppliers/{house.alice.supplier_id}/papers"
    assert (await eve.ask("GET", path)).json() == {"papers": [], "missing": [], "coming": []}
    assert problem(await eve.ask("POST", path, kind="charter", reference="x")) == (403, "forbidden")
    assert problem(await eve.ask("GET", f"/suppliers/{'0' * 32}/papers")) == (404, "not_found")


async def test_R6_a_yearly_paper_is_not_registered_without_its_last_day(ruth, house):
    path = f"/suppliers/{house.alice.supplier_id}/papers"
    answer = await ruth.sure("POST", path, kind="attestation", reference="ATT-1")
    assert (problem(answer), answer.json()["field"]) == ((422, "invalid"), "valid_to")

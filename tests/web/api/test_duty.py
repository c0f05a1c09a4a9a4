"""On call, stand-ins and absences over the API."""

from tests.services.test_rota import wall
from tests.web.api.conftest import problem


async def test_the_rota_over_the_api(eve, ruth):
    body = {"login": "eve", "facility": "chu", "starts": wall(hours=-1), "ends": wall(hours=8)}
    made = (await eve.sure("POST", "/rota", **body)).json()
    (row,) = (await ruth.ask("GET", "/rota")).json()
    assert (row["id"], row["login"], row["facility"], row["line"]) == (made["id"], "eve", "chu", 1)
    assert problem(await eve.ask("POST", "/rota", **body)) == (409, "conflict")
    assert problem(await eve.ask("POST", "/rota", **body | {"starts": "x"})) == (422, "invalid")
    assert (await eve.ask("POST", f"/rota/{made['id']}/withdraw")).json() == made
    assert (await eve.ask("GET", "/rota")).json() == []
    assert problem(await eve.ask("POST", f"/rota/{'0' * 32}/withdraw")) == (404, "not_found")


async def test_the_rota_as_a_file_first_as_a_dry_run(eve):
    data = f"login,from,to,facility\neve,{wall(hours=-1)},{wall(hours=8)},chu\n".encode()
    looked = (await eve.client.post("/rota/import?dry_run=true", content=data)).json()
    assert looked == {"count": 1, "made": [], "bad": []}
    assert (await eve.ask("GET", "/rota")).json() == []
    assert (await eve.client.post("/rota/import", content=data)).json()["count"] == 1
    sheet = await eve.ask("GET", "/rota/export")
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert [line.split(",")[0] for line in sheet.content.decode("utf-8-sig").splitlines()] == ["login", "eve"]


async def test_delegations_and_absences_over_the_api(eve, ruth, house):
    body = {"to": "max", "starts": wall(hours=-1), "ends": wall(hours=8), "reason": "leave", "facility": "chu"}
    assert problem(await eve.ask("POST", "/delegations", **body)) == (403, "fresh_factor_needed")
    assert problem(await ruth.sure("POST", "/delegations", **body)) == (403, "forbidden")
    made = (await eve.sure("POST", "/delegations", **body)).json()
    (row,) = (await ruth.ask("GET", "/delegations")).json()
    assert (row["lender"], row["to"], row["facility"], row["in_force"]) == ("eve", "max", "chu", True)
    assert (await ruth.ask("POST", f"/delegations/{made['id']}/revoke")).json() == made
    assert (await eve.ask("GET", "/delegations")).json() == []
    away = (await eve.ask("POST", "/absences", starts=wall(hours=-1), ends=wall(days=1))).json()
    (row,) = (await ruth.ask("GET", "/absences")).json()
    assert (row["login"], row["away_now"]) == ("eve", True)
    assert (await eve.ask("POST", f"/absences/{away['id']}/withdraw")).json() == away

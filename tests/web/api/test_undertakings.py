"""R-47 over the API."""

from tests.web.api.conftest import problem


async def test_versions_are_published_and_acceptances_read(ruth, house):
    assert problem(await ruth.ask("POST", "/undertakings", text_fr="a", text_en="b")) == (403, "fresh_factor_needed")
    made = (await ruth.sure("POST", "/undertakings", text_fr="a", text_en="b")).json()
    assert (made["version"], made["published_by"]) == (2, "Ruth")
    assert [one["version"] for one in (await ruth.ask("GET", "/undertakings")).json()] == [2, 1]
    owing = (await ruth.ask("GET", "/undertakings/owing")).json()
    assert {person["login"] for person in owing} == {"alice", "bob"}
    pages = [(await ruth.ask("GET", f"/undertakings/owing?limit=1&offset={at}")).json() for at in range(3)]
    assert [*pages[0], *pages[1]] == owing
    assert pages[2] == []
    seen = (await ruth.ask("GET", f"/technicians/{house.alice.id}/undertakings")).json()
    assert (seen["current"], seen["owed"]) == (2, True)
    assert [(one["version"], one["way"]) for one in seen["acceptances"]] == [(1, "enrolment")]


async def test_others_read_only(eve, house):
    assert (await eve.ask("GET", f"/technicians/{house.alice.id}/undertakings")).json()["owed"] is False
    assert problem(await eve.ask("POST", "/undertakings", text_fr="a", text_en="b")) == (403, "forbidden")
    assert problem(await eve.ask("GET", f"/technicians/{'0' * 32}/undertakings")) == (404, "not_found")

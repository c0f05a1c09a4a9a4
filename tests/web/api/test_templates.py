"""Usual requests over the API."""

from tests.services.templates import a_model
from tests.web.api.conftest import problem
from tests.web.saying import PLAN


def body(**changes: object) -> dict[str, object]:
    return {
        "maker": "maker", "model": "CT 9000", "name": "Yearly update", "facility": "chu", "kind": "telemaintenance",
        "reason": "update it", "minutes": 90, "plan": {"procedure": "1. save", "keeps": "viewing"},
        "conditions": ["watcher"],
    } | changes  # fmt: skip


async def test_one_is_written_offered_named_by_a_request_corrected_and_retired(eve, ruth, house):
    await a_model(house)
    assert problem(await eve.ask("POST", "/templates", **body())) == (403, "fresh_factor_needed")
    made = (await eve.sure("POST", "/templates", **body())).json()
    assert (made["maker"], made["minutes"], made["facility"], made["edition"]) == ("MAKER", 90, "chu", 1)
    (offer,) = (await eve.ask("GET", "/device-templates/ct-01")).json()
    assert (offer["id"], offer["plan"]["procedure"], "created_by" in offer) == (made["id"], "1. save", False)
    asked = await eve.ask(
        "POST", "/requests", technician="alice", device="ct-01", kind="telemaintenance", reason="update it", minutes=90,
        template=made["id"], plan=PLAN | {"procedure": "something else", "keeps": "viewing"},
    )  # fmt: skip
    shown = (await eve.ask("GET", f"/requests/{asked.json()['id']}")).json()
    assert (shown["template"], shown["differs"], shown["proposed"]) == (made["id"], ["procedure"], ["watcher"])
    second = (await eve.sure("PUT", f"/templates/{made['id']}", **body(reason="update and check"))).json()
    assert (second["edition"], second["replaces"], second["reason"]) == (2, made["id"], "update and check")
    assert [one["id"] for one in (await ruth.ask("GET", "/templates")).json()] == [second["id"]]
    assert len((await ruth.ask("GET", "/templates?retired=true")).json()) == 2
    assert problem(await ruth.ask("POST", f"/templates/{second['id']}/retire")) == (403, "fresh_factor_needed")
    gone = (await ruth.sure("POST", f"/templates/{second['id']}/retire")).json()
    assert gone["retired_by"] == "Ruth"
    assert (await eve.ask("GET", "/device-templates/ct-01")).json() == []


async def test_nonsense_is_refused(eve, house):
    await a_model(house)
    for wrong in ({"kind": "telepathy"}, {"minutes": 0}, {"conditions": ["none"]}, {"plan": {"rollback": 7}}):
        assert (await eve.ask("POST", "/templates", **body(**wrong))).status_code == 422, wrong
    for wrong in ({"model": "CT 1"}, {"plan": {"software_change": True}}):
        assert problem(await eve.sure("POST", "/templates", **body(**wrong)))[0] == 422, wrong
    for path in (f"/templates/{'0' * 32}", "/device-templates/nope"):
        assert problem(await eve.ask("GET", path)) == (404, "not_found")

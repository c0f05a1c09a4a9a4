"""Several devices at once over the API."""

from tests.services.batches import a_batch, more_devices
from tests.web.api.conftest import problem
from tests.web.saying import PLAN


def body(**changes: object) -> dict[str, object]:
    return {
        "technician": "alice", "device": "ct-01", "others": ["ct-02"], "kind": "telemaintenance",
        "reason": "yearly check", "minutes": 60, "plan": PLAN,
    } | changes  # fmt: skip


async def test_they_are_made_at_once_read_and_taken_back(eve, house):
    await more_devices(house)
    made = (await eve.ask("POST", "/batches", **body())).json()
    assert ([one["device"] for one in made], len({one["batch"] for one in made})) == (["ct-01", "ct-02"], 1)
    batch = made[0]["batch"]
    assert len((await eve.ask("GET", f"/batches/{batch}")).json()) == 2
    assert problem(await eve.ask("POST", "/batches", **body()))[0] == 409
    gone = (await eve.ask("POST", f"/batches/{batch}/withdraw", note="later")).json()
    assert {one["state"] for one in gone} == {"withdrawn"}


async def test_each_is_decided_on_and_the_answer_says_how(eve, house):
    await more_devices(house)
    made = await a_batch(house, "ct-01", "ct-02")
    path, versions = f"/batches/{made[0].batch_id}", {made[0].id: 1, made[1].id: 9}
    said = {"versions": versions, "minutes": 30}
    assert problem(await eve.ask("POST", f"{path}/approve", **said)) == (403, "fresh_factor_needed")
    done = (await eve.sure("POST", f"{path}/approve", **said)).json()
    assert [(one["device"], bool(one["why_not"])) for one in done] == [("ct-01", False), ("ct-02", True)]
    assert not any(one["followed"] for one in done)
    refused = await eve.sure("POST", f"{path}/deny", versions={made[1].id: 1}, note="a patient is there")
    assert refused.json()[0]["why_not"] == ""


async def test_nonsense_is_refused(eve, house):
    await more_devices(house)
    for wrong in ({"others": ["x"] * 11}, {"others": "ct-02"}, {"others": None}):
        assert (await eve.ask("POST", "/batches", **body(**wrong))).status_code == 422, wrong
    assert problem(await eve.ask("POST", "/batches", **body(others=["nothing"]))) == (404, "not_found")
    for ident in ("0" * 32, "%20"):
        assert problem(await eve.ask("GET", f"/batches/{ident}")) == (404, "not_found")
        assert problem(await eve.ask("POST", f"/batches/{ident}/withdraw")) == (404, "not_found")

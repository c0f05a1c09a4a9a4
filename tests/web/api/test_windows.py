"""Maintenance windows over the API."""

from datetime import timedelta

from bastion import clock
from tests.web.api.conftest import problem


def body(**changes: object) -> dict[str, object]:
    rhythm = {"week": 0, "weekday": 1, "begins": 1350, "minutes": 120}
    ends = (clock.now() + timedelta(days=100)).isoformat()
    return {
        "device": "ct-01", "supplier": "acme", "kind": "telediagnostic", "rhythm": rhythm, "ends": ends,
        "reason": "weekly look",
    } | changes  # fmt: skip


async def test_one_is_proposed_agreed_to_and_ended(eve, ruth, house):
    assert problem(await eve.ask("POST", "/windows", **body())) == (403, "fresh_factor_needed")
    made = (await eve.sure("POST", "/windows", **body())).json()
    assert (made["status"], made["quorum"], made["standing"], made["device"]) == ("proposed", 1, True, "ct-01")
    assert (len(made["next"]), made["promised_until"]) == (5, made["ends"])
    assert problem(await eve.sure("POST", f"/windows/{made['id']}/agree", version=1)) == (403, "self_approval")
    await house.services.maintenance.agree(house.staff(house.max), made["id"], 1)
    shown = (await ruth.ask("GET", f"/windows/{made['id']}")).json()
    assert (shown["status"], shown["agreed_names"]) == ("agreed", ["Max"])
    assert [one["id"] for one in (await ruth.ask("GET", "/windows")).json()] == [made["id"]]
    done = (await ruth.ask("POST", f"/windows/{made['id']}/end", reason="the device is replaced")).json()
    assert (done["status"], done["end_reason"]) == ("ended", "the device is replaced")
    again = await ruth.ask("POST", f"/windows/{made['id']}/end", reason="the device is replaced")
    assert problem(again) == (409, "illegal_transition")


async def test_nonsense_is_refused(eve, house):
    for wrong in (
        {"rhythm": {"week": 9, "weekday": 1, "begins": 1, "minutes": 60}},
        {"rhythm": {"week": 0, "weekday": 1, "begins": 1, "minutes": 6000}},
        {"ends": "tomorrow"}, {"kind": "telepathy"},
    ):  # fmt: skip
        answer = await eve.ask("POST", "/windows", **body(**wrong))
        assert answer.status_code == 422, (wrong, answer.text)
    for wrong in ({"device": "nope"}, {"ends": "9999-01-01T00:00:00Z"}):
        assert problem(await eve.sure("POST", "/windows", **body(**wrong)))[0] == 422, wrong
    assert problem(await eve.ask("GET", f"/windows/{'0' * 32}")) == (404, "not_found")

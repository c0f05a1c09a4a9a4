"""What is coming, over the API."""

from urllib.parse import quote

import pytest

from tests.web.api.conftest import problem
from tests.web.saying import PLAN


async def test_the_list_and_the_file(eve, house):
    request = await house.approved()
    (one,) = (await eve.ask("GET", "/calendar")).json()
    assert (one["kind"], one["id"], one["device"], one["supplier"]) == ("grant", request.id, "ct-01", "acme")
    assert (await eve.ask("GET", "/calendar?facility=ch2")).json() == []
    file = await eve.ask("GET", "/calendar.ics")
    assert (file.headers["content-type"], "BEGIN:VEVENT" in file.text) == ("text/calendar; charset=utf-8", True)
    assert "Alice" not in file.text


async def test_nonsense_is_refused(eve):
    long = "since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z"
    assert problem(await eve.ask("GET", f"/calendar?{long}"))[0] == 422
    assert problem(await eve.ask("GET", "/calendar?since=9999-12-31T23:00:00Z"))[0] == 422
    for far in ("0001-01-01T00:00:00%2B14:00", "9999-12-01T00:00:00-12:00", "9999-12-31T23:59:59-12:00"):
        assert problem(await eve.ask("GET", f"/calendar?since={far}"))[0] == 422, far
    assert (await eve.ask("GET", "/calendar?since=yesterday")).status_code == 422


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
async def test_an_instant_from_which_nothing_can_be_reckoned_is_refused(eve, house, at):
    asked = {
        "technician": "alice",
        "device": "ct-01",
        "kind": "telemaintenance",
        "reason": "a tube",
        "minutes": 60,
        "plan": PLAN,
    }
    answers = [
        await eve.ask("GET", f"/calendar?since={quote(at)}"), await eve.ask("GET", f"/requests?before={quote(at)}"),
        await eve.ask("GET", f"/requests?after={quote(at)}~1"), await eve.ask("POST", "/requests", **asked, start=at),
    ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [422] * 4

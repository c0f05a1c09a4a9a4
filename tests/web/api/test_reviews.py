"""R-19 over the API."""

from datetime import timedelta

from bastion import clock
from tests.web.api.conftest import problem


async def test_a_review_is_begun_decided_and_read(ruth, eve, house):
    body = {"name": "H2", "due_at": (clock.now() + timedelta(days=9)).isoformat(), "facilities": ["chu"]}
    assert problem(await ruth.ask("POST", "/reviews", **body)) == (403, "fresh_factor_needed")
    made = (await ruth.sure("POST", "/reviews", **body)).json()
    assert made["campaign"]["counts"] == {"open": 2, "confirmed": 0, "withdrawn": 0, "suspended": 0}
    (line,) = [one for one in made["lines"] if one["kind"] == "technician"]
    assert (line["name"], line["company"], line["state"], line["mine"]) == (
        "Alice Martin",
        "Acme Imaging",
        "open",
        True,
    )
    where = f"/reviews/{made['campaign']['id']}"
    done = (await ruth.sure("POST", f"{where}/decide", lines=[line["id"]], verdict="confirmed")).json()
    assert done["campaign"]["counts"]["confirmed"] == 1
    seen = (await eve.ask("GET", where)).json()
    assert [one["decided_by"] for one in seen["lines"] if one["decided_by"]] == ["Ruth"]
    assert [one["id"] for one in (await eve.ask("GET", "/reviews")).json()] == [made["campaign"]["id"]]
    assert problem(await eve.ask("POST", "/reviews", **body)) == (403, "forbidden")
    assert problem(await eve.ask("GET", f"/reviews/{'0' * 32}")) == (404, "not_found")

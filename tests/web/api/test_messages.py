"""What people and programs were told, who listens, and what is taken away: over the API."""

import csv
import io
import json

import pytest

from bastion.domain.parties import Role
from bastion.networks import Networks
from bastion.services.reviews import CampaignForm
from tests.services.house import OPERATOR
from tests.web.api import ways
from tests.web.api.conftest import problem
from tests.web.api.yard import Yard
from tests.web.scenery import told

HOOK = {"name": "GMAO", "url": "https://gmao.chu.example/in", "topics": ["request_waiting", "access_cut"]}


@pytest.fixture(autouse=True)
def dialled(house):
    """Any address may be told of; nothing is sent."""
    house.services.webhooks._networks = Networks()


async def test_what_failed_is_listed_and_tried_again(ruth, eve, house):
    await house.asked()
    await told(house)
    (failed,) = (await ruth.ask("GET", "/messages?state=failed")).json()
    assert (failed["state"], failed["attempts"], bool(failed["trouble"]), bool(failed["name"])) == (
        "failed", 12, True, True,
    )  # fmt: skip
    again = (await ruth.ask("POST", f"/messages/{failed['id']}/retry")).json()
    assert (again["id"], again["state"], again["attempts"]) == (failed["id"], "waiting", 0)
    assert problem(await ruth.ask("POST", f"/messages/{failed['id']}/retry")) == (409, "conflict")
    assert problem(await eve.ask("GET", "/messages")) == (403, "forbidden")


async def test_a_program_is_registered_with_a_code_its_secret_answered_once_and_removed(ruth, eve):
    assert problem(await ruth.ask("POST", "/webhooks", **HOOK)) == (403, "fresh_factor_needed")
    made = (await ruth.sure("POST", "/webhooks", **HOOK)).json()
    assert (made["topics"], made["facility_id"], len(made["secret"]) > 30) == (
        ["access_cut", "request_waiting"],
        "",
        True,
    )
    (listed,) = (await ruth.ask("GET", "/webhooks")).json()
    assert listed == made | {"secret": ""}
    assert problem(await ruth.ask("DELETE", f"/webhooks/{made['id']}")) == (403, "fresh_factor_needed")
    assert (await ruth.sure("DELETE", f"/webhooks/{made['id']}")).status_code == 204
    assert (await ruth.ask("GET", "/webhooks")).json() == []
    assert problem(await eve.ask("GET", "/webhooks")) == (403, "forbidden")


async def test_everybody_says_what_comes_by_mail_and_in_which_language(eve, house):
    offered = (await eve.ask("GET", "/me/mails")).json()
    assert offered["wanted"] == offered["offered"]
    chosen = (await eve.ask("PUT", "/me/mails", wanted=["file_held"])).json()
    assert chosen == offered | {"wanted": ["file_held"]}
    assert (await eve.ask("GET", "/me/mails")).json() == chosen
    assert problem(await eve.ask("PUT", "/me/mails", wanted=["access_cut"])) == (422, "invalid"), "an alarm"
    assert (await eve.ask("PUT", "/me/language", language="fr")).status_code == 204
    assert (await eve.ask("GET", "/me")).json()["language"] == "fr"
    assert problem(await eve.ask("PUT", "/me/language", language="de")) == (422, "invalid")


async def test_the_trail_is_taken_away_with_a_code_and_that_stands_in_it(ruth, eve, house):
    assert problem(await ruth.ask("POST", "/audit/export", since=None)) == (403, "fresh_factor_needed")
    assert "audit:exported" not in await house.tags()
    answer = await ruth.sure("POST", "/audit/export", since=None)
    lines = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"] == "application/jsonl"
    assert [one["seq"] for one in lines] == list(range(len(lines), 0, -1))
    assert lines[0]["tag"] == "audit:exported"
    later = await ruth.sure("POST", "/audit/export", since=ways.written(ways.soon()))
    assert later.text == ""
    assert problem(await eve.ask("POST", "/audit/export", since=None)) == (403, "forbidden")


async def test_a_review_is_taken_away_as_a_table(ruth, house):
    made = await house.services.reviews.start(OPERATOR, CampaignForm("H2", ways.soon(), ("chu",)))
    assert problem(await ruth.ask("POST", f"/reviews/{made.id}/export")) == (403, "fresh_factor_needed")
    answer = await ruth.sure("POST", f"/reviews/{made.id}/export")
    review = (await ruth.ask("GET", f"/reviews/{made.id}")).json()
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=";"))
    assert len(rows) == 1 + len(review["lines"])
    assert "review:exported" in await house.tags()


async def test_the_rota_comes_from_a_file_whole_or_not_at_all(ruth, house, tmp_path):
    yard = Yard(house, tmp_path, house.ruth)
    person, facility = await yard.staff(Role.APPROVER), await yard.facility()
    head, good = "login,facility,starts,ends\n", f"{person.login},{facility.code},2091-01-01T18:00,2091-01-02T08:00\n"
    headers = {"content-type": "text/csv"}
    answer = await ruth.client.post(
        "/rota/import", content=head + good + good.replace(person.login, "no"), headers=headers
    )
    assert ([one["line"] for one in answer.json()["bad"]], answer.json()["made"]) == ([3], [])
    assert (await ruth.ask("GET", "/rota?days=366")).json() == []
    answer = await ruth.client.post("/rota/import", content=head + good, headers=headers)
    (made,), bad = answer.json()["made"], answer.json()["bad"]
    assert bad == []
    assert (await ruth.ask("POST", f"/rota/{made['id']}/withdraw")).json() == made

"""A correspondent keeps his company's people by program: with a token for that, and a fresh code for each change."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pyotp
import pytest

from bastion import clock
from bastion.domain.supplier_token import SupplierToken
from bastion.errors import Forbidden
from tests.services.house import OPERATOR, set_up
from tests.web.api.conftest import problem
from tests.web.portal.test_api import UNKNOWN, program
from web.api.guards import SUPPLIER_API_GUARDS
from web.api.supplier.bearer import PEOPLE

__all__ = ["program"]
ANNA = {"login": "anna", "name": "Anna Roy", "email": "anna@acme.example", "language": "fr", "country": "FR"}
CARL = {"name": "Carl Roy", "email": "roy@acme.example", "language": "fr", "country": "FR", "valid_until": None}


@pytest.fixture
async def codes(house, carl, monkeypatch) -> Callable[[], str]:
    """Alice's authenticator: each code is a new one, half a minute after the last."""
    secret, start, told = await set_up(house, house.alice), clock.now(), [0]

    def code() -> str:
        told[0] += 1
        at = start + timedelta(seconds=30 * told[0])
        monkeypatch.setattr(clock, "now", lambda: at)
        return pyotp.TOTP(secret).at(at)

    return code


async def test_R18_people_are_added_corrected_invited_confirmed_and_off_boarded(program, codes, house, carl):
    alice = await program(house.alice, writes=False, people=True)
    made = await alice.prove("POST", "/company/people", codes(), ANNA)
    anna, path = made.json(), f"/company/people/{made.json()['id']}"
    assert (made.status_code, anna["login"], anna["keys"], anna["totp_enrolled"]) == (201, "acme.anna", 0, False)
    link = (await alice.prove("POST", f"{path}/invite", codes(), None)).json()["secret"]
    assert link.startswith("https://bastion.test/supplier/welcome#")
    assert (await alice.get(path)).json()["invited_until"] is not None

    changed = (await alice.prove("PUT", f"/company/people/{carl.id}", codes(), CARL)).json()
    assert (changed["name"], changed["email"], changed["login"]) == ("Carl Roy", "roy@acme.example", "carl")
    end = (clock.now() + timedelta(days=30)).isoformat()
    sooner = await alice.prove("PUT", f"/company/people/{carl.id}", codes(), CARL | {"valid_until": end})
    assert sooner.status_code == 200
    later = await alice.prove("PUT", f"/company/people/{carl.id}", codes(), CARL)
    assert (problem(later), later.json()["field"]) == ((422, "invalid"), "valid_until")

    confirmed = await alice.prove("POST", "/company/roster", codes(), {"people": [carl.id]})
    assert [one["id"] for one in confirmed.json() if one["confirmed_by"] == "Alice Martin"] == [carl.id]
    assert (await alice.get("/company/roster")).json() == confirmed.json()

    gone = await alice.prove("POST", f"{path}/part", codes(), {"why": "has left us"})
    assert (gone.status_code, gone.json()["usable"]) == (200, False)
    by_name = {one["name"]: one["usable"] for one in (await alice.get("/company/people")).json()}
    assert by_name == {"Alice Martin": True, "Carl Roy": True, "Anna Roy": False}


async def test_T24_a_stolen_token_alone_changes_nobody_and_makes_no_link(program, codes, house, carl):
    alice = await program(house.alice, people=True)
    before = (await alice.get("/company/people")).json()
    calls = (
        ("POST", "/company/people", ANNA), ("PUT", f"/company/people/{carl.id}", CARL),
        ("POST", f"/company/people/{carl.id}/invite", None),
        ("POST", f"/company/people/{carl.id}/part", {"why": "has left us"}),
        ("POST", "/company/roster", {"people": [carl.id]}),
    )  # fmt: skip
    for call in calls:
        assert problem(await alice.client.request(call[0], call[1], json=call[2])) == (403, "fresh_factor_needed")
    assert problem(await alice.prove(*calls[0][:2], "000000", ANNA)) == (401, "authentication_failed")
    code = codes()
    assert (await alice.prove("PUT", f"/company/people/{carl.id}", code, CARL)).status_code == 200
    for body in (CARL | {"name": "Carl Once More"}, ANNA):
        method, path = ("POST", "/company/people") if "login" in body else ("PUT", f"/company/people/{carl.id}")
        assert problem(await alice.prove(method, path, code, body)) == (401, "authentication_failed"), "it counts once"
        assert problem(await alice.client.request(method, path, json=body)) == (403, "fresh_factor_needed")
    after = (await alice.get("/company/people")).json()
    assert [one for one in after if one["id"] != carl.id] == [one for one in before if one["id"] != carl.id]
    assert [one["invited_until"] for one in after] == [None] * len(after)


async def test_T21_of_two_changes_with_one_code_at_once_one_is_made(program, codes, house, carl):
    alice, code = await program(house.alice, people=True), codes()
    wishes = [ANNA, ANNA | {"login": "berta", "name": "Berta Roy"}]
    answers = await asyncio.gather(*(alice.prove("POST", "/company/people", code, one) for one in wishes))
    assert sorted(one.status_code for one in answers) == [201, 401]


async def test_T28_codes_cannot_be_tried_one_after_the_other(program, codes, house, carl):
    alice = await program(house.alice, people=True)
    tries = [await alice.prove("POST", "/company/people", f"00000{n}", ANNA) for n in range(6)]
    assert [one.status_code for one in tries][-1] == 429
    assert problem(await alice.prove("POST", "/company/people", codes(), ANNA))[0] == 429


async def test_T24_only_a_token_made_for_people_reaches_them(program, codes, house, carl):
    alice = await program(house.alice, writes=True)
    calls = [(method, path) for method, path in SUPPLIER_API_GUARDS if path.startswith(PEOPLE)]
    assert len(calls) == 8
    for method, path in calls:
        sent = await alice.prove(method, path.replace("{ident}", carl.id), codes(), CARL if method != "GET" else None)
        assert problem(sent) == (403, "forbidden"), (method, path)
    assert (await house.services.people.technician(OPERATOR, carl.id)).technician.name == "Carl Weber"
    narrow = await program(house.alice, writes=False, people=True)
    assert problem(await narrow.post(f"/requests/{UNKNOWN}/withdraw")) == (403, "forbidden")


async def test_T24_who_speaks_for_nobody_makes_no_such_token_and_who_is_dismissed_has_none(program, codes, house, carl):
    with pytest.raises(Forbidden):
        await house.services.supplier_tokens.create(house.technician(carl), "x", 1, writes=True, people=True)
    assert await house.services.supplier_tokens.mine(house.technician(carl)) == []
    alice = await program(house.alice, people=True)
    (kept,) = await house.services.supplier_tokens.mine(house.technician())
    assert isinstance(kept, SupplierToken)
    assert (await house.event("token:created")).fields["manages"] == "yes"
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=False)
    assert problem(await alice.get("/company/people")) == (404, "not_found")
    assert problem(await alice.prove("POST", "/company/people", codes(), ANNA)) == (404, "not_found")


async def test_T33_somebody_of_another_company_is_not_there(program, codes, house, carl):
    alice = await program(house.alice, people=True)
    for ident in (house.bob.id, UNKNOWN):
        for method, path, body in (
            ("GET", "", None), ("PUT", "", CARL), ("POST", "/invite", None), ("POST", "/part", {"why": "has left us"}),
        ):  # fmt: skip
            answer = await alice.prove(method, f"/company/people/{ident}{path}", codes(), body)
            assert problem(answer) == (404, "not_found"), (method, path)
    answer = await alice.prove("POST", "/company/roster", codes(), {"people": [house.bob.id]})
    assert problem(answer) == (404, "not_found")
    assert "Bob" not in (await alice.get("/company/people")).text


async def test_the_tick_is_offered_to_a_correspondent_only(comer, house, carl):
    assert 'name="people"' in (await (await comer(house.alice)).see("/supplier/account")).text
    browser = await comer(carl)
    assert 'name="people"' not in (await browser.see("/supplier/account")).text
    form = {"label": "erp", "days": "30", "people": "yes"}
    assert (await browser.send("/supplier/account/tokens", **form)).status_code == 403
    page = (await (await comer(house.alice)).send("/supplier/account/tokens", **form)).text
    assert "the company’s people" in page
    (made,) = await house.services.supplier_tokens.mine(house.technician())
    assert (made.people, made.writes) == (True, False)

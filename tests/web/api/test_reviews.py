"""R-19 over the API."""

import hashlib
from datetime import timedelta

from bastion import clock
from bastion.domain.parties import Technician
from bastion.errors import Forbidden
from bastion.services.reviews import CampaignForm
from tests.services.house import OPERATOR
from tests.web.api.conftest import problem
from web.lost_words import WHOM_TO_ASK


async def test_a_review_is_begun_decided_and_read(ruth, eve, house):
    body = {"name": "H2", "due_at": (clock.now() + timedelta(days=9)).isoformat(), "facilities": ["chu"]}
    assert problem(await ruth.ask("POST", "/reviews", **body)) == (403, "fresh_factor_needed")
    made = (await ruth.sure("POST", "/reviews", **body)).json()
    assert made["campaign"]["counts"] == {"open": 2, "confirmed": 0, "withdrawn": 0, "gone": 0, "suspended": 0}
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


async def test_a_review_is_signed_and_read_with_its_signature(ruth, eve, house):
    form = CampaignForm("H2", clock.now() + timedelta(days=9), ("chu",))
    where = f"/reviews/{(await house.services.reviews.start(OPERATOR, form)).id}"
    made = (await ruth.ask("GET", where)).json()
    assert (made["campaign"]["state"], made["campaign"]["signature"], made["may_sign"]) == ("open", None, False)
    lines = [one["id"] for one in made["lines"]]
    await house.services.reviews.decide(OPERATOR, made["campaign"]["id"], lines, "confirmed")
    ready = (await ruth.ask("GET", where)).json()
    assert (ready["campaign"]["state"], ready["may_sign"], ready["decided_since"]) == ("to_sign", True, 0)
    assert not (await eve.ask("GET", where)).json()["may_sign"]
    assert problem(await eve.ask("POST", f"{where}/sign")) == (403, "forbidden")
    assert problem(await ruth.ask("POST", f"{where}/sign")) == (403, "fresh_factor_needed")
    assert problem(await ruth.ask("POST", f"{where}/sign", remark="x" * 2001))[0] == 422
    done = (await ruth.sure("POST", f"{where}/sign", remark="seen")).json()
    signature = done["campaign"]["signature"]
    assert (done["campaign"]["state"], done["may_sign"]) == ("signed", False)
    assert {name: signature[name] for name in ("signed_by", "confirmed", "withdrawn", "suspended", "remark")} == {
        "signed_by": "Ruth", "confirmed": 2, "withdrawn": 0, "suspended": 0, "remark": "seen",
    }  # fmt: skip
    table = (await ruth.sure("POST", f"{where}/export")).content
    signed = table[: table.index(b"\r\nsignature,") + 2]
    assert hashlib.sha256(signed).hexdigest() == signature["digest"]
    (visitor,) = [one["id"] for one in made["lines"] if one["kind"] == "technician"]
    await house.services.reviews.decide(OPERATOR, made["campaign"]["id"], [visitor], "withdrawn", "left")
    assert (await eve.ask("GET", where)).json()["decided_since"] == 1
    assert [one["signature"] for one in (await eve.ask("GET", "/reviews")).json()] == [signature]


async def test_lines_come_in_pages_and_are_looked_for(ruth, eve, house):
    people = [
        Technician(f"t{n:03}", f"t{n:03}", f"Person {n:03}", "", house.alice.supplier_id) for n in range(105)
    ]  # fmt: skip
    async with house.database.write() as uow:
        await uow.technicians.add_all(people)
    form = CampaignForm("H2", clock.now() + timedelta(days=9), ("chu",))
    where = f"/reviews/{(await house.services.reviews.start(OPERATOR, form)).id}"
    await house.services.company.name_correspondent(house.staff(house.ruth), house.alice.id, named=True)

    async def page(**query) -> dict:
        return (await eve.client.get(where, params=query)).json()

    first = await page()
    assert (len(first["lines"]), first["found"], first["elsewhere"], first["waiting"]) == (100, 107, 7, 106)
    rest = await page(offset=100)
    assert len({one["id"] for one in first["lines"] + rest["lines"]}) == 107
    whole = await page(limit=500)
    assert (len(whole["lines"]), whole["elsewhere"]) == (107, 0)
    assert [one["name"] for one in whole["lines"] if one["correspondent"]] == ["Alice Martin"]
    assert {(one["name"], one["right"], one["facility_id"]) for one in whole["lines"] if one["kind"] == "staff"} == {
        ("Eve", "approver", house.device.facility_id)
    }
    assert [one["name"] for one in (await page(mine="false"))["lines"]] == ["Eve"]
    assert (await page(kind="technician", state="open", mine="true", text="person 00"))["found"] == 10
    assert (await page(state="confirmed"))["lines"] == []
    assert {(one["name"], one["right"], one["state"]) for one in whole["of_the_group"]} == {
        ("Max", "approver", None), ("Ruth", "admin", None), ("Ruth", "security", None),
    }  # fmt: skip
    for wrong in ({"limit": 501}, {"limit": 0}, {"offset": -1}, {"kind": "x"}, {"state": "x"}, {"text": "x" * 201}):
        assert (await eve.client.get(where, params=wrong)).status_code == 422, wrong
    chosen = [one["id"] for one in whole["lines"] if one["mine"]]
    done = (await eve.sure("POST", f"{where}/decide", lines=chosen, verdict="confirmed")).json()
    assert (done["campaign"]["counts"]["confirmed"], len(done["lines"]), done["waiting"]) == (106, 100, 0)


async def test_the_list_of_reviews_comes_in_pages(ruth, house):
    for number in range(3):
        form = CampaignForm(f"H{number}", clock.now() + timedelta(days=9), ("chu",))
        await house.services.reviews.start(OPERATOR, form)
    found = (await ruth.client.get("/reviews", params={"limit": 1, "offset": 1})).json()
    assert [one["name"] for one in found] == ["H1"]


async def test_whoever_is_refused_because_a_review_took_his_role_reads_it_as_on_a_page(eve, house):
    """Nobody else does, and not what the withdrawal was for."""
    review = await house.services.reviews.start(OPERATOR, CampaignForm("H2", clock.now() + timedelta(days=9)))
    before = await eve.ask("GET", "/recordings")
    assert (problem(before), before.json()["detail"]) == ((403, "forbidden"), Forbidden.sentence)
    lines = [one.line for one in (await house.services.reviews.of(OPERATOR, review.id)).lines]
    (mine,) = [one.id for one in lines if one.subject_id == house.eve.id]
    await house.services.reviews.decide(OPERATOR, review.id, [mine], "withdrawn", "another duty")
    refused = await eve.ask("GET", "/recordings")
    assert problem(refused) == (403, "forbidden")
    said = refused.json()["detail"]
    assert said.startswith(f"{Forbidden.sentence} Your role “Approver” (CHU Demo) was withdrawn on ")
    assert said.endswith(f"by the review of rights “H2”. {WHOM_TO_ASK}")
    assert "another duty" not in said
    await house.services.people.set_language(house.staff(house.eve), "fr")
    said = (await eve.ask("GET", "/recordings")).json()["detail"]
    assert "Votre rôle «\u202fApprobateur\u202f» (CHU Demo) a été retiré le " in said

"""The GMAOs over the API."""

from dataclasses import replace

from bastion import clock
from bastion.domain.work_order import Finding, OrderLook
from tests.web.api.conftest import problem

URL = "https://gmao.chu.example/api"


async def test_a_gmao_is_saved_listed_and_removed(ruth, eve, house):
    body = {"facility": "chu", "url": URL, "rule": "require"}
    assert problem(await eve.ask("PUT", "/gmao", **body)) == (403, "forbidden")
    assert problem(await ruth.ask("PUT", "/gmao", **body)) == (403, "fresh_factor_needed")
    made = await ruth.sure("PUT", "/gmao", **body)
    assert len(made.json()["secret"]) > 40
    (listed,) = (await ruth.ask("GET", "/gmao")).json()
    assert (listed["url"], listed["rule"], listed["secret"]) == (URL, "require", "")
    assert problem(await ruth.ask("DELETE", f"/gmao/{listed['id']}")) == (403, "fresh_factor_needed")
    assert (await ruth.sure("DELETE", f"/gmao/{listed['id']}")).status_code == 204
    assert (await ruth.ask("GET", "/gmao")).json() == []


async def test_a_request_tells_what_the_gmao_said(eve, house):
    request = await house.asked()
    check = OrderLook(
        "look-1", request.id, request.facility_id, "WO-1", Finding.CLOSED, request.created_at, title="Tube"
    )
    async with house.database.write() as uow:
        await uow.order_looks.add(check)
    order = (await eve.ask("GET", f"/requests/{request.id}")).json()["order"]
    assert (order["finding"], order["title"], order["number"]) == ("closed", "Tube", "WO-1")
    later = replace(check, id="look-2", finding=Finding.FITS, checked_at=clock.now(), looked_by="Eve")
    async with house.database.write() as uow:
        await uow.order_looks.add(later)
    told = (await eve.ask("GET", f"/requests/{request.id}")).json()
    assert (told["order"]["finding"], told["order"]["looked_by"]) == ("fits", "Eve")
    assert [one["finding"] for one in told["orders"]] == ["closed", "fits"]

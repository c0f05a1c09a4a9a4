"""Signed calls to the hospital's other programs: told, retried, recognised, and sent nowhere they must not go."""

import json
from dataclasses import replace

import pytest

from bastion.domain.telling import Topic
from bastion.errors import Forbidden, FreshFactorNeeded, Invalid, NotFound
from bastion.services.couriers import Couriers
from bastion.services.webhooks import WebhookForm
from tests.services.house import OPERATOR, moved
from tests.services.postroom import ADDRESS, LOOPBACK, point, states, turn
from tests.services.receivers import Authority, receiver


# -- webhooks ----------------------------------------------------------------------------------------------------------
def form(port: int = 443, **changes) -> WebhookForm:
    return replace(WebhookForm("gmao", f"https://127.0.0.1:{port}/in", frozenset({Topic.REQUEST_WAITING})), **changes)


@pytest.fixture
def hooks(house):
    house.services.webhooks._networks = LOOPBACK
    return house.services.webhooks


async def test_a_webhook_is_told_signed_retried_and_recognised(house, tell, box, hooks, tmp_path, later):
    ca, ruth = Authority(tmp_path), house.staff(house.ruth)
    async with receiver(ca.server()) as program:
        point(tell, box.port, ca=ca.file)
        made, secret = await hooks.register(ruth, form(program.port))
        assert await hooks.all(ruth) == [made]
        program.answer = b"HTTP/1.1 503 Busy\r\n\r\n"
        request = await house.asked()
        await turn(tell)
        program.answer = b"HTTP/1.1 200 OK\r\n\r\n"
        later(seconds=31)
        await turn(tell)
        later(hours=1)
        await turn(tell)
        first, second = program.heard
        assert first.headers["bastion-delivery"] == second.headers["bastion-delivery"]
        assert first.body == second.body
        body = json.loads(second.body)
        assert (body["topic"], body["link"]) == ("request_waiting", f"{ADDRESS}/requests/{request.id}")
        assert body["facts"] == {
            "device": "ct-01", "facility": "CHU Demo", "kind": "telemaintenance", "ref": request.ref,
            "request": request.id, "supplier": "Acme Imaging", "ring": "approvers",
        }  # fmt: skip
        async with house.database.read() as uow:
            sealed = await uow.secrets.get(made.secret_id)
        assert secret.encode() not in sealed.sealed
        await house.services.upkeep.rotate_vault(OPERATOR)
        program.heard.clear()
        await house.services.taking_back.withdraw(house.technician(), request.id)
        await house.asked()
        await turn(tell)
        assert len(program.heard) == 1, "the secret opens after a change of the vault's key"


async def test_a_webhook_hears_only_its_topics_and_its_hospital(house, tell, hooks, tmp_path):
    ca = Authority(tmp_path)
    async with receiver(ca.server()) as program:
        tell._couriers = Couriers(None, "", ca.file, LOOPBACK, 5)
        await hooks.register(OPERATOR, form(program.port, facility="ch2"))
        await hooks.register(OPERATOR, form(program.port, name="cuts", topics=frozenset({Topic.ACCESS_CUT})))
        await house.asked()
        await turn(tell)
        assert program.heard == []
        await hooks.register(OPERATOR, form(program.port, name="here", facility="chu"))
        await house.services.taking_back.withdraw(house.technician(), (await pending(house)).id)
        await house.asked()
        await turn(tell)
        assert len(program.heard) == 1


async def pending(house):
    return (await house.services.asked.pending(house.staff(house.max)))[0].request


async def test_a_webhook_that_is_removed_hears_nothing_more(house, tell, hooks):
    ruth = house.staff(house.ruth)
    made, _ = await hooks.register(ruth, form(9))
    tell._couriers = Couriers(networks=LOOPBACK)
    await house.asked()
    await tell.gather()
    await hooks.remove(ruth, made.id)
    await turn(tell)
    assert await states(house) == [("request_waiting", "dropped")]
    async with house.database.read() as uow:
        assert await uow.secrets.get(made.secret_id) is None
    assert await house.tags("webhook") == ["webhook:registered", "webhook:removed"]
    assert (await house.event("webhook:registered")).fields["host"] == "127.0.0.1:9"


@pytest.mark.parametrize(
    "url",
    [
        "http://gmao.test/", "ftp://gmao.test/", "https://", "https://u:p@gmao.test/", "https://gmao.test/#a", "gmao",
        "https://gmao.test/a b", "https://gmao.test:0/", "https://gmao.test:99999/", "https://[::1/", "https://é.test/",
        "https://gmao.test/\r\nX: y", "https://gmao.test\\@evil.test/", "https://gmao.test/" + "x" * 500,
    ],
)  # fmt: skip
async def test_a_webhook_s_address_is_plain_https(hooks, house, url):
    with pytest.raises(Invalid) as refused:
        await hooks.register(OPERATOR, form(url=url))
    assert refused.value.field == "url"


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "169.254.169.254", "0.0.0.0", "localhost", "[::ffff:10.0.0.1]"])
async def test_T50_a_webhook_on_this_machine_or_a_cloud_s_metadata_is_refused(house, host):
    with pytest.raises(Invalid) as refused:
        await house.services.webhooks.register(OPERATOR, form(url=f"https://{host}/"))
    assert refused.value.field == "url"


async def test_only_an_administrator_with_a_fresh_code_registers_one(house, hooks):
    for person, error in (
        (house.staff(house.eve), Forbidden),
        (house.technician(), Forbidden),
        (house.staff(house.ruth, fresh=False), FreshFactorNeeded),
        (moved(house.staff(house.ruth), {house.device.facility_id}), NotFound),
    ):
        with pytest.raises(error):
            await hooks.register(person, form())
    for wrong in ({"topics": frozenset()}, {"topics": frozenset({Topic.DIGEST})}, {"name": " "}):
        with pytest.raises(Invalid):
            await hooks.register(OPERATOR, form(**wrong))
    mine = moved(house.staff(house.ruth), {house.device.facility_id})
    made, _ = await hooks.register(mine, form(facility="chu"))
    assert await hooks.all(mine) == [made]
    everywhere, _ = await hooks.register(OPERATOR, form(name="all"))
    assert await hooks.all(mine) == [made]
    with pytest.raises(NotFound):
        await hooks.remove(mine, everywhere.id)

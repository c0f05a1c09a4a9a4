"""Where a session leads and what it stands on (R-10); what it leaves behind for its further connections (R-11)."""

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bastion import clock
from bastion.domain.derogation import DerogationKind
from bastion.domain.device import Protocol
from bastion.domain.work_plan import PLAIN
from bastion.errors import DeviceNotReady, GrantOver, NoGrant
from bastion.services.derogations import DerogationForm
from bastion.services.inventory import DeviceForm
from bastion.store import tables as t
from tests.services.house import CONNECTION, OPERATOR
from tests.store.tampering import tamper


async def test_a_code_stands_for_as_long_as_the_hospital_says(house):
    house.services.sessions._opening._proof_length = timedelta(minutes=5)
    begun = clock.now()
    await house.opened()
    async with house.database.read() as uow:
        ((expires,),) = await uow.proofs._tx.rows(sa.select(t.factor_proofs.c.expires_at))
    assert begun + timedelta(minutes=5) <= expires <= clock.now() + timedelta(minutes=5)


async def test_and_no_longer_than_the_grant(house):
    house.services.sessions._opening._proof_length = timedelta(hours=12)
    opened = await house.opened()
    async with house.database.read() as uow:
        ((expires,),) = await uow.proofs._tx.rows(sa.select(t.factor_proofs.c.expires_at))
    assert expires == opened.grant.end


async def test_R17_what_ends_while_the_opening_waits_does_not_open_and_no_secret_leaves(house, waits):
    request = await house.approved(30)
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    waits(minutes=31)
    with pytest.raises(GrantOver):
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    assert await house.tags("vault:") == []


# -- derogations -------------------------------------------------------------------------------------------------------
DAY = timedelta(days=1)


async def derogate(house, kind=DerogationKind.SSH_LEGACY, days=30.0):
    names = ("ssh-rsa", "aes128-cbc") if kind is DerogationKind.SSH_LEGACY else ()
    form = DerogationForm(kind, "Dr Vasseur", "no update from the maker", clock.now() + days * DAY, names)
    return await house.services.derogations.make(OPERATOR, house.device.id, form)


async def only(house, protocol, **options):
    """Leave the device this one way in."""
    (old,) = (await house.services.inventory.device(OPERATOR, house.device.id)).endpoints
    async with house.database.write() as uow:
        await uow.endpoints.save(replace(old, protocol=protocol, host_keys=(), options=options))


def later(monkeypatch, days):
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + days * DAY)


async def test_R10_a_session_knows_what_it_stands_on_and_so_do_its_recording_and_the_trail(house):
    made = await derogate(house)
    opened = await house.opened()
    assert opened.derogations == (made,)
    assert opened.meta.derogations == (made.words,)
    assert (await house.event("session:opened")).fields["derogations"] == made.words


async def test_a_modern_device_stands_on_nothing(house):
    await derogate(house, DerogationKind.TELNET)
    opened = await house.opened()
    assert opened.derogations == opened.meta.derogations == ()
    assert (await house.event("session:opened")).fields.get("derogations", "") == ""


@pytest.mark.parametrize("protocol", [Protocol.TELNET, Protocol.SERIAL])
async def test_R10_telnet_and_serial_lines_open_under_their_own_derogation_only(house, protocol):
    await only(house, protocol)
    with pytest.raises(DeviceNotReady, match="no derogation") as refused:
        await house.opened()
    assert "no derogation allows that" in refused.value.public
    other = DerogationKind.SERIAL if protocol is Protocol.TELNET else DerogationKind.TELNET
    grant = (await house.services.asked.search(house.staff(house.eve)))[0].grant
    for kind in (other, DerogationKind.SSH_LEGACY):
        await derogate(house, kind)
        with pytest.raises(DeviceNotReady):
            await house.services.sessions.open(house.technician(), grant.id, CONNECTION)
    made = await derogate(house, DerogationKind(protocol.value))
    opened = await house.services.sessions.open(house.technician(), grant.id, CONNECTION)
    assert (opened.endpoint.protocol, opened.derogations) == (protocol, (made,))
    assert opened.meta.derogations == (made.words,)


@pytest.mark.parametrize("kind", DerogationKind)
async def test_R10_one_that_ran_out_closes_the_way_and_names_who_answers_for_it(house, kind, monkeypatch):
    if kind is not DerogationKind.SSH_LEGACY:
        await only(house, Protocol(kind.value))
    made = await derogate(house, kind, days=3)
    later(monkeypatch, 3)
    with pytest.raises(DeviceNotReady, match="is over") as refused:
        await house.opened()
    assert "Dr Vasseur answers for it" in refused.value.public
    assert (await house.event("session:refused")).fields["why"] == "device_not_ready"
    grant = (await house.services.asked.search(house.staff(house.eve)))[0].grant
    renewed = await derogate(house, kind, days=30)
    opened = await house.services.sessions.open(house.technician(), grant.id, CONNECTION)
    assert opened.derogations == (renewed,)
    assert made not in opened.derogations


async def test_R10_a_device_that_does_without_opens_again_with_nothing_old(house, monkeypatch):
    made = await derogate(house, days=3)
    later(monkeypatch, 4)
    await house.services.derogations.withdraw(OPERATOR, made.id)
    assert (await house.opened()).derogations == ()


async def test_R10_a_derogation_for_one_device_is_none_for_another(house):
    other = await house.services.inventory.save_device(OPERATOR, DeviceForm("mri-01", "MRI", "chu", ("acme",)))
    form = DerogationForm(DerogationKind.TELNET, "Dr Vasseur", "no update", clock.now() + DAY)
    await house.services.derogations.make(OPERATOR, other.id, form)
    await only(house, Protocol.TELNET)
    with pytest.raises(DeviceNotReady):
        await house.opened()


async def test_R10_the_node_is_told_of_every_derogation_of_the_devices_it_serves(house):
    made = await derogate(house)
    opened = await house.opened()
    gone = await house.services.derogations.withdraw(OPERATOR, made.id)
    (wish,) = (await house.services.sessions.wishes("n1")).values()
    assert (wish.session_id, wish.derogations) == (opened.record.id, (gone,))


async def test_R43_no_window_opens_before_the_backup_is_there(house):
    plan = replace(PLAIN, software_change=True, backup_at=clock.now(), backup_place="NAS", rollback="restore the image")
    request = await house.approved(plan=plan)
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    await tamper(
        house.database,
        sa.update(t.access_requests)
        .where(t.access_requests.c.id == request.id)
        .values(backup_at=clock.now() + timedelta(minutes=5)),
    )
    with pytest.raises(NoGrant, match=request.grant_id) as refused:
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    assert "backup is not there yet" in refused.value.public

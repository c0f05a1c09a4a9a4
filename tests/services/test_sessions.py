from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.device import ChannelKind
from bastion.domain.lock import LockScope
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import EndReason
from bastion.errors import (
    ChannelRefused,
    DeviceBusy,
    GrantOver,
    GrantRevoked,
    Locked,
    NoGrant,
    NotAcknowledged,
    NotFound,
    PolicyRefused,
)
from bastion.i18n import sentence
from bastion.proxy.notices import Words
from bastion.secret import Secret
from bastion.services.directory import SupplierForm
from bastion.services.inventory import DeviceForm
from bastion.services.people import TechnicianForm
from bastion.services.sessions import Ending
from tests.services.house import CONNECTION, OPERATOR, undertake


async def test_the_menu_shows_the_suppliers_devices_and_how_far_one_is(house):
    entry = await house.services.sessions.enter(house.technician())
    assert [(m.device.code, m.state) for m in entry.menu] == [("ct-01", "none")]
    await house.asked()
    entry = await house.services.sessions.enter(house.technician())
    assert [m.state for m in entry.menu] == ["pending"]
    assert (await house.services.sessions.enter(house.technician(house.bob))).menu == ()


async def test_entering_for_a_device_tells_grant_request_and_who_was_asked(house):
    enter = house.services.sessions.enter
    assert (await enter(house.technician(), "ct-01")).grant is None
    request = await house.asked()
    entry = await enter(house.technician(), "ct-01")
    assert entry.pending.id == request.id
    assert set(entry.approvers) == {"Eve", "Max"}
    await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    entry = await enter(house.technician(), "ct-01")
    assert (entry.pending, entry.acknowledged, entry.account.login) == (None, False, "service")


@pytest.mark.parametrize("name", ["nowhere", "-oProxyCommand", "", "ct-01'"])
async def test_T33_unknown_and_foreign_devices_answer_alike(house, name):
    enter = house.services.sessions.enter
    with pytest.raises(NotFound) as unknown:
        await enter(house.technician(), name or "x")
    with pytest.raises(NotFound) as foreign:
        await enter(house.technician(house.bob), "ct-01")
    assert unknown.value.public == foreign.value.public
    assert (await house.event("session:refused")).fields["why"] == "not_found"


async def test_no_session_without_acknowledgement(house):
    request = await house.approved()
    with pytest.raises(NotAcknowledged):
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    assert (await house.tags("notice")) == ["notice:acknowledged"]
    with pytest.raises(NotFound):
        await house.services.sessions.acknowledge(house.technician(house.bob), request.grant_id, "terminal")


async def test_an_opened_session_carries_everything_and_the_secret_stays_secret(house):
    opened = await house.opened()
    assert opened.credential.secret.reveal() == b"canary-s3cret"
    assert "canary" not in repr(opened)
    assert ChannelKind.SHELL in opened.grant.channels
    assert (opened.meta.technician_name, opened.meta.device_code, opened.meta.work_order) == (
        "Alice Martin", "ct-01", "WO-1",
    )  # fmt: skip
    assert {"session:opened", "vault:released"} <= set(await house.tags())


@pytest.mark.parametrize("scope", list(LockScope))
async def test_T24_a_lock_of_any_scope_stops_entering_and_opening(house, scope):
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    subject = {"all": "", "supplier": "acme", "technician": "alice", "device": "ct-01"}[scope]
    await house.services.locks.impose(house.staff(house.ruth), scope, subject, "crisis")
    with pytest.raises(Locked):
        await house.services.sessions.enter(house.technician(), "ct-01")
    with pytest.raises(Locked):
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)


async def test_a_revoked_grant_opens_nothing_even_when_the_lock_is_lifted(house):
    request = await house.approved()
    lock = await house.services.locks.impose(house.staff(house.ruth), LockScope.ALL, "", "crisis")
    await house.services.locks.lift(house.staff(house.ruth), lock.id, "over")
    with pytest.raises(GrantRevoked):
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)


async def test_a_past_grant_opens_nothing(house, monkeypatch):
    request = await house.approved(minutes=60)
    late = clock.now() + timedelta(minutes=60)
    monkeypatch.setattr(clock, "now", lambda: late)
    with pytest.raises(GrantOver):
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)


async def test_a_coming_grant_opens_nothing_yet(house):
    request = await house.approved(start=clock.now() + timedelta(hours=3))
    with pytest.raises(NoGrant):
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)


async def test_T24_another_network_than_the_declared_ones_opens_nothing(house):
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    with pytest.raises(PolicyRefused):
        await house.services.sessions.open(house.technician(source="203.0.113.9"), request.grant_id, CONNECTION)


async def test_T24_an_ended_contract_opens_nothing_that_second(house, later):
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    async with house.database.read() as uow:
        acme = await uow.suppliers.by_code("acme")
    form = SupplierForm("acme", "Acme", acme.networks, contract_end=clock.now() + timedelta(minutes=1), id=acme.id)
    await house.services.directory.save_supplier(OPERATOR, form)
    later(minutes=1)
    with pytest.raises(PolicyRefused):
        await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)


async def test_somebody_elses_grant_is_none(house):
    request = await house.approved()
    with pytest.raises(NoGrant):
        await house.services.sessions.open(house.technician(house.bob), request.grant_id, CONNECTION)


async def test_a_sign_in_by_a_standing_proof_is_kept_once_with_what_it_leads_to(house):
    request, coming = await house.approved(), replace(CONNECTION, factors="key proof", new=True)
    with pytest.raises(NotAcknowledged):
        await house.services.sessions.open(house.technician(), request.grant_id, coming)
    assert (await house.tags())[-2:] == ["auth:succeeded", "session:refused"]
    assert (await house.event("auth:succeeded")).fields["factors"] == "key proof"
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    await house.services.sessions.open(house.technician(), request.grant_id, coming)
    assert (await house.tags())[-3:] == ["auth:succeeded", "vault:released", "session:opened"]
    await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    assert (await house.tags("auth:succeeded")) == ["auth:succeeded"] * 2


async def turned_away(house) -> tuple[DeviceBusy, str]:
    """What stops Carol, to whom more is agreed on the same device; and until when, on the hospital's clock."""
    carol = await house.services.people.save_technician(OPERATOR, TechnicianForm("carol", "Carol", "", "acme", "fr"))
    await undertake(house.services, carol)
    other = await house.services.access.request(house.technician(carol), house.draft())
    other = await house.services.approvals.approve(house.staff(house.eve), other.id, other.version, 30)
    await house.services.sessions.acknowledge(house.technician(carol), other.grant_id, "terminal")
    with pytest.raises(DeviceBusy) as busy:
        await house.services.sessions.open(house.technician(carol), other.grant_id, CONNECTION)
    async with house.database.read() as uow:
        grant = await uow.grants.get(other.grant_id)
    return busy.value, Words("en").clock(grant.end)


async def test_one_intervention_at_a_time_on_a_device(house):
    await house.opened()
    busy, until = await turned_away(house)
    assert busy.public.startswith(f"Agreed until {until}, but Alice Martin is still at work on this device.")


async def test_who_else_is_at_work_for_another_company_stays_unnamed_in_every_language(house):
    opened = await house.opened()
    async with house.database.write() as uow:
        await uow.sessions.save(replace(opened.record, supplier_id=house.bob.supplier_id))
    busy, until = await turned_away(house)
    french = f"Accordé jusqu’à {until.replace(' on ', ' le ')}, mais un autre intervenant travaille encore sur"
    assert sentence(busy, "fr").startswith(french)


async def test_parallel_connections_of_one_grant_are_one_intervention_and_a_second_place_is_noticed(house):
    opened = await house.opened()
    await house.services.sessions.open(house.technician(), opened.grant.id, CONNECTION)
    assert "session:second_source" not in await house.tags("session")
    await house.services.sessions.open(house.technician(source="127.0.0.9"), opened.grant.id, CONNECTION)
    assert "session:second_source" in await house.tags("session")


async def test_a_frozen_intervention_is_not_thawed_by_connecting_again(house):
    opened = await house.opened()
    await house.services.supervision.freeze(house.staff(house.eve), opened.record.id)
    with pytest.raises(ChannelRefused):
        await house.services.sessions.open(house.technician(), opened.grant.id, CONNECTION)
    await house.services.supervision.thaw(house.staff(house.eve), opened.record.id)
    await house.services.sessions.open(house.technician(), opened.grant.id, CONNECTION)


@pytest.mark.parametrize("leaver", ["technician", "supplier"])
async def test_T25_whoever_leaves_is_no_longer_welcome_in_a_running_session(house, leaver):
    opened = await house.opened()
    assert (await house.services.sessions.wishes("n1"))[opened.record.id].welcome
    if leaver == "technician":
        form = TechnicianForm("alice", "Alice", "", "acme", active=False, id=house.alice.id)
        await house.services.people.save_technician(OPERATOR, form)
    else:
        form = SupplierForm("acme", "Acme", ("127.0.0.0/8",), active=False, id=house.alice.supplier_id)
        await house.services.directory.save_supplier(OPERATOR, form)
    assert not (await house.services.sessions.wishes("n1"))[opened.record.id].welcome


@pytest.mark.parametrize("act", ["the person goes to another supplier", "another supplier maintains the device"])
async def test_R18_whoever_no_longer_works_on_it_for_this_supplier_is_not_welcome_in_a_running_session(house, act):
    opened = await house.opened()
    assert (await house.services.sessions.wishes("n1"))[opened.record.id].welcome
    if act.startswith("the person"):
        await house.services.people.save_technician(OPERATOR, TechnicianForm.of(house.alice, "other"))
    else:
        form = DeviceForm("ct-01", "Scanner 1", "chu", ("other",), 2, "Imagerie", "B12", id=house.device.id)
        await house.services.inventory.save_device(OPERATOR, form)
    assert not (await house.services.sessions.wishes("n1"))[opened.record.id].welcome


async def test_notes_keep_their_order_and_the_end_carries_the_digest(house):
    opened = await house.opened()
    facts = [Audit("channel:opened", {"channel": 1, "kind": "shell"}), Audit("channel:closed", {"channel": 1})]
    await house.services.sessions.note(opened.record, facts)
    await house.services.sessions.note(opened.record, [])
    ending = Ending(EndReason.TIME_OVER, digest="ab" * 32, bytes=10, seconds=1.5)
    await house.services.sessions.closed(opened.record, ending)
    await house.services.sessions.closed(opened.record, Ending(EndReason.CUT))
    assert (await house.tags("channel")) == ["channel:opened", "channel:closed"]
    closed = await house.event("session:closed")
    assert (closed.fields["reason"], closed.fields["digest"]) == ("time_over", "ab" * 32)
    assert (await house.tags("session")).count("session:closed") == 1


async def test_the_second_factors_proof_dies_with_the_last_session(house):
    opened = await house.opened()
    second = await house.services.sessions.open(house.technician(), opened.grant.id, CONNECTION)

    async def stands() -> bool:
        async with house.database.read() as uow:
            proof = await uow.proofs.standing(house.alice.id, "SHA256:x", "127.0.0.1", "ct-01", clock.now())
        return proof is not None

    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert await stands()
    await house.services.sessions.closed(second.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert not await stands()


async def test_wishes_reach_the_node_that_carries_the_session(house):
    opened = await house.opened()
    await house.services.supervision.freeze(house.staff(house.eve), opened.record.id)
    wish = (await house.services.sessions.wishes("n1"))[opened.record.id]
    assert (wish.frozen_by, wish.cut_by) == ("Eve", "")
    assert await house.services.sessions.wishes("n2") == {}
    assert [r.id for r in await house.services.sessions.left_behind("n1")] == [opened.record.id]


async def test_R35_the_node_learns_of_more_time_wherever_it_was_asked_for_and_whatever_became_of_it(house):
    opened = await house.opened()
    access, alice, eve = house.services.access, house.technician(), house.staff(house.eve)

    async def told() -> dict[str, tuple[str, ...]]:
        return {one.session_id: one.more_time for one in (await house.services.sessions.wishes("n1")).values()}

    assert await told() == {opened.record.id: ()}
    request = await access.extend(alice, opened.grant.id, 30, "the tube is hot")
    assert await told() == {opened.record.id: (request.id,)}
    await house.services.approvals.deny(eve, request.id, request.version, "the room is needed")
    assert await told() == {opened.record.id: (request.id,)}, "refused before the node has looked"
    later = await house.services.sessions.open(alice, opened.grant.id, CONNECTION)
    assert await told() == {opened.record.id: (request.id,), later.record.id: ()}, "decided before it began"


async def test_a_refused_account_is_shown_until_its_secret_is_replaced_or_a_session_succeeds(house):
    sessions, inventory = house.services.sessions, house.services.inventory
    refused = [Audit("device:login_failed", {"device": "ct-01", "account": "service"})]
    opened = await house.opened()
    await sessions.note(opened.record, refused)
    await sessions.closed(opened.record, Ending(EndReason.DEVICE_LOST, why="device_login_failed", reached=False))
    assert [device.code for device in await inventory.refused(house.staff(house.eve))] == ["ct-01"]
    (account,) = (await inventory.by_code(OPERATOR, "ct-01")).accounts
    async with house.database.read() as uow:
        assert (await uow.sessions.get(opened.record.id)).account_refused
        assert await uow.report_dues.get(opened.record.request_id) is None, "nothing was reached"
    await inventory.save_account(
        OPERATOR, house.device.id, account.login, account.kind, Secret.of("another"), account.id
    )  # fmt: skip
    assert await inventory.refused(OPERATOR) == []
    again = await sessions.open(house.technician(), opened.record.grant_id, CONNECTION)
    await sessions.note(again.record, refused)
    assert len(await inventory.refused(OPERATOR)) == 1
    await sessions.closed(again.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert await inventory.refused(OPERATOR) == []
    async with house.database.read() as uow:
        assert await uow.report_dues.get(opened.record.request_id) is not None

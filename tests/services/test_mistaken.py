"""What was entered on a device by mistake goes; what a request, an authorisation or a session rests on stays."""

import asyncio

import pytest
import sqlalchemy as sa

from bastion.domain.device import ChannelKind, Protocol, SecretKind
from bastion.domain.session_events import EndReason
from bastion.errors import AlreadyUsed, BastionError, Conflict, Forbidden, NotFound
from bastion.secret import Secret
from bastion.services.inventory import DeviceForm
from bastion.services.keys import fingerprint_of
from bastion.services.sessions import Ending
from bastion.store import tables as t
from tests.services.house import CONNECTION, OPERATOR, moved


@pytest.fixture
def use(house):
    return house.services.mistaken


async def an_endpoint(house, port: int = 2999, protocol: Protocol = Protocol.SSH, device_id: str = ""):
    ident = device_id or house.device.id
    return await house.services.inventory.save_endpoint(OPERATOR, ident, "127.0.0.1", port, protocol=protocol)


async def an_account(house, login: str = "mistyped", ident: str = "", device_id: str = ""):
    secret = Secret.of("canary-other")
    return await house.services.inventory.save_account(
        OPERATOR, device_id or house.device.id, login, SecretKind.PASSWORD, secret, ident
    )


async def on_device(house):
    return await house.services.inventory.device(OPERATOR, house.device.id)


async def secrets_of(house) -> set[str]:
    async with house.database.read() as uow:
        return {one.id for one in await uow.secrets.all()}


async def test_what_nothing_rests_on_goes_with_its_secret_and_the_trail_says_so(house, use):
    endpoint, account = await an_endpoint(house), await an_account(house)
    assert account.secret_id in await secrets_of(house)
    await use.withdraw_endpoint(house.staff(house.ruth), endpoint.id, endpoint.version)
    await use.withdraw_account(house.staff(house.ruth), account.id, account.version)
    view = await on_device(house)
    assert ([one.port for one in view.endpoints], [one.login for one in view.accounts]) == ([2200], ["service"])
    assert account.secret_id not in await secrets_of(house)
    said = await house.event("directory:endpoint_withdrawn")
    assert (said.actor_name, said.fields) == (
        "Ruth", {"device": "ct-01", "host": "127.0.0.1", "port": "2999", "protocol": "ssh"},
    )  # fmt: skip
    said = await house.event("directory:account_withdrawn")
    assert (said.subject_id, said.fields) == (house.device.id, {"device": "ct-01", "account": "mistyped"})
    assert (await on_device(house)).ready
    await house.opened()


async def test_what_a_session_went_through_stays_whatever_becomes_of_its_address(house, use):
    opened = await house.opened()
    (endpoint,), (account,) = (await on_device(house)).endpoints, (await on_device(house)).accounts
    assert endpoint.used_at == opened.record.started_at
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    await house.services.approvals.revoke(house.staff(house.eve), opened.grant.id, "it is over")
    moved_on = await house.services.inventory.save_endpoint(OPERATOR, house.device.id, "127.0.0.1", 2201, endpoint.id)
    with pytest.raises(AlreadyUsed) as refused:
        await use.withdraw_endpoint(OPERATOR, endpoint.id, moved_on.version)
    assert "Change its address instead." in refused.value.public
    with pytest.raises(AlreadyUsed) as refused:
        await use.withdraw_account(OPERATOR, account.id, account.version)
    assert "Replace its secret instead." in refused.value.public
    assert len((await on_device(house)).endpoints) == len((await on_device(house)).accounts) == 1


async def test_what_is_asked_for_or_agreed_to_keeps_the_account_and_the_way(house, use):
    (endpoint,), (account,) = (await on_device(house)).endpoints, (await on_device(house)).accounts
    request = await house.asked()
    for step in ("asked for", "agreed to"):
        for withdraw, one in ((use.withdraw_endpoint, endpoint), (use.withdraw_account, account)):
            with pytest.raises(AlreadyUsed):
                await withdraw(OPERATOR, one.id, one.version)
        if step == "asked for":
            await house.services.approvals.approve(house.staff(house.eve), request.id, request.version, 60)
    bare = await an_endpoint(house)
    await use.withdraw_endpoint(OPERATOR, bare.id, bare.version)
    assert [one.id for one in (await on_device(house)).endpoints] == [endpoint.id], "nobody could come by the other"


async def test_a_request_that_came_to_nothing_keeps_the_account_and_not_the_way(house, use):
    (endpoint,), (account,) = (await on_device(house)).endpoints, (await on_device(house)).accounts
    asked = await house.asked()
    await house.services.taking_back.withdraw(house.technician(), asked.id)
    with pytest.raises(AlreadyUsed):
        await use.withdraw_account(OPERATOR, account.id, account.version)
    await use.withdraw_endpoint(OPERATOR, endpoint.id, endpoint.version)
    assert not (await on_device(house)).ready


async def test_a_session_with_tunnels_counts_for_what_it_could_reach_and_no_further(house, use):
    screen, other = await an_endpoint(house, 5900, Protocol.VNC), await an_endpoint(house, 2222)
    opened = await house.opened()
    tunnels = ChannelKind.FORWARD in opened.grant.channels
    used = {one.port: one.used_at is not None for one in (await on_device(house)).endpoints}
    assert used == {2200: True, 5900: tunnels, 2222: False}
    assert screen.used_at is other.used_at is None


async def test_of_two_at_once_one_is_done_and_the_other_is_told(house, use):
    endpoint, account = await an_endpoint(house), await an_account(house)
    for withdraw, one, tag in (
        (use.withdraw_endpoint, endpoint, "directory:endpoint_withdrawn"),
        (use.withdraw_account, account, "directory:account_withdrawn"),
    ):
        both = (withdraw(house.staff(who), one.id, one.version) for who in (house.ruth, house.ruth))
        done = await asyncio.gather(*both, return_exceptions=True)
        assert sorted(type(each).__name__ for each in done) == ["Device", "NotFound"]
        assert len(await house.tags(tag)) == 1


async def test_what_has_changed_since_it_was_read_stays(house, use):
    endpoint, account = await an_endpoint(house), await an_account(house)
    moved_on = await house.services.inventory.save_endpoint(OPERATOR, house.device.id, "127.0.0.1", 2998, endpoint.id)
    with pytest.raises(Conflict):
        await use.withdraw_endpoint(OPERATOR, endpoint.id, endpoint.version)
    offer = await house.services.inventory.scan_host_keys(OPERATOR, endpoint.id)
    await house.services.inventory.pin_host_keys(OPERATOR, endpoint.id, frozenset(offer.fingerprints), shared=True)
    with pytest.raises(Conflict):
        await use.withdraw_endpoint(OPERATOR, endpoint.id, moved_on.version)
    await an_account(house, ident=account.id)
    with pytest.raises(Conflict):
        await use.withdraw_account(OPERATOR, account.id, account.version)
    assert (len((await on_device(house)).endpoints), len((await on_device(house)).accounts)) == (2, 2)


async def test_asking_while_the_account_goes_leaves_no_request_without_one(house, use):
    """Whoever comes first: a request stands, and its account; or the account has gone, and nobody was promised it."""
    (account,) = (await on_device(house)).accounts
    going = use.withdraw_account(OPERATOR, account.id, account.version)
    gone, asked = await asyncio.gather(going, house.asked(), return_exceptions=True)
    left = (await on_device(house)).accounts
    if isinstance(gone, AlreadyUsed):
        assert (asked.account_id, [one.id for one in left]) == (account.id, [account.id])
    else:
        assert left == ()
        assert isinstance(asked, BastionError) or not asked.account_id


async def test_opening_while_the_way_goes_is_never_half_done(house, use):
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    (endpoint,) = (await on_device(house)).endpoints
    opening = house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    opened, gone = await asyncio.gather(
        opening, use.withdraw_endpoint(OPERATOR, endpoint.id, endpoint.version), return_exceptions=True
    )
    assert (opened.endpoint.id, type(gone)) == (endpoint.id, AlreadyUsed)


async def test_who_may(house, use):
    endpoint, account = await an_endpoint(house), await an_account(house)
    other = await house.services.inventory.save_device(OPERATOR, DeviceForm("mri-01", "MRI", "chu", ("acme",)))
    for actor, device_id, error in (
        (house.staff(house.eve), "", Forbidden),
        (house.technician(), "", Forbidden),
        (moved(house.staff(house.ruth), {"elsewhere"}), "", NotFound),
        (OPERATOR, other.id, NotFound),
    ):
        with pytest.raises(error):
            await use.withdraw_endpoint(actor, endpoint.id, endpoint.version, device_id)
        with pytest.raises(error):
            await use.withdraw_account(actor, account.id, account.version, device_id)
    for ident in ("0" * 32, "", "\x00"):
        with pytest.raises(NotFound):
            await use.withdraw_endpoint(OPERATOR, ident, 0)
        with pytest.raises(NotFound):
            await use.withdraw_account(OPERATOR, ident, 0)


async def test_the_database_itself_keeps_what_was_used(house):
    """Whatever the code above it comes to say one day."""
    await house.opened()
    (endpoint,), (account,) = (await on_device(house)).endpoints, (await on_device(house)).accounts
    for table, ident in ((t.endpoints, endpoint.id), (t.device_accounts, account.id)):
        with pytest.raises(BastionError):
            async with house.database.write() as uow:
                await uow.transaction.change(sa.delete(table).where(table.c.id == ident))
    with pytest.raises(BastionError):
        async with house.database.write() as uow:
            await uow.transaction.change(sa.update(t.endpoints).values(used_at=None))
    assert len((await on_device(house)).endpoints) == len((await on_device(house)).accounts) == 1


async def test_an_identity_is_pinned_only_where_it_was_asked_for(house):
    """While the device is asked somebody gives it another address."""
    (endpoint,) = (await on_device(house)).endpoints
    inventory, keys = house.services.inventory, house.device_keys

    async def slow(_host: str, _port: int, _legacy: tuple[str, ...]) -> list[str]:
        await inventory.save_endpoint(OPERATOR, house.device.id, "127.0.0.1", 2345, endpoint.id)
        return list(keys)

    inventory._scan = slow
    with pytest.raises(Conflict):
        await inventory.pin_host_keys(OPERATOR, endpoint.id, frozenset(fingerprint_of(key) for key in keys))
    (endpoint,) = (await on_device(house)).endpoints
    assert (endpoint.port, endpoint.host_keys) == (2345, ())

from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.derogation import DerogationKind
from bastion.domain.device import Protocol, SecretKind
from bastion.errors import AlreadyExists, Forbidden, HostKeyChanged, Invalid, NotFound
from bastion.secret import Secret
from bastion.services.derogations import DerogationForm
from bastion.services.inventory import DeviceForm
from tests.services.house import OPERATOR, moved, private_text, public_line


async def test_a_device_is_ready_once_pinned_and_with_an_account(house):
    view = await house.services.inventory.device(house.staff(house.eve), house.device.id)
    assert view.ready
    assert view.endpoints[0].pinned_by == "root"
    bare = await house.services.inventory.save_device(OPERATOR, DeviceForm("mri-01", "MRI", "chu", ("acme",)))
    assert not (await house.services.inventory.device(OPERATOR, bare.id)).ready


async def test_only_administrators_write(house):
    with pytest.raises(Forbidden):
        await house.services.inventory.save_device(house.staff(house.eve), DeviceForm("x", "X", "chu", ()))
    with pytest.raises(Forbidden):
        await house.services.inventory.devices(house.technician())


@pytest.mark.parametrize(
    "form",
    [
        DeviceForm("CT 1", "Scanner", "chu", ("acme",)),
        DeviceForm("-o", "Scanner", "chu", ("acme",)),
        DeviceForm("x", "", "chu", ("acme",)),
        DeviceForm("x", "evil\x1b[2J", "chu", ("acme",)),
        DeviceForm("x", "abc\u202ecba", "chu", ("acme",)),
        DeviceForm("x", "Scanner", "nowhere", ("acme",)),
        DeviceForm("x", "Scanner", "chu", ("nobody",)),
        DeviceForm("x", "Scanner", "chu", ("acme",), 5),
    ],
)
async def test_T12_bad_entries_are_refused(house, form):
    with pytest.raises(Invalid):
        await house.services.inventory.save_device(OPERATOR, form)


async def test_a_code_is_taken_once(house):
    with pytest.raises(AlreadyExists):
        await house.services.inventory.save_device(OPERATOR, DeviceForm("ct-01", "Again", "chu", ("acme",)))


@pytest.mark.parametrize(("host", "port"), [("-oProxyCommand=x", 22), ("a b", 22), ("", 22), ("host", 0), ("h\n", 22)])
async def test_T12_bad_addresses_are_refused(house, host, port):
    with pytest.raises(Invalid):
        await house.services.inventory.save_endpoint(OPERATOR, house.device.id, host, port)


async def test_T19_a_changed_identity_is_seen_and_only_what_is_shown_can_be_pinned(house):
    (endpoint,) = (await house.services.inventory.device(OPERATOR, house.device.id)).endpoints
    house.device_keys[:] = [public_line()]
    offer = await house.services.inventory.scan_host_keys(OPERATOR, endpoint.id)
    assert offer.changed
    with pytest.raises(HostKeyChanged):
        await house.services.inventory.pin_host_keys(OPERATOR, endpoint.id, frozenset(offer.pinned))
    pinned = await house.services.inventory.pin_host_keys(OPERATOR, endpoint.id, frozenset(offer.fingerprints))
    assert list(pinned.host_keys) == house.device_keys


async def test_a_new_address_drops_the_pinned_identity(house):
    (endpoint,) = (await house.services.inventory.device(OPERATOR, house.device.id)).endpoints
    same = await house.services.inventory.save_endpoint(OPERATOR, house.device.id, "127.0.0.1", 2200, endpoint.id)
    assert same.host_keys
    moved = await house.services.inventory.save_endpoint(OPERATOR, house.device.id, "127.0.0.1", 2201, endpoint.id)
    assert moved.host_keys == ()


async def test_secrets_are_checked_kept_sealed_and_never_shown(house):
    save = house.services.inventory.save_account
    with pytest.raises(Invalid):
        await save(OPERATOR, house.device.id, "root", SecretKind.PRIVATE_KEY, Secret.of("not a key"))
    with pytest.raises(Invalid):
        await save(OPERATOR, house.device.id, "-x", SecretKind.PASSWORD, Secret.of("p"))
    with pytest.raises(Invalid):
        await save(OPERATOR, house.device.id, "root", SecretKind.PASSWORD, Secret.of(""))
    await save(OPERATOR, house.device.id, "root", SecretKind.PRIVATE_KEY, private_text())
    view = await house.services.inventory.device(OPERATOR, house.device.id)
    assert "canary" not in repr(view)
    async with house.database.read() as uow:
        kept = await uow.secrets.all()
        events = await uow.audit.search(limit=500)
    assert all(b"canary" not in row.sealed for row in kept)
    assert "canary" not in repr(events)


async def test_R12_a_replaced_secret_leaves_the_vault_and_who_set_the_new_one_is_known(house):
    (old,) = (await house.services.inventory.device(OPERATOR, house.device.id)).accounts
    assert old.sealed_by == OPERATOR.name
    ruth = house.staff(house.ruth)
    new = await house.services.inventory.save_account(
        ruth, house.device.id, old.login, SecretKind.PASSWORD, Secret.of("canary-new"), old.id
    )
    assert (new.id, new.sealed_by) == (old.id, ruth.name)
    assert new.sealed_at >= old.sealed_at
    async with house.database.read() as uow:
        assert await uow.secrets.get(old.secret_id) is None
        assert await uow.secrets.get(new.secret_id) is not None
    assert (await house.event("directory:account_saved")).fields["replaced"] == "yes"


async def test_R9_another_device_at_the_same_address_or_with_the_same_identity_is_named(house):
    inventory, ruth = house.services.inventory, house.staff(house.ruth)
    twin = await inventory.save_device(OPERATOR, DeviceForm("ct-09", "Twin", "ch2", ("acme",)))
    with pytest.raises(Invalid) as same:
        await inventory.save_endpoint(OPERATOR, twin.id, "127.0.0.1", 2200)
    assert (same.value.field, same.value.params["devices"]) == ("shared", "ct-01")
    with pytest.raises(Invalid) as nameless:
        await inventory.save_endpoint(moved(ruth, {twin.facility_id}), twin.id, "127.0.0.1", 2200)
    assert "another hospital's device" in nameless.value.public
    endpoint = await inventory.save_endpoint(OPERATOR, twin.id, "127.0.0.1", 2200, shared=True)
    offer = await inventory.scan_host_keys(OPERATOR, endpoint.id)
    assert offer.others == ("ct-01",)
    with pytest.raises(Invalid):
        await inventory.pin_host_keys(OPERATOR, endpoint.id, frozenset(offer.fingerprints))
    await inventory.pin_host_keys(OPERATOR, endpoint.id, frozenset(offer.fingerprints), shared=True)
    assert (await inventory.scan_host_keys(OPERATOR, endpoint.id)).others == (), "said once, it is known"
    await inventory.save_endpoint(OPERATOR, twin.id, "127.0.0.1", 2200, endpoint.id, options={})


async def test_R9_a_device_out_of_use_keeps_no_address_from_its_successor(house):
    inventory = house.services.inventory
    await inventory.save_device(OPERATOR, DeviceForm("ct-01", "Old", "chu", (), active=False, id=house.device.id))
    next_one = await inventory.save_device(OPERATOR, DeviceForm("ct-02", "New", "chu", ("acme",)))
    endpoint = await inventory.save_endpoint(OPERATOR, next_one.id, "127.0.0.1", 2200)
    assert endpoint.port == 2200


async def test_a_code_in_capitals_is_the_same_code(house):
    with pytest.raises(AlreadyExists):
        await house.services.inventory.save_device(OPERATOR, DeviceForm("CT-01", "Again", "chu", ("acme",)))


async def test_T32_an_endpoint_or_account_of_another_device_is_not_there(house):
    other = await house.services.inventory.save_device(OPERATOR, DeviceForm("mri-01", "MRI", "ch2", ("acme",)))
    view = await house.services.inventory.device(OPERATOR, house.device.id)
    with pytest.raises(NotFound):
        await house.services.inventory.save_endpoint(OPERATOR, other.id, "127.0.0.1", 22, view.endpoints[0].id)
    with pytest.raises(NotFound):
        await house.services.inventory.save_account(
            OPERATOR, other.id, "root", SecretKind.PASSWORD, Secret.of("p"), view.accounts[0].id
        )
    elsewhere = moved(house.staff(house.ruth), {other.facility_id})
    for act in (
        house.services.inventory.scan_host_keys(elsewhere, view.endpoints[0].id),
        house.services.inventory.save_endpoint(elsewhere, house.device.id, "127.0.0.1", 22),
        house.services.inventory.save_device(elsewhere, DeviceForm("ct-01", "X", "ch2", (), id=house.device.id)),
    ):
        with pytest.raises(NotFound):
            await act


async def test_other_options_keep_the_pinned_identity_and_another_protocol_drops_it(house):
    save = house.services.inventory.save_endpoint
    line = await save(OPERATOR, house.device.id, "192.0.2.9", 2001, "", Protocol.SERIAL, {"baud": "9600", "bits": ""})
    assert line.options == {"baud": "9600"}
    faster = await save(OPERATOR, house.device.id, "192.0.2.9", 2001, line.id, Protocol.SERIAL, {"baud": "19200"})
    assert (faster.id, faster.options) == (line.id, {"baud": "19200"})
    assert (await house.event("directory:endpoint_saved")).fields["options"] == "baud=19200"
    (ssh,) = [e for e in await endpoints(house) if e.protocol is Protocol.SSH]
    assert (await save(OPERATOR, house.device.id, ssh.host, ssh.port, ssh.id)).host_keys == ssh.host_keys
    assert (await save(OPERATOR, house.device.id, ssh.host, ssh.port, ssh.id, Protocol.TELNET)).host_keys == ()
    with pytest.raises(Invalid) as refused:
        await save(OPERATOR, house.device.id, "192.0.2.9", 2001, line.id, Protocol.SERIAL, {"baud": "fast"})
    assert refused.value.field == "baud"


async def endpoints(house):
    return (await house.services.inventory.device(OPERATOR, house.device.id)).endpoints


async def test_R10_a_device_is_asked_for_its_identity_under_its_own_derogation_only(house, monkeypatch):
    asked = []

    async def scan(host, port, legacy):
        asked.append(legacy)
        return list(house.device_keys)

    monkeypatch.setattr(house.services.inventory, "_scan", scan)
    (endpoint,) = await endpoints(house)
    await house.services.inventory.scan_host_keys(OPERATOR, endpoint.id)
    form = DerogationForm(DerogationKind.SSH_LEGACY, "V", "old one", clock.now() + timedelta(days=1), ("ssh-rsa",))
    made = await house.services.derogations.make(OPERATOR, house.device.id, form)
    await house.services.inventory.scan_host_keys(OPERATOR, endpoint.id)
    await house.services.derogations.withdraw(OPERATOR, made.id)
    await house.services.inventory.scan_host_keys(OPERATOR, endpoint.id)
    assert asked == [(), ("ssh-rsa",), ()]


async def test_only_ssh_shows_an_identity(house):
    save = house.services.inventory.save_endpoint
    line = await save(OPERATOR, house.device.id, "192.0.2.9", 23, "", Protocol.TELNET)
    with pytest.raises(Invalid):
        await house.services.inventory.scan_host_keys(OPERATOR, line.id)


async def test_R10_a_telnet_device_is_ready_under_its_derogation_only(house):
    (ssh,) = await endpoints(house)
    await house.services.inventory.save_endpoint(OPERATOR, house.device.id, ssh.host, 23, ssh.id, Protocol.TELNET)
    assert not (await house.services.inventory.device(OPERATOR, house.device.id)).ready
    form = DerogationForm(DerogationKind.TELNET, "V", "old one", clock.now() + timedelta(days=1))
    await house.services.derogations.make(OPERATOR, house.device.id, form)
    assert (await house.services.inventory.device(OPERATOR, house.device.id)).ready

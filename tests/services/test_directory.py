from dataclasses import replace

import pytest

from bastion.errors import Forbidden, Invalid, PolicyRefused
from bastion.i18n import sentence
from bastion.services.directory import FacilityForm, SupplierForm
from tests.services.house import OPERATOR, SOURCE


async def test_facilities_are_seen_where_one_works(house):
    assert [f.code for f in await house.services.directory.facilities(house.staff(house.eve))] == ["chu"]
    assert {f.code for f in await house.services.directory.facilities(house.staff(house.max))} == {"chu", "ch2"}


@pytest.mark.parametrize("network", ["203.0.113.1/24", "everywhere", "300.1.1.1/8", "0.0.0.0/0 # all"])
async def test_networks_must_be_networks(house, network):
    with pytest.raises(Invalid):
        await house.services.directory.save_supplier(OPERATOR, SupplierForm("new", "New", (network,)))


@pytest.mark.parametrize("network", ["0.0.0.0/0", " ::/0 "])
async def test_R5_every_address_there_is_is_no_network_that_a_supplier_declares(house, network):
    with pytest.raises(Invalid) as refused:
        await house.services.directory.save_supplier(OPERATOR, SupplierForm("new", "New", ("10.0.0.0/8", network)))
    assert refused.value.field == "networks"
    assert sentence(refused.value, "en").startswith(f"{network.strip()} is every address there is")
    assert sentence(refused.value, "fr").startswith(f"{network.strip()} désigne toutes les adresses")


@pytest.fixture
async def wide(house):
    """A company of which every address was kept before that was refused."""
    async with house.database.write() as uow:
        one = next(s for s in await uow.suppliers.all() if s.code == "acme")
        return await uow.suppliers.save(replace(one, networks=("0.0.0.0/0",)))


async def test_R5_who_declared_every_address_before_that_was_refused_can_still_be_closed(house, wide):
    form = replace(SupplierForm.of(wide), networks=("0.0.0.0/0 ", "10.0.0.0/8"), active=False)
    saved = await house.services.directory.save_supplier(OPERATOR, form)
    assert (saved.networks, saved.active) == (("0.0.0.0/0", "10.0.0.0/8"), False)
    with pytest.raises(Invalid):
        await house.services.directory.save_supplier(OPERATOR, replace(form, networks=("0.0.0.0/0", "::/0")))
    await house.services.directory.save_supplier(OPERATOR, replace(form, networks=("10.0.0.0/8",)))
    with pytest.raises(Invalid):
        await house.services.directory.save_supplier(OPERATOR, form)


async def test_R5_every_address_kept_from_before_lets_nobody_in(house, wide):
    """Nothing comes from outside of it: it says no more than none."""
    with pytest.raises(PolicyRefused) as refused:
        await house.services.sessions.enter(house.technician(), "ct-01")
    assert "not one that the supplier has declared" in refused.value.public
    with pytest.raises(PolicyRefused):
        await house.asked()
    asked = await house.services.access.request(house.staff(house.max), house.draft(technician_login="alice"))
    with pytest.raises(PolicyRefused):
        await house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 60)


async def test_R5_beside_it_the_networks_that_say_something_hold(house, wide):
    async with house.database.write() as uow:
        await uow.suppliers.save(replace(wide, networks=("0.0.0.0/0", f"{SOURCE}/32")))
    assert (await house.services.sessions.enter(house.technician(), "ct-01")).device
    asked = await house.services.access.request(house.staff(house.eve), house.draft(technician_login="alice"))
    assert asked.technician_id == house.alice.id
    with pytest.raises(PolicyRefused):
        await house.services.sessions.enter(house.technician(source="192.0.2.77"), "ct-01")


async def test_R5_whoever_can_mend_it_is_told_and_nobody_else(house, wide):
    use = house.services.directory
    assert [one.code for one in await use.to_declare(OPERATOR)] == ["acme"]
    assert await use.to_declare(house.staff(house.eve)) == await use.to_declare(house.technician()) == []
    view = await house.services.supplier_files.of(OPERATOR, wide.id)
    said = [one.text for one in view.blocks]
    assert said[:2] == [
        "Every address there is counts as no declared network: declare those from which its people work.",
        "No network is declared: nobody of it connects.",
    ]


async def test_networks_are_kept_in_one_form(house):
    saved = await house.services.directory.save_supplier(
        OPERATOR, SupplierForm("new", "New", (" 203.0.113.0/24 ", "", "2001:DB8::/32"))
    )
    assert saved.networks == ("203.0.113.0/24", "2001:db8::/32")


async def test_time_zones_must_exist(house):
    with pytest.raises(Invalid):
        await house.services.directory.save_facility(OPERATOR, FacilityForm("x", "X", "", "Mars/Olympus"))


async def test_only_administrators_write_and_what_changed_is_named(house):
    with pytest.raises(Forbidden):
        await house.services.directory.save_facility(house.staff(house.eve), FacilityForm("x", "X"))
    (chu,) = await house.services.directory.facilities(house.staff(house.eve))
    await house.services.directory.save_facility(OPERATOR, FacilityForm("chu", "CHU Nouveau", chu.finess, id=chu.id))
    assert (await house.event("directory:facility_saved")).fields == {"entry": "chu", "changed": "name"}

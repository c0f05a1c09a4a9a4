from dataclasses import replace
from typing import Any

import pytest

from bastion.domain.device import Device, DeviceAccount, Endpoint, Protocol, SecretKind
from bastion.domain.parties import Assignment, Facility, Role, Staff, Supplier, Technician, TechnicianKey
from bastion.errors import AlreadyExists, Conflict, Invalid, NotFound
from bastion.store.database import Database
from tests.store.samples import ACCOUNT, ALICE, BOB, CHU, DOOR, EVE, GE, KEY, NOW, SCANNER

NOUNS = [
    ("facilities", CHU), ("suppliers", GE), ("technicians", ALICE), ("keys", KEY), ("staff", BOB),
    ("devices", SCANNER), ("endpoints", DOOR), ("accounts", ACCOUNT),
]  # fmt: skip


@pytest.mark.parametrize(("noun", "entity"), NOUNS)
async def test_what_is_added_is_found_again(hospital: Database, noun: str, entity: Any) -> None:
    async with hospital.read() as uow:
        assert await getattr(uow, noun).get(entity.id) == entity
        assert entity in await getattr(uow, noun).all()
        assert await getattr(uow, noun).get("nobody") is None
        assert await getattr(uow, noun).get("no\x00body") is None


@pytest.mark.parametrize(
    ("noun", "entity"),
    [
        ("facilities", replace(CHU, name="CHU Nord")),
        ("suppliers", replace(GE, networks=(), contract_end=None, active=False)),
        ("technicians", replace(ALICE, valid_until=None, active=False)),
        (
            "staff",
            replace(
                BOB, assignments=(Assignment(Role.ADMIN, "*"), Assignment(Role.APPROVER, "fac-1", ("Imagerie", "Réa")))
            ),
        ),
        ("devices", replace(SCANNER, criticality=4, supplier_ids=frozenset(), active=False)),
        ("endpoints", replace(DOOR, host_keys=(), pinned_at=None, pinned_by="")),
        ("accounts", replace(ACCOUNT, kind=SecretKind.PRIVATE_KEY)),
    ],
)
async def test_what_is_saved_replaces(hospital: Database, noun: str, entity: Any) -> None:
    async with hospital.write() as uow:
        assert await getattr(uow, noun).save(entity) == entity
    async with hospital.read() as uow:
        assert await getattr(uow, noun).get(entity.id) == entity


async def test_saving_what_is_not_there_is_not_found(hospital: Database) -> None:
    with pytest.raises(NotFound):
        async with hospital.write() as uow:
            await uow.facilities.save(replace(CHU, id="fac-9", code="other"))


@pytest.mark.parametrize(
    ("noun", "finder", "name", "entity"),
    [
        ("facilities", "by_code", "chu", CHU),
        ("suppliers", "by_code", "ACME", GE),
        ("devices", "by_code", "CT-01", SCANNER),
        ("technicians", "by_login", "Alice", ALICE),
        ("staff", "by_login", "EVE", EVE),
    ],
)
async def test_names_are_found_whatever_their_case(
    hospital: Database, noun: str, finder: str, name: str, entity: Any
) -> None:
    async with hospital.read() as uow:
        find = getattr(getattr(uow, noun), finder)
        assert await find(name) == entity
        for stranger in ("", "nobody", "%", "_____", "ali\x00ce", "\ud800", "' or '1'='1", "x" * 10_000):
            assert await find(stranger) is None


@pytest.mark.parametrize(
    ("noun", "entity", "taken"),
    [
        ("facilities", Facility("f2", "Chu", "Other", ""), "Chu"),
        ("suppliers", Supplier("s2", "Acme", "Other", ()), "Acme"),
        ("technicians", Technician("t2", "ALICE", "Other", "", "sup-1"), "ALICE"),
        ("staff", Staff("u2", "Bob", "Other", "", ()), "Bob"),
        ("devices", Device("d2", "CT-01", "Other", "fac-1", frozenset()), "CT-01"),
        ("keys", TechnicianKey("k2", "tec-1", "ssh-ed25519 AAAA", "SHA256:aaaa", "", NOW), "SHA256:aaaa"),
        ("accounts", DeviceAccount("a2", "dev-1", "service", SecretKind.PASSWORD, "sec-1"), "service"),
    ],
)
async def test_a_name_in_use_is_refused_and_named(hospital: Database, noun: str, entity: Any, taken: str) -> None:
    with pytest.raises(AlreadyExists) as caught:
        async with hospital.write() as uow:
            await getattr(uow, noun).add(entity)
    assert taken in caught.value.public


async def test_a_name_in_use_is_refused_when_renaming(hospital: Database) -> None:
    with pytest.raises(AlreadyExists):
        async with hospital.write() as uow:
            await uow.staff.save(replace(BOB, login="Eve"))


@pytest.mark.parametrize(
    ("noun", "entity"),
    [
        ("devices", Device("d2", "mri", "MRI", "fac-1", frozenset(), criticality=5)),
        ("devices", Device("d2", "mri", "MRI", "fac-1", frozenset(), criticality=0)),
        ("devices", Device("d2", "", "MRI", "fac-1", frozenset())),
        ("endpoints", Endpoint("e2", "dev-1", Protocol.SSH, "h", 0)),
        ("endpoints", Endpoint("e2", "dev-1", Protocol.SSH, "h", 65536)),
        ("endpoints", Endpoint("e2", "dev-1", Protocol.SSH, "h", 22, ("key",))),
        ("facilities", Facility("f2", "x", "", "")),
        ("staff", Staff("u2", "bad\x00login", "Bad", "", ())),
    ],
)
async def test_nonsense_is_refused_by_the_database(hospital: Database, noun: str, entity: Any) -> None:
    with pytest.raises(Invalid):
        async with hospital.write() as uow:
            await getattr(uow, noun).add(entity)


@pytest.mark.parametrize(
    ("noun", "entity"),
    [
        ("technicians", replace(ALICE, id="t2", login="zoe", supplier_id="nobody")),
        ("devices", replace(SCANNER, id="d2", code="mri", facility_id="nowhere")),
        ("devices", replace(SCANNER, id="d2", code="mri", supplier_ids=frozenset({"nobody"}))),
        ("accounts", replace(ACCOUNT, id="a2", login="x", secret_id="none")),
    ],
)
async def test_a_row_that_points_nowhere_is_refused_at_commit(hospital: Database, noun: str, entity: Any) -> None:
    with pytest.raises(Conflict):
        async with hospital.write() as uow:
            await getattr(uow, noun).add(entity)
    async with hospital.read() as uow:
        assert await getattr(uow, noun).get(entity.id) is None


async def test_a_use_case_may_write_in_any_order(hospital: Database) -> None:
    async with hospital.write() as uow:
        await uow.technicians.add(replace(ALICE, id="t2", login="zoe", supplier_id="s2"))
        await uow.suppliers.add(Supplier("s2", "late", "Late", ()))
    async with hospital.read() as uow:
        assert await uow.technicians.by_login("zoe") is not None


async def test_keys_belong_to_their_technician_and_can_go(hospital: Database) -> None:
    second = TechnicianKey("key-2", "tec-1", "ssh-ed25519 CCCC", "SHA256:cccc", "desk", NOW)
    async with hospital.write() as uow:
        await uow.keys.add(second)
        assert await uow.keys.of("tec-1") == [KEY, second]
        assert await uow.keys.of("nobody") == []
        assert await uow.keys.holder("ALICE", "ssh-ed25519 CCCC") == (ALICE, "SHA256:cccc")
        assert await uow.keys.holder("alice", "ssh-ed25519 DDDD") is None
        assert await uow.keys.holder("alice\x00", "ssh-ed25519 CCCC") is None
        assert await uow.keys.holder("bob", "ssh-ed25519 CCCC") is None
        assert await uow.keys.remove("key-2")
        assert not await uow.keys.remove("key-2")
        assert await uow.keys.of("tec-1") == [KEY]


async def test_doors_and_accounts_belong_to_their_device(hospital: Database) -> None:
    async with hospital.read() as uow:
        assert await uow.endpoints.of("dev-1") == [DOOR]
        assert await uow.accounts.of("dev-1") == [ACCOUNT]
        assert await uow.endpoints.of("x") == []
        assert await uow.accounts.of("x") == []


async def test_suppliers_of_a_device_change(hospital: Database) -> None:
    other = Supplier("sup-2", "beta", "Beta", ())
    async with hospital.write() as uow:
        await uow.suppliers.add(other)
        await uow.devices.save(replace(SCANNER, supplier_ids=frozenset({"sup-1", "sup-2"})))
        both = await uow.devices.get("dev-1")
        await uow.devices.save(replace(SCANNER, supplier_ids=frozenset({"sup-2"})))
        one = await uow.devices.get("dev-1")
    assert both is not None
    assert both.supplier_ids == {"sup-1", "sup-2"}
    assert one is not None
    assert one.supplier_ids == {"sup-2"}


@pytest.fixture
async def wards(hospital: Database) -> Database:
    async with hospital.write() as uow:
        await uow.facilities.add(Facility("fac-2", "CH2", "Other", ""))
        await uow.suppliers.add(Supplier("sup-2", "beta", "Beta", ()))
        for number in range(5):
            device = Device(f"pump-{number}", f"pump-{number}", "Pump", "fac-2", frozenset({"sup-2"}), serial="100xxA")
            await uow.devices.add(device)
    return hospital


QUESTIONS: list[tuple[dict[str, Any], Any]] = [
    ({}, ["ct-01", "pump-0", "pump-1", "pump-2", "pump-3", "pump-4"]),
    ({"limit": 2, "offset": 1}, ["pump-0", "pump-1"]),
    ({"text": "SCAN"}, ["ct-01"]),
    ({"text": "radio"}, ["ct-01"]),
    ({"text": "100%_"}, ["ct-01"]),
    ({"text": "%"}, ["ct-01"]),
    ({"text": "_"}, ["ct-01"]),
    ({"text": "\\"}, []),
    ({"text": "\x00"}, []),
    ({"text": "pump-3"}, ["pump-3"]),
    ({"facility_ids": frozenset({"fac-1"})}, ["ct-01"]),
    ({"facility_ids": frozenset()}, []),
    ({"supplier_id": "sup-2", "limit": 1}, ["pump-0"]),
    ({"supplier_id": "sup-2", "facility_ids": frozenset({"fac-1"})}, []),
]


async def test_devices_are_searched(wards: Database) -> None:
    async with wards.read() as uow:
        for question, codes in QUESTIONS:
            found = await uow.devices.search(**question)
            assert (question, [device.code for device in found]) == (question, codes)


async def test_whether_there_are_more_than_somebody_reads(wards: Database) -> None:
    """One more than is asked about, of those that would be found."""
    async with wards.read() as uow:
        for about in ({}, {"facility_ids": frozenset({"fac-1"})}, {"supplier_id": "sup-2"}, {"active": True}):
            count = len(await uow.devices.search(**about))
            assert count
            assert await uow.devices.more_than(count - 1, **about)
            assert not await uow.devices.more_than(count, **about)
        people = len(await uow.technicians.all())
        assert not await uow.technicians.more_than(people)
        assert not people or await uow.technicians.more_than(people - 1)

"""A list of many rows asks the database as often as a list of few: what a page costs does not grow with its length."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from operator import attrgetter

import pytest
from sqlalchemy import Engine, event

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.emergency import Emergency
from bastion.domain.held_file import Direction
from bastion.domain.ids import new_id
from bastion.domain.maintenance import MaintenanceWindow
from bastion.domain.parties import Actor
from bastion.domain.place import Newer, Place
from bastion.domain.review import Campaign, ReviewLine, RightKind, Verdict
from bastion.domain.telling import Delivery, RecipientKind, Topic
from bastion.services.calendar import CalendarEntry, EntryKind
from bastion.services.directory import SupplierForm
from bastion.services.inventory import DeviceForm
from bastion.services.joins import found
from bastion.services.opening import Connection
from bastion.services.people import TechnicianForm
from tests.services.house import OPERATOR, House, public_line, undertake


@contextmanager
def statements() -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def hear(_connection, _cursor, statement, *_rest) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield asked
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


async def add_work(house: House, number: int) -> None:
    """Another supplier, technician and device, with a request that waits, a session with a held file,
    and more time for it that waits too."""
    code = f"n{number}"
    services = house.services
    supplier = await services.directory.save_supplier(
        OPERATOR, SupplierForm(code, f"Supplier {number}", ("127.0.0.0/8",))
    )
    form = TechnicianForm(code, f"Person {number}", f"{code}@x", supplier.code, "en")
    person = await services.people.save_technician(OPERATOR, form)
    await services.people.add_key(OPERATOR, person.id, public_line(), "laptop")
    await undertake(services, person)
    for which in ("a", "b"):
        await _ready_device(house, f"{code}{which}", supplier.code)
    who = house.technician(person)
    waits = await services.access.request(who, house.draft(device_code=f"{code}a"))
    asked = await services.access.request(who, house.draft(device_code=f"{code}b"))
    agreed = await services.approvals.approve(house.staff(house.max), asked.id, asked.version, 60, "ok")
    await services.sessions.acknowledge(who, agreed.grant_id, "terminal")
    opened = await services.sessions.open(who, agreed.grant_id, Connection("n1", "ssh", "SHA256:x", "key totp"))
    file, arrival = await services.files.arriving(opened.record, opened.grant, Direction.IN, "/fw/a.bin")
    await services.access.extend(who, agreed.grant_id, 10, "not finished")
    await _beside(house, agreed, waits)
    arrival.write(0, b"firmware")
    await services.files.arrived(opened.record, file, arrival)


async def _beside(house: House, agreed: AccessRequest, waits: AccessRequest) -> None:
    """What else a hospital keeps: an emergency to be reviewed, a mail, a window on another device, work from abroad,
    a review of another hospital.
    """
    now = clock.now()
    place = (agreed.supplier_id, agreed.device_id, agreed.facility_id)
    call = ("Dr Vasseur", "", "", "")
    until = now + timedelta(days=3)
    async with house.database.write() as uow:
        await uow.emergencies.add(Emergency(agreed.id, *place, *call, now, now, (house.max.id,), review_due_at=until))
        await uow.windows.add(
            MaintenanceWindow(
                new_id(now), waits.facility_id, waits.device_id, waits.supplier_id, waits.kind, 0, 2, 120, 60, now,
                now + timedelta(days=60), "checks", house.max.id, "Max", now, 1,
            )
        )  # fmt: skip
        for kind, ident in ((RecipientKind.STAFF, house.max.id), (RecipientKind.TECHNICIAN, agreed.technician_id)):
            told = Delivery(new_id(now), agreed.id, Topic.REQUEST_WAITING, kind, ident, "", {}, "/", now, now)
            await uow.deliveries.add(told)
        person = found(await uow.technicians.get(agreed.technician_id))
        await uow.technicians.save(replace(person, country="US"))
        campaign = Campaign(new_id(now), "elsewhere", ("elsewhere",), now + timedelta(days=9), "Ruth", now)
        line = ReviewLine(new_id(now), campaign.id, RightKind.TECHNICIAN, person.id, "", person.name, "")
        await uow.campaigns.add(campaign)
        await uow.review_lines.add(replace(line, verdict=Verdict.WITHDRAWN, decided_at=now, decided_by="Ruth"))


async def _windows_in_the_calendar(house: House, me: Actor) -> list[CalendarEntry]:
    now = clock.now()
    coming = await house.services.calendar.between(me, now, now + timedelta(days=10))
    return [one for one in coming if one.kind is EntryKind.WINDOW]


async def _ready_device(house: House, code: str, supplier: str) -> None:
    inventory = house.services.inventory
    device = await inventory.save_device(OPERATOR, DeviceForm(code, f"Device {code}", "chu", (supplier,)))
    (old,) = (view for view in await inventory.devices(OPERATOR, "ct-01") if view.device.id == house.device.id)
    endpoint, account = old.endpoints[0], old.accounts[0]
    async with house.database.write() as uow:
        await uow.endpoints.add(replace(endpoint, id=f"e{code}", device_id=device.id))
        await uow.accounts.add(replace(account, id=f"a{code}", device_id=device.id))


LISTS = {
    "requests": lambda house, me: house.services.asked.search(me),
    "waiting": lambda house, me: house.services.asked.pending(me),
    "sessions": lambda house, me: house.services.supervision.search(me),
    "live": lambda house, me: house.services.supervision.live(me),
    "files": lambda house, me: house.services.releases.search(me),
    "devices": lambda house, me: house.services.inventory.devices(me),
    "technicians": lambda house, me: house.services.people.technicians(me),
    "papers": lambda house, me: house.services.papers.standing(me),
    "windows": lambda house, me: house.services.maintenance.search(me),
    "windows in the calendar": _windows_in_the_calendar,
    "emergencies": lambda house, me: house.services.emergencies.search(me),
    "emergencies to review": lambda house, me: house.services.emergencies.to_review(me),
    "messages": lambda house, _me: house.services.notifications.search(OPERATOR),
    "people abroad": lambda house, me: house.services.supplier_files.people_abroad(me),
}


@pytest.mark.parametrize("name", LISTS)
async def test_a_longer_list_asks_no_oftener(house: House, name: str):
    me = house.staff(house.max)
    counts, lengths = [], []
    for number in range(4):
        await add_work(house, number)
        if number in {0, 3}:
            with statements() as asked:
                lengths.append(len(await LISTS[name](house, me)))
            counts.append(len(asked))
    assert lengths[1] > lengths[0]
    assert counts[0] == counts[1]


LONG = {
    "requests": (lambda use: use.asked.search, "request.created_at request.id"),
    "sessions": (lambda use: use.supervision.search, "record.started_at record.id"),
    "files": (lambda use: use.releases.search, "file.arrived_at file.id"),
    "windows": (lambda use: use.maintenance.search, "window.created_at window.id"),
    "emergencies": (lambda use: use.emergencies.search, "emergency.created_at emergency.id"),
    "messages": (lambda use: use.notifications.search, "delivery.at delivery.id"),
}
"""Lists that begin with the newest, and what of a row is its place in them."""


@pytest.mark.parametrize("name", LONG)
async def test_a_long_list_goes_on_from_any_row_either_way(house: House, name: str):
    which, place = LONG[name]
    places = attrgetter(*place.split())
    search = partial(which(house.services), OPERATOR if name == "messages" else house.staff(house.max))
    for number in range(4):
        await add_work(house, number)
    rows = [places(one) for one in await search(limit=50)]
    assert len(rows) >= 4
    assert rows == sorted(rows, reverse=True)
    for number, row in enumerate(rows):
        older = await search(after=Place(*row), limit=2)
        newer = await search(after=Newer(*row), limit=2)
        assert [places(one) for one in older] == rows[number + 1 : number + 3]
        assert [places(one) for one in newer] == rows[max(0, number - 2) : number]


async def test_a_technicians_menu_asks_no_oftener_for_more_devices(house: House):
    counts = []
    for number in range(3):
        await _ready_device(house, f"more-{number}", "acme")
        with statements() as asked:
            menu = (await house.services.sessions.enter(house.technician())).menu
        counts.append(len(asked))
        assert len(menu) == number + 2
    assert len(set(counts)) == 1


async def test_a_correspondents_list_asks_no_oftener_for_more_people(house: House):
    await house.services.company.name_correspondent(OPERATOR, house.alice.id, named=True)
    counts = []
    for number in range(3):
        form = TechnicianForm(f"acme{number}", f"Person {number}", "p@acme", "acme", "en")
        await house.services.people.save_technician(OPERATOR, form)
        with statements() as asked:
            people = await house.services.company.people(house.technician())
        counts.append(len(asked))
        assert len(people) == number + 2
        mine = next(one for one in people if one.technician.id == house.alice.id)
        assert mine == await house.services.company.colleague(house.technician(), house.alice.id)
    assert len(set(counts)) == 1


async def test_counting_what_waits_asks_no_oftener_for_more(house: House):
    counts = []
    for number in range(2):
        await add_work(house, number)
        with statements() as asked:
            assert await house.services.asked.to_decide(house.staff(house.max)) == 2 * (number + 1)
        counts.append(len(asked))
    assert len(set(counts)) == 1


async def test_the_counting_would_notice(house: House):
    async with house.database.read() as uow:
        with statements() as asked:
            await uow.devices.get("x")
            await uow.devices.get("y")
    assert len([one for one in asked if "devices" in one]) == 2

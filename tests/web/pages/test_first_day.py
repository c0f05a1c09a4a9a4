"""The first day: a bastion in which there is nothing says what is to be entered, in order, until it is."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from bastion.config import Settings
from bastion.domain.parties import Role
from bastion.services.directory import FacilityForm, SupplierForm
from bastion.services.inventory import DeviceForm
from bastion.services.people import Duty, StaffForm, TechnicianForm
from bastion.store.database import Database
from tests.databases import sqlite_fresh
from tests.services.house import OPERATOR, House, services_of
from tests.services.postroom import point
from tests.web.pages.test_papers import plain
from tests.web.visitor import Visitor, speak
from web.app import create

HEADING = "Still to be set up"


@pytest.fixture
async def empty(house: House, migrated_sqlite: Path, tmp_path: Path) -> AsyncIterator[House]:
    """A bastion that `init` has just made: an administrator, and nothing else."""
    home = tmp_path / "empty"
    home.mkdir()
    database = await Database.open(sqlite_fresh(migrated_sqlite, home))
    services = services_of(database, home, house.vault, house.recordings, [])
    await services.enrolment.first_administrator(OPERATOR, "root1", "Root")
    yield replace(house, database=database, services=services)
    await database.close()


async def sat_down(house: House, home: Path) -> Visitor:
    """The administrator at his first page."""
    (root,) = await house.services.people.staff(OPERATOR)
    browser = Visitor(create(house.services, Settings(home=home, language="en")), house)
    return await browser.enter(await speak(house, root, "en"))


async def left(browser: Visitor) -> list[str]:
    """Where what is still to do is done, in order."""
    part = (await browser.see("/")).text.partition(HEADING)[2].partition("</section>")[0]
    return re.findall(r'<a href="([^"]+)">', part)


async def test_an_administrator_reads_what_is_still_to_do_until_it_is_done(empty, tmp_path):
    services, browser = empty.services, await sat_down(empty, tmp_path)
    decides = StaffForm("eve", "Eve", "e@chu", duties=(Duty(Role.APPROVER, "chu"),))
    alice, scanner = TechnicianForm("alice", "Alice", "a@acme", "acme"), DeviceForm("ct-01", "CT", "chu", ("acme",))
    people, directory = services.people, services.directory
    register = {
        "/directory/facilities/new": partial(directory.save_facility, OPERATOR, FacilityForm("chu", "CHU")),
        "/directory/staff/new": partial(people.save_staff, OPERATOR, decides),
        "/directory/suppliers/new": partial(directory.save_supplier, OPERATOR, SupplierForm("acme", "Acme")),
        "/directory/technicians/new": partial(people.save_technician, OPERATOR, alice),
        "/directory/devices/new": partial(services.inventory.save_device, OPERATOR, scanner),
    }
    for number, (path, do) in enumerate(register.items()):
        assert await left(browser) == [*list(register)[number:], "/messages"]
        assert (await browser.see(path)).status_code == 200, "and there it is done"
        await do()
    assert "nobody is told by mail" in (await browser.see("/")).text
    point(services.notifications, 25)
    assert HEADING not in (await browser.see("/")).text


async def test_who_cannot_do_all_of_it_is_not_told_to(house, visitor, people):
    for who in ("approver", "security", "auditor"):
        assert HEADING not in (await (await visitor().enter(people[who])).see("/")).text


async def test_a_form_says_what_must_be_there_before_it_can_be_filled_in(empty, tmp_path):
    browser = await sat_down(empty, tmp_path)
    for path, first, words in (
        ("/directory/devices/new", "/directory/facilities/new", "Register a facility first"),
        ("/messages/gmao", "/directory/facilities/new", "Register a facility first"),
        ("/directory/technicians/new", "/directory/suppliers/new", "Register a supplier first"),
    ):
        page = (await browser.see(path)).text
        assert f'<a href="{first}">{words}</a>' in page
    await empty.services.directory.save_facility(OPERATOR, FacilityForm("chu", "CHU"))
    assert "Register a facility first" not in plain((await browser.see("/directory/devices/new")).text)

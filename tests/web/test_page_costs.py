"""A page of many rows asks the database as often as a page of few, whatever it names in each row."""

import pytest

from bastion.domain.lock import LockScope
from bastion.services.directory import SupplierForm
from tests.services.house import OPERATOR
from tests.services.test_lists import add_work, statements

PAGES = {
    "/locks": "security",
    "/requests/new": "approver",
    "/requests/new?technician=alice&device=ct-01": "approver",
    "/requests": "approver",
    "/sessions": "approver",
    "/desk": "approver",
    "/recordings": "security",
    "/messages": "admin",
    "/windows": "approver",
    "/emergencies": "approver",
    "/directory/devices": "admin",
    "/directory/technicians": "admin",
    "/directory/suppliers": "admin",
}


async def cut(house, number: int) -> None:
    """The person and one device of `add_work`, and another supplier."""
    ruth, code, other = house.staff(house.ruth), f"n{number}", f"x{number}"
    await house.services.directory.save_supplier(OPERATOR, SupplierForm(other, f"Other {number}"))
    subjects = {LockScope.SUPPLIER: other, LockScope.TECHNICIAN: code, LockScope.DEVICE: f"{code}a"}
    for scope, subject in subjects.items():
        await house.services.locks.impose(ruth, scope, subject, "a drill")


@pytest.mark.parametrize("path", PAGES)
async def test_a_longer_page_asks_no_oftener(house, visitor, people, path):
    browser = await visitor().enter(people[PAGES[path]])
    counts, lengths = [], []
    for number in range(4):
        await add_work(house, number)
        if path == "/locks":
            await cut(house, number)
        if number in {0, 3}:
            with statements() as asked:
                page = await browser.see(path)
            assert page.status_code == 200
            lengths.append(len(page.text))
            counts.append(len(asked))
    assert lengths[1] > lengths[0], "it shows more"
    assert counts[0] == counts[1]

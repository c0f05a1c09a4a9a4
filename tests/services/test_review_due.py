"""R-19: rights are reviewed twice a year; where nobody began for half a year, whoever would begin is told."""

from datetime import timedelta

from bastion import clock
from bastion.domain.parties import Role
from bastion.domain.review import LONGEST
from bastion.services.digest import counted
from bastion.services.people import StaffForm
from tests.services.test_reviews import begun


async def owed(house, person) -> list[tuple[str, bool]]:
    found = await house.services.reviews.unbegun(house.staff(person))
    return [(one.facility.code, one.never) for one in found]


async def numbers(house) -> str:
    async with house.database.read() as uow:
        return (await counted(uow, None, clock.now()))["unbegun"]


async def test_R19_half_a_year_without_a_review_is_told_hospital_by_hospital(house, later):
    form = StaffForm("far", "Far", "f@ch2", frozenset({Role.SECURITY}), ("ch2",), "en")
    far = await house.services.people.save_staff(house.staff(house.ruth), form)
    assert await owed(house, house.ruth) == [], "they were registered today"
    later(seconds=LONGEST.total_seconds() + 60)
    assert await owed(house, house.ruth) == [("ch2", True), ("chu", True)]
    assert (await owed(house, far), await owed(house, house.eve)) == ([("ch2", True)], [])
    assert await numbers(house) == "2"
    await begun(house, 10, "chu")
    assert (await owed(house, house.ruth), await numbers(house)) == ([("ch2", True)], "1")
    await begun(house, 10, name="group")
    assert await owed(house, house.ruth) == []
    later(seconds=LONGEST.total_seconds() - 60)
    assert await owed(house, house.ruth) == []
    later(seconds=120)
    assert await owed(house, house.ruth) == [("ch2", False), ("chu", False)]
    (_, chu) = await house.services.reviews.unbegun(house.staff(house.ruth))
    assert chu.since + LONGEST <= clock.now() < chu.since + LONGEST + timedelta(hours=1)

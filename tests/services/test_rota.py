"""Who is on call: entered in the hospital's own time, one person per line and place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion import clock
from bastion.domain.parties import Assignment, Role
from bastion.errors import Conflict, Forbidden, IllegalTransition, Invalid, NotFound
from bastion.services.duties import Duty
from bastion.services.people import StaffForm
from bastion.services.rota import ShiftForm
from bastion.services.standby import Ring, standby
from tests.services.house import OPERATOR, as_only, moved

NIGHT = ShiftForm("eve", "chu", "2090-10-28 18:00", "2090-10-29 08:00")


@pytest.fixture
def rota(house):
    return house.services.rota


def wall(**away: int) -> str:
    """A time on the wall of Paris, so far from now."""
    from zoneinfo import ZoneInfo

    return (clock.now() + timedelta(**away)).astimezone(ZoneInfo("Europe/Paris")).strftime("%Y-%m-%d %H:%M:%S")


async def now_on_call(house, login: str, line: int = 1, ward: str = ""):
    form = ShiftForm(login, "chu", wall(hours=-1), wall(hours=8), ward, line)
    return await house.services.rota.add(OPERATOR, form)


async def ready(house):
    async with house.database.read() as uow:
        return await standby(uow, house.device, clock.now())


async def test_times_are_those_of_the_hospital_whatever_the_clocks_do(house, rota):
    """The night of the last Sunday of October lasts an hour more; no minute of it is left without anybody."""
    made = await rota.add(OPERATOR, NIGHT)
    assert (made.starts, made.ends) == (
        datetime(2090, 10, 28, 16, tzinfo=UTC), datetime(2090, 10, 29, 7, tzinfo=UTC),
    )  # fmt: skip
    evening = await rota.add(OPERATOR, replace(NIGHT, line=2, ends="2090-10-29 02:30"))
    morning = await rota.add(OPERATOR, replace(NIGHT, line=3, starts="2090-10-29 02:30"))
    assert (evening.ends, morning.starts) == (
        datetime(2090, 10, 29, 1, 30, tzinfo=UTC), datetime(2090, 10, 29, 0, 30, tzinfo=UTC),
    )  # fmt: skip
    with pytest.raises(Invalid) as skipped:
        await rota.add(OPERATOR, replace(NIGHT, starts="2090-03-26 02:30", ends="2090-03-26 08:00"))
    assert skipped.value.field == "starts"


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"starts": "tomorrow"}, Invalid, "starts"),
        ({"starts": "2090-10-28T18:00Z"}, Invalid, "starts"),
        ({"ends": "2090-10-28 18:00"}, Invalid, "ends"),
        ({"starts": "2020-01-01 08:00", "ends": "2020-01-02 08:00"}, Invalid, "ends"),
        ({"ends": "2090-12-28 18:00"}, Invalid, "ends"),
        ({"login": "ruth"}, Invalid, "login"),
        ({"login": "nobody"}, Invalid, "login"),
        ({"facility_code": "nowhere"}, Invalid, "facility"),
        ({"facility_code": "ch2"}, Invalid, "login"),
        ({"line": 0}, Invalid, "line"),
        ({"line": 4}, Invalid, "line"),
    ],
)
async def test_what_cannot_be_meant_is_refused_with_the_field(rota, change, error, field):
    with pytest.raises(error) as refused:
        await rota.add(OPERATOR, replace(NIGHT, **change))
    assert refused.value.field == field


async def test_one_person_per_line_and_place(house, rota):
    await rota.add(OPERATOR, NIGHT)
    for clash in (replace(NIGHT, login="max"), replace(NIGHT, login="max", starts="2090-10-29 07:59")):
        with pytest.raises((Conflict, Invalid)):
            await rota.add(OPERATOR, replace(clash, ends="2090-10-29 09:00"))
    await rota.add(OPERATOR, replace(NIGHT, login="max", line=2))
    await rota.add(OPERATOR, replace(NIGHT, login="max", ward="Imagerie"))
    await rota.add(OPERATOR, replace(NIGHT, login="max", starts="2090-10-29 08:00", ends="2090-10-29 18:00"))


async def test_a_withdrawn_entry_makes_room_and_stays_withdrawn(house, rota):
    made = await rota.add(OPERATOR, NIGHT)
    await rota.withdraw(house.staff(house.eve), made.id)
    with pytest.raises(IllegalTransition):
        await rota.withdraw(OPERATOR, made.id)
    await rota.add(OPERATOR, replace(NIGHT, login="max"))
    assert await house.tags("rota") == ["rota:added", "rota:withdrawn", "rota:added"]


async def test_R28_an_approver_of_a_ward_keeps_its_rota_and_no_other(house, rota):
    await house.services.people.save_staff(
        OPERATOR, StaffForm("wanda", "Wanda", "", duties=(Duty(Role.APPROVER, "chu", ("Bloc", "Imagerie")),))
    )
    wanda = house.staff(next(one for one in await house.services.people.staff(OPERATOR) if one.login == "wanda"))
    own = await rota.add(wanda, replace(NIGHT, login="wanda", ward=" bloc"))
    for ward in ("Urgences", ""):
        other = await rota.add(OPERATOR, replace(NIGHT, ward=ward))
        with pytest.raises(Forbidden):
            await rota.withdraw(wanda, other.id)
        with pytest.raises(Forbidden, match="outside"):
            await rota.add(wanda, replace(NIGHT, ward=ward, line=2))
    assert (await rota.withdraw(wanda, own.id)).withdrawn_at
    assert await house.tags("rota") == ["rota:added"] * 3 + ["rota:withdrawn"]


async def test_who_keeps_the_rota(house, rota):
    eve = house.staff(house.eve)
    made = await rota.add(eve, NIGHT)
    for person, error in (
        (as_only(eve, {Role.SECURITY}), Forbidden),
        (moved(eve, {"elsewhere"}), (NotFound, Invalid)),
    ):
        with pytest.raises(error):
            await rota.add(person, replace(NIGHT, line=2))
        with pytest.raises((Forbidden, NotFound)):
            await rota.withdraw(person, made.id)
    since, until = made.starts, made.ends
    assert [v.shift.id for v in await rota.between(eve, since, until)] == [made.id]
    assert await rota.between(moved(eve, {"elsewhere"}), since, until) == []
    assert await rota.between(eve, until, until + timedelta(days=1)) == []


CSV = "Personne;Du;Au;Établissement;Service;Rang\n"


async def test_a_file_is_taken_whole_or_not_at_all(house, rota):
    good = "eve;2090-11-01 18:00;2090-11-02 08:00;chu;;1\n"
    good += "max;2090-11-01 18:00;2090-11-02 08:00;chu;Bloc;2\n"
    wrong = good + "=cmd();2090-11-03 18:00;2090-11-04 08:00;chu;;1\neve;x;y;chu;;1\n"
    wrong += "eve;2090-11-01 20:00;2090-11-02 08:00;chu;;1\n"
    made, bad = await rota.add_all(OPERATOR, (CSV + wrong).encode("latin-1"))
    assert (made, [one.number for one in bad]) == ([], [4, 5, 6])
    assert await house.tags("rota") == []
    made, bad = await rota.add_all(OPERATOR, (CSV + good).encode("utf-8-sig"))
    assert (len(made), bad) == (2, [])
    for nothing in (b"", b"a;b\n1;2\n", CSV.replace("Du;", "").encode()):
        with pytest.raises(Invalid):
            await rota.add_all(OPERATOR, nothing)


async def test_R26_on_call_comes_first_line_by_line_and_the_ward_before_the_house(house):
    assert [ring for ring, _ in (await ready(house)).ladder()] == [Ring.APPROVERS]
    for login in ("iris", "otto"):
        form = StaffForm(login, login, f"{login}@chu", duties=(Duty(Role.APPROVER, "chu", ("Imagerie",)),))
        await house.services.people.save_staff(OPERATOR, form)
    await now_on_call(house, "eve")
    await now_on_call(house, "max", 2)
    await now_on_call(house, "iris", 1, "imagerie")
    with pytest.raises(Invalid):
        await now_on_call(house, "otto", 1, "Bloc")
    found = await ready(house)
    assert [(one.person.login, one.line) for one in found.on_call] == [("iris", 1), ("eve", 1), ("max", 2)]
    assert [(ring, [p.login for p in people]) for ring, people in found.ladder()] == [
        (Ring.ON_CALL, ["iris", "eve"]), (Ring.NEXT, ["max"]), (Ring.APPROVERS, ["otto"]),
    ]  # fmt: skip


async def test_who_can_no_longer_decide_is_not_called(house):
    await now_on_call(house, "eve")
    async with house.database.write() as uow:
        here = house.device.facility_id
        await uow.staff.save(replace(house.eve, assignments=(Assignment(Role.APPROVER, here, ("Bloc",)),)))
    assert (await ready(house)).on_call == ()


async def test_the_request_says_who_is_on_call(house):
    await now_on_call(house, "eve")
    request = await house.asked()
    view = await house.services.asked.get(house.staff(house.max), request.id)
    assert [one.person.login for one in view.standby.on_call] == ["eve"]
    assert [one.login for one in view.standby.others] == ["max"]


async def test_what_is_taken_away_can_be_taken_in_again(house, rota):
    night = wall(days=1), wall(days=1, hours=9)
    await rota.add(OPERATOR, ShiftForm("eve", "chu", *night, line=2))
    now = clock.now()
    sheet = await rota.export(house.staff(house.ruth), now, now + timedelta(days=3))
    (before,) = await rota.between(OPERATOR, now, now + timedelta(days=3))
    await rota.withdraw(OPERATOR, before.shift.id)
    looked, bad = await rota.add_all(OPERATOR, sheet, only_look=True)
    assert (len(looked), bad) == (1, [])
    assert await rota.between(OPERATOR, now, now + timedelta(days=3)) == [], "nothing is written by looking"
    assert (await rota.add_all(OPERATOR, sheet))[1] == []
    (after,) = await rota.between(OPERATOR, now, now + timedelta(days=3))
    seen = [(one.person.login, one.shift.starts, one.shift.ends, one.shift.line) for one in (before, after)]
    assert seen[0] == seen[1]


async def test_a_look_at_a_file_says_which_lines_are_wrong_too(house, rota):
    made, bad = await rota.add_all(OPERATOR, (CSV + "nobody;x;y;chu\n").encode(), only_look=True)
    assert made == []
    assert [one.number for one in bad] == [2]

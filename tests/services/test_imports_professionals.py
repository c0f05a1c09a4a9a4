"""Who answers for patient data, from a file (R-38): a line enters somebody anew, or leaves an entry just as it is."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bastion import clock
from bastion.domain.importing import Register
from bastion.domain.local_time import local_date
from bastion.domain.parties import Role, assigned
from bastion.domain.work_plan import PLAIN, PatientData
from bastion.errors import Conflict, Forbidden, FreshFactorNeeded, Invalid
from bastion.services.directory import FacilityForm
from tests.services.house import OPERATOR, moved
from tests.services.professionals import LABEL, ROUX, a_professional
from tests.services.test_imports import said, shown

HEAD = "Nom;Fonction;Établissement;N° RPPS;Premier jour;Dernier jour\r\n"
PROFESSIONALS = Register.PROFESSIONALS


@pytest.fixture
def use(house):
    return house.services.imports


@pytest.fixture
def ruth(house):
    return house.staff(house.ruth)


async def listed(house, *, retired: bool = False) -> list[str]:
    return [view.one.label for view in await house.services.professionals.listed(OPERATOR, retired=retired)]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
async def test_a_french_list_enters_people_as_if_they_were_typed(house, use, ruth, encoding):
    data = (
        HEAD + "Dr Hélène  Roux;radiologue;CHU;1000 345 6786;01/02/2089;2090-12-31\r\n"
        "=cmd|' /C calc'!A0;médecin;chu;;;\r\n"
    ).encode(encoding)
    plan = await use.check(ruth, PROFESSIONALS, data)
    assert (said(plan), plan.ignored) == ([], ())
    assert shown(plan) == [
        (2, "Dr Hélène Roux, radiologue", True, {
            "facility": ("", "chu"), "name": ("", "Dr Hélène Roux"), "title": ("", "radiologue"),
            "rpps": ("", "10003456786"), "since": ("", "2089-02-01"), "until": ("", "2090-12-31"),
        }),
        (3, "=cmd|' /C calc'!A0, médecin", True, {
            "facility": ("", "chu"), "name": ("", "=cmd|' /C calc'!A0"), "title": ("", "médecin"),
            "since": ("", local_date(clock.now()).isoformat()),
        }),
    ]  # fmt: skip
    assert await listed(house) == [], "a dry run writes nothing"
    await use.apply(ruth, PROFESSIONALS, data, mark=plan.mark, file_name="dim.csv")
    formula, roux = (view.one for view in await house.services.professionals.listed(OPERATOR))
    assert (formula.name, formula.ends) == ("=cmd|' /C calc'!A0", None)
    assert (roux.starts, roux.ends) == (datetime(2089, 1, 31, 23, tzinfo=UTC), datetime(2090, 12, 31, 23, tzinfo=UTC))
    assert (roux.created_by, roux.rpps) == ("Ruth", "10003456786")
    assert await house.tags("professional") == ["professional:added"] * 2
    event = await house.event("professional:added")
    assert (event.fields["professional"], event.subject_id) == (formula.label, formula.facility_id)
    whole = (await house.event("directory:imported")).fields
    assert whole == {
        "register": "professionals", "created": "2", "changed": "0", "unchanged": "0", "bad": "0", "file": "dim.csv",
    }  # fmt: skip
    again = await use.check(ruth, PROFESSIONALS, data)
    assert (again.changes, again.unchanged, said(again)) == ((), 2, [])


async def test_R38_whoever_came_by_a_file_may_be_named_in_a_request(house, use, ruth):
    plan = replace(PLAIN, patient_data=PatientData.NEEDED, professional=LABEL, patient_why="the image itself")
    with pytest.raises(Invalid):
        await house.asked(plan=plan)
    await use.apply(ruth, PROFESSIONALS, b"name,title,facility\nDr H\xe9l\xe8ne Roux,radiologist,chu\n")
    assert (await house.asked(plan=plan)).plan.professional == LABEL


async def test_an_entry_is_never_changed_by_a_line_only_left_or_refused(house, use, ruth):
    await a_professional(house, until=date(2090, 1, 1))
    head, twice = (
        "name;title;facility;rpps;since;until\n",
        "This person is on the list already: retire that entry first.",
    )
    for line, problem in {
        "dr HÉLÈNE roux;Radiologist;CHU;;;": None,
        "Dr Hélène Roux;radiologist;chu;10003456786;;2090-01-01": None,
        "Dr Hélène Roux;radiologist;chu;;;2090-01-02": (2, "name", twice),
        "Dr Hélène Roux;radiologist;chu;10003456794;;": (2, "name", twice),
        "Dr Hélène Roux;radiologist;chu;;2089-01-01;": (2, "name", twice),
    }.items():
        plan = await use.check(ruth, PROFESSIONALS, (head + line).encode())
        assert (plan.changes, plan.unchanged, said(plan)) == ((), problem is None, [problem] if problem else []), line
    plan = await use.check(ruth, PROFESSIONALS, (head + "Dr Hélène Roux;head of unit;chu;;;").encode())
    assert plan.created == 1, "of another function it is another entry"


async def test_who_was_retired_or_whose_time_is_over_is_entered_anew(house, use, ruth, later):
    one = await a_professional(house)
    data = f"name;title;facility\n{ROUX.name};{ROUX.title};chu\n".encode()
    assert (await use.check(ruth, PROFESSIONALS, data)).unchanged == 1
    await house.services.professionals.retire(OPERATOR, one.id)
    assert (await use.apply(house.staff(house.ruth), PROFESSIONALS, data)).created == 1
    assert (await listed(house), await listed(house, retired=True)) == ([LABEL], [LABEL] * 2)
    other = ROUX.name.replace("Roux", "Blanc")
    await a_professional(house, name=other, until=local_date(clock.now() + timedelta(days=1)))
    later(days=3)
    data = f"name;title;facility\n{other};{ROUX.title};chu\n".encode()
    assert (await use.apply(house.staff(house.ruth), PROFESSIONALS, data)).created == 1


NEEDS = "A new entry needs this cell. Fill it in."
NOWHERE = "There is no facility “nowhere”. Register it first, or name one there is: ch2, chu."
BAD = {
    ";radiologist;chu;;;": ("name", NEEDS),
    "A;;chu;;;": ("title", NEEDS),
    "B;radiologist;;;;": ("facility", NEEDS),
    "C;radiologist;nowhere;;;": ("facility", NOWHERE),
    "D;radiologist;chu;10003456787;;": ("rpps", "An RPPS number has eleven digits; one of these is wrong."),
    "E;radiologist;chu;;31/02/2027;": ("since", "Give a date such as 2026-12-31 or 31/12/2026."),
    "F;radiologist;chu;;;soon": ("until", "Give a date such as 2026-12-31 or 31/12/2026."),
    "G;radiologist;chu;;;2020-01-01": ("until", "The last day lies before the first one, or has passed."),
    "H;radiologist;chu;;2090-02-01;2090-01-01": ("until", "The last day lies before the first one, or has passed."),
    "I\u202e;radiologist;chu;;;": ("name", "This cell holds hidden characters. Type it anew."),
    "J;radio\u200blogist;chu;;;": ("title", "This cell holds hidden characters. Type it anew."),
    "K" * 201 + ";radiologist;chu;;;": ("name", "This cell is too long: 200 characters at most."),
    "L;" + "l" * 201 + ";chu;;;": ("title", "This cell is too long: 200 characters at most."),
    "First;Radiologist;chu": ("", "This line has 3 cells, the first line has 6."),
    "FIRST ;  radiologist;Chu;;;": ("name", "“FIRST, radiologist” stands in line 2 already."),
}  # fmt: skip


async def test_each_bad_line_is_named_and_left_out_only_when_asked(house, use, ruth):
    data = (HEAD + "First;radiologist;chu;;;\r\n" + "\r\n".join(BAD) + "\r\n").encode()
    plan = await use.check(ruth, PROFESSIONALS, data)
    assert said(plan) == [(number, *what) for number, what in enumerate(BAD.values(), 3)]
    with pytest.raises(Invalid):
        await use.apply(ruth, PROFESSIONALS, data)
    assert await listed(house) == []
    await use.apply(ruth, PROFESSIONALS, data, skip_bad=True)
    assert await listed(house) == ["First, radiologist"]


@pytest.mark.parametrize("missing", ["name", "title", "facility"])
async def test_a_file_that_does_not_say_who_or_where_is_no_list(house, use, ruth, missing):
    heading = ";".join(name for name in ("name", "title", "facility", "rpps") if name != missing)
    with pytest.raises(Invalid) as refused:
        await use.check(ruth, PROFESSIONALS, f"{heading}\na;b;c\n".encode())
    assert f"names no column “{missing}”" in refused.value.public


async def test_days_are_those_of_the_hospital_that_a_line_names(house, use, ruth):
    await house.services.directory.save_facility(OPERATOR, FacilityForm("run", "CHR", "970000001", "Indian/Reunion"))
    data = (HEAD + "A;radiologue;run;;2090-01-01;2090-12-31\r\n").encode()
    ((_, _, _, fields),) = shown(await use.check(ruth, PROFESSIONALS, data))
    assert (fields["since"][1], fields["until"][1]) == ("2090-01-01", "2090-12-31")
    await use.apply(ruth, PROFESSIONALS, data)
    (view,) = await house.services.professionals.listed(OPERATOR)
    assert (view.one.starts.hour, view.one.ends.hour) == (20, 20)


async def test_T32_an_administrator_of_one_hospital_enters_people_there_and_nowhere_else(house, use, ruth):
    ch2 = next(one.id for one in await house.services.directory.facilities(OPERATOR) if one.code == "ch2")
    await a_professional(house)
    data = f"name;title;facility\nA;radiologist;ch2\nB;radiologist;chu\n{ROUX.name};{ROUX.title};chu\n".encode()
    plan = await use.check(moved(ruth, {ch2}), PROFESSIONALS, data)
    nowhere = ("facility", "There is no facility “chu”. Register it first, or name one there is: ch2.")
    assert (said(plan), [one.key for one in plan.changes]) == ([(3, *nowhere), (4, *nowhere)], ["A, radiologist"])


async def test_R38_a_security_officer_keeps_the_list_of_his_hospital_and_fills_no_other_register(house, use):
    """Who administers one hospital and only agrees in another keeps the list of the first."""
    chu = house.device.facility_id
    data = b"name;title;facility\nA;radiologist;chu\nB;radiologist;ch2\n"
    for roles in (assigned({Role.SECURITY}, {chu}), assigned({Role.ADMIN}, {chu}) + assigned({Role.APPROVER}, {"*"})):
        keeper = replace(house.staff(house.eve), assignments=roles)
        plan = await use.check(keeper, PROFESSIONALS, data)
        assert ([bad.line for bad in plan.bad], [one.key for one in plan.changes]) == ([3], ["A, radiologist"])
    keeper = replace(keeper, assignments=assigned({Role.SECURITY}, {chu}))
    for register in set(Register) - {PROFESSIONALS}:
        with pytest.raises(Forbidden):
            await use.check(keeper, register, data)
        with pytest.raises(Forbidden):
            await use.apply(keeper, register, data)
    await use.apply(keeper, PROFESSIONALS, data, skip_bad=True)
    assert await listed(house) == ["A, radiologist"]


async def test_only_who_keeps_the_list_with_a_fresh_code(house, use):
    data = b"name;title;facility\nA;radiologist;chu\n"
    for actor, error in (
        (house.staff(house.eve), Forbidden), (house.technician(), Forbidden),
        (house.staff(house.ruth, fresh=False), FreshFactorNeeded),
    ):  # fmt: skip
        with pytest.raises(error):
            await use.apply(actor, PROFESSIONALS, data)
    assert await listed(house) == []


async def test_the_same_file_twice_at_once_enters_everybody_once(house, use, ruth):
    data = b"name;title;facility\nA;radiologist;chu\nB;radiologist;chu\n"
    plan = await use.check(ruth, PROFESSIONALS, data)
    both = (use.apply(ruth, PROFESSIONALS, data, mark=plan.mark) for _ in range(2))
    done = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(one).__name__ for one in done) == [Conflict.__name__, "Plan"]
    assert await listed(house) == ["A, radiologist", "B, radiologist"]

"""The hospital's people from a file (R-23, R-28): what the form refuses is refused here, line by line."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.credentials import WebSession
from bastion.domain.importing import Register
from bastion.domain.parties import EVERYWHERE, Assignment, Role
from bastion.errors import Forbidden, FreshFactorNeeded, NotFound
from bastion.services.authentication import hash_token
from bastion.services.forms import NO_MAIL
from bastion.services.people import StaffForm
from tests.services.house import OPERATOR, moved
from tests.services.test_imports import said, shown

HEAD = "login;nom;rôles;établissements;services;courriel\r\n"


@pytest.fixture
def use(house):
    return house.services.imports


@pytest.fixture
def ruth(house):
    return house.staff(house.ruth)


async def staff(house) -> dict:
    return {one.login: one for one in await house.services.people.staff(OPERATOR)}


async def places(house) -> dict[str, str]:
    return {one.code: one.id for one in await house.services.directory.facilities(OPERATOR)}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1252", "utf-16"])
async def test_a_french_list_makes_people_with_their_roles_where_they_hold_them(house, use, ruth, encoding):
    data = (
        HEAD + "ZOE;Zoé Roy;approbatrice, auditeur;chu;Imagerie, Réanimation;z@chu\r\n"
        "yan;=cmd|' /C calc'!A0;approver@chu:Bloc | sécurité@*;;;\r\n"
        "eve;;approver;chu;;eve@chu\r\n"
    ).encode(encoding)
    plan = await use.check(ruth, Register.STAFF, data)
    assert said(plan) == []
    assert shown(plan)[:2] == [
        (2, "zoe", True, {
            "login": ("", "zoe"), "name": ("", "Zoé Roy"), "email": ("", "z@chu"),
            "roles": ("", "approver@chu:Imagerie,Réanimation | auditor@chu"),
            "language": ("", "fr"), "active": ("", "yes"),
        }),
        (3, "yan", True, {
            "login": ("", "yan"), "name": ("", "=cmd|' /C calc'!A0"), "roles": ("", "approver@chu:Bloc | security@*"),
            "language": ("", "fr"), "active": ("", "yes"),
        }),
    ]  # fmt: skip
    assert "zoe" not in await staff(house)
    await use.apply(ruth, Register.STAFF, data, mark=plan.mark)
    now, chu = await staff(house), (await places(house))["chu"]
    assert now["zoe"].assignments == (
        Assignment(Role.APPROVER, chu, ("Imagerie", "Réanimation")), Assignment(Role.AUDITOR, chu)
    )  # fmt: skip
    assert now["yan"].assignments == (
        Assignment(Role.APPROVER, chu, ("Bloc",)), Assignment(Role.SECURITY, EVERYWHERE)
    )  # fmt: skip
    assert now["eve"].id == house.eve.id
    again = await use.check(ruth, Register.STAFF, data)
    assert (again.changes, again.unchanged) == ((), 3)


async def test_what_the_plan_shows_of_roles_is_read_back_as_the_same(house, use, ruth):
    await use.apply(ruth, Register.STAFF, b"login;name;roles\nyan;Yan;auditor@* | approver@chu:A B,C | approver@ch2\n")
    (row,) = shown(await use.check(ruth, Register.STAFF, b"login;roles\nyan;admin@chu\n"))
    old = row[3]["roles"][0]
    again = await use.check(ruth, Register.STAFF, f"login;roles\nyan;{old}\n".encode())
    assert (old.count("@"), again.unchanged, said(again)) == (3, 1, [])


async def test_each_person_is_in_the_trail_with_what_he_may_do(house, use, ruth):
    await use.apply(ruth, Register.STAFF, b"login;name;roles;facilities\nyan;Yan;auditor;chu\n", file_name="rh.csv")
    chu = (await places(house))["chu"]
    event = await house.event("directory:staff_saved")
    assert event.fields == {"login": "yan", "changed": "created", "assignments": f"auditor@{chu}"}
    assert event.actor_id == house.ruth.id
    assert (await house.event("directory:imported")).fields["register"] == "staff"


ROLES = "Name the roles: approver, security, auditor or admin."
WHERE = "Say in which hospital: its code, or * for every one."
WARDS = "Only an approver of one hospital can be limited to wards of it."
NOWHERE = "There is no facility “nowhere”. Register it first, or name one there is: ch2, chu."
BAD = {
    "a;A;;chu;;": ("roles", "A new entry needs this cell. Fill it in."),
    "b;B;boss;chu;;": ("roles", ROLES),
    "c;C;approver;;;": ("facilities", WHERE),
    "d;D;approver@;;;": ("facilities", WHERE),
    "e;E;approver@ :Bloc;;;": ("facilities", WHERE),
    "f;F;approver;nowhere;;": ("facilities", NOWHERE),
    "g;G;approver@nowhere;;;": ("facilities", NOWHERE),
    "h;H;auditor;chu;Bloc;": ("wards", WARDS),
    "i;I;approver;*;Bloc;": ("wards", WARDS),
    "j;J;auditor@chu:Bloc;;;": ("wards", WARDS),
    "k;K;approver;chu;" + ",".join(f"w{n}" for n in range(51)) + ";": (
        "wards", "Give 50 wards at most, each of 200 characters at most.",
    ),
    "l;L;auditor@chu;ch2;;": ("roles", ROLES),
    "m m;M;auditor;chu;;": ("login", "A login is made of a–z, 0–9, dot, dash and underscore, 32 at most."),
    "n;N\u202e;auditor;chu;;": ("name", "This cell holds hidden characters. Type it anew."),
    "o;O;auditor;chu;Bl\u200boc;": ("wards", "This cell holds hidden characters. Type it anew."),
    "EVE;Again;auditor;chu;;": ("login", "“eve” stands in line 2 already."),
    "p;P;auditor;chu": ("", "This line has 4 cells, the first line has 6."),
    "max;;;ch2;;": ("roles", ROLES),
    "ruth;Ruth;approver security admin;*;;": ("login", "Nobody edits his own rights; ask another administrator."),
}  # fmt: skip


async def test_R23_each_bad_line_is_named_with_what_the_form_would_say(house, use, ruth):
    before = await staff(house)
    data = (HEAD + "eve;Eve Two;;;;\n" + "\n".join(BAD) + "\n").encode()
    plan = await use.check(ruth, Register.STAFF, data)
    assert said(plan) == [(n, *what) for n, what in enumerate(BAD.values(), 3)]
    await use.apply(ruth, Register.STAFF, data, skip_bad=True)
    now = await staff(house)
    assert now == before | {"eve": replace(before["eve"], name="Eve Two")}


async def test_R23_no_line_changes_whoever_hands_it_in_but_his_own_as_it_stands_is_no_hindrance(house, use, ruth):
    for line in ("ruth;;;;;r@new", "ruth;;approver;chu;;", "RUTH;;approver@chu;;;"):
        (bad,) = said(await use.check(ruth, Register.STAFF, (HEAD + line).encode()))
        assert bad == (2, "login", "Nobody edits his own rights; ask another administrator.")
    kept = (await staff(house))["ruth"]
    whole = f"ruth;{kept.name};security admin;*;;{kept.email}"
    plan = await use.check(ruth, Register.STAFF, (HEAD + whole).encode())
    assert (said(plan), plan.unchanged) == ([], 1)


async def test_T32_an_administrator_of_one_hospital_gives_roles_there_and_nowhere_else(house, use, ruth):
    local = moved(ruth, {(await places(house))["ch2"]})
    await house.services.people.save_staff(OPERATOR, StaffForm("nell", "Nell", "", {Role.AUDITOR}, ("ch2",)))
    data = (
        HEAD + "new;New;approver;ch2;;\n"
        "eve;Mine;;;;\n"
        "x;X;approver;chu;;\n"
        "y;Y;approver;*;;\n"
        "nell;;auditor;ch2 chu;;\n"
        "nell2;N;approver@ch2 | auditor@*;;;\n"
        "max;;auditor;ch2;;\n"
    ).encode()
    plan = await use.check(local, Register.STAFF, data)
    no_place = "There is no facility “chu”. Register it first, or name one there is: ch2."
    assert said(plan) == [
        (3, "login", NotFound.sentence), (4, "facilities", no_place), (5, "login", NotFound.sentence),
        (6, "facilities", no_place), (7, "login", NotFound.sentence), (8, "login", NotFound.sentence),
    ]  # fmt: skip
    assert [c.key for c in plan.changes] == ["new"]


async def test_only_an_administrator_with_a_fresh_code_gives_roles(house, use):
    data = b"login;name;roles\nx;X;auditor@chu\n"
    for person, error in ((house.eve, Forbidden), (house.ruth, FreshFactorNeeded)):
        with pytest.raises(error):
            await use.apply(house.staff(person, fresh=False), Register.STAFF, data)
    with pytest.raises(Forbidden):
        await use.check(house.technician(), Register.STAFF, data)


async def test_T25_whoever_has_other_rights_by_a_file_is_signed_out(house, use, ruth):
    now = clock.now()
    async with house.database.write() as uow:
        for person in (house.eve, house.max):
            await uow.web_sessions.add(
                WebSession(hash_token(person.login), person.id, now, now + timedelta(hours=1), now)
            )
    await use.apply(ruth, Register.STAFF, b"login;name;roles\nmax;Max Two;\neve;;auditor@chu\n")
    async with house.database.read() as uow:
        seen = {person.login: await uow.web_sessions.of(person.id) for person in (house.eve, house.max)}
    assert {login: one.usable(now) for login, (one,) in seen.items()} == {"eve": False, "max": True}


async def test_an_address_no_mail_can_be_sent_to_makes_a_bad_line(use, ruth):
    data = (HEAD + "zoe;Zoé;auditor;chu;;not an address\r\nyan;Yan;auditor;chu;;y@chu\r\n").encode()
    plan = await use.check(ruth, Register.STAFF, data)
    assert [(one.line, one.problem.field, one.problem.msgid) for one in plan.bad] == [(2, "email", NO_MAIL)]
    people = b"login;name;supplier;email\npia;Pia;acme;pia@\n"
    plan = await use.check(ruth, Register.TECHNICIANS, people)
    assert [(one.line, one.problem.field, one.problem.msgid) for one in plan.bad] == [(2, "email", NO_MAIL)]

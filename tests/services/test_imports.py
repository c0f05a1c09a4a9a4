"""Registers from a GMAO export: what is shown is what is done, all of it or nothing."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import AsyncMock

import pytest

from bastion import clock
from bastion.domain.importing import Register
from bastion.domain.portal import PortalSession
from bastion.errors import Conflict, Forbidden, FreshFactorNeeded, Invalid, NotFound, Unavailable
from bastion.services import imports
from bastion.services.imports import _as_it_stands
from bastion.services.subcontractors import SubcontractorForm
from tests.services.house import OPERATOR, moved

DEVICES, SUPPLIERS, TECHNICIANS, STAFF, _PROFESSIONALS = Register
HEAD = "code;name;facility;suppliers\n"


@pytest.fixture
def use(house):
    return house.services.imports


@pytest.fixture
def ruth(house):
    return house.staff(house.ruth)


async def devices(house) -> dict:
    return {v.device.code: v.device for v in await house.services.inventory.devices(OPERATOR, limit=500)}


async def technicians(house) -> dict:
    return {v.technician.login: v.technician for v in await house.services.people.technicians(OPERATOR)}


def said(plan) -> list[tuple[int, str, str]]:
    return [(line, problem.field, problem.public) for line, problem in plan.faults]


def shown(plan) -> list[tuple[int, str, bool, dict]]:
    return [(c.line, c.key, c.new, {f.name: (f.old, f.new) for f in c.fields}) for c in plan.changes]


async def test_a_french_export_makes_and_changes_devices(house, use, ruth):
    data = (
        "N° inventaire;Désignation;Établissement;Fournisseur;Criticité;Service;Marque;N° de série;Prix\r\n"
        "CT-01;Scanner 1;CHU;acme;3;;Siemens;S-9;12 €\r\n"
        'mr-02;"IRM\r\n2";chu;acme other;4;Radiologie;;;\r\n'
    ).encode("cp1252")
    plan = await use.check(ruth, DEVICES, data)
    assert shown(plan) == [
        (2, "ct-01", False, {"criticality": ("2", "3"), "maker": ("", "Siemens"), "serial": ("", "S-9")}),
        (3, "mr-02", True, {
            "code": ("", "mr-02"), "name": ("", "IRM 2"), "facility": ("", "chu"), "suppliers": ("", "acme other"),
            "criticality": ("", "4"), "ward": ("", "Radiologie"), "active": ("", "yes"),
        }),
    ]  # fmt: skip
    assert (plan.ignored, said(plan), plan.created, plan.changed) == (("Prix",), [], 1, 1)
    assert "mr-02" not in await devices(house), "a dry run writes nothing"
    assert await house.tags("directory:imported") == []
    await use.apply(ruth, DEVICES, data, mark=plan.mark, file_name="gmao.csv")
    now = await devices(house)
    assert (now["ct-01"].criticality, now["ct-01"].ward, now["ct-01"].maker) == (3, "Imagerie", "Siemens")
    assert now["ct-01"].id == house.device.id
    assert len(now["mr-02"].supplier_ids) == 2
    assert (await house.event("directory:device_saved")).fields == {"entry": "mr-02", "changed": "created"}
    event = await house.event("directory:imported")
    assert event.fields == {
        "register": "devices", "created": "1", "changed": "1", "unchanged": "0", "bad": "0", "file": "gmao.csv",
    }  # fmt: skip
    again = await use.check(ruth, DEVICES, data)
    assert (again.changes, again.unchanged) == ((), 2)


async def test_suppliers_of_a_device_are_replaced(house, use, ruth):
    await use.apply(ruth, DEVICES, b"code;suppliers\nct-01;other\n")
    (only,) = (await devices(house))["ct-01"].supplier_ids
    assert only == house.bob.supplier_id


async def test_suppliers_with_networks_and_the_end_of_a_contract(house, use, ruth):
    data = b"code,name,networks,contract_end\nacme,,203.0.113.0/24 198.51.100.7,31/12/2026\nnew,New,,2026-07-01\n"
    plan = await use.apply(ruth, SUPPLIERS, data)
    assert (plan.created, plan.changed) == (1, 1)
    found = {s.code: s for s in await house.services.directory.suppliers(OPERATOR)}
    assert found["acme"].name == "Acme Imaging"
    assert found["acme"].networks == ("203.0.113.0/24", "198.51.100.7/32")
    assert found["acme"].contract_end == datetime(2026, 12, 31, 23, tzinfo=UTC), "the 31st is its last day"
    assert found["new"].contract_end == datetime(2026, 7, 1, 22, tzinfo=UTC)


async def test_R5_a_line_keeps_every_address_only_where_that_was_kept_before(house, use, ruth):
    data = b"code;name;networks;active\nacme;;0.0.0.0/0;no\nnew;New;0.0.0.0/0;\n"
    assert [fault[:2] for fault in said(await use.check(ruth, SUPPLIERS, data))] == [(2, "networks"), (3, "networks")]
    async with house.database.write() as uow:
        one = next(s for s in await uow.suppliers.all() if s.code == "acme")
        await uow.suppliers.save(replace(one, networks=("0.0.0.0/0",)))
    plan = await use.check(ruth, SUPPLIERS, data)
    assert shown(plan) == [(2, "acme", False, {"active": ("yes", "no")})]
    assert [fault[:2] for fault in said(plan)] == [(3, "networks")]


async def test_R18_an_empty_cell_never_makes_a_contract_endless(house, use, ruth):
    await use.apply(ruth, SUPPLIERS, b"code;contract_end\nacme;2026-12-31\n")
    plan = await use.apply(ruth, SUPPLIERS, b"code;contract_end;networks\nacme;;\n")
    assert (plan.changes, plan.unchanged) == ((), 1)


async def test_technicians(house, use, ruth):
    data = b"login;nom;fournisseur;courriel;langue;actif\nzoe;Zo\xc3\xa9 Roy;acme;z@acme;fr;oui\nbob;;;;;non\n"
    await use.apply(ruth, TECHNICIANS, data)
    found = {v.technician.login: v.technician for v in await house.services.people.technicians(OPERATOR)}
    assert (found["zoe"].name, found["zoe"].supplier_id) == ("Zoé Roy", house.alice.supplier_id)
    assert (found["bob"].active, found["bob"].name) == (False, "Bob Petit")
    assert (await house.event("directory:technician_saved")).fields == {"login": "bob", "changed": "active"}


async def test_a_contract_with_its_number_its_beginning_and_who_answers_for_security(house, use, ruth):
    data = (
        "Code;N° de marché;Début de marché;Fin de marché;Correspondant sécurité\n"
        "acme;2026-117;01/02/2026;2026-12-31;Léa, 01 02 03\n"
    ).encode("cp1252")
    plan = await use.apply(ruth, SUPPLIERS, data)
    assert (said(plan), plan.ignored) == ([], ())
    acme = next(s for s in await house.services.directory.suppliers(OPERATOR) if s.code == "acme")
    assert (acme.contract_number, acme.security_contact) == ("2026-117", "Léa, 01 02 03")
    assert acme.contract_start == datetime(2026, 1, 31, 23, tzinfo=UTC)
    backwards = b"code;contract_start\nacme;2027-01-01\n"
    assert said(await use.check(ruth, SUPPLIERS, backwards)) == [
        (2, "contract_end", "A contract ends after it begins. Correct the two days.")
    ]


@pytest.fixture
async def employers(house):
    """Subcontractors of acme: one to be objected to, one that may employ; and one of the other company."""
    use, acme = house.services.subcontractors, house.alice.supplier_id
    objected = await use.declare(OPERATOR, acme, SubcontractorForm("No & Co"))
    await use.object(OPERATOR, objected.id, "not there")
    theirs = await use.declare(OPERATOR, house.bob.supplier_id, SubcontractorForm("Theirs"))
    return await use.declare(OPERATOR, acme, SubcontractorForm("Sub & Co", "552 100 554")), objected, theirs


async def test_R46_who_employs_a_technician_is_a_declared_subcontractor_or_the_supplier(house, use, ruth, employers):
    head = "login;nom;fournisseur;employeur\n"
    for cell in ("SUB & co", "552 100 554"):
        await use.apply(ruth, TECHNICIANS, f"{head}alice;;;{cell}\n".encode())
        assert (await technicians(house))["alice"].employer_id == employers[0].id
    assert (await use.check(ruth, TECHNICIANS, f"{head}alice;;acme;Sub & Co\n".encode())).unchanged == 1
    plan = await use.check(ruth, TECHNICIANS, f"{head}alice;;;ACME imaging\nzoe;Zoé;acme;acme\n".encode())
    assert shown(plan)[0] == (2, "alice", False, {"employer": ("Sub & Co", "")})
    assert "employer" not in shown(plan)[1][3]
    no = "The employer must be the supplier, or a subcontractor it has declared to the hospital first."
    lines = (
        "bob;;;Sub & Co",
        "yan;Yan;acme;No & Co",
        "xia;Xia;acme;Theirs",
        "wim;Wim;acme;nobody",
        "alice;;other;Sub & Co",
    )
    bad = said(await use.check(ruth, TECHNICIANS, (head + "\n".join(lines)).encode()))
    assert bad == [(n, "employer", no) for n in range(2, 7)]


async def test_R46_who_is_employed_there_is_kept_by_a_file_once_it_is_objected_to(house, use, ruth):
    sub = await house.services.subcontractors.declare(OPERATOR, house.alice.supplier_id, SubcontractorForm("Sub"))
    await use.apply(ruth, TECHNICIANS, b"login;employer\nalice;Sub\n")
    await house.services.subcontractors.object(OPERATOR, sub.id, "not there")
    plan = await use.apply(ruth, TECHNICIANS, b"login;employer;email\nalice;sub;new@acme\n")
    assert shown(plan) == [(2, "alice", False, {"email": ("a@acme", "new@acme")})]
    await use.apply(ruth, TECHNICIANS, b"login;supplier\nalice;other\n")
    assert (await technicians(house))["alice"].employer_id == "", "a subcontractor is declared for one supplier"


@pytest.mark.parametrize(
    ("register", "data", "ended"),
    [
        (TECHNICIANS, "login;actif\nalice;non\n", {"alice"}),
        (TECHNICIANS, "login;fournisseur\nalice;other\n", {"alice"}),
        (TECHNICIANS, "login;courriel\nalice;new@acme\n", set()),
        (SUPPLIERS, "code;fin de contrat\nacme;2020-01-01\n", {"alice"}),
        (SUPPLIERS, "code;actif\nacme;non\n", {"alice"}),
        (SUPPLIERS, "code;nom\nacme;Acme Two\n", set()),
    ],
)
async def test_R18_whoever_is_out_of_use_by_a_file_is_signed_out_as_by_the_form(
    house, use, ruth, register, data, ended
):
    now = clock.now()
    async with house.database.write() as uow:
        for person in (house.alice, house.bob):
            await uow.portal_sessions.add(PortalSession(person.login, person.id, now, now + timedelta(hours=1), now))
    await use.apply(ruth, register, data.encode())
    async with house.database.read() as uow:
        assert {one.id for one in await uow.portal_sessions.all() if not one.usable(now)} == ended


NOWHERE = "There is no facility “nowhere”. Register it first, or name one there is: ch2, chu."
BAD = {
    "x1;One;nowhere;acme": (
        "facility",
        NOWHERE,
    ),
    "x2;Two;chu;nobody": ("suppliers", "There is no supplier “nobody”. Register it first."),
    "x3;;chu;acme": ("name", "A new entry needs this cell. Fill it in."),
    ";Four;chu;acme": ("code", "A new entry needs this cell. Fill it in."),
    "x5;Five;chu": ("", "This line has 3 cells, the first line has 4."),
    "x6;Six;chu;acme;more": ("", "This line has 5 cells, the first line has 4."),
    "x7;" + "a" * 10_000 + ";chu;acme": ("name", "This cell is too long: 200 characters at most."),
    "x8;Ei\u202eght;chu;acme": ("name", "This cell holds hidden characters. Type it anew."),
    "x 9;Nine;chu;acme": ("code", "A code is made of a–z, 0–9, dot, dash and underscore, 32 at most."),
    "CT-01;Again;chu;acme": ("code", "“ct-01” stands in line 2 already."),
}


async def test_each_bad_line_is_named_and_nothing_is_applied_unless_asked(house, use, ruth):
    data = (HEAD + "ct-01;Scanner One;chu;acme\n" + "\n".join(BAD) + "\ngood;Good;chu;acme;\n").encode()
    plan = await use.check(ruth, DEVICES, data)
    assert said(plan) == [(n, *what) for n, what in enumerate(BAD.values(), 3)]
    with pytest.raises(Invalid, match="10 bad lines"):
        await use.apply(ruth, DEVICES, data, mark=plan.mark)
    assert (await devices(house))["ct-01"].name == "Scanner 1"
    assert await house.tags("directory:imported") == []
    await use.apply(ruth, DEVICES, data, mark=plan.mark, skip_bad=True)
    now = await devices(house)
    assert now.keys() == {"ct-01", "good"}
    assert now["ct-01"].name == "Scanner One"
    assert (await house.event("directory:imported")).fields["bad"] == "10"


@pytest.mark.parametrize(
    ("register", "line", "fields"),
    [
        (DEVICES, "code;name;facility;suppliers;criticality\nx 1;;nowhere;nobody;9\n",
         ["code", "name", "facility", "suppliers", "criticality"]),
        (DEVICES, "code;facility;suppliers;criticality\nct-01;nowhere;nobody;9\n",
         ["facility", "suppliers", "criticality"]),
        (DEVICES, "code;criticality;active\nct-01;9;perhaps\nct-01;9;perhaps\n",
         ["criticality", "active", "code"]),
        (SUPPLIERS, "code;name;networks;contract_end\nnew;New;everywhere;soon\n", ["networks", "contract_end"]),
        (TECHNICIANS, "login;name;supplier;employer;email;country\nz;Z;nobody;sub;z@;XX\n",
         ["email", "supplier", "country"]),
        (STAFF, "login;name;roles;facilities;wards;email;language\nz;Z;boss;nowhere;Bloc;z@;de\n",
         ["language", "email", "roles"]),
        (Register.PROFESSIONALS, "name;title;facility;rpps;until\nA;;nowhere;123;soon\n",
         ["title", "facility", "until", "rpps"]),
    ],
    ids=["device", "known", "twice", "supplier", "technician", "staff", "professional"],
)  # fmt: skip
async def test_all_that_is_wrong_in_a_line_is_said_at_once(use, ruth, register, line, fields):
    plan = await use.check(ruth, register, line.encode())
    assert sorted(problem.field for _, problem in plan.faults) == sorted(fields)
    assert len(plan.bad) == line.count("\n") - 1, "lines are counted, not what is wrong in them"


@pytest.mark.parametrize(
    ("register", "line", "field"),
    [
        (DEVICES, "code;criticality\nct-01;5\n", "criticality"),
        (DEVICES, "code;active\nct-01;perhaps\n", "active"),
        (SUPPLIERS, "code;networks\nacme;everywhere\n", "networks"),
        (SUPPLIERS, "code;networks\nacme;" + "10.0.0.1 " * 400 + "\n", "networks"),
        (SUPPLIERS, "code;contract_end\nacme;31/02/2026\n", "contract_end"),
        (SUPPLIERS, "code;contract_end\nacme;01/01/0001\n", "contract_end"),
        (TECHNICIANS, "login;language\nalice;de\n", "language"),
        (TECHNICIANS, "login;supplier\nalice;nobody\n", "supplier"),
    ],
)
async def test_bad_values_are_named_at_their_column(use, ruth, register, line, field):
    (bad,) = (await use.check(ruth, register, line.encode())).bad
    assert (bad.line, bad.problem.field) == (2, field)


@pytest.mark.parametrize("data", [b"name;facility\nx;y\n", b"code;code\nx;y\n", b"code;Inventaire\nx;y\n"])
async def test_a_heading_without_the_code_or_with_one_twice_is_refused(use, ruth, data):
    with pytest.raises(Invalid) as refused:
        await use.check(ruth, DEVICES, data)
    assert refused.value.field == "file"


async def test_what_changed_since_the_dry_run_is_noticed(house, use, ruth):
    data = (HEAD + "ct-01;Scanner One;chu;acme\n").encode()
    plan = await use.check(ruth, DEVICES, data)
    with pytest.raises(Conflict):
        await use.apply(ruth, DEVICES, data + b"x;X;chu;acme\n", mark=plan.mark)
    form = b"code;name\nct-01;Renamed\n"
    await use.apply(ruth, DEVICES, form)
    with pytest.raises(Conflict):
        await use.apply(ruth, DEVICES, data, mark=plan.mark)
    assert (await devices(house))["ct-01"].name == "Renamed"
    fresh = await use.check(ruth, DEVICES, data)
    await use.apply(ruth, DEVICES, data, mark=fresh.mark)
    assert (await devices(house))["ct-01"].name == "Scanner One"


async def test_a_change_between_reading_and_writing_is_noticed_too(house, use, ruth):
    data = (HEAD + "ct-01;Scanner One;chu;acme\n").encode()
    plan, facts = await use._held_against(ruth, DEVICES, data)
    async with house.database.write() as uow:
        assert await _as_it_stands(uow, ruth, plan, facts, data) is plan
    await use.apply(ruth, DEVICES, b"code;name\nct-01;Renamed\n")
    async with house.database.write() as uow:
        assert (await _as_it_stands(uow, ruth, plan, facts, data)).mark != plan.mark


async def test_T39_a_formula_is_kept_as_text(house, use, ruth):
    await use.apply(ruth, DEVICES, (HEAD + "evil;=cmd|' /C calc'!A0;chu;acme\n").encode())
    assert (await devices(house))["evil"].name == "=cmd|' /C calc'!A0"


async def test_R23_only_an_administrator_with_a_fresh_code_applies(house, use):
    data = b"code;name\nct-01;X\n"
    for person, error in ((house.eve, Forbidden), (house.ruth, FreshFactorNeeded)):
        with pytest.raises(error):
            await use.apply(house.staff(person, fresh=False), DEVICES, data)
    for act in (use.check(house.staff(house.eve), DEVICES, data), use.check(house.technician(), DEVICES, data)):
        with pytest.raises(Forbidden):
            await act


async def test_T32_an_administrator_of_one_hospital_imports_there_and_nowhere_else(house, use, ruth):
    other = moved(ruth, {"elsewhere"})
    data = (HEAD + "ct-01;Mine;chu;acme\nnew;New;ch2;acme\n").encode()
    plan = await use.check(other, DEVICES, data)
    assert [(n, f) for n, f, _ in said(plan)] == [(2, "code"), (3, "facility")]
    for register in (SUPPLIERS, TECHNICIANS):
        with pytest.raises(NotFound):
            await use.check(other, register, b"code;name\nlogin;x\n")


async def test_a_file_is_kept_for_whoever_brought_it_until_it_is_applied(house, use, ruth):
    data = (HEAD + "x;X;chu;acme\n").encode()
    first = await use.hand_in(ruth, DEVICES, "a.csv", data)
    draft = await use.hand_in(ruth, DEVICES, "gmao\u202e.csv", data)
    with pytest.raises(NotFound):
        await use.look(ruth, first.id)
    kept, plan = await use.look(ruth, draft.id)
    assert (kept.file_name, plan.created) == ("gmao.csv", 1)
    with pytest.raises(NotFound):
        await use.look(replace(ruth, id="another"), draft.id)
    with pytest.raises(FreshFactorNeeded):
        await use.apply_draft(house.staff(house.ruth, fresh=False), draft.id, plan.mark)
    with pytest.raises(Conflict):
        await use.apply_draft(ruth, draft.id, "0" * 16)
    await use.apply_draft(ruth, draft.id, plan.mark)
    assert "x" in await devices(house)
    with pytest.raises(NotFound):
        await use.apply_draft(ruth, draft.id, plan.mark)


async def test_a_file_nobody_applied_is_forgotten_after_a_day(house, use, ruth, monkeypatch):
    draft = await use.hand_in(ruth, DEVICES, "a.csv", b"code;name\nct-01;X\n")
    await use.forget_old()
    await use.look(ruth, draft.id)
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=1, minutes=1))
    with pytest.raises(NotFound):
        await use.look(ruth, draft.id)
    await use.forget_old()
    async with house.database.read() as uow:
        assert await uow.drafts.all() == []


@pytest.mark.timed
async def test_twenty_thousand_lines_in_bounded_time(house, use, ruth):
    lines = (
        f"inv-{n};Pousse-seringue {n};chu;acme;Réanimation;Chambre {n % 40};Fresenius;Agilia;{n:08}"
        for n in range(20_000)
    )
    data = ("code;name;facility;suppliers;ward;location;maker;model;serial\n" + "\n".join(lines)).encode()
    begun = time.process_time()  # what it costs, whatever else this machine is doing
    plan = await use.check(ruth, DEVICES, data)
    looked = time.process_time()
    await use.apply(ruth, DEVICES, data, mark=plan.mark)
    applied = time.process_time()
    again = await use.check(ruth, DEVICES, data)
    print(f"look {looked - begun:.1f} s, apply {applied - looked:.1f} s, again {time.process_time() - applied:.1f} s")
    assert (plan.created, again.unchanged) == (20_000, 20_000)
    assert looked - begun < 10
    assert applied - looked < 20


@pytest.mark.parametrize("size", [19, 20])
async def test_a_register_that_has_grown_by_many_is_counted_at_once(house, use, ruth, size, monkeypatch):
    """Else the database takes a list of thousands for the few it knew."""
    counting = AsyncMock(wraps=house.database.take_stock)
    monkeypatch.setattr(house.database, "take_stock", counting)
    monkeypatch.setattr(imports, "MANY", 20)
    lines = "".join(f"dev-{number};Device {number};chu;acme\n" for number in range(size))
    await use.apply(ruth, DEVICES, f"{HEAD}{lines}".encode())
    filled = ("devices", "device_suppliers", "audit_events")
    assert [call.args for call in counting.await_args_list] == ([filled] if size == 20 else [])


async def test_an_import_stands_when_it_cannot_be_counted(house, use, ruth, monkeypatch, capsys):
    monkeypatch.setattr(imports, "MANY", 1)
    monkeypatch.setattr(house.database, "take_stock", AsyncMock(side_effect=Unavailable("somebody else writes")))
    await use.apply(ruth, DEVICES, f"{HEAD}new-1;New;chu;acme\n".encode())
    assert "new-1" in await devices(house)
    assert "could not be counted" in capsys.readouterr().out

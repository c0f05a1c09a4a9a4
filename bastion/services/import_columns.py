"""What the columns of an import are called, and how a line becomes an entry of a register.

An empty cell changes nothing: an export that lacks a date must not make a contract endless.
"""

import contextlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar, cast

from bastion import clock
from bastion.domain.country import HOME, checked, checked_all
from bastion.domain.device import Device
from bastion.domain.importing import Entry, Register
from bastion.domain.local_time import HOME_ZONE, YEARS, day_end, midnight
from bastion.domain.parties import Actor, Facility, Role, Staff, Supplier, Technician
from bastion.domain.professional import Professional
from bastion.domain.subcontractor import Subcontractor
from bastion.errors import AlreadyExists, Forbidden, Invalid, NotFound
from bastion.services.directory import check_term, networks_of
from bastion.services.duties import assignments_of, need_right_over, of_cells
from bastion.services.forms import CODE, MAX_NAME, check_language, check_mail, check_named, check_person, plain
from bastion.services.people import check_employer
from bastion.services.professionals import KEEPERS as PROFESSIONALS
from bastion.services.professionals import ON_THE_LIST, ProfessionalForm, adds_nothing, known_as, made_of
from bastion.services.subcontractors import EMPLOYING

MAX_LIST: Final = 2000
MOST_NAMED: Final = 20
NO_FACILITY: Final = "There is no facility “{code}”. Register it first, or name one there is: {known}."
NONE_AT_ALL: Final = "There is no facility “{code}”. Register it first."
Cells = Mapping[str, str]
_DAY: Final = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_YES: Final = frozenset({"yes", "y", "oui", "o", "true", "vrai", "1", "x", "actif", "active"})
_NO: Final = frozenset({"no", "n", "non", "false", "faux", "0", "inactif", "inactive"})
_DUTIES: Final = ("roles", "facilities", "wards")
_LISTS: Final = frozenset({"networks", "suppliers", "countries", "roles", "facilities", "wards"})
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "code": "code equipement numero_inventaire n_inventaire inventaire identifiant",
        "login": "login identifiant",
        "name": "name nom designation libelle raison_sociale nom_prenom",
        "facility": "facility etablissement site",
        "suppliers": "suppliers supplier fournisseurs fournisseur titulaire titulaires",
        "supplier": "supplier suppliers fournisseur fournisseurs titulaire",
        "employer": "employer employeur subcontractor sous_traitant societe_sous_traitante",
        "criticality": "criticality criticite classe_de_criticite",
        "ward": "ward service unite uf",
        "location": "location emplacement localisation lieu local salle",
        "maker": "maker manufacturer marque fabricant constructeur",
        "model": "model modele",
        "serial": "serial serial_number numero_de_serie n_de_serie numero_serie n_serie",
        "active": "active actif en_service",
        "networks": "networks network reseaux reseau reseaux_declares adresses_ip",
        "contract_end": "contract_end fin_de_contrat fin_contrat fin_de_marche fin_marche echeance",
        "contract_start": "contract_start debut_de_contrat debut_contrat debut_de_marche debut_marche",
        "contract_number": (
            "contract_number numero_de_contrat n_de_contrat n_contrat numero_de_marche n_de_marche marche"
        ),
        "contact": "contact correspondant",
        "security_contact": "security_contact correspondant_securite contact_securite",
        "email": "email e_mail mail courriel",
        "language": "language langue",
        "countries": "countries country pays pays_declares",
        "country": "country pays",
        "roles": "roles role profils profil droits",
        "facilities": "facilities facility etablissements etablissement sites site",
        "wards": "wards ward services service unites unite uf",
        "valid_until": "valid_until valable_jusqu_au fin_de_validite",
        "title": "title function fonction qualite",
        "rpps": "rpps numero_rpps n_rpps",
        "since": "since premier_jour a_partir_du depuis",
        "until": "until dernier_jour jusqu_au",
    }
)
_COLUMNS: Final[Mapping[Register, tuple[str, str]]] = MappingProxyType(
    {
        Register.DEVICES: (
            "code name facility suppliers", "criticality ward location maker model serial active",
        ),
        Register.SUPPLIERS: (
            "code name",
            "networks contract_start contract_end contract_number contact security_contact countries active",
        ),
        Register.TECHNICIANS: ("login name supplier", "employer email language country valid_until active"),
        Register.STAFF: ("login name roles", "facilities wards email language active"),
        Register.PROFESSIONALS: ("name title facility", "rpps since until"),
    }
)  # fmt: skip
"""Columns that a new entry needs, and the others."""
KEEPERS: Final[Mapping[Register, tuple[Role, ...]]] = MappingProxyType(
    {register: PROFESSIONALS if register is Register.PROFESSIONALS else (Role.ADMIN,) for register in Register}
)
"""Who fills which register: whoever may enter one by one."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is already, by lower-case code or login, or by whatever else it is known by."""

    actor: Actor
    facilities: Mapping[str, Facility]
    suppliers: Mapping[str, Supplier]
    entries: Mapping[str, Entry]
    subcontractors: tuple[Subcontractor, ...] = ()

    def supplier_of(self, ident: str) -> Supplier:
        return next(one for one in self.suppliers.values() if one.id == ident)


def needed(register: Register) -> tuple[str, ...]:
    return tuple(_COLUMNS[register][0].split())


def known_by(register: Register) -> tuple[str, ...]:
    """The columns that say which entry a line is about: its code or login; who somebody is, and where."""
    return needed(register)[:1] if register is not Register.PROFESSIONALS else needed(register)


def meant(register: Register, cells: Cells) -> tuple[str, str]:
    """Which entry a line is about: as `Facts.entries` knows it, and as people read it. `Invalid` if it is left open."""
    missing = next((name for name in known_by(register) if not cells.get(name)), "")
    if missing:
        raise Invalid(missing, field=missing, sentence="A new entry needs this cell. Fill it in.")
    if register is Register.PROFESSIONALS:
        label = " ".join(f"{' '.join(cells['name'].split())}, {cells['title']}".split())
        return known_as(cells["facility"], label), label
    key = cells[known_by(register)[0]].lower()
    return key, key


def columns(register: Register) -> tuple[str, ...]:
    return tuple(" ".join(_COLUMNS[register]).split())


def column_of(register: Register, heading: str) -> str:
    """Our name of a column, in whichever language and spelling the file has it; empty for one we do not know."""
    bare = "".join(c for c in unicodedata.normalize("NFKD", heading.casefold()) if not unicodedata.combining(c))
    word = re.sub(r"[^a-z0-9]+", "_", bare).strip("_")
    return next((name for name in columns(register) if word in _NAMES[name].split()), "")


def clean(cells: Cells) -> Cells:
    """Drop the empty cells; raise `Invalid` for one too long, or with characters that nobody sees."""
    for name, cell in cells.items():
        limit = MAX_LIST if name in _LISTS else MAX_NAME
        if len(cell) > limit:
            raise Invalid(name, field=name, sentence="This cell is too long: {limit} characters at most.", limit=limit)
        if not cell.isprintable() and plain(cell) != cell:
            raise Invalid(name, field=name, sentence="This cell holds hidden characters. Type it anew.")
    return {name: cell for name, cell in cells.items() if cell}


def is_code(cell: str) -> bool:
    return CODE.fullmatch(cell.lower()) is not None


def without(column: str, cells: Cells, facts: Facts) -> Cells:
    """A line as it would be if this column, and what hangs on it, said something possible: to look for what else is
    wrong in it.
    """
    place = next((one.code for one in facts.facilities.values() if facts.actor.covers(one.id, Role.ADMIN)), "")
    supplier = next(iter(facts.suppliers), "")
    usual = {
        "code": "x", "login": "x", "name": "x", "title": "x", "facility": place, "suppliers": supplier,
        "supplier": supplier, "roles": "auditor", "facilities": place,
    }  # fmt: skip
    hanging = {"supplier": ("employer",), **dict.fromkeys(_DUTIES, _DUTIES)}.get(column, ())
    aside = {name: usual.get(name, "") for name in (column, *hanging)}
    return {**cells, **aside}


def entry_of(register: Register, cells: Cells, facts: Facts, old: Entry | None, ident: str) -> Entry:
    """What a line says of an entry, over what is known of it. Raises `Invalid` at the column that is wrong."""
    if old is None:
        missing = next((name for name in needed(register) if name not in cells), "")
        if missing:
            raise Invalid(missing, field=missing, sentence="A new entry needs this cell. Fill it in.")
    return _MAKERS[register](cells, facts, old, ident)


# -- one maker a register ----------------------------------------------------------------------------------------------
def _device(cells: Cells, facts: Facts, old: Entry | None, ident: str) -> Device:
    known = cast("Device | None", old)
    base = known or Device(ident, cells["code"].lower(), "", "", frozenset())
    if known is not None and not facts.actor.covers(known.facility_id, Role.ADMIN):
        raise Invalid(known.code, field="code", sentence=AlreadyExists.sentence, name=known.code)
    made = _with_text(base, cells, "name", "ward", "location", "maker", "model", "serial")
    check_named(made.code, made.name)
    if "facility" in cells:
        made = replace(made, facility_id=_facility(cells["facility"], facts).id)
    if "suppliers" in cells:
        made = replace(
            made, supplier_ids=frozenset(_supplier(c, facts, "suppliers").id for c in _listed(cells["suppliers"]))
        )
    if "criticality" in cells:
        made = replace(made, criticality=_criticality(cells["criticality"]))
    return replace(made, active=_truth(cells, base.active))


def _company(cells: Cells, _facts: Facts, old: Entry | None, ident: str) -> Supplier:
    known = cast("Supplier | None", old)
    base = known or Supplier(ident, cells["code"].lower(), "", (), countries=(HOME,))
    made = _with_text(base, cells, "name", "contact", "contract_number", "security_contact")
    check_named(made.code, made.name)
    if "networks" in cells:
        made = replace(made, networks=networks_of(_listed(cells["networks"]), known))
    if "countries" in cells:
        made = replace(made, countries=checked_all(_listed(cells["countries"])))
    made = replace(
        made, active=_truth(cells, base.active),
        contract_end=_last_day(cells, "contract_end", base.contract_end),
        contract_start=_first_day(cells, "contract_start", base.contract_start),
    )  # fmt: skip
    check_term(made)
    return made


def _person(cells: Cells, facts: Facts, old: Entry | None, ident: str) -> Technician:
    known = cast("Technician | None", old)
    base = known or Technician(ident, cells["login"].lower(), "", "", "", country=HOME)
    made = _with_text(base, cells, "name", "email", "language")
    check_person(made.login, made.name)
    check_language(made.language)
    check_mail(made.email, base.email)
    if "supplier" in cells:
        made = replace(made, supplier_id=_supplier(cells["supplier"], facts, "supplier").id)
    if made.supplier_id != base.supplier_id and made.employer_id:
        made = replace(made, employer_id="")  # a subcontractor is declared for one supplier
    if "employer" in cells:
        made = _employed(made, known, cells["employer"], facts)
    if "country" in cells:
        made = replace(made, country=checked(cells["country"]))
    until = _last_day(cells, "valid_until", base.valid_until)
    return replace(made, valid_until=until, active=_truth(cells, base.active))


def _employed(made: Technician, old: Technician | None, cell: str, facts: Facts) -> Technician:
    """By a subcontractor, known by its name or its number; the supplier's own name or code stands for itself (R-46)."""
    wanted, now = cell.casefold(), clock.now()
    own = facts.supplier_of(made.supplier_id)
    if wanted in {own.code.casefold(), own.name.casefold()}:
        return replace(made, employer_id="")
    its = [one for one in facts.subcontractors if one.supplier_id == own.id]
    named = [one for one in its if wanted in {one.name.casefold(), one.registration.casefold()}]
    there = [one for one in named if old and one.id == old.employer_id]
    usable = [one for one in named if one.state(now) in EMPLOYING]
    employer = next(iter((*there, *usable, *named)), None)
    made = replace(made, employer_id=employer.id if employer else cell)
    try:
        check_employer(made, old, employer, now)
    except Invalid as refused:
        raise Invalid(cell, field="employer", sentence=refused.msgid) from None
    return made


def _colleague(cells: Cells, facts: Facts, old: Entry | None, ident: str) -> Staff:
    known = cast("Staff | None", old)
    base = known or Staff(ident, cells["login"].lower(), "", "", ())
    made = _with_text(base, cells, "name", "email", "language")
    check_person(made.login, made.name)
    check_language(made.language)
    check_mail(made.email, base.email)
    if cells.keys() & {*_DUTIES}:
        duties = of_cells(cells.get("roles", ""), _listed(cells.get("facilities", "")), cells.get("wards", ""))
        made = replace(made, assignments=assignments_of(duties, lambda code: _facility(code, facts, "facilities").id))
    made = replace(made, active=_truth(cells, base.active))
    if made != known:
        _check_right_over(facts.actor, made, known)
    return made


def _professional(cells: Cells, facts: Facts, old: Entry | None, ident: str) -> Professional:
    """Somebody new, or an entry as it stands: one is never changed, as requests name it (R-38)."""
    facility = _facility(cells["facility"], facts, of=Register.PROFESSIONALS)
    there = cast("Professional | None", old)
    days = {name: _day(cells, name) for name in ("since", "until") if name in cells}
    form = ProfessionalForm(facility.code, cells["name"], cells["title"], cells.get("rpps", ""), **days)
    made = made_of(form, facility, facts.actor, clock.now())
    if there is None:
        return replace(made, id=ident)
    if not adds_nothing(form, made, there):
        raise Invalid(there.id, field="name", sentence=ON_THE_LIST)
    return there


def _check_right_over(actor: Actor, made: Staff, old: Staff | None) -> None:
    """As the form: a line that changes nothing is nobody's business, so a whole list may be handed in again (R-23)."""
    try:
        need_right_over(actor, made, old)
    except (Forbidden, NotFound) as refused:
        raise Invalid(made.login, field="login", sentence=refused.msgid) from None


_MAKERS: Final[Mapping[Register, Callable[[Cells, Facts, Entry | None, str], Entry]]] = MappingProxyType(
    {
        Register.DEVICES: _device, Register.SUPPLIERS: _company, Register.TECHNICIANS: _person,
        Register.STAFF: _colleague, Register.PROFESSIONALS: _professional,
    }
)  # fmt: skip
E = TypeVar("E", Device, Supplier, Technician, Staff)


# -- cells -------------------------------------------------------------------------------------------------------------
def _with_text(base: E, cells: Cells, *names: str) -> E:
    said: dict[str, Any] = {name: cells[name] for name in names if name in cells}
    return replace(base, **said)


def _listed(cell: str) -> list[str]:
    return [word for word in re.split(r"[\s,;|]+", cell) if word]


def _facility(
    code: str, facts: Facts, name: Literal["facility", "facilities"] = "facility", of: Register = Register.DEVICES
) -> Facility:  # fmt: skip
    """One where the actor keeps this register."""
    facility = facts.facilities.get(code.lower())
    if facility is None or not facts.actor.covers(facility.id, *KEEPERS[of]):
        known = sorted(one.code for one in facts.facilities.values() if facts.actor.covers(one.id, *KEEPERS[of]))
        named = ", ".join(known[:MOST_NAMED]) + ("…" if len(known) > MOST_NAMED else "")
        raise Invalid(code, field=name, sentence=NO_FACILITY if known else NONE_AT_ALL, code=code, known=named)
    return facility


def _supplier(code: str, facts: Facts, name: Literal["supplier", "suppliers"]) -> Supplier:
    supplier = facts.suppliers.get(code.lower())
    if supplier is None:
        raise Invalid(code, field=name, sentence="There is no supplier “{code}”. Register it first.", code=code)
    return supplier


def _criticality(cell: str) -> int:
    if cell not in {"1", "2", "3", "4"}:
        raise Invalid(cell, field="criticality", sentence="Criticality runs from 1 to 4.")
    return int(cell)


def _truth(cells: Cells, usual: bool) -> bool:
    word = cells.get("active", "").casefold()
    if not word:
        return usual
    if word not in _YES | _NO:
        raise Invalid(word, field="active", sentence="Say yes or no.")
    return word in _YES


def _day(cells: Cells, name: str) -> date:
    """`2026-12-31` or `31/12/2026`."""
    match = _DAY.fullmatch(cells[name])
    with contextlib.suppress(ValueError):
        day = date(int(match[3]), int(match[2]), int(match[1])) if match else date.fromisoformat(cells[name])
        if day.year in YEARS:
            return day
    raise Invalid(cells[name], field=name, sentence="Give a date such as 2026-12-31 or 31/12/2026.")


def _first_day(cells: Cells, name: str, usual: datetime | None) -> datetime | None:
    return midnight(_day(cells, name), HOME_ZONE) if name in cells else usual


def _last_day(cells: Cells, name: str, usual: datetime | None) -> datetime | None:
    return day_end(_day(cells, name), known=usual) if name in cells else usual

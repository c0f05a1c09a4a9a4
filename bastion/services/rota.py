"""The on-call rota: entered line by line or from a file, in the hospital's own time (R-26)."""

import csv
import io
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from bastion import clock
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, Facility, Role, Staff
from bastion.domain.rota import Shift, checked
from bastion.domain.sheet import Line, read
from bastion.domain.stretch import on_the_wall
from bastion.errors import BastionError, Conflict, Forbidden, Invalid, NotFound
from bastion.services.forms import MAX_NAME, need_reader, plain
from bastion.services.joins import found, scope
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from recordings.file_table import inert

KEEPERS: Final = (Role.ADMIN, Role.APPROVER)
OWN_WARDS: Final = "You decide for some wards of this hospital: enter who is on call for one of these."
"""Who enters the rota of a hospital: those whose telephone rings, and those who keep the registers."""
MOST_LINES: Final = 1000
HEADINGS: Final = ("login", "name", "from", "to", "facility", "ward", "line")
"""Of a file that is taken away; the name is for who reads it, and not needed to take it in."""
COLUMNS: Final = {
    "login": {"login", "person", "personne", "identifiant"},
    "starts": {"from", "start", "starts", "début", "debut", "du"},
    "ends": {"to", "end", "ends", "fin", "au"},
    "facility": {"facility", "hospital", "établissement", "etablissement"},
    "ward": {"ward", "service"},
    "line": {"line", "rang", "ligne"},
}


@dataclass(frozen=True, slots=True)
class ShiftForm:
    """`starts` and `ends` are the hospital's wall clock, as `2026-11-22 18:00`."""

    login: str
    facility_code: str
    starts: str
    ends: str
    ward: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class ShiftView:
    shift: Shift
    person: Staff
    facility: Facility


@dataclass(frozen=True, slots=True)
class BadShift:
    """A line of a file that cannot be used, and why."""

    number: int
    problem: BastionError


class Rota:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def between(self, actor: Actor, since: datetime, until: datetime) -> list[ShiftView]:
        """Who is on call in the actor's hospitals in this time, the earliest first."""
        need_reader(actor)
        async with self._database.read() as uow:
            rows = await uow.shifts.between(since, until, scope(actor))
            people = {one.id: one for one in await uow.staff.all()}
            places = {one.id: one for one in await uow.facilities.all()}
        return [ShiftView(one, people[one.staff_id], places[one.facility_id]) for one in rows]

    async def add(self, actor: Actor, form: ShiftForm) -> Shift:
        async with self._database.write() as uow:
            return await self._add(uow, actor, form)

    async def export(self, actor: Actor, since: datetime, until: datetime) -> bytes:
        """Who is on call in this time, as a file that `add_all` takes: times are those of each hospital's wall."""
        sheet = io.StringIO()
        sheet.write("\ufeff")
        writer = csv.writer(sheet)
        writer.writerow(HEADINGS)
        for view in await self.between(actor, since, until):
            one, zone = view.shift, ZoneInfo(view.facility.timezone)
            starts, ends = (f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" for moment in (one.starts, one.ends))
            cells = (view.person.login, view.person.name, starts, ends, view.facility.code, one.ward, one.line)
            writer.writerow([inert(str(cell)) for cell in cells])
        return sheet.getvalue().encode()

    async def add_all(
        self, actor: Actor, data: bytes, *, only_look: bool = False
    ) -> tuple[list[Shift], list[BadShift]]:
        """Take a file's lines in one go, or none of them and say which are wrong. With `only_look` nothing is written:
        what would be entered is returned.
        """
        need_reader(actor)
        forms = _forms(data)
        made: list[Shift] = []
        bad: list[BadShift] = []
        try:
            async with self._database.write() as uow:
                for number, form in forms:
                    try:
                        made.append(await self._add(uow, actor, _typed(form)))
                    except (Invalid, Conflict, NotFound, Forbidden) as problem:
                        bad.append(BadShift(number, problem))
                _take_back(bad or only_look)
        except _TakenBack:
            return [] if bad else made, bad
        return made, []

    async def withdraw(self, actor: Actor, shift_id: str) -> Shift:
        now = clock.now()
        async with self._database.write() as uow:
            shift = found(await uow.shifts.get(shift_id), shift_id)
            if not actor.covers(shift.facility_id):
                raise NotFound(shift_id)
            _need_keeper(actor, shift.facility_id, shift.ward)
            gone = await uow.shifts.save(shift.withdraw(actor.name, now))
            person = found(await uow.staff.get(shift.staff_id))
            await _audit(uow, "rota:withdrawn", actor, gone, person, now)
        return gone

    async def _add(self, uow: UnitOfWork, actor: Actor, form: ShiftForm) -> Shift:
        now = clock.now()
        facility = await uow.facilities.by_code(form.facility_code)
        if facility is None or not actor.covers(facility.id):
            raise Invalid(form.facility_code, field="facility", sentence="Choose a facility from the list.")
        ward = plain(form.ward)[:MAX_NAME]
        _need_keeper(actor, facility.id, ward)
        person = await uow.staff.by_login(form.login)
        if person is None or not person.active or not person.reaches(Role.APPROVER, facility.id, ward):
            raise Invalid(form.login, field="login", sentence="Choose an approver of this place: nobody else decides.")
        shift = Shift(
            new_id(now), facility.id, ward, person.id, on_the_wall(form.starts, facility.timezone, "starts"),
            on_the_wall(form.ends, facility.timezone, "ends", last=True), form.line, actor.name, now,
        )  # fmt: skip
        await uow.locks.hold()
        others = await uow.shifts.between(shift.starts, shift.ends, frozenset({facility.id}))
        await uow.shifts.add(checked(shift, others, now))
        await _audit(uow, "rota:added", actor, shift, person, now)
        return shift


def _take_back(why: object) -> None:
    if why:
        raise _TakenBack


class _TakenBack(Exception):
    pass


def keeps(actor: Actor, facility_id: str, ward: str) -> bool:
    """Whether he enters and takes back who is on call there: an approver of some wards for these alone (R-28)."""
    return actor.covers(facility_id, Role.ADMIN) or actor.reaches(Role.APPROVER, facility_id, ward)


def _need_keeper(actor: Actor, facility_id: str, ward: str) -> None:
    if keeps(actor, facility_id, ward):
        return
    if actor.covers(facility_id, Role.APPROVER):
        raise Forbidden(f"{actor.login} outside {ward or 'the wards'}", sentence=OWN_WARDS)
    raise Forbidden(actor.login)


def _forms(data: bytes) -> list[tuple[int, dict[str, str]]]:
    sheet = read(data, lambda heading: bool(_column(heading)))
    names = [_column(heading) for heading in sheet.heading]
    for needed in ("login", "starts", "ends", "facility"):
        if names.count(needed) != 1:
            raise Invalid(
                needed, field="file", column=needed,
                sentence="The first line of this file names no column “{column}”. Name the columns there.",
            )  # fmt: skip
    if len(sheet.lines) > MOST_LINES:
        raise Invalid(
            "lines", field="file", sentence="This file has too many lines: {limit} at most.", limit=MOST_LINES
        )
    return [(line.number, _cells(line, names)) for line in sheet.lines]


def _cells(line: Line, names: list[str]) -> dict[str, str]:
    return {name: cell.strip() for name, cell in zip(names, line.cells, strict=False) if name}


def _column(heading: str) -> str:
    return next((name for name, known in COLUMNS.items() if heading.strip().casefold() in known), "")


def _typed(cells: dict[str, str]) -> ShiftForm:
    line = cells.get("line") or "1"
    if not (line.isascii() and line.isdecimal() and len(line) < 4):
        raise Invalid(line, field="line", sentence="Give a whole number.")
    return ShiftForm(
        cells.get("login", ""), cells.get("facility", ""), cells.get("starts", ""), cells.get("ends", ""),
        cells.get("ward", ""), int(line),
    )  # fmt: skip


async def _audit(uow: UnitOfWork, tag: str, actor: Actor, shift: Shift, person: Staff, now: datetime) -> None:
    await uow.audit.append(
        tag, actor=actor, subject=("shift", shift.id), facility_id=shift.facility_id, at=now,
        start=shift.starts.isoformat(), end=shift.ends.isoformat(), ward=shift.ward, line=shift.line, who=person.login,
    )  # fmt: skip
    uow.hint("rota", shift.id)

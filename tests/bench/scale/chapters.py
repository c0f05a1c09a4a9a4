"""What a hospital keeps beside requests and sessions, a chapter for each kind of list: invented, the same each time.

A chapter reads from the filled file which people, devices and requests there are, so it can be put into a folder that
was filled before the chapter was written. `new` rows are added; `changed` rows, with their id, say more of some that
are there. Instants and lists are written as in `hospital.py`.
"""

import json
import random
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from tests.bench.scale.hospital import DAY, HOUR, KINDS_OF_WORK, MINUTE, Rows
from tests.bench.scale.words import ACTIONS, LAST, PARTS, SIGNS

SPARED: Final = frozenset({"tech0001", "tech0201"})
"""Those in whose name the bench looks: nothing stands against them or their company."""
REQUEST: Final = (
    "id", "technician_id", "technician_name", "supplier_id", "device_id", "facility_id", "created_at", "decided_at",
    "grant_id", "stored_state", "work_order",
)  # fmt: skip


class Known:
    """What stands in the file, as of `now` (microseconds); `facts` are drawn the same each time."""

    def __init__(self, file: sqlite3.Connection, now: int, name: str) -> None:
        self.file, self.now, self.random = file, now, random.Random(name)
        self.facilities = self.ids("select id from facilities order by code")
        self.suppliers = self.rows("select id, name from suppliers order by code")
        self.technicians = self.rows("select id, login, name, supplier_id, active from technicians order by login")
        self.staff = self.rows("select id, login, name, assignments from staff order by login")
        self.of_place = {
            place: [(row[0], row[2]) for row in self.staff if place in row[3]] for place in self.facilities
        }  # fmt: skip
        self.devices = self.rows("select id, code, facility_id, maker, model from devices order by code")

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.file.execute(statement).fetchall()

    def ids(self, statement: str) -> list[str]:
        return [row[0] for row in self.rows(statement)]

    def requests(self, most: int, offset: int = 0) -> list[dict[str, Any]]:
        """Some requests, evenly from all years, the oldest first; with the `offset` 1 each has a session."""
        return self.those(f"rowid % {self.step(most)} = {offset}")

    def those(self, where: str) -> list[dict[str, Any]]:
        """The requests of which this holds; what a bench has added since is in one of the two databases only."""
        found = self.rows(
            f"select {', '.join(REQUEST)} from access_requests where created_at <= {self.now} and {where}"
        )
        return [dict(zip(REQUEST, row, strict=True)) for row in found]

    def step(self, most: int) -> int:
        ((count,),) = self.rows("select count(*) from access_requests")
        return max(8, int(count) // most // 4 * 4)

    def ident(self, at: int) -> str:
        return f"{at // 1000:012x}{self.random.getrandbits(80):020x}"

    def reason(self) -> str:
        return f"{self.random.choice(SIGNS)} {self.random.choice(PARTS)} : {self.random.choice(ACTIONS)}"

    def approver(self, facility: str) -> tuple[str, str]:
        """Id and name of somebody who decides in this hospital."""
        return self.random.choice(self.of_place[facility])

    def spared(self) -> set[str]:
        """Ids of people and companies against whom nothing is invented."""
        people = [row for row in self.technicians if row[1] in SPARED]
        return {row[0] for row in people} | {row[3] for row in people} | {row[0] for row in self.staff}


def nobody(_known: Known) -> Rows:
    """Nothing to say more of."""
    return iter(())


@dataclass(frozen=True)
class Chapter:
    name: str
    new: Callable[[Known], Rows]
    changed: Callable[[Known], Rows] = field(default=nobody)


# -- who works for whom, and who has signed what -----------------------------------------------------------------------
def subcontractors(known: Known, count: int = 500) -> Rows:
    for number in range(count):
        at = known.now - (10 + number * 1400 // count) * DAY
        row = {
            "id": known.ident(at), "supplier_id": known.suppliers[number % len(known.suppliers)][0],
            "name": f"{LAST[number % len(LAST)]} Services {number}", "registration": f"{552_000_000 + number}",
            "country": ("FR", "FR", "DE", "PL", "IN")[number % 5], "declared_by": "Denis", "declared_at": at,
        }  # fmt: skip
        if number % 9 == 8:
            row |= {"ended_at": at + DAY, "ended_by": "Denis"}
        elif number % 23 == 22:
            row |= {"objected_at": at + DAY, "objected_by": "Samir", "objection": "Hors de l’Union"}
        yield "subcontractors", row


def employed(known: Known) -> Rows:
    """Every fifth technician is a subcontractor's, every seventeenth works from abroad."""
    employers: dict[str, list[str]] = {}
    standing = "select id, supplier_id from subcontractors where objected_at is null and ended_at is null order by id"
    for ident, supplier in known.rows(standing):
        employers.setdefault(supplier, []).append(ident)
    for number, (ident, _login, _name, supplier, _active) in enumerate(known.technicians):
        some = employers.get(supplier, [])
        said = {"employer_id": some[number % len(some)]} if number % 5 == 2 and some else {}
        if number % 17 == 0:
            said["country"] = ("DE", "IN", "US", "CH")[number % 4]
        if said:
            yield "technicians", {"id": ident, "employer_id": "", "country": "FR"} | said


def abroad(known: Known) -> Rows:
    """Two sessions in a hundred come from another country."""
    for number, ident in enumerate(known.ids("select id from sessions where rowid % 50 = 7")):
        yield "sessions", {"id": ident, "country": ("DE", "IN", "US", "CH")[number % 4]}


def undertakings(known: Known) -> Rows:
    """Two further wordings; one technician in ten has not accepted the last, the bench's own do so themselves."""
    for version in (1, 2, 3):
        at = known.now - (1400 - version * 400) * DAY
        if version > 1:
            yield "undertakings", {
                "version": version, "text_fr": f"Je m’engage, édition {version}. " * 40,
                "text_en": "I undertake. " * 40, "published_by": "Denis", "published_at": at,
            }  # fmt: skip
        for number, row in enumerate(known.technicians):
            if row[1] not in SPARED and (number % 10 or version < 3):
                yield "undertaking_acceptances", {
                    "id": known.ident(at + DAY), "technician_id": row[0], "version": version, "accepted_at": at + DAY,
                    "way": "web", "source": "198.51.100.7",
                }  # fmt: skip


def confirmations(known: Known) -> Rows:
    for supplier, _name in known.suppliers:
        people = [row[1] for row in known.technicians if row[3] == supplier]
        for quarter in range(16):
            at = known.now - (20 + quarter * 91) * DAY
            yield "confirmations", {
                "id": known.ident(at), "supplier_id": supplier, "at": at, "by": "Denis", "reference": f"T{quarter}",
                "people": json.dumps(people), "left_out": quarter % 3,
            }  # fmt: skip


def invitations(known: Known, count: int = 3_000) -> Rows:
    for number in range(count):
        at = known.now - number * 10 * HOUR
        secret = known.ident(at)
        yield "secrets", {"id": secret, "sealed": b"sealed", "key_id": "k", "created_at": at}
        row = {"id": known.ident(at), "technician_id": known.technicians[number * 7 % len(known.technicians)][0]}
        row |= {"secret_id": secret, "made_by": "Denis", "created_at": at, "expires_at": at + 3 * DAY}
        yield "portal_invitations", row | ({"used_at": at + HOUR} if number % 6 and number > 5 else {})


# -- reviews -----------------------------------------------------------------------------------------------------------
def reviews(known: Known, count: int = 8) -> Rows:
    """Twice a year everybody's rights; the last review goes on."""
    spared = known.spared()
    for number in range(count):
        begun = known.now - (10 + (count - 1 - number) * 182) * DAY
        ident, running = known.ident(begun), number == count - 1
        yield "review_campaigns", {
            "id": ident, "name": f"Revue {number + 1}", "facilities": '["*"]', "due_at": begun + 60 * DAY,
            "created_by": "Samir", "created_at": begun,
        }  # fmt: skip
        counts, table = {"confirmed": 0, "withdrawn": 0, "suspended": 0}, []
        for line in _rights(known):
            chance, safe = known.random.random(), line["subject_id"] in spared
            verdict = "confirmed" if safe or chance < 0.97 else "withdrawn" if chance < 0.99 else None
            if running and chance < 0.4:
                verdict = None
            row = line | {"id": known.ident(begun), "campaign_id": ident, "verdict": verdict}
            if verdict is not None:
                row |= {"decided_at": begun + known.random.randrange(DAY, 9 * DAY), "decided_by": "Samir"}
            counts[verdict or "suspended"] += 1
            table.append(f"{line['kind']};{line['name']};{line['company']};{line['right']};{verdict}")
            yield "review_lines", row
        if not running and number < count - 2:
            yield "review_signatures", counts | {
                "campaign_id": ident, "signed_by": "Samir", "signed_at": begun + 61 * DAY, "digest": "0" * 64,
                "statement": "\n".join(table),
            }  # fmt: skip


def _rights(known: Known) -> list[dict[str, Any]]:
    company = dict(known.suppliers)
    roles = [
        {"kind": "staff", "subject_id": row[0], "right": held["role"], "name": row[2], "company": ""}
        for row in known.staff for held in json.loads(row[3])
    ]  # fmt: skip
    return roles + [
        {"kind": "technician", "subject_id": row[0], "right": "", "name": row[2], "company": company[row[3]]}
        for row in known.technicians if row[4]
    ]  # fmt: skip


# -- emergencies, windows, the usual requests --------------------------------------------------------------------------
def emergencies(known: Known, count: int = 1_500, open_ones: int = 40) -> Rows:
    """One a day; the last forty that were agreed to are not reviewed, some of them for too long."""
    found = [one for one in known.requests(count, 1) if one["stored_state"] != "pending"]
    left = sum(one["stored_state"] == "approved" for one in found) - open_ones
    for one in found:
        row = {name: one[name] for name in ("id", "supplier_id", "device_id", "facility_id", "created_at")}
        row |= {"caller": "Dr Vasseur", "callee": "Astreinte", "call_back": "01 02 03 04 05", "version": 1}
        if one["stored_state"] == "approved":
            left -= 1
            who, _name = known.approver(one["facility_id"])
            at = one["decided_at"]
            row |= {"agreed_at": at, "agreed_ids": json.dumps([who])}
            row["review_due_at"] = at + 4 * DAY if left >= 0 else known.now + (left + 30) * HOUR
            if left >= 0:
                row |= {"reviewed_at": at + 2 * DAY, "reviewed_by": "Samir", "version": 2}
                row |= {"outcome": "justified" if left % 9 else "not_justified", "review_note": "Panne constatée."}
            elif row["review_due_at"] <= at or one["supplier_id"] in known.spared():
                row["review_due_at"] = known.now + DAY
        yield "emergencies", row


def windows(known: Known, count: int = 2_000) -> Rows:
    """Each for half a year; a quarter of them stands, and what they were used for."""
    whose = dict(known.rows("select device_id, min(supplier_id) from device_suppliers group by device_id"))
    made: list[str] = []
    for number in range(count):
        device, _code, facility, _maker, _model = known.devices[number * 7919 % len(known.devices)]
        at = known.now - (count - number) * 720 * DAY // count
        agreed, proposer = known.approver(facility), known.approver(facility)
        row = {
            "id": known.ident(at), "facility_id": facility, "device_id": device,
            "supplier_id": whose.get(device) if number % 4 else None, "kind": KINDS_OF_WORK[number % 4],
            "week": number % 6 - 1, "weekday": number % 7, "begins": number * 37 % 1440,
            "minutes": 30 + number % 5 * 60,
            "starts": at, "ends": at + 180 * DAY, "reason": known.reason(), "created_by_id": proposer[0],
            "created_by": proposer[1], "created_at": at, "quorum": 1, "version": 1,
        }  # fmt: skip
        if number % 10 or number < count // 2:
            row |= {"agreed_ids": json.dumps([agreed[0]]), "agreed_names": json.dumps([agreed[1]], ensure_ascii=False)}
            row |= {"agreed_at": at + HOUR, "version": 2}
            made.append(row["id"])
        if number % 11 == 0:
            row |= {"ended_at": at + 30 * DAY, "ended_by": "Denis", "end_reason": "Contrat terminé", "version": 3}
        yield "maintenance_windows", row
    for number, one in enumerate(known.requests(20_000, 2)):
        box = {"starts": one["created_at"], "ends": one["created_at"] + 2 * HOUR}
        yield "window_uses", {"id": one["id"], "window_id": made[number % len(made)]} | box


def templates(known: Known, count: int = 300) -> Rows:
    models = sorted({(row[3], row[4]) for row in known.devices})
    for number in range(count):
        maker, model = models[number % len(models)]
        at = known.now - (count - number) * 4 * DAY
        place = known.facilities[number % len(known.facilities)] if number % 5 else "*"
        row = {
            "id": known.ident(at), "facility_id": place,
            "maker": maker, "model": model, "model_key": f"{maker}\n{model}".casefold(),
            "name": f"{ACTIONS[number % len(ACTIONS)]} {number}", "kind": KINDS_OF_WORK[number % 4],
            "reason": known.reason(), "wanted": 60 * MINUTE, "created_by": "Denis", "created_at": at, "edition": 1,
            "procedure": "1. " + known.reason(), "keeps": "Le secours reste en service",
        }  # fmt: skip
        yield "request_templates", row | ({"retired_at": at + DAY, "retired_by": "Denis"} if number % 4 == 3 else {})


def models(known: Known) -> Rows:
    """Three hundred models rather than eight: what a group of hospitals has."""
    for number, (ident, _code, _facility, _maker, model) in enumerate(known.devices):
        if number // 8 % 40:
            yield "devices", {"id": ident, "model": f"{model.split(' #')[0]} #{number // 8 % 40}"}


# -- who is there ------------------------------------------------------------------------------------------------------
def rota(known: Known, days: int = 730) -> Rows:
    """Two on call in each hospital, each day of two years and of the month to come."""
    begin = known.now // DAY * DAY - days * DAY
    people = {one: [row[0] for row in known.staff if one in row[3]] for one in known.facilities}
    for day in range(days + 31):
        for facility in known.facilities:
            for line in (1, 2):
                at = begin + day * DAY + 17 * HOUR
                yield "shifts", {
                    "id": known.ident(at - 30 * DAY), "facility_id": facility, "starts": at, "ends": at + 15 * HOUR,
                    "staff_id": people[facility][(day + line) % len(people[facility])], "line": line,
                    "created_by": "Denis", "created_at": at - 30 * DAY,
                }  # fmt: skip


def away(known: Known, count: int = 800) -> Rows:
    """Absences of two years and delegations to a colleague of the same hospital; a few go on now."""
    several = [row for row in known.staff if row[1].startswith("bio")]
    for number in range(count):
        who = several[number % len(several)]
        at = known.now - (count - number) * 2 * 365 * DAY // count + 3 * DAY
        yield "absences", {
            "id": known.ident(at), "staff_id": who[0], "starts": at, "ends": at + 7 * DAY, "created_by": who[2],
            "created_at": at - DAY,
        }  # fmt: skip
        (place,) = {held["facility_id"] for held in json.loads(who[3])}
        other = known.approver(place)
        if other[0] != who[0]:
            yield "delegations", {
                "id": known.ident(at), "from_id": who[0], "to_id": other[0], "facility_id": place, "starts": at,
                "ends": at + 7 * DAY, "reason": "Congés", "created_at": at - DAY,
            }  # fmt: skip


# -- beside each request -----------------------------------------------------------------------------------------------
def threads(known: Known, count: int = 20_000) -> Rows:
    """A question and its answer; a few of what waits now has a question nobody has answered."""
    for number, one in enumerate(known.requests(count, 1)):
        for place in range(2 + number % 3):
            yield _remark(known, one, place)
    for number, one in enumerate(known.those("stored_state = 'pending' order by id desc limit 30")):
        for place in range(1 + number % 3):
            yield _remark(known, one, place)


def _remark(known: Known, one: dict[str, Any], place: int) -> tuple[str, dict[str, Any]]:
    at, ours = one["created_at"] + (place + 1) * 10_000_000, place % 2 == 0
    who = known.approver(one["facility_id"]) if ours else (one["technician_id"], one["technician_name"])
    said = "L’appareil est-il libre à cette heure ?" if ours else "Oui, le service est prévenu."
    return "remarks", {
        "id": known.ident(at), "request_id": one["id"], "side": "hospital" if ours else "asker", "author_id": who[0],
        "author_name": who[1], "at": at, "text": said,
    }  # fmt: skip


def reports(known: Known, count: int = 50_000, owed: int = 2_000) -> Rows:
    """What was reported, and what is still owed for the last sessions; a little of it for too long."""
    for one in known.requests(count, 1):
        if one["stored_state"] != "approved":
            continue
        at = one["decided_at"] + DAY
        row = {"id": known.ident(at), "request_id": one["id"], "author_id": one["technician_id"]}
        row |= {"author_name": one["technician_name"], "author_company": one["supplier_id"], "at": at}
        yield "reports", row | {"done": known.reason(), "after": "in_service"}
        yield "report_dues", _due(one)
    other = f"stored_state = 'approved' and rowid % 4 = 1 and rowid % {known.step(count)} <> 1"
    spared = known.spared()
    for number, one in enumerate(known.those(f"{other} order by id desc limit {owed // 4}")):
        since = one["decided_at"] + HOUR
        late = number % 50 == 49 and one["supplier_id"] not in spared
        yield "report_dues", _due(one) | {"owed_since": since, "due_at": since + (1 if late else 14 * DAY)}


def _due(one: dict[str, Any]) -> dict[str, Any]:
    return {name: one[name] for name in ("id", "technician_id", "supplier_id", "facility_id")}


def orders(known: Known, count: int = 100_000) -> Rows:
    """What the GMAO said of the work order."""
    findings = ("fits",) * 8 + ("unknown", "closed", "other_device")
    for number, one in enumerate(known.requests(count, 3)):
        yield "order_looks", {
            "id": one["id"], "looked_by": "Dr Vasseur", "detail": "",
            "request_id": one["id"], "facility_id": one["facility_id"], "number": one["work_order"],
            "finding": findings[number % len(findings)], "checked_at": one["created_at"], "title": known.reason(),
            "state": "En cours", "asked_by": "Dr Vasseur",
        }  # fmt: skip


def plans(known: Known) -> Rows:
    """One request in a hundred needs patient data and names who answers for it; one in a hundred changes software."""
    sure = {"said": '["patient_data", "software_change"]', "keeps": "Le secours reste en service"}
    for one in known.requests(10_000, 1):
        yield "access_requests", _PLAIN | sure | {
            "id": one["id"], "patient_data": "needed", "professional": "Dr Vasseur", "patient_why": known.reason(),
        }  # fmt: skip
    for one in known.requests(10_000, 2):
        yield "access_requests", _PLAIN | sure | {
            "id": one["id"], "software_change": 1, "backup_at": one["created_at"] - DAY, "backup_place": "Baie 2",
            "rollback": "Remettre la sauvegarde", "people": '["Zoé Lopez", "Karim Petit"]',
        }  # fmt: skip


_PLAIN: Final[dict[str, Any]] = {
    "patient_data": "none", "professional": "", "patient_why": "", "software_change": 0, "backup_at": None,
    "backup_place": "", "rollback": "", "people": "[]",
}  # fmt: skip


def followed(known: Known, count: int = 20_000) -> Rows:
    """Watches over sessions that somebody had to follow, and authorisations that passed to a colleague."""
    step = max(1, known.rows("select count(*) from sessions")[0][0] // count)
    ended = f"from sessions where ended_at is not null and rowid % {step} = 0"
    for session, grant, facility, at in known.rows(f"select id, grant_id, facility_id, started_at {ended}"):
        who = known.approver(facility)
        yield "watches", {
            "id": known.ident(at), "grant_id": grant, "session_id": session, "staff_id": who[0], "staff_name": who[1],
            "holder": "b", "taken_at": at, "beats": 400, "left_at": at + HOUR, "left_why": "session_over",
        }  # fmt: skip
    for one in known.requests(1_000, 1):
        if one["grant_id"]:
            yield "handovers", {
                "id": one["id"], "grant_id": one["grant_id"], "from_name": "Zoé Lopez",
                "by_name": one["technician_name"], "created_at": one["created_at"],
            }  # fmt: skip


ALL: Final = (
    Chapter("models", nobody, models), Chapter("subcontractors", subcontractors), Chapter("employed", nobody, employed),
    Chapter("abroad", nobody, abroad), Chapter("undertakings", undertakings), Chapter("confirmations", confirmations),
    Chapter("invitations", invitations), Chapter("reviews", reviews), Chapter("emergencies", emergencies),
    Chapter("windows", windows), Chapter("templates", templates), Chapter("rota", rota), Chapter("away", away),
    Chapter("threads", threads), Chapter("reports", reports), Chapter("orders", orders),
    Chapter("plans", nobody, plans), Chapter("followed", followed),
)  # fmt: skip

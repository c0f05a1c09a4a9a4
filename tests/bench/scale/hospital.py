"""The rows of four years: invented, the same each time, in the form in which the database keeps them.

Instants are microseconds since 1970, sets and lists are JSON. A column that is not named here gets what its type has
for "nothing", so that a new column needs no word here.
"""

import hashlib
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bastion.domain.events import KINDS, AuditEvent
from bastion.store.audit_chain import GENESIS, canonical
from tests.bench.scale.words import ACTIONS, DEVICES, FIRST, LAST, PARTS, SIGNS, WARDS

Rows = Iterator[tuple[str, dict[str, Any]]]
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
TICK: Final = timedelta(microseconds=1)
MICRO: Final = 1_000_000
MINUTE, HOUR, DAY = 60 * MICRO, 3600 * MICRO, 86400 * MICRO
SPAN: Final = 4 * 365 * DAY
KINDS_OF_WORK: Final = ("telediagnostic", "telemaintenance", "telemaintenance", "teleassistance")
ENDS: Final = ("technician_left",) * 8 + ("time_over", "idle", "cut", "device_lost")


@dataclass(frozen=True)
class Size:
    """`waiting` requests are undecided now, `live` sessions go on now."""

    facilities: int = 12
    suppliers: int = 200
    technicians: int = 5_000
    devices: int = 20_000
    requests: int = 1_000_000
    sessions: int = 250_000
    held: int = 20_000
    deliveries: int = 50_000
    waiting: int = 40
    live: int = 20


class Hospital:
    """Ids and names that rows refer to; `people` are the staff whose eyes the bench borrows."""

    def __init__(self, size: Size, now: datetime) -> None:
        self.size, self.random = size, random.Random(20260101)
        self.now = _micros(now)
        self.begin = self.now - SPAN
        self.facilities = [self.ident(self.begin) for _ in range(size.facilities)]
        self.suppliers = [self.ident(self.begin) for _ in range(size.suppliers)]
        self.technicians = [self.ident(self.begin) for _ in range(size.technicians)]
        self.names = [self.name() for _ in range(size.technicians)]
        self.devices = [self.ident(self.begin) for _ in range(size.devices)]
        self.accounts = [self.ident(self.begin) for _ in range(size.devices)]
        self.homes = [self.facilities[min(int(self.random.expovariate(0.35)), size.facilities - 1)]
                      for _ in range(size.devices)]  # fmt: skip
        self.people: dict[str, str] = {}
        self.approvers: dict[str, list[tuple[str, str]]] = {one: [] for one in self.facilities}

    def ident(self, at: int) -> str:
        return f"{at // 1000:012x}{self.random.getrandbits(80):020x}"

    def name(self) -> str:
        return f"{self.random.choice(FIRST)} {self.random.choice(LAST)}"

    def reason(self) -> str:
        pick = self.random.choice
        return f"{pick(SIGNS)} {pick(PARTS)} : {pick(ACTIONS)} (relevé {self.random.randrange(10_000):04d})"

    # -- the registers -------------------------------------------------------------------------------------------------
    def registers(self) -> Rows:
        yield from self._organisations()
        yield from self._staff()
        yield from self._technicians()
        yield from self._devices()

    def _organisations(self) -> Rows:
        for number, ident in enumerate(self.facilities):
            code = f"ch{number:02d}"
            row = {"id": ident, "code": code, "name": f"Centre hospitalier {number}", "timezone": "Europe/Paris"}
            yield "facilities", row | {"finess": f"75{number:07d}"}
        for number, ident in enumerate(self.suppliers):
            name = f"{LAST[number % len(LAST)]} Biomédical {number}"
            yield "suppliers", {
                "id": ident, "code": f"sup-{number:03d}", "name": name, "active": True,
                "networks": json.dumps([f"198.51.{number}.0/24"]), "contact": f"contact@sup{number}.example",
            }  # fmt: skip
            for kind in ("contract", "charter", "attestation"):
                yield "papers", {
                    "id": self.ident(self.begin), "supplier_id": ident, "kind": kind, "reference": f"{kind}-{number}",
                    "valid_from": self.begin, "valid_to": self.now + 200 * DAY, "created_by": "Denis",
                    "created_at": self.begin,
                }  # fmt: skip

    def _staff(self) -> Rows:
        for number, facility in enumerate(self.facilities):
            for each in range(8):
                row = self._person(f"bio{number:02d}{each}", ["approver"], [facility])
                self.approvers[facility].append((row["id"], row["name"]))
                yield "staff", row
        for login, role in (("wide", "approver"), ("samir", "security"), ("aude", "auditor"), ("denis", "admin")):
            row = self._person(login, [role], ["*"])
            self.people[login] = row["id"]
            yield "staff", row
        row = self._person("claire", ["approver"], [self.facilities[0]])
        self.people["claire"] = row["id"]
        yield "staff", row

    def _person(self, login: str, roles: list[str], facilities: list[str]) -> dict[str, Any]:
        held = [{"facility_id": place, "role": role, "wards": []} for role in roles for place in facilities]
        return {
            "id": self.ident(self.begin), "login": login, "name": self.name(), "email": f"{login}@chu.example",
            "assignments": json.dumps(held), "language": "fr", "active": True,
        }  # fmt: skip

    def _technicians(self) -> Rows:
        for number, ident in enumerate(self.technicians):
            supplier = self.suppliers[number % self.size.suppliers]
            yield "technicians", {
                "id": ident, "login": f"tech{number:04d}", "name": self.names[number], "supplier_id": supplier,
                "email": f"tech{number}@supplier.example", "language": "fr", "active": number % 20 != 0,
            }  # fmt: skip
            yield "technician_keys", {
                "id": self.ident(self.begin), "technician_id": ident, "public": f"ssh-ed25519 AAAA{number}",
                "fingerprint": f"SHA256:{number:043d}", "label": "portable", "added_at": self.begin,
            }  # fmt: skip
            yield "rosters", {
                "technician_id": ident, "at": self.now - 20 * DAY, "due_at": self.now + 72 * DAY,
                "suspended_at": self.now + 86 * DAY, "by": "Denis", "reference": "mail",
            }  # fmt: skip
            yield "credentials", {"subject_id": ident, "totp_sealed": b"sealed", "totp_enrolled_at": self.begin}

    def _devices(self) -> Rows:
        for number, ident in enumerate(self.devices):
            kind, maker, model = DEVICES[number % len(DEVICES)]
            yield "devices", {
                "id": ident, "code": f"dm-{number:05d}", "name": f"{kind} {number}", "facility_id": self.homes[number],
                "criticality": 1 + number % 4, "ward": WARDS[number % len(WARDS)], "location": f"Salle {number % 400}",
                "maker": maker, "model": model, "serial": f"SN{number * 7919 % 1_000_003:07d}", "active": True,
            }  # fmt: skip
            for supplier in {number % self.size.suppliers, number * 7 % self.size.suppliers}:
                yield "device_suppliers", {"device_id": ident, "supplier_id": self.suppliers[supplier]}
            yield "endpoints", {
                "id": self.ident(self.begin), "device_id": ident, "protocol": "ssh", "port": 22,
                "host": f"10.{number // 65536}.{number // 256 % 256}.{number % 256}", "pinned_by": "Denis",
                "host_keys": '["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEexample"]', "pinned_at": self.begin,
            }  # fmt: skip
            secret = self.ident(self.begin)
            yield "secrets", {"id": secret, "sealed": b"sealed", "key_id": "k", "created_at": self.begin}
            yield "device_accounts", {
                "id": self.accounts[number], "device_id": ident, "login": "service", "kind": "password",
                "secret_id": secret,
            }  # fmt: skip
            if number % 20 == 0:
                yield "derogations", {
                    "id": self.ident(self.begin), "device_id": ident, "kind": "ssh_legacy",
                    "algorithms": '["ssh-rsa"]', "owner": "Dr Vasseur", "reason": "plus de mise à jour",
                    "starts": self.now - 200 * DAY, "ends": self.now + 150 * DAY, "created_by": "Denis",
                    "created_at": self.now - 200 * DAY,
                }  # fmt: skip

    # -- what happened -------------------------------------------------------------------------------------------------
    def history(self) -> Rows:
        """Requests in the order of their making, with what came of each; the audit trail is the chain it must be."""
        chain, size = _Chain(), self.size
        step = SPAN // size.requests
        every = max(1, size.requests // size.sessions)
        for number in range(size.requests):
            left = size.requests - number
            if left <= size.waiting:
                yield from self._request(chain, number, self.now - left * MINUTE, "pending", worked=False)
                continue
            chance = self.random.random()
            state = "approved" if chance < 0.86 else "denied" if chance < 0.92 else "withdrawn" if chance < 0.95 else ""
            live = left <= size.waiting + size.live
            at = self.now - 20 * MINUTE - left * MICRO if live else self.begin + number * step
            worked = live or number % every == 0
            yield from self._request(chain, number, at, "approved" if worked else state, worked=worked, live=live)
        yield from self._told()
        yield "audit_head", {"id": 1, "seq": chain.seq, "digest": chain.digest}

    def _request(self, chain: "_Chain", number: int, at: int, state: str, *, worked: bool, live: bool = False) -> Rows:
        device = min(int(self.random.paretovariate(0.6) * 40) - 40, self.size.devices - 1)
        device = (device * 7919 + number % 3) % self.size.devices
        supplier = device % self.size.suppliers
        people = self.size.technicians // self.size.suppliers
        person = supplier + self.size.suppliers * self.random.randrange(people)
        who, name, home = self.technicians[person], self.names[person], self.homes[device]
        request, grant = self.ident(at), self.ident(at + MINUTE)
        said, order = self.reason(), f"GMAO-{number:07d}"
        decided, wanted = at + 4 * MINUTE, self.random.choice((30, 60, 120, 240)) * MINUTE
        staff, staff_name = self.random.choice(self.approvers[home])
        about = {"technician_id": who, "device_id": self.devices[device], "facility_id": home}
        about |= {"supplier_id": self.suppliers[supplier], "kind": self.random.choice(KINDS_OF_WORK)}
        row = about | {
            "id": request, "technician_name": name, "account_id": self.accounts[device], "reason": said,
            "work_order": order, "wanted": wanted, "created_at": at, "expires_at": at + 2 * HOUR,
            "created_by_id": who, "created_by_name": name, "created_by_company": self.suppliers[supplier],
            "quorum": 1, "max_duration": 4 * HOUR, "policy_hash": "0" * 64, "policy_ids": '["telemaintenance"]',
            "source": f"198.51.{supplier}.7", "stored_state": state or "pending", "version": 2 if state else 1,
        }  # fmt: skip
        ended = state not in {"", "pending"}
        if ended:
            note = "Salle libre" if state == "approved" else "Patient en cours d’examen"
            row |= {"decided_at": decided, "decided_by": staff_name, "decision_note": note}
        if state == "approved":
            row["grant_id"] = grant
        yield "access_requests", row
        yield chain.add("request:created", at, ("technician", who, name), ("request", request), home,
                        reason=said, technician=name, work_order=order, device=f"dm-{device:05d}")  # fmt: skip
        if not ended:
            return
        yield chain.add(f"request:{state}", decided, ("staff", staff, staff_name), ("request", request), home,
                        note=row["decision_note"], minutes="60")  # fmt: skip
        if state != "approved":
            return
        yield "approvals", {
            "request_id": request, "staff_id": staff, "staff_name": staff_name, "at": decided, "duration": wanted,
            "note": "Salle libre", "position": 0,
        }  # fmt: skip
        yield "grants", about | {
            "id": grant, "request_id": request, "account_id": self.accounts[device], "channels": '["shell"]',
            "start": decided, "end": decided + (8 * HOUR if live else wanted), "idle_seconds": 1800,
            "policy_hash": "0" * 64, "approved_by": json.dumps([staff_name], ensure_ascii=False),
            "acknowledged_at": decided, "version": 1,
        }  # fmt: skip
        if worked:
            yield from self._session(chain, row, grant, live=live)

    def _session(self, chain: "_Chain", request: dict[str, Any], grant: str, *, live: bool) -> Rows:
        at = request["decided_at"] + 2 * MINUTE
        ident = self.ident(at)
        lasted = 0 if live else self.random.randrange(MINUTE, request["wanted"])
        row = {name: request[name] for name in _SHARED} | {
            "id": ident, "grant_id": grant, "request_id": request["id"], "account_login": "service",
            "client": "OpenSSH_9.2", "node": "n1", "started_at": at, "version": 1,
        }  # fmt: skip
        if not live:
            row |= {
                "ended_at": at + lasted, "end_reason": self.random.choice(ENDS), "version": 2,
                "recording_digest": f"{self.random.getrandbits(256):064x}", "recording_bytes": lasted // 1000,
                "recording_seconds": lasted / MICRO,
            }  # fmt: skip
        yield "sessions", row
        actor = ("technician", row["technician_id"], row["technician_name"])
        yield chain.add("session:opened", at, actor, ("session", ident), row["facility_id"],
                        technician=row["technician_name"], account="service", client="OpenSSH_9.2")  # fmt: skip
        if live:
            return
        yield chain.add("session:closed", at + lasted, actor, ("session", ident), row["facility_id"],
                        reason=row["end_reason"], digest=row["recording_digest"])  # fmt: skip
        number = chain.seq
        if number % max(1, self.size.sessions // self.size.held) == 0:
            yield "held_files", self._held_file(row, at, number)

    def _held_file(self, session: dict[str, Any], at: int, number: int) -> dict[str, Any]:
        """Most went through by rule long ago; a few of this year wait."""
        row = {name: session[name] for name in (*_SHARED, "grant_id", "request_id", "node") if name != "source"} | {
            "id": self.ident(at), "session_id": session["id"], "direction": "in", "arrived_at": at, "version": 1,
            "path": f"/fw/firmware-{number}.bin", "sas": "person", "size": 1024, "announced": "none",
            "sha256": f"{self.random.getrandbits(256):064x}", "scan": "clean",
        }  # fmt: skip
        if number % 200 == 0 and self.now - at < 300 * DAY:
            return row | {"stored_state": "held", "expires_at": self.now + DAY}
        decided = {"decided_at": at + MINUTE, "decided_by": "rule", "delivered_at": at + MINUTE}
        return row | decided | {"stored_state": "delivered", "expires_at": at + 7 * DAY}

    def _told(self) -> Rows:
        for number in range(self.size.deliveries):
            at = self.now - number * 20 * MINUTE
            yield "deliveries", {
                "id": self.ident(at), "key": f"k{number}", "topic": "session_ended", "recipient_kind": "staff",
                "recipient_id": self.people["wide"], "facility_id": self.facilities[0], "path": "/", "at": at,
                "due_at": at, "attempts": 1, "state": "sent", "ended_at": at,
            }  # fmt: skip


_SHARED: Final = ("technician_id", "technician_name", "supplier_id", "device_id", "facility_id", "source")


class _Chain:
    """The audit trail of all this, each event bound to the one before."""

    def __init__(self) -> None:
        self.seq, self.digest = 0, GENESIS

    def add(
        self, tag: str, at: int, actor: tuple[str, str, str], subject: tuple[str, str], facility: str, **fields: str
    ) -> tuple[str, dict[str, Any]]:
        previous, self.seq = self.digest, self.seq + 1
        event = AuditEvent(
            self.seq, datetime.fromtimestamp(at / MICRO, UTC), tag, KINDS[tag].severity, *actor,
            "198.51.100.7", *subject, facility, fields, previous, "",
        )  # fmt: skip
        self.digest = hashlib.sha256(canonical(event)).hexdigest()
        return "audit_events", {
            "seq": self.seq, "at": _micros(event.at), "tag": tag, "severity": event.severity.value,
            "actor_kind": actor[0], "actor_id": actor[1], "actor_name": actor[2], "source": event.source,
            "subject_kind": subject[0], "subject_id": subject[1], "facility_id": facility,
            "fields": json.dumps(fields, ensure_ascii=False, sort_keys=True), "previous": previous,
            "digest": self.digest,
        }  # fmt: skip


def _micros(at: datetime) -> int:
    return (at - EPOCH) // TICK

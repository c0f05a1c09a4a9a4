"""What the domain refuses, the database refuses too: the same transitions, in plain SQL behind the code's back."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import migrations
from bastion.domain import (
    access_request,
    announced_file,
    conditions,
    derogation,
    device,
    events,
    held_file,
    lock,
    remark,
    telling,
    work_plan,
)
from bastion.domain.access_request import RequestState
from bastion.domain.parties import system_actor
from bastion.domain.session_events import EndReason
from bastion.errors import Conflict, Invalid
from bastion.store import tables as t
from bastion.store.database import Database
from policies.model import Sas
from tests.store.samples import BOB, HOUR, NOW, a_derogation, a_grant, a_held_file, a_request, a_session, fill
from tests.store.tampering import attempt

P = RequestState


@pytest.fixture
async def busy(database: Database) -> Database:
    """Request 1 is approved and has a grant with a live and an ended session; request 2 is pending."""
    await fill(database, upto="grants")
    by = access_request.Person(BOB.id, BOB.name)
    async with database.write() as uow:
        await uow.requests.save(a_request().approve(by, HOUR, "", NOW))
        await uow.requests.add(a_request(2))
        await uow.requests.add(a_request(3))
        await uow.grants.add(a_grant(3).revoke("Eve", "x", NOW))
        await uow.sessions.add(a_session(1))
        ended = a_session(2, ended_at=NOW + HOUR, end_reason=EndReason.CUT, recording_digest="ab")
        await uow.sessions.add(replace(ended, cut_at=NOW))
        lifted = lock.Lock("loc-1", lock.LockScope.ALL, "", "Fire", "Eve", NOW, None, NOW, "Eve")
        await uow.locks.add(lifted)
        await uow.remarks.add(remark.Remark("rem-1", "req-2", remark.Side.HOSPITAL, "stf-1", "Eve", NOW, "Which tube?"))
        await uow.audit.append("bastion:stopped", actor=system_actor(), subject=("bastion", "b"), at=NOW)
    return database


def changed(table: sa.Table, row: str, **values: Any) -> sa.Update:
    key = next(iter(table.primary_key))
    return sa.update(table).where(key == row).values(**values)


@pytest.mark.parametrize("state", [P.PENDING, P.DENIED, P.WITHDRAWN])
async def test_a_decided_request_stays_decided(busy: Database, state: RequestState) -> None:
    decided_at = None if state is P.PENDING else NOW
    with pytest.raises(Conflict, match="decided"):
        await attempt(busy, changed(t.access_requests, "req-1", stored_state=state, decided_at=decided_at))


def reachable(table: Mapping[Any, Mapping[Any, frozenset[Any]]], state: Any) -> set[Any]:
    return set().union(*table[state].values()) if table[state] else set()


@pytest.mark.parametrize("new", [P.APPROVED, P.DENIED, P.WITHDRAWN])
async def test_a_pending_request_may_become_what_the_domain_allows(busy: Database, new: RequestState) -> None:
    assert new in reachable(access_request.TABLE, P.PENDING)
    await attempt(busy, changed(t.access_requests, "req-2", stored_state=new, decided_at=NOW))


def test_the_domain_lets_nothing_leave_a_decision() -> None:
    """If this changes, migration 0002 must follow."""
    assert all(not reachable(access_request.TABLE, state) for state in P if state is not P.PENDING)


@pytest.mark.parametrize(
    "deed",
    [
        changed(t.access_requests, "req-1", quorum=0),
        changed(t.access_requests, "req-1", max_duration=9 * HOUR),
        changed(t.access_requests, "req-1", wanted=9 * HOUR),
        changed(t.access_requests, "req-1", technician_id="tec-2"),
        changed(t.access_requests, "req-1", created_by_id="stf-1"),
        changed(t.grants, "gra-3", revoked_at=None, revoked_by="", revoke_reason=""),
        changed(t.grants, "gra-3", revoked_at=NOW + HOUR),
        changed(t.grants, "gra-3", end=NOW + 9 * HOUR),
        changed(t.grants, "gra-1", end=NOW + HOUR),
        changed(t.grants, "gra-1", start=NOW - HOUR),
        changed(t.grants, "gra-1", channels=frozenset(device.ChannelKind)),
        changed(t.grants, "gra-1", conditions=frozenset({conditions.Condition.WATCHER})),
        changed(t.approvals, "req-1", conditions=frozenset({conditions.Condition.WATCHER})),
        changed(t.remarks, "rem-1", text="something else"),
        sa.delete(t.remarks),
        changed(t.grants, "gra-1", device_id="dev-2"),
        changed(t.grants, "gra-1", technician_id="tec-2"),
        changed(t.sessions, "ses-2", ended_at=None, end_reason=None),
        changed(t.sessions, "ses-2", ended_at=NOW + 2 * HOUR),
        changed(t.sessions, "ses-2", end_reason=EndReason.IDLE),
        changed(t.sessions, "ses-2", cut_at=None),
        changed(t.sessions, "ses-2", recording_digest="cd"),
        changed(t.sessions, "ses-1", grant_id="gra-3"),
        changed(t.sessions, "ses-1", started_at=NOW),
        changed(t.locks, "loc-1", lifted_at=None, lifted_by=""),
        changed(t.locks, "loc-1", lifted_at=NOW + HOUR),
        changed(t.locks, "loc-1", scope=lock.LockScope.DEVICE, subject_id="dev-1"),
        changed(t.approvals, "req-1", note="I never said so"),
        changed(t.approvals, "req-1", staff_id="stf-2"),
        sa.update(t.audit_events).values(actor_name="nobody"),
        sa.update(t.audit_head).values(seq=0),
        sa.update(t.audit_head).values(digest="f" * 64),
    ],
    ids=lambda deed: " ".join(str(deed.compile(compile_kwargs={"literal_binds": False})).split()),
)
async def test_what_happened_does_not_change(busy: Database, deed: sa.Update) -> None:
    with pytest.raises(Conflict):
        await attempt(busy, deed)


@pytest.mark.parametrize(
    "table", [t.access_requests, t.approvals, t.grants, t.sessions, t.locks, t.audit_events, t.audit_head]
)
async def test_what_happened_is_not_removed(busy: Database, table: sa.Table) -> None:
    with pytest.raises(Conflict, match="never removed"):
        await attempt(busy, sa.delete(table))


@pytest.mark.parametrize(
    "deed",
    [
        changed(t.grants, "gra-1", end=NOW + 3 * HOUR),
        changed(t.grants, "gra-1", acknowledged_at=NOW),
        changed(t.grants, "gra-1", revoked_at=NOW, revoked_by="Eve", revoke_reason="x"),
        changed(t.sessions, "ses-1", ended_at=NOW + HOUR, end_reason=EndReason.IDLE, recording_digest="ab"),
        changed(t.sessions, "ses-1", frozen_at=NOW, frozen_by="Eve"),
        changed(t.sessions, "ses-1", frozen_at=None),
        changed(t.sessions, "ses-1", cut_at=NOW, cut_by="Eve"),
        changed(t.sessions, "ses-2", recording_bytes=9),
        changed(t.access_requests, "req-1", grant_id="gra-1"),
    ],
    ids=str,
)
async def test_what_may_happen_does(busy: Database, deed: sa.Update) -> None:
    assert await attempt(busy, deed) == 1


@pytest.mark.parametrize("table", ["audit_events", "audit_head", "approvals"])
async def test_postgresql_does_not_empty_what_must_stay(postgres_url: str, table: str) -> None:
    database = await Database.open(postgres_url)
    with pytest.raises(Conflict, match="never emptied"):
        await attempt(database, sa.text(f"truncate {table} cascade"))
    await database.close()


CLOSED_SETS = [
    (t.access_requests, "req-2", "kind", access_request.InterventionKind),
    (t.grants, "gra-1", "kind", access_request.InterventionKind),
    (t.endpoints, "end-1", "protocol", device.Protocol),
    (t.device_accounts, "acc-1", "kind", device.SecretKind),
]
FILE_SETS = [
    ("direction", held_file.Direction), ("sas", Sas), ("scan", held_file.Scan),
    ("announced", announced_file.Announced),
]  # fmt: skip


@pytest.mark.parametrize(("column", "kind"), FILE_SETS)
async def test_a_closed_set_of_a_held_file_is_closed(busy: Database, column: str, kind: Any) -> None:
    async with busy.write() as uow:
        for number, member in enumerate(kind):
            await uow.held_files.add(replace(a_held_file(number), **{column: member}))
    with pytest.raises((Invalid, Conflict)):
        await attempt(busy, changed(t.held_files, "fil-0", **{column: "unheard of"}))


@pytest.mark.parametrize(("table", "row", "column", "kind"), CLOSED_SETS)
async def test_a_closed_set_is_closed_in_the_database(
    busy: Database, table: sa.Table, row: str, column: str, kind: Any
) -> None:
    for member in kind:
        await attempt(busy, changed(table, row, **{column: member}))
    with pytest.raises(Invalid):
        await attempt(busy, changed(table, row, **{column: "unheard of"}))


@pytest.mark.parametrize("severity", [*events.Severity, "unheard of"])
async def test_every_severity_fits_and_no_other(busy: Database, severity: str) -> None:
    values = {
        "seq": 99, "at": NOW, "tag": "x", "severity": severity, "actor_kind": "", "actor_id": "", "actor_name": "",
        "source": "", "subject_kind": "", "subject_id": "", "facility_id": "", "fields": {}, "previous": "0" * 64,
        "digest": "0" * 64,
    }  # fmt: skip
    deed: Any = sa.insert(t.audit_events).values(values)
    if severity in set(events.Severity):
        await attempt(busy, deed)
        return
    with pytest.raises(Invalid):
        await attempt(busy, deed)


STATES = held_file.FileState


def facts_of(state: held_file.FileState) -> dict[str, Any]:
    """What a file in this state has to have."""
    decided = NOW if state in {STATES.RELEASED, STATES.DELIVERED, STATES.REFUSED} else None
    delivered = NOW if state is STATES.DELIVERED else None
    return {"stored_state": state, "sha256": "ab" * 32, "decided_at": decided, "delivered_at": delivered}


@pytest.mark.parametrize("old", STATES)
async def test_a_held_file_goes_the_way_the_domain_knows_and_no_other(busy: Database, old: held_file.FileState) -> None:
    async with busy.write() as uow:
        for number, _ in enumerate(STATES):
            await uow.held_files.add(replace(a_held_file(number), **facts_of(old)))
    for number, new in enumerate(STATES):
        delivered = NOW if new is STATES.DELIVERED else None
        deed = changed(
            t.held_files, f"fil-{number}", stored_state=new, decided_at=NOW, delivered_at=delivered, sha256="ab" * 32
        )
        if new is old or new in reachable(held_file.TABLE, old):
            assert await attempt(busy, deed) == 1
            continue
        with pytest.raises((Conflict, Invalid)):
            await attempt(busy, deed)


@pytest.mark.parametrize(
    "change",
    [
        {"path": "/fw/other.bin"}, {"direction": held_file.Direction.OUT}, {"technician_id": "tec-2"},
        {"session_id": "ses-2"}, {"grant_id": "gra-3"}, {"device_id": "dev-2"}, {"node": "n9"}, {"sas": Sas.FREE},
        {"arrived_at": NOW - HOUR}, {"sha256": "cd" * 32}, {"size": 9}, {"scan": held_file.Scan.CLEAN},
        {"announced": announced_file.Announced.MATCHES}, {"findings": ("x",)}, {"decided_at": NOW + HOUR},
        {"decided_by": "Nobody"}, {"note": "I never said so"},
    ],
    ids=str,
)  # fmt: skip
async def test_a_released_file_stays_the_one_it_was(busy: Database, change: dict[str, Any]) -> None:
    async with busy.write() as uow:
        await uow.held_files.add(replace(a_held_file(1), **facts_of(STATES.RELEASED)))
    with pytest.raises(Conflict):
        await attempt(busy, changed(t.held_files, "fil-1", **change))
    with pytest.raises(Conflict, match="never removed"):
        await attempt(busy, sa.delete(t.held_files))


async def test_what_was_announced_does_not_change(busy: Database) -> None:
    with pytest.raises(Conflict, match="announced"):
        await attempt(busy, changed(t.access_requests, "req-2", announced=(announced_file.AnnouncedFile("a", 0, "b"),)))


async def test_what_a_grant_allows_on_files_does_not_change(busy: Database) -> None:
    for change in ({"files": frozenset(device.FileRight)}, {"uploads": Sas.FREE}, {"downloads": Sas.FREE}):
        with pytest.raises(Conflict, match="allows on files"):
            await attempt(busy, changed(t.grants, "gra-1", **change))


# -- derogations -------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "change",
    [
        {"device_id": "dev-2"}, {"kind": derogation.DerogationKind.TELNET, "algorithms": ()},
        {"algorithms": ("3des-cbc",)}, {"owner": "Nobody"}, {"reason": "other"}, {"starts": NOW - HOUR},
        {"ends": NOW + 9000 * HOUR}, {"created_by": "Nobody"}, {"created_at": NOW - HOUR},
    ],
    ids=str,
)  # fmt: skip
async def test_R10_what_a_derogation_allows_never_changes(busy: Database, change: dict[str, Any]) -> None:
    async with busy.write() as uow:
        await uow.derogations.add(a_derogation())
    with pytest.raises(Conflict, match="as it was made"):
        await attempt(busy, changed(t.derogations, "der-1", **change))


async def test_R10_a_derogation_is_taken_back_once_and_never_removed(busy: Database) -> None:
    async with busy.write() as uow:
        await uow.derogations.add(a_derogation())
    assert await attempt(busy, changed(t.derogations, "der-1", warned_at=NOW)) == 1
    async with busy.write() as uow:
        await uow.derogations.save(a_derogation().withdraw("Eve", NOW))
    for change in ({"withdrawn_at": None, "withdrawn_by": ""}, {"withdrawn_at": NOW + HOUR}, {"withdrawn_by": "X"}):
        with pytest.raises(Conflict, match="withdrawn"):
            await attempt(busy, changed(t.derogations, "der-1", **change))
    with pytest.raises(Conflict, match="never removed"):
        await attempt(busy, sa.delete(t.derogations))


async def test_the_kinds_of_derogations_are_closed(busy: Database) -> None:
    async with busy.write() as uow:
        for number, kind in enumerate(derogation.DerogationKind):
            names = ("ssh-rsa",) if kind is derogation.DerogationKind.SSH_LEGACY else ()
            await uow.derogations.add(a_derogation(number, kind=kind, algorithms=names))
    row = {c.name: getattr(a_derogation(9), c.name) for c in t.derogations.c}
    for wrong in ({"kind": "rlogin"}, {"algorithms": ()}, {"ends": NOW}, {"owner": ""}, {"reason": ""}):
        with pytest.raises(Invalid):
            await attempt(busy, sa.insert(t.derogations).values(row | wrong))


async def test_a_delivery_keeps_what_it_says_and_to_whom(busy: Database) -> None:
    one = telling.Delivery(
        "del-1", "k", telling.Topic.ACCESS_CUT, telling.RecipientKind.STAFF, "stf-1", "fac-1", {}, "/locks", NOW, NOW
    )
    async with busy.write() as uow:
        await uow.deliveries.queue([one, replace(one, id="del-2")])
        assert [row.id for row in await uow.deliveries.search()] == ["del-1"], "the same occasion, once"
        await uow.deliveries.save(one.attempted(NOW).settled(telling.DeliveryState.SENT, NOW))
    for changes in ({"recipient_id": "stf-2"}, {"path": "//evil"}, {"facts": {"a": "b"}}, {"key": "other"}):
        with pytest.raises(Conflict, match="to whom"):
            await attempt(busy, changed(t.deliveries, "del-1", **changes))
    with pytest.raises(Invalid):
        await attempt(busy, changed(t.deliveries, "del-1", state=telling.DeliveryState.WAITING))


@pytest.mark.parametrize(
    ("column", "kind"),
    [("topic", telling.Topic), ("recipient_kind", telling.RecipientKind), ("state", telling.DeliveryState)],
)
def test_the_database_knows_the_words_of_a_delivery(column: str, kind: type[StrEnum]) -> None:
    files = sorted((Path(migrations.__file__).parent / "versions").glob("*.py"))
    text = [one for one in (file.read_text() for file in files) if "topic in (" in one][-1]
    if column != "topic":
        text = next(file for file in files if file.name.endswith("_telling.py")).read_text()
    assert [word for word in kind if f"'{word}'" not in text] == [], column


# -- what a request says of the work -----------------------------------------------------------------------------------
PLANNED = work_plan.WorkPlan(
    patient_data=work_plan.PatientData.NEEDED, professional="Dr Vasseur", patient_why="a real plan",
    software_change=True, backup_at=NOW, backup_place="NAS", rollback="restore the image",
)  # fmt: skip


@pytest.mark.parametrize("field", ["professional", "patient_why", "backup_at", "backup_place", "rollback"])
async def test_R38_R43_a_request_lacks_nothing_that_its_plan_demands(busy: Database, field: str) -> None:
    async with busy.write() as uow:
        await uow.requests.add(a_request(8, plan=PLANNED))
    with pytest.raises(Invalid):
        async with busy.write() as uow:
            await uow.requests.add(a_request(9, plan=replace(PLANNED, **{field: None if field == "backup_at" else ""})))


async def test_the_kinds_of_patient_data_are_closed(busy: Database) -> None:
    async with busy.write() as uow:
        for number, data in enumerate(work_plan.PatientData, 10):
            await uow.requests.add(a_request(number, plan=replace(PLANNED, patient_data=data)))
        raw = uow.requests._row(a_request(20)) | {"patient_data": "some"}
    with pytest.raises(Invalid):
        await attempt(busy, sa.insert(t.access_requests).values(raw))


@pytest.mark.parametrize(
    "change",
    [
        {"keeps": "x"}, {"procedure": "x"}, {"people": ("x",)}, {"professional": "x"}, {"patient_why": "x"},
        {"patient_data": work_plan.PatientData.NONE}, {"software_change": False}, {"backup_place": "x"},
        {"rollback": "x"}, {"backup_at": NOW - HOUR}, {"backup_at": None, "software_change": False},
        {"said": work_plan.ANSWERED},
    ],
    ids=" ".join,
)  # fmt: skip
async def test_what_was_said_of_the_work_does_not_change(busy: Database, change: dict[str, Any]) -> None:
    async with busy.write() as uow:
        await uow.requests.add(a_request(8, plan=PLANNED))
    with pytest.raises(Conflict, match="said of the work"):
        await attempt(busy, changed(t.access_requests, "req-8", **change))

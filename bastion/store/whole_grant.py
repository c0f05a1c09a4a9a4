"""A grant with everything around it in one statement: what the opening of a session looks at, many times a second.

Read one by one, these rows cost a third of a session's opening, and a round trip each on PostgreSQL. Of the lists that
are nearly always empty (locks, derogations, reviews, rules for papers) it only says whether there is anything to read.
"""

from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from bastion.domain.credentials import SealedSecret
from bastion.domain.device import Device, DeviceAccount
from bastion.domain.grant import Grant
from bastion.domain.parties import Facility, Supplier, Technician
from bastion.domain.review import RightKind
from bastion.domain.work_plan import WorkPlan
from bastion.store import tables as t
from bastion.store.access import Grants
from bastion.store.columns import storable
from bastion.store.directory import Accounts, Devices, Facilities, Suppliers, Technicians
from bastion.store.proofs import Secrets
from bastion.store.rosters import EMPLOYED, Employment, Rosters, Subcontractors, made_employment
from bastion.store.transaction import Transaction
from bastion.store.undertakings import ACCEPTED, PUBLISHED, owed_by


@dataclass(frozen=True, slots=True)
class There:
    """Whether there is anything to read: locks nobody lifted, rules for papers, lines of reviews about this person,
    derogations for this device, sessions live on it, and among those `others`: of another grant, from another place,
    or frozen.
    """

    locks: bool
    rules: bool
    reviews: bool
    derogations: bool
    sessions: bool
    others: bool


@dataclass(frozen=True, slots=True)
class WholeGrant:
    """`reason` and `work_order` are the request's, and of `plan` what decides whether the work may begin.

    `owes`: the newest undertaking is not accepted yet (R-47). `secret` is the account's, sealed.
    """

    grant: Grant
    technician: Technician
    supplier: Supplier
    device: Device
    facility: Facility
    account: DeviceAccount
    secret: SealedSecret
    reason: str
    work_order: str
    plan: WorkPlan
    employment: Employment
    there: There
    owes: bool


class WholeGrants:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, grant_id: str, source: str) -> WholeGrant | None:
        """A writing transaction holds the grant until its commit, as `Grants.get` does. `source` is where he is."""
        if not storable(grant_id):
            return None
        rows = await self._tx.rows(_WHOLE if self._tx.reading else _HOLD, {"this": grant_id, "here": source})
        return _made(tuple(rows[0])) if rows else None


_PARTS: tuple[tuple[type[Any], "list[sa.ColumnElement[Any]]"], ...] = tuple(
    (repository.kind, repository.columns())
    for repository in (Grants, Technicians, Suppliers, Devices, Facilities, Accounts, Secrets)
)
_TO_BEGIN = ("software_change", "backup_at", "backup_place", "rollback", "patient_data", "professional")
_ASKED = 2 + len(_TO_BEGIN)
_SAID = 2 + len(fields(There))


def _made(row: tuple[Any, ...]) -> WholeGrant:
    parts: list[Any] = []
    at = 0
    for kind, columns in _PARTS:
        parts.append(kind(*row[at : at + len(columns)]))
        at += len(columns)
    reason, work_order, *begin = row[at : at + _ASKED]
    plan = WorkPlan(**dict(zip(_TO_BEGIN, begin, strict=True)))
    published, accepted, *there = row[at + _ASKED : at + _ASKED + _SAID]
    grant, technician, supplier, device, facility, account, secret = parts
    employment = made_employment((technician.employer_id, *row[at + _ASKED + _SAID :]))
    return WholeGrant(
        grant, technician, supplier, device, facility, account, secret, reason, work_order, plan, employment,
        There(*map(bool, there)), owed_by(published, accepted),
    )  # fmt: skip


def _any(table: sa.Table, *conditions: "sa.ColumnElement[bool]") -> "sa.ColumnElement[bool]":
    return sa.select(sa.literal(1)).select_from(table).where(*conditions).exists()


_LIVE_ON_IT = (t.sessions.c.device_id == t.devices.c.id, t.sessions.c.ended_at.is_(None))
_WHOLE = (
    sa.select(
        *(column for _, columns in _PARTS for column in columns),
        t.access_requests.c.reason,
        t.access_requests.c.work_order,
        *(t.access_requests.c[name] for name in _TO_BEGIN),
        PUBLISHED,
        ACCEPTED.where(t.undertaking_acceptances.c.technician_id == t.technicians.c.id).scalar_subquery(),
        _any(t.locks, t.locks.c.lifted_at.is_(None)),
        _any(t.paper_rules),
        _any(
            t.review_lines,
            t.review_lines.c.kind == sa.literal(RightKind.TECHNICIAN, t.review_lines.c.kind.type),
            t.review_lines.c.subject_id == t.technicians.c.id,
        ),
        _any(t.derogations, t.derogations.c.device_id == t.devices.c.id),
        _any(t.sessions, *_LIVE_ON_IT),
        _any(
            t.sessions,
            *_LIVE_ON_IT,
            sa.or_(
                t.sessions.c.grant_id != t.grants.c.id,
                t.sessions.c.source != sa.bindparam("here"),
                t.sessions.c.frozen_at.is_not(None),
            ),
        ),
        *Subcontractors.columns(),
        *Rosters.columns(),
    )
    .select_from(t.grants)
    .join(EMPLOYED, t.technicians.c.id == t.grants.c.technician_id)
    .outerjoin(t.rosters, t.rosters.c.technician_id == t.technicians.c.id)
    .join(t.suppliers, t.suppliers.c.id == t.technicians.c.supplier_id)
    .join(t.devices, t.devices.c.id == t.grants.c.device_id)
    .join(t.facilities, t.facilities.c.id == t.devices.c.facility_id)
    .join(t.device_accounts, t.device_accounts.c.id == t.grants.c.account_id)
    .join(t.secrets, t.secrets.c.id == t.device_accounts.c.secret_id)
    .join(t.access_requests, t.access_requests.c.id == t.grants.c.request_id)
    .where(t.grants.c.id == sa.bindparam("this"))
)
_HOLD = _WHOLE.with_for_update(key_share=True, of=t.grants)

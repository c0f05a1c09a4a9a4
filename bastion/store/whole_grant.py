"""A grant with everything around it in one statement: what the opening of a session looks at, many times a second.

Read one by one, these eight rows cost a third of a session's opening, and eight round trips on PostgreSQL.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from bastion.domain.device import Device, DeviceAccount
from bastion.domain.grant import Grant
from bastion.domain.parties import Facility, Supplier, Technician
from bastion.domain.work_plan import WorkPlan
from bastion.store import tables as t
from bastion.store.access import Grants
from bastion.store.columns import storable
from bastion.store.directory import Accounts, Devices, Facilities, Suppliers, Technicians
from bastion.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class WholeGrant:
    """`reason` and `work_order` are the request's, and of `plan` what decides whether the work may begin."""

    grant: Grant
    technician: Technician
    supplier: Supplier
    device: Device
    facility: Facility
    account: DeviceAccount
    reason: str
    work_order: str
    plan: WorkPlan


class WholeGrants:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def get(self, grant_id: str) -> WholeGrant | None:
        """A writing transaction holds the grant until its commit, as `Grants.get` does."""
        if not storable(grant_id):
            return None
        rows = await self._tx.rows(_WHOLE if self._tx.reading else _HOLD, {"this": grant_id})
        return _made(tuple(rows[0])) if rows else None


_PARTS: tuple[tuple[type[Any], "list[sa.ColumnElement[Any]]"], ...] = tuple(
    (repository.kind, repository.columns())
    for repository in (Grants, Technicians, Suppliers, Devices, Facilities, Accounts)
)
_TO_BEGIN = ("software_change", "backup_at", "backup_place", "rollback")


def _made(row: tuple[Any, ...]) -> WholeGrant:
    parts, at = [], 0
    for kind, columns in _PARTS:
        parts.append(kind(*row[at : at + len(columns)]))
        at += len(columns)
    reason, work_order, *begin = row[at:]
    plan = WorkPlan(**dict(zip(_TO_BEGIN, begin, strict=True)))
    grant, technician, supplier, device, facility, account = parts
    return WholeGrant(grant, technician, supplier, device, facility, account, reason, work_order, plan)


_WHOLE = (
    sa.select(
        *(column for _, columns in _PARTS for column in columns),
        t.access_requests.c.reason,
        t.access_requests.c.work_order,
        *(t.access_requests.c[name] for name in _TO_BEGIN),
    )
    .select_from(t.grants)
    .join(t.technicians, t.technicians.c.id == t.grants.c.technician_id)
    .join(t.suppliers, t.suppliers.c.id == t.technicians.c.supplier_id)
    .join(t.devices, t.devices.c.id == t.grants.c.device_id)
    .join(t.facilities, t.facilities.c.id == t.devices.c.facility_id)
    .join(t.device_accounts, t.device_accounts.c.id == t.grants.c.account_id)
    .join(t.access_requests, t.access_requests.c.id == t.grants.c.request_id)
    .where(t.grants.c.id == sa.bindparam("this"))
)
_HOLD = _WHOLE.with_for_update(key_share=True, of=t.grants)

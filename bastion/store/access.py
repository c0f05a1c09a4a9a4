"""Requests and their approvals, the grants they make, the sessions under them, and the locks that stop all of it."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert

from bastion.domain.access_request import AccessRequest, Approval, Person, RequestState
from bastion.domain.conditions import Terms
from bastion.domain.grant import Grant
from bastion.domain.lock import Lock
from bastion.domain.place import Place
from bastion.domain.work_plan import PatientData, WorkPlan
from bastion.errors import Conflict
from bastion.store import tables as t
from bastion.store.columns import Instant, findable, storable
from bastion.store.looking import floor, holds, named, within
from bastion.store.paging import beyond, newest_first
from bastion.store.repository import Repository, Versioned

_R = t.access_requests.c
_G = t.grants.c
_NOW = sa.bindparam("now", type_=Instant())
_GRANTS: "Final[sa.BindParameter[Any]]" = sa.bindparam("grant_ids", expanding=True)
AT_ONCE: Final = 1000
"""Authorisations named in one statement: a cut may hit thousands."""


class Extending(NamedTuple):
    """That more time was asked for under an authorisation; `settled` when that was decided, or lapsed undecided."""

    request_id: str
    grant_id: str
    expires_at: datetime
    decided_at: datetime | None

    @property
    def settled(self) -> datetime:
        return self.decided_at or self.expires_at


class Requests(Versioned[AccessRequest]):
    """The approvals of a request live in a table of their own, one row per person, and are only ever added."""

    kind, table, order = AccessRequest, t.access_requests, ("created_at", "id")

    @classmethod
    def columns(cls) -> "list[sa.ColumnElement[Any]]":
        return list(t.access_requests.c)

    async def add(self, entity: AccessRequest) -> None:
        await super().add(entity)
        await self._agree(entity)

    async def save(self, entity: AccessRequest) -> AccessRequest:
        saved = await super().save(entity)
        await self._agree(saved)
        return saved

    async def pending(self, now: datetime, facility_ids: frozenset[str] | None = None) -> list[AccessRequest]:
        """Undecided and not expired, newest first; `None` means every facility."""
        query = WAITING if facility_ids is None else WAITING.where(_R.facility_id.in_(facility_ids))
        waiting = await self._many(query, {"now": now})
        return sorted(waiting, key=lambda request: (request.created_at, request.id), reverse=True)

    async def lapsed(self, since: datetime, until: datetime) -> list[AccessRequest]:
        """Those nobody decided on whose time ended in `(since, until]`, in the order in which it did."""
        rows = await self._many(LAPSED, {"since": since, "until": until})
        return sorted(rows, key=lambda one: (one.expires_at, one.id))

    async def of_technician(self, technician_id: str, limit: int = 20) -> list[AccessRequest]:
        return await self._many(OF_TECHNICIAN, {"technician_id": technician_id, "limit": limit})

    async def open_for(self, technician_id: str, device_id: str, now: datetime) -> list[AccessRequest]:
        """The undecided requests of this technician for this device, the newest first."""
        return await self._many(OPEN_FOR, {"technician_id": technician_id, "device_id": device_id, "now": now})

    async def of_works(self, work_ids: Collection[str]) -> list[AccessRequest]:
        """Of each of these works the request by which it began, and those for more time or to take over."""
        return await self._many(OF_WORKS, {"ids": list(work_ids)}) if work_ids else []

    async def waiting_on(self, grant_ids: Sequence[str], now: datetime) -> list[AccessRequest]:
        """What waits for a decision about these authorisations: more time under one, or that a colleague takes over."""
        found: list[AccessRequest] = []
        for at in range(0, len(grant_ids), AT_ONCE):
            found += await self._many(WAITING_ON, {"grant_ids": list(grant_ids[at : at + AT_ONCE]), "now": now})
        return found

    async def extending(self, grant_ids: Collection[str]) -> Sequence[Extending]:
        """Every request for more time under these authorisations, whatever became of it, the oldest first."""
        rows = await self._tx.rows(EXTENDING, {"grant_ids": list(grant_ids)}) if grant_ids else []
        return [Extending(row.id, row.extends_grant_id, row.expires_at, row.decided_at) for row in rows]

    async def awaited(self, technician_id: str, now: datetime) -> dict[str, bool]:
        """The devices for which this technician waits for a decision, and whether for that on an emergency."""
        found: dict[str, bool] = {}
        for row in await self._tx.rows(AWAITED, {"technician_id": technician_id, "now": now}):
            found[row.device_id] = found.get(row.device_id, False) or row.id is not None
        return found

    async def of_batch(self, batch_id: str) -> list[AccessRequest]:
        """Those that were made at once, in the order they were asked."""
        if not batch_id or not storable(batch_id):
            return []
        rows = await self._many(OF_BATCH, {"batch_id": batch_id, "ref": batch_id[24:]})
        return sorted(rows, key=lambda one: (one.created_at, one.id))

    async def search(
        self,
        *,
        state: str = "",
        text: str = "",
        facility_ids: frozenset[str] | None = None,
        technician_id: str = "",
        supplier_id: str = "",
        device_id: str = "",
        since: datetime | None = None,
        before: datetime | None = None,
        now: datetime | None = None,
        after: Place | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[AccessRequest]:
        """Newest first. With `now`, "pending" leaves out what has expired, and "expired" can be asked for.

        A text that names nothing is looked for among the newest rows before `before`, as far as `reach`, on whichever
        page of them: `after` is where the page before ended.
        """
        if not findable(text):
            return []
        wanted = [*_in_state(state, now), *_when(since, before)]
        exact = {"technician_id": technician_id, "supplier_id": supplier_id, "device_id": device_id}
        wanted += [_R[name] == value for name, value in exact.items() if value]
        if facility_ids is not None:
            wanted.append(within(_R.facility_id, facility_ids))
        if text:
            wanted += await self._about(text, wanted, facility_ids, names=not (technician_id or supplier_id))
        query = beyond(NEWEST_REQUESTS.where(*wanted), _R.created_at, _R.id, after)
        return newest_first(await self._many(query.limit(limit).offset(offset)), after)

    async def reach(
        self, text: str, *, state: str = "", facility_ids: frozenset[str] | None = None,
        before: datetime | None = None, now: datetime | None = None,
    ) -> datetime | None:  # fmt: skip
        """Up to when `search` looks for this text; `None` for to the end."""
        if not text.strip() or not findable(text) or await named(self._tx, text, facility_ids):
            return None
        wanted = [*_in_state(state, now), *_when(None, before)]
        if facility_ids is not None:
            wanted.append(within(_R.facility_id, facility_ids))
        return await floor(self._tx, _R.created_at, wanted)

    async def _about(
        self, text: str, wanted: "list[sa.ColumnElement[bool]]", facility_ids: frozenset[str] | None, *, names: bool
    ) -> "list[sa.ColumnElement[bool]]":
        """`names`: look it up among everybody's. For a supplier's people never: that a text of their own is not found
        would tell that it is a name elsewhere (T33).
        """
        if names and (called := await named(self._tx, text, facility_ids)):
            return [(_R.id if what == "request_id" else _R[what]).in_(ids) for what, ids in called.items()]
        last = await floor(self._tx, _R.created_at, wanted)
        return [_said(text)] if last is None else [_said(text), _R.created_at >= last]

    async def _agree(self, request: AccessRequest) -> None:
        rows = [
            {
                "request_id": request.id,
                "staff_id": approval.staff_id,
                "staff_name": approval.staff_name,
                "at": approval.at,
                "duration": approval.duration,
                "note": approval.note,
                "position": position,
                "conditions": approval.terms.conditions,
                "start": approval.terms.start,
                "for_id": approval.for_id,
                "for_name": approval.for_name,
            }
            for position, approval in enumerate(request.approvals)
        ]
        if rows:
            await self._tx.change(AGREE, rows)

    async def _made(self, rows: Sequence[Row[Any]]) -> list[AccessRequest]:
        approvals = await self._approvals([row.id for row in rows])
        return [_request(row, tuple(approvals[row.id])) for row in rows]

    async def _approvals(self, request_ids: list[str]) -> dict[str, list[Approval]]:
        found: dict[str, list[Approval]] = defaultdict(list)
        if request_ids:
            for row in await self._tx.rows(APPROVALS_OF, {"request_ids": request_ids}):
                terms = Terms(row.conditions, row.start)
                approval = Approval(
                    row.staff_id, row.staff_name, row.at, row.duration, row.note, terms, row.for_id, row.for_name
                )
                found[row.request_id].append(approval)
        return found

    def _row(self, entity: AccessRequest) -> dict[str, Any]:
        by = entity.created_by
        row = {name: getattr(entity, name) for name in _PLAIN} | {name: getattr(entity.plan, name) for name in _PLAN}
        return row | {"created_by_id": by.id, "created_by_name": by.name, "created_by_company": by.company}


_CREATED_BY = ("created_by_id", "created_by_name", "created_by_company")
_PLAN = tuple(field.name for field in fields(WorkPlan))
_PLAIN = tuple(column.name for column in t.access_requests.c if column.name not in {*_CREATED_BY, *_PLAN})


def _of_columns(names: Sequence[str]) -> "itemgetter[tuple[Any, ...]]":
    """Takes these columns out of a row by their places."""
    places = [column.name for column in t.access_requests.c]
    return itemgetter(*(places.index(name) for name in names))


_FIELDS = [field.name for field in fields(AccessRequest)]
_JOINED = ("created_by", "approvals", "plan")
_own = _of_columns([name for name in _FIELDS if name not in _JOINED])
_created_by, _planned = _of_columns(_CREATED_BY), _of_columns(_PLAN)
_PLACES = [_FIELDS.index(name) for name in _JOINED]


def _request(row: Row[Any], approvals: tuple[Approval, ...]) -> AccessRequest:
    """By place and not by name: forty fields by name cost four times as much, in a list of two hundred."""
    values: list[Any] = list(_own(row))
    for place, value in zip(_PLACES, (Person(*_created_by(row)), approvals, WorkPlan(*_planned(row))), strict=True):
        values.insert(place, value)
    return AccessRequest(*values)


def _in_state(state: str, now: datetime | None) -> "list[sa.ColumnElement[bool]]":
    """Expired is what the clock makes of pending (design: store facts, derive the rest)."""
    if not state:
        return []
    if state == RequestState.EXPIRED:
        return [_R.stored_state == RequestState.PENDING, _R.expires_at <= now] if now else [sa.false()]
    if state == RequestState.PENDING and now is not None:
        return [_R.stored_state == state, _R.expires_at > now]
    return [_R.stored_state == state]


def _when(since: datetime | None, before: datetime | None) -> "list[sa.ColumnElement[bool]]":
    wanted: list[sa.ColumnElement[bool]] = []
    if since is not None:
        wanted.append(_R.created_at >= since)
    if before is not None:
        wanted.append(_R.created_at < before)
    return wanted


def _said(text: str) -> "sa.ColumnElement[bool]":
    own = holds(text, _R.technician_name, _R.reason, _R.work_order, _R.decision_note)
    return sa.or_(own, _R.id.endswith(text.lower(), autoescape=True), *_names(text, _R.device_id, _R.supplier_id))


def _names(text: str, device: "sa.Column[Any]", supplier: "sa.Column[Any]") -> "list[sa.ColumnElement[bool]]":
    """People search by the device's code or the company's name, which stand in other tables."""
    pairs = ((device, t.devices), (supplier, t.suppliers))
    return [column.in_(sa.select(table.c.id).where(holds(text, table.c.code, table.c.name))) for column, table in pairs]


NEWEST_REQUESTS = Requests.sql_select.order_by(_R.created_at.desc(), _R.id.desc())
_OPEN = (_R.stored_state == RequestState.PENDING, _R.expires_at > _NOW)
OF_BATCH = Requests.sql_select.where(
    _R.batch_id == sa.bindparam("batch_id"),
    sa.func.substr(_R.batch_id, sa.literal_column("25")) == sa.bindparam("ref"),
    _R.batch_id != sa.literal_column("''"),
)
"""By the index of the reference, which is what people look for; a handful, sorted where it is read."""
WAITING = Requests.sql_select.where(*_OPEN)
"""In no order: asked for one, SQLite would rather walk through four years of requests than sort the few that wait."""
LAPSED = Requests.sql_select.where(
    _R.stored_state == RequestState.PENDING,
    _R.expires_at > sa.bindparam("since", type_=Instant()),
    _R.expires_at <= sa.bindparam("until", type_=Instant()),
)
PENDING = NEWEST_REQUESTS.where(*_OPEN)
OF_TECHNICIAN = NEWEST_REQUESTS.where(_R.technician_id == sa.bindparam("technician_id")).limit(sa.bindparam("limit"))
OPEN_FOR = PENDING.where(_R.technician_id == sa.bindparam("technician_id"), _R.device_id == sa.bindparam("device_id"))
_WORKS: "Final[sa.BindParameter[Any]]" = sa.bindparam("ids", expanding=True)
OF_WORKS = Requests.sql_select.where(sa.or_(_R.id.in_(_WORKS), _R.first_id.in_(_WORKS)))
WAITING_ON = WAITING.where(
    sa.or_(
        _R.extends_grant_id.in_(_GRANTS),
        _R.id.in_(sa.select(t.handovers.c.id).where(t.handovers.c.grant_id.in_(_GRANTS))),
    )
)
EXTENDING = (
    sa.select(_R.id, _R.extends_grant_id, _R.expires_at, _R.decided_at)
    .where(_R.extends_grant_id.in_(_GRANTS))
    .order_by(_R.created_at, _R.id)
)
_WORK = sa.case((_R.first_id != "", _R.first_id), else_=_R.id)
AWAITED = (
    sa.select(_R.device_id, t.emergencies.c.id)
    .outerjoin_from(t.access_requests, t.emergencies, t.emergencies.c.id == _WORK)
    .where(*_OPEN, _R.technician_id == sa.bindparam("technician_id"))
)
AGREE = insert(t.approvals).on_conflict_do_nothing()
APPROVALS_OF = (
    sa.select(t.approvals)
    .where(t.approvals.c.request_id.in_(sa.bindparam("request_ids", expanding=True)))
    .order_by(t.approvals.c.request_id, t.approvals.c.position)
)


class Grants(Versioned[Grant]):
    kind, table, order = Grant, t.grants, ("start", "id")

    async def live(self, technician_id: str, device_id: str, now: datetime) -> list[Grant]:
        """The open grants of this technician on this device, the one that ends last first."""
        return await self._many(LIVE_GRANTS, {"technician_id": technician_id, "device_id": device_id, "now": now})

    async def last_over(self, technician_id: str, device_id: str, now: datetime) -> Grant | None:
        """Of those of this technician on this device that have ended or were revoked, the one that was to end last."""
        return await self._one(LAST_OVER, {"technician_id": technician_id, "device_id": device_id, "now": now})

    async def of_technician(self, technician_id: str, now: datetime) -> list[Grant]:
        """Open and scheduled, the earliest start first."""
        return await self._many(GRANTS_OF_TECHNICIAN, {"technician_id": technician_id, "now": now})

    async def between(
        self, since: datetime, until: datetime, facility_ids: frozenset[str] | None, limit: int, device_id: str = ""
    ) -> list[Grant]:
        """Those that touch `[since, until)` and were not revoked, the earliest start first."""
        before = await self.over(since, facility_ids, limit, device_id)
        return (before + await self.starting(since, until, facility_ids, limit, device_id))[:limit]

    async def over(
        self, at: datetime, facility_ids: frozenset[str] | None, limit: int, device_id: str = ""
    ) -> list[Grant]:
        """Those that begin before this instant and end after it; none lasts longer than `LONGEST_GRANT`."""
        values = {"at": at, "earliest": at - LONGEST_GRANT, "latest": at + LONGEST_GRANT}
        found = await self._many(_of_those(GRANTS_OVER, facility_ids, device_id).limit(limit), values)
        return sorted(found, key=lambda one: (one.start, one.id))

    async def starting(
        self, since: datetime, until: datetime, facility_ids: frozenset[str] | None, limit: int, device_id: str = ""
    ) -> list[Grant]:
        """Those that begin in `[since, until)`."""
        query = _of_those(GRANTS_STARTING, facility_ids, device_id)
        return await self._many(query.limit(limit), {"since": since, "until": until})

    async def of_device(self, device_id: str, limit: int) -> list[Grant]:
        """Coming, open, past and revoked, the latest start first."""
        return await self._many(GRANTS_OF_DEVICE.limit(limit), {"device_id": device_id})

    async def unfinished_on(self, device_id: str, now: datetime) -> list[Grant]:
        """The open and scheduled ones on a device."""
        return await self._many(UNFINISHED_ON, {"device_id": device_id, "now": now})

    async def of_request(self, request_id: str) -> Grant | None:
        return await self._one(GRANT_OF_REQUEST, {"request_id": request_id})

    async def of_requests(self, request_ids: Sequence[str]) -> list[Grant]:
        """What came of these requests, of those that were agreed to."""
        return await self._many(GRANTS_OF_REQUESTS, {"ids": list(request_ids)}) if request_ids else []

    async def revoked_at(self, at: datetime) -> list[Grant]:
        """Those that were revoked at this very instant: by one decision that hit many."""
        return await self._many(REVOKED_AT, {"at": at})

    async def with_patient_data(self, facility_id: str, now: datetime) -> list[Grant]:
        """The open and scheduled ones whose work needs patient data, on devices of this hospital; none is held."""
        return await self._many(WITH_PATIENT_DATA, {"facility_id": facility_id, "now": now})

    async def save_revoked(self, revoked: Sequence[Grant]) -> None:
        """Write down what one person took back at one instant, for one reason; `Conflict` where one had ended before.

        As one change, however many there are: until it is committed, the sessions under them go on (R-64).
        """
        for at in range(0, len(revoked), AT_ONCE):
            part = revoked[at : at + AT_ONCE]
            touched = await self._tx.change(SAVE_REVOKED, {
                "grant_ids": [one.id for one in part],
                **{f"new_{name}": getattr(part[0], name) for name in _REVOKED},
            })  # fmt: skip
            if touched != len(part):
                raise Conflict(f"of {len(part)} grants {touched} could be revoked")

    async def unfinished(self, now: datetime) -> list[Grant]:
        """Every open or scheduled grant: what a lock may have to revoke. Held until the commit, as by `get`."""
        return await self._many(UNFINISHED if self._tx.reading else HOLD_UNFINISHED, {"now": now})


LAST_OVER = (
    Grants.sql_select.where(
        _G.technician_id == sa.bindparam("technician_id"),
        _G.device_id == sa.bindparam("device_id"),
        sa.or_(_G.end <= _NOW, _G.revoked_at.is_not(None)),
    )
    .order_by(_G.end.desc())
    .limit(1)
)
_REVOKED: Final = ("revoked_at", "revoked_by", "revoke_reason", "given_back")
SAVE_REVOKED = (
    sa.update(t.grants)
    .where(_G.id.in_(_GRANTS), _G.revoked_at.is_(None))
    .values(version=_G.version + 1, **{name: sa.bindparam(f"new_{name}", type_=_G[name].type) for name in _REVOKED})
)
UNFINISHED = Grants.sql_all.where(_G.revoked_at.is_(None), _G.end > _NOW)
WITH_PATIENT_DATA = UNFINISHED.where(
    _G.device_id.in_(sa.select(t.devices.c.id).where(t.devices.c.facility_id == sa.bindparam("facility_id"))),
    sa.exists().where(_R.id == _G.request_id, _R.patient_data == PatientData.NEEDED),
)
REVOKED_AT = Grants.sql_all.where(_G.revoked_at == sa.bindparam("at"))
HOLD_UNFINISHED = UNFINISHED.with_for_update(key_share=True)
GRANTS_OF_TECHNICIAN = UNFINISHED.where(_G.technician_id == sa.bindparam("technician_id"))
UNFINISHED_ON = UNFINISHED.where(_G.device_id == sa.bindparam("device_id"))
GRANTS_OF_DEVICE = (
    Grants.sql_all.where(_G.device_id == sa.bindparam("device_id"))
    .order_by(None)
    .order_by(_G.start.desc(), _G.id.desc())
)
GRANT_OF_REQUEST = Grants.sql_select.where(_G.request_id == sa.bindparam("request_id"))
GRANTS_OF_REQUESTS = Grants.sql_select.where(_G.request_id.in_(sa.bindparam("ids", expanding=True)))
LONGEST_GRANT: Final = timedelta(days=31)
"""However often an authorisation was extended: a calendar looks no further for what goes on at an instant."""
GRANTS_OVER = (
    Grants.sql_all.where(
        _G.revoked_at.is_(None),
        _G.end > sa.bindparam("at", type_=Instant()),
        _G.end <= sa.bindparam("latest", type_=Instant()),
        _G.start < sa.bindparam("at", type_=Instant()),
        _G.start > sa.bindparam("earliest", type_=Instant()),
    )
    .order_by(None)
    .order_by(_G.end)  # by the start, PostgreSQL would begin with the first there ever was
)
GRANTS_STARTING = Grants.sql_all.where(
    _G.revoked_at.is_(None),
    _G.start >= sa.bindparam("since", type_=Instant()),
    _G.start < sa.bindparam("until", type_=Instant()),
)


def _of_those(query: "sa.Select[Any]", facility_ids: frozenset[str] | None, device_id: str) -> "sa.Select[Any]":
    if facility_ids is not None:
        query = query.where(_G.facility_id.in_(facility_ids))
    return query.where(_G.device_id == device_id) if device_id else query


LIVE_GRANTS = Grants.sql_select.where(
    _G.technician_id == sa.bindparam("technician_id"),
    _G.device_id == sa.bindparam("device_id"),
    _G.revoked_at.is_(None),
    _G.start <= _NOW,
    _G.end > _NOW,
).order_by(_G.end.desc(), _G.id)


class Locks(Repository[Lock]):
    kind, table, order = Lock, t.locks, ("imposed_at", "id")

    async def unlifted(self) -> list[Lock]:
        """Locks nobody has lifted, those past their `until` included: the caller asks `active(now)`."""
        return await self._many(UNLIFTED)

    async def hold(self) -> None:
        """From here to the commit no lock is imposed or lifted, and nobody else holds: for the opening of a session,
        which must not slip past a lock, or past another opening on the same device. One writes at a time on SQLite.

        It comes before any row. An authorisation and a request about it are fetched by `get` in one transaction only
        by who holds, in whichever order; who does not hold reads one of them without holding its row (`some`). Else he
        and who cuts would wait for each other, and the database ends one of the two (R-64). The instant at which
        something is judged is read after the wait.
        """
        if self._tx.dialect == "postgresql":
            await self._tx.change(HOLD)


HOLD = sa.text("lock table locks in share row exclusive mode")
UNLIFTED = Locks.sql_all.where(t.locks.c.lifted_at.is_(None))

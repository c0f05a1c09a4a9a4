"""The records of sessions: which live where, and the search of what was done."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bastion.domain.country import outside_eea
from bastion.domain.place import Place
from bastion.domain.session_events import EndReason
from bastion.domain.session_record import ACCOUNT_REFUSED, LOGIN_FAILED, SessionRecord
from bastion.store import tables as t
from bastion.store.columns import Instant, findable
from bastion.store.looking import MOST_NAMED, floor, holds, named, within
from bastion.store.paging import beyond, newest_first
from bastion.store.repository import Versioned

_S = t.sessions.c


class Sessions(Versioned[SessionRecord]):
    kind, table, order = SessionRecord, t.sessions, ("started_at", "id")

    async def live(self, node: str = "") -> list[SessionRecord]:
        """Sessions that have not ended, on one node or on all."""
        return await self._many(LIVE_ON, {"node": node}) if node else await self._many(LIVE)

    async def from_abroad(
        self, since: datetime, facility_ids: frozenset[str] | None, *, after: Place | None = None, limit: int
    ) -> list[SessionRecord]:
        """Those begun since then in these facilities (`None`: in all) from outside the European Economic Area, the
        newest first (R-45).

        Almost all come from inside, so those few are not looked for among all of the time since: by index is asked
        which countries there are, then for the sessions of the ones outside.
        """
        countries = [row[0] for row in await self._tx.rows(COUNTRIES)]
        outside = [one for one in countries if outside_eea(one)]
        query = ABROAD if facility_ids is None else ABROAD.where(within(_S.facility_id, facility_ids))
        query = beyond(query, _S.started_at, _S.id, after).limit(limit)
        rows = await self._many(query, {"since": since, "outside": outside}) if outside else []
        return newest_first(rows, after)

    async def live_on_device(self, device_id: str, limit: int) -> list[SessionRecord]:
        """The newest that have not ended."""
        return await self._many(LIVE_ON_DEVICE, {"device_id": device_id, "limit": limit})

    async def of_grant(self, grant_id: str) -> list[SessionRecord]:
        """Every session that was opened under a grant, the earliest first."""
        return await self._many(OF_GRANT, {"grant_id": grant_id})

    async def of_grants(self, grant_ids: Sequence[str]) -> list[SessionRecord]:
        """The same of several grants, one grant after the other."""
        return await self._many(OF_GRANTS, {"ids": list(grant_ids)}) if grant_ids else []

    async def count_live(self, technician_id: str = "", device_id: str = "", grant_id: str = "") -> int:
        wanted = {_S.technician_id: technician_id, _S.device_id: device_id, _S.grant_id: grant_id}
        query = COUNT_LIVE.where(*(column == value for column, value in wanted.items() if value))
        return int((await self._tx.rows(query))[0][0])

    async def search(
        self,
        *,
        facility_ids: frozenset[str] | None = None,
        technician: str = "",
        technician_id: str = "",
        supplier_id: str = "",
        device_id: str = "",
        outcome: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        text: str = "",
        live: bool | None = None,
        health_data: bool = False,
        differs: bool = False,
        after: Place | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[SessionRecord]:
        """Newest first. `technician` is a part of the name; `since <= started_at < until`; `after` is where the page
        before ended.
        """
        if not findable(technician + text):
            return []
        wanted = await self._wanted(
            facility_ids,
            technician,
            technician_id,
            supplier_id,
            device_id,
            outcome,
            since,
            until,
            live,
            health_data,
            differs,
        )
        if text:
            wanted += await self._about(text, wanted, facility_ids)
        query = beyond(NEWEST.where(*wanted), _S.started_at, _S.id, after)
        return newest_first(await self._many(query.limit(limit).offset(offset)), after)

    async def reach(
        self,
        text: str,
        *,
        facility_ids: frozenset[str] | None = None,
        technician: str = "",
        supplier_id: str = "",
        device_id: str = "",
        outcome: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        live: bool | None = None,
        health_data: bool = False,
        differs: bool = False,
    ) -> datetime | None:
        """Up to when `search` looks for this text; `None` for to the end."""
        if not text.strip() or not findable(technician + text) or await named(self._tx, text, facility_ids):
            return None
        wanted = await self._wanted(
            facility_ids, technician, "", supplier_id, device_id, outcome, since, until, live, health_data, differs
        )
        return await floor(self._tx, _S.started_at, wanted)

    async def _wanted(
        self, facility_ids: frozenset[str] | None, technician: str, technician_id: str, supplier_id: str,
        device_id: str, outcome: str, since: datetime | None, until: datetime | None, live: bool | None,
        health_data: bool, differs: bool,
    ) -> "list[sa.ColumnElement[bool]]":  # fmt: skip
        """What every filter but the text asks for."""
        exact = {_S.technician_id: technician_id, _S.supplier_id: supplier_id, _S.device_id: device_id}
        wanted = [column == value for column, value in exact.items() if value] + _when(since, until, live)
        wanted += _ended(outcome)
        if health_data:
            wanted.append(SHOWS_HEALTH_DATA)
        if differs:
            wanted.append(DIFFERS)
        if facility_ids is not None:
            wanted.append(within(_S.facility_id, facility_ids))
        if technician:
            wanted.append(await self._by(technician))
        return wanted

    async def _by(self, name: str) -> "sa.ColumnElement[bool]":
        """People whose name holds this; of few the index knows the sessions, many are met soon anyway."""
        rows = await self._tx.rows(_PEOPLE.where(t.technicians.c.name.icontains(name, autoescape=True)))
        if len(rows) > MOST_NAMED:
            return _S.technician_name.icontains(name, autoescape=True)
        return _S.technician_id.in_([row[0] for row in rows])

    async def _about(
        self, text: str, wanted: "list[sa.ColumnElement[bool]]", facility_ids: frozenset[str] | None
    ) -> "list[sa.ColumnElement[bool]]":
        if called := await named(self._tx, text, facility_ids):
            return [_S[what].in_(ids) for what, ids in called.items()]
        last = await floor(self._tx, _S.started_at, wanted)
        return [_said(text)] if last is None else [_said(text), _S.started_at >= last]


def _ended(outcome: str) -> "list[sa.ColumnElement[bool]]":
    """A refused account is stored as a device that was lost, and is told from it by why (`SessionRecord.outcome`)."""
    if outcome == ACCOUNT_REFUSED:
        return [_S.end_reason == EndReason.DEVICE_LOST, _S.end_why == LOGIN_FAILED]
    if outcome == EndReason.DEVICE_LOST:
        return [_S.end_reason == outcome, _S.end_why != LOGIN_FAILED]
    return [_S.end_reason == outcome] if outcome else []


def _when(since: datetime | None, until: datetime | None, live: bool | None) -> "list[sa.ColumnElement[bool]]":
    wanted: list[sa.ColumnElement[bool]] = []
    if since is not None:
        wanted.append(_S.started_at >= since)
    if until is not None:
        wanted.append(_S.started_at < until)
    if live is not None:
        wanted.append(_S.ended_at.is_(None) if live else _S.ended_at.is_not(None))
    return wanted


def _said(text: str) -> "sa.ColumnElement[bool]":
    """In the record itself, or in what it names: the device, the company, the reason given in the request."""
    own = (_S.technician_name, _S.account_login, _S.source, _S.client, _S.end_why, _S.cut_why)
    d, s, r = t.devices.c, t.suppliers.c, t.access_requests.c
    elsewhere: tuple[tuple[sa.Column[Any], sa.Column[Any], tuple[sa.Column[Any], ...]], ...] = (
        (_S.device_id, d.id, (d.code, d.name, d.ward)),
        (_S.supplier_id, s.id, (s.code, s.name)),
    )
    asked = holds(text, r.reason, r.work_order)
    found = [holds(text, *own)]
    for here, there, columns in elsewhere:
        found.append(here.in_(sa.select(there).where(holds(text, *columns))))
    return sa.or_(*found, sa.exists().where(r.id == _S.request_id, asked).correlate(t.sessions))


SHOWS_HEALTH_DATA: "sa.ColumnElement[bool]" = sa.literal_column(t.HEALTH_DATA, sa.Boolean)
DIFFERS: "sa.ColumnElement[bool]" = sa.literal_column(t.DIFFERS, sa.Boolean)
_PEOPLE = sa.select(t.technicians.c.id).limit(MOST_NAMED + 1)
NEWEST = Sessions.sql_select.order_by(_S.started_at.desc(), _S.id.desc())
LIVE = Sessions.sql_all.where(_S.ended_at.is_(None))
LIVE_ON = LIVE.where(_S.node == sa.bindparam("node"))
LIVE_ON_DEVICE = NEWEST.where(_S.ended_at.is_(None), _S.device_id == sa.bindparam("device_id")).limit(
    sa.bindparam("limit")
)
COUNT_LIVE = sa.select(sa.func.count()).select_from(t.sessions).where(_S.ended_at.is_(None))
OF_GRANT = Sessions.sql_select.where(t.sessions.c.grant_id == sa.bindparam("grant_id")).order_by(
    t.sessions.c.started_at, t.sessions.c.id
)
OF_GRANTS = Sessions.sql_select.where(_S.grant_id.in_(sa.bindparam("ids", expanding=True))).order_by(
    _S.grant_id, _S.started_at, _S.id
)
_least = sa.select(sa.func.min(_S.country).label("country")).cte("countries", recursive=True)
_next = sa.select(sa.func.min(_S.country)).where(_S.country > _least.c.country).scalar_subquery()
_countries = _least.union_all(sa.select(_next).where(_least.c.country.is_not(None)))
COUNTRIES = sa.select(_countries.c.country).where(_countries.c.country.is_not(None))
ABROAD = Sessions.sql_select.where(
    _S.country.in_(sa.bindparam("outside", expanding=True)), _S.started_at >= sa.bindparam("since", type_=Instant)
).order_by(_S.started_at.desc(), _S.id.desc())

"""The files of the release desk, as facts; their content lies in `quarantine.py`."""

from datetime import datetime

import sqlalchemy as sa

from bastion.domain.held_file import WAITING, Direction, FileState, HeldFile
from bastion.domain.place import Place
from bastion.store import tables as t
from bastion.store.columns import Closed, Instant, findable, storable
from bastion.store.looking import floor, holds, within
from bastion.store.paging import beyond, newest_first
from bastion.store.repository import Versioned

_F = t.held_files.c
_NOW = sa.bindparam("now", type_=Instant())


class HeldFiles(Versioned[HeldFile]):
    kind, table, order = HeldFile, t.held_files, ("arrived_at", "id")

    async def search(
        self,
        *,
        state: str = "",
        facility_ids: frozenset[str] | None = None,
        technician_id: str = "",
        session_id: str = "",
        text: str = "",
        before: datetime | None = None,
        now: datetime,
        after: Place | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> list[HeldFile]:
        """Newest first. `state` is as the clock has it: what has run out counts as purged.

        A reference or a SHA-256 is found however old it is. Any other text is looked for among the newest files before
        `before`, as far as `reach`.
        """
        if not findable(text):
            return []
        wanted = _wanted(state, now, facility_ids, before, technician_id=technician_id, session_id=session_id)
        if text:
            wanted += await self._about(text, wanted, facility_ids, names=not technician_id)
        query = beyond(NEWEST.where(*wanted), _F.arrived_at, _F.id, after)
        return newest_first(await self._many(query.limit(limit).offset(offset)), after)

    async def reach(
        self, text: str, *, state: str = "", facility_ids: frozenset[str] | None = None, session_id: str = "",
        before: datetime | None = None, now: datetime,
    ) -> datetime | None:  # fmt: skip
        """Up to when `search` looks for this text; `None` for to the end."""
        if not text.strip() or not findable(text) or await self._called(text, facility_ids) is not None:
            return None
        return await floor(self._tx, _F.arrived_at, _wanted(state, now, facility_ids, before, session_id=session_id))

    async def _about(
        self, text: str, wanted: "list[sa.ColumnElement[bool]]", facility_ids: frozenset[str] | None, *, names: bool
    ) -> "list[sa.ColumnElement[bool]]":
        """`names`: look it up among everybody's, which is not for a technician (see `Requests._about`)."""
        if names and (called := await self._called(text, facility_ids)) is not None:
            return [called]
        said = sa.or_(
            holds(text, _F.path, _F.technician_name, _F.sha256), _F.id.endswith(text.lower(), autoescape=True)
        )
        last = await floor(self._tx, _F.arrived_at, wanted)
        return [said] if last is None else [said, _F.arrived_at >= last]

    async def _called(self, text: str, facility_ids: frozenset[str] | None) -> "sa.ColumnElement[bool] | None":
        """The condition on the files whose SHA-256 or reference this is; `None` when it is just a text, as is what
        files of other hospitals are called (T33).
        """
        exact = text.strip().lower()
        here = [] if facility_ids is None else [within(_F.facility_id, facility_ids)]
        for column in (_F.sha256, REF):
            if await self._tx.rows(sa.select(_F.id).where(column == exact, *here).limit(1)):
                return column == exact
        return None

    async def count_held(self, facility_ids: frozenset[str] | None, now: datetime) -> int:
        """How many wait for a person's decision."""
        query = COUNT_HELD if facility_ids is None else COUNT_HELD.where(_F.facility_id.in_(facility_ids))
        return int((await self._tx.rows(query, {"now": now}))[0][0])

    async def released(self, technician_id: str, device_id: str, node: str, now: datetime) -> list[HeldFile]:
        """What this technician brought for this device and a person has released, the oldest first."""
        who = {"technician_id": technician_id, "device_id": device_id, "node": node}
        return await self._many(RELEASED_IN, {**who, "now": now})

    async def fetched(self, grant_id: str, path: str, node: str, now: datetime) -> HeldFile | None:
        """The newest copy of `path` taken under this grant that is held, or that a person has released."""
        if not storable(path):
            return None
        return await self._one(FETCHED, {"grant_id": grant_id, "path": path, "node": node, "now": now})

    async def over(self, node: str, now: datetime) -> list[HeldFile]:
        """What lies on this node and nobody fetched or decided on in time."""
        return await self._many(OVER, {"node": node, "now": now})

    async def unfinished(self, node: str) -> list[HeldFile]:
        """What was on its way on this node: arriving, or let through by rule and not yet delivered."""
        return await self._many(UNFINISHED, {"node": node})


def _wanted(
    state: str, now: datetime, facility_ids: frozenset[str] | None, before: datetime | None, **exact: str
) -> "list[sa.ColumnElement[bool]]":
    """What every filter but the text asks for."""
    wanted = _in_state(state, now) + [_F[name] == value for name, value in exact.items() if value]
    if before is not None:
        wanted.append(_F.arrived_at < before)
    if facility_ids is not None:
        wanted.append(within(_F.facility_id, facility_ids))
    return wanted


def _in_state(state: str, now: datetime) -> "list[sa.ColumnElement[bool]]":
    if not state:
        return []
    over = sa.and_(_F.stored_state.in_(WAITING), _F.expires_at <= now)
    if state == FileState.PURGED:
        return [sa.or_(_F.stored_state == FileState.PURGED, over)]
    return [_F.stored_state == state, _F.expires_at > now] if state in WAITING else [_F.stored_state == state]


def _state(value: FileState) -> "sa.ColumnElement[bool]":
    return _F.stored_state == sa.literal(value, Closed(FileState))


REF: "sa.ColumnElement[str]" = sa.func.substr(_F.id, sa.literal_column("25"))
"""What people read out of an id, as the index has it."""
NEWEST = HeldFiles.sql_select.order_by(_F.arrived_at.desc(), _F.id.desc())
COUNT_HELD = sa.select(sa.func.count()).select_from(t.held_files).where(_state(FileState.HELD), _F.expires_at > _NOW)
_BY_A_PERSON = _F.decided_by != ""
RELEASED_IN = HeldFiles.sql_all.where(
    _F.technician_id == sa.bindparam("technician_id"), _F.device_id == sa.bindparam("device_id"),
    _F.node == sa.bindparam("node"), _state(FileState.RELEASED), _BY_A_PERSON,
    _F.direction == Direction.IN, _F.expires_at > _NOW,
)  # fmt: skip
FETCHED = NEWEST.where(
    _F.grant_id == sa.bindparam("grant_id"), _F.path == sa.bindparam("path"), _F.node == sa.bindparam("node"),
    _F.direction == Direction.OUT, sa.or_(_state(FileState.HELD), sa.and_(_state(FileState.RELEASED), _BY_A_PERSON)),
    _F.expires_at > _NOW,
).limit(1)  # fmt: skip
OVER = HeldFiles.sql_all.where(_F.node == sa.bindparam("node"), _F.stored_state.in_(WAITING), _F.expires_at <= _NOW)
UNFINISHED = HeldFiles.sql_all.where(
    _F.node == sa.bindparam("node"),
    sa.or_(_state(FileState.ARRIVING), sa.and_(_state(FileState.RELEASED), sa.not_(_BY_A_PERSON))),
)

"""Who follows which intervention. Signs of life are counted here, a few times a second: one statement, no more."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa

from bastion.domain.watch import Left, Watch
from bastion.store import tables as t
from bastion.store.columns import Closed, Instant
from bastion.store.repository import Repository

_W = t.watches.c


class Watches(Repository[Watch]):
    kind, table, order = Watch, t.watches, ("taken_at", "id")

    async def open_on(self, grant_ids: Iterable[str]) -> list[Watch]:
        """Watches over these grants that nobody has left, the first taken first."""
        wanted = list(grant_ids)
        return await self._many(OPEN_ON, {"grants": wanted}) if wanted else []

    async def beat(self, watch_id: str) -> bool:
        """Count a sign of life; `False` when the watch is over."""
        return bool(await self._tx.change(BEAT, {"this": watch_id}))

    async def judge(self, watch_id: str, *, present: bool) -> None:
        await self._tx.change(JUDGE, {"this": watch_id, "seen": present})

    async def leave(self, watch_id: str, at: datetime, why: Left) -> bool:
        """End it; `False` when it is over already."""
        return bool(await self._tx.change(LEAVE, {"this": watch_id, "at": at, "why": why}))


_OPEN = _W.left_at.is_(None)
_THIS = sa.update(t.watches).where(_W.id == sa.bindparam("this"), _OPEN)
OPEN_ON = Watches.sql_all.where(_OPEN, _W.grant_id.in_(sa.bindparam("grants", expanding=True)))
BEAT = _THIS.values(beats=_W.beats + 1)
JUDGE = _THIS.values(present=sa.bindparam("seen", type_=sa.Boolean()))
LEAVE = _THIS.values(
    left_at=sa.bindparam("at", type_=Instant()), left_why=sa.bindparam("why", type_=Closed(Left)), present=sa.false()
)

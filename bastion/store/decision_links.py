"""Links of mails that open one request for one person, once."""

from datetime import datetime

import sqlalchemy as sa

from bastion.domain.decision_link import MOST_TRIES, DecisionLink
from bastion.store import tables as t
from bastion.store.columns import Instant
from bastion.store.repository import Repository

_L = t.decision_links.c
_NOW = sa.bindparam("now", type_=Instant())


class DecisionLinks(Repository[DecisionLink]):
    kind, table, order = DecisionLink, t.decision_links, ("created_at", "id")

    async def void(self, staff_id: str, now: datetime, request_id: str = "") -> int:
        """Let no earlier link of this person open anything, or none to this request."""
        if request_id:
            return await self._tx.change(VOID_TO_REQUEST, {"who": staff_id, "now": now, "what": request_id})
        return await self._tx.change(VOID, {"who": staff_id, "now": now})

    async def attempt(self, link_id: str) -> bool:
        """Count a try before it is judged; False when there were enough, or the link is spent."""
        return bool(await self._tx.change(ATTEMPT, {"this": link_id}))

    async def opened(self, link_id: str, source: str) -> bool:
        """Note from where it was opened; False when that was so the last time too."""
        return bool(await self._tx.change(OPENED, {"this": link_id, "source": source}))

    async def use(self, link_id: str, now: datetime) -> bool:
        """Use it up; False when somebody else has just done so."""
        return bool(await self._tx.change(USE, {"this": link_id, "now": now}))

    async def forget(self, before: datetime) -> int:
        """Remove what has long expired."""
        return await self._tx.change(FORGET, {"now": before})


_UNSPENT = sa.and_(_L.used_at.is_(None), _L.void_at.is_(None))
_THIS = sa.update(t.decision_links).where(_L.id == sa.bindparam("this"), _UNSPENT)
VOID = sa.update(t.decision_links).where(_L.staff_id == sa.bindparam("who"), _UNSPENT).values(void_at=_NOW)
VOID_TO_REQUEST = VOID.where(_L.request_id == sa.bindparam("what"))
ATTEMPT = _THIS.where(_L.tries < MOST_TRIES).values(tries=_L.tries + 1)
OPENED = _THIS.where(_L.opened_from != sa.bindparam("source")).values(opened_from=sa.bindparam("source"))
USE = _THIS.values(used_at=_NOW)
FORGET = sa.delete(t.decision_links).where(_L.expires_at < _NOW)

"""Who is signed in with a browser: at the console or at the suppliers' entrance, each with a table of its own."""

from datetime import datetime
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa

from bastion.store.columns import Instant
from bastion.store.repository import Repository

T = TypeVar("T")


class Browsers(Repository[T]):
    """Sessions of browsers. `whose` is the column that names the person."""

    order = ("created_at", "id")
    whose: ClassVar[str]
    sql_seen: ClassVar["sa.Select[Any]"]
    sql_forget: ClassVar[sa.Delete]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        c = cls.table.c
        cls.sql_seen = (
            sa.select(c.id)
            .where(c[cls.whose] == sa.bindparam("who"), c.source == sa.bindparam("source"))
            .where(c.created_at >= sa.bindparam("since", type_=Instant()))
            .limit(1)
        )
        cls.sql_forget = sa.delete(cls.table).where(c.expires_at < sa.bindparam("before", type_=Instant()))

    async def seen(self, person_id: str, source: str, since: datetime) -> bool:
        """Whether this person has signed in from there since then."""
        return bool(await self._tx.rows(self.sql_seen, {"who": person_id, "source": source, "since": since}))

    async def forget(self, before: datetime) -> int:
        """Drop the sessions that ended before then by the clock."""
        return await self._tx.change(self.sql_forget, {"before": before})

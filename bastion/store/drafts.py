"""Files handed in for an import and not yet applied."""

from datetime import datetime

import sqlalchemy as sa

from bastion.domain.importing import Draft
from bastion.store import tables as t
from bastion.store.columns import Instant
from bastion.store.repository import Repository


class Drafts(Repository[Draft]):
    kind, table = Draft, t.import_drafts

    async def forget(self, created_by: str, before: datetime) -> int:
        """Remove those of one person, and everybody's that are older than an instant."""
        return await self._tx.change(FORGET, {"whose": created_by, "before": before})


FORGET = sa.delete(t.import_drafts).where(
    (t.import_drafts.c.created_by == sa.bindparam("whose"))
    | (t.import_drafts.c.created_at < sa.bindparam("before", type_=Instant()))
)

"""The outbox: facts that wait to be told, one row per recipient of each, who listens, and who declined what."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bastion.domain.place import Place
from bastion.domain.telling import Choices, Delivery, DeliveryState, Fact, Webhook
from bastion.store import tables as t
from bastion.store.columns import Closed, Instant, storable
from bastion.store.paging import beyond, newest_first
from bastion.store.repository import Repository, upsert
from bastion.store.transaction import Change

_D = t.deliveries.c
_NOW = sa.bindparam("now", type_=Instant())


class Outbox(Repository[Fact]):
    """Facts are put here by the audit log, in the transaction of the change, and taken by whoever tells them."""

    kind, table, order = Fact, t.outbox, ("seq",)

    async def next(self, limit: int) -> list[Fact]:
        return await self._many(NEXT_FACTS, {"most": limit})

    async def take(self, fact: Fact) -> bool:
        """Remove it; `False` if somebody else has done so."""
        return bool(await self._tx.change(TAKE_FACT, {"this": fact.seq}))

    async def clear(self, upto: int) -> int:
        """Remove all facts as old as `upto`: there is nobody to tell."""
        return await self._tx.change(CLEAR_FACTS, {"upto": upto})


class Deliveries(Repository[Delivery]):
    kind, table, order = Delivery, t.deliveries, ("at", "id")

    async def queue(self, deliveries: Iterable[Delivery]) -> None:
        """Add those whose recipient has not been told of the same occasion yet."""
        for one in deliveries:
            await self._tx.change(QUEUE, self._row(one))

    async def on(self, keys: Sequence[str]) -> list[Delivery]:
        """Everything told on these occasions."""
        return await self._many(ON, {"occasions": list(keys)})

    async def due(self, now: datetime, limit: int) -> list[Delivery]:
        return await self._many(DUE, {"now": now, "most": limit})

    async def claim(self, one: Delivery, now: datetime) -> Delivery | None:
        """Begin an attempt; `None` if another node has begun it, or it is settled."""
        begun = one.attempted(now)
        values = {"delivery": one.id, "seen": one.attempts, "now": now}
        changed = {"next_attempts": begun.attempts, "next_due": begun.due_at}
        return begun if await self._tx.change(CLAIM, values | changed) else None

    async def search(
        self, *, state: str = "", facility_ids: frozenset[str] | None = None, after: Place | None = None,
        limit: int = 50, offset: int = 0,
    ) -> list[Delivery]:  # fmt: skip
        """Newest first; rows of no hospital in particular are for those who see all."""
        query = NEWEST.where(_D.state == state) if state else NEWEST
        if facility_ids is not None:
            query = query.where(_D.facility_id.in_(facility_ids))
        query = beyond(query, _D.at, _D.id, after)
        return newest_first(await self._many(query.limit(limit).offset(offset)), after)

    async def count(self, state: DeliveryState, facility_ids: frozenset[str] | None = None) -> int:
        query = COUNT if facility_ids is None else COUNT.where(_D.facility_id.in_(facility_ids))
        return int((await self._tx.rows(query, {"wanted": state}))[0][0])

    async def forget(self, before: datetime) -> int:
        """Remove what was settled long ago."""
        return await self._tx.change(FORGET, {"now": before})


class Webhooks(Repository[Webhook]):
    kind, table, named, order = Webhook, t.webhooks, "name", ("name", "id")


class MailChoices(Repository[Choices]):
    kind, table, order = Choices, t.mail_choices, ("person_id",)

    async def put(self, choices: Choices) -> None:
        await self._tx.change(PUT_CHOICES, self._row(choices))

    async def of(self, people: Sequence[str]) -> dict[str, Choices]:
        wanted = [ident for ident in people if storable(ident)]
        found = await self._many(CHOICES_OF, {"people": wanted}) if wanted else []
        return {one.person_id: one for one in found}


def put_facts(facts: Sequence[Fact]) -> list[Change]:
    """The change that puts facts into the outbox; none if there are none."""
    rows = [{"seq": fact.seq, "topic": fact.topic, "at": fact.at} for fact in facts]
    return [(PUT_FACTS, rows)] if rows else []


_WAITING = _D.state == sa.literal(DeliveryState.WAITING, Closed(DeliveryState))
PUT_FACTS = sa.insert(t.outbox)
NEXT_FACTS = Outbox.sql_all.limit(sa.bindparam("most"))
CLEAR_FACTS = sa.delete(t.outbox).where(t.outbox.c.seq <= sa.bindparam("upto"))
TAKE_FACT = sa.delete(t.outbox).where(t.outbox.c.seq == sa.bindparam("this"))
QUEUE = insert(t.deliveries).on_conflict_do_nothing(index_elements=["key", "recipient_id"])
ON = Deliveries.sql_all.where(_D.key.in_(sa.bindparam("occasions", expanding=True)))
DUE = Deliveries.sql_select.where(_WAITING, _D.due_at <= _NOW).order_by(_D.due_at, _D.id).limit(sa.bindparam("most"))
CLAIM = (
    sa.update(t.deliveries)
    .where(_D.id == sa.bindparam("delivery"), _D.attempts == sa.bindparam("seen"), _WAITING, _D.due_at <= _NOW)
    .values(attempts=sa.bindparam("next_attempts"), due_at=sa.bindparam("next_due", type_=Instant()))
)
NEWEST = Deliveries.sql_select.order_by(_D.at.desc(), _D.id.desc())
COUNT = sa.select(sa.func.count()).select_from(t.deliveries).where(_D.state == sa.bindparam("wanted"))
FORGET = sa.delete(t.deliveries).where(sa.not_(_WAITING), _D.ended_at < _NOW)
PUT_CHOICES = upsert(t.mail_choices)
CHOICES_OF = MailChoices.sql_select.where(t.mail_choices.c.person_id.in_(sa.bindparam("people", expanding=True)))

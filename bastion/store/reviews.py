"""Reviews of access rights, what they say of a right now, and who signed for them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bastion.domain.review import Campaign, ReviewLine, ReviewSignature, RightKind, Verdict, Word
from bastion.store import tables as t
from bastion.store.columns import Instant, storable
from bastion.store.repository import Repository
from bastion.store.troubles import AlreadyThere

_L, _C, _S = t.review_lines.c, t.review_campaigns.c, t.review_signatures.c


Words = dict[tuple[str, str], list[Word]]
"""By subject and right."""
Spoken = tuple[ReviewLine, Campaign]
"""A line of which somebody has decided or whose day has come, and the campaign it is of."""


class Campaigns(Repository[Campaign]):
    kind, table, order = Campaign, t.review_campaigns, ("created_at", "id")

    async def running(self, now: datetime) -> list[Campaign]:
        """Those whose day has not come and that have a line nobody has decided, by their day."""
        return await self._many(RUNNING, {"now": now})

    async def to_sign(self, now: datetime) -> list[Campaign]:
        """Those of which no line is open and that nobody has signed, the oldest first."""
        return await self._many(TO_SIGN, {"now": now})


class ReviewLines(Repository[ReviewLine]):
    """What is said of a right. The lines of one campaign as somebody reads them: `review_pages`."""

    kind, table, order = ReviewLine, t.review_lines, ("kind", "company", "name", "right", "place", "id")

    async def counts(self, campaign_ids: Iterable[str]) -> dict[str, dict[Verdict | None, int]]:
        """By campaign, how many lines there are of each verdict; `None` is what nobody has decided."""
        found: dict[str, dict[Verdict | None, int]] = {ident: {} for ident in campaign_ids if storable(ident)}
        rows = await self._tx.rows(COUNTS, {"ids": sorted(found)}) if found else []
        for campaign, *counts in map(tuple, rows):
            found[campaign] = {verdict: count for verdict, count in zip(VERDICTS, counts, strict=True) if count}
        return found

    async def open_of(self, campaign_id: str) -> list[ReviewLine]:
        """Its lines nobody has decided yet, held until the commit."""
        return await self._many(OPEN_OF, {"campaign": campaign_id})

    async def count_open(self, campaign_id: str) -> int:
        """How many lines nobody has decided yet."""
        return (await self.counts([campaign_id])).get(campaign_id, {}).get(None, 0)

    async def count_since(self, campaign_id: str, at: datetime) -> int:
        """How many lines were decided, or decided again, after this."""
        rows = await self._tx.rows(COUNT_SINCE, {"campaign": campaign_id, "at": at})
        return int(rows[0][0])

    async def words(self, kind: RightKind, subject_ids: Collection[str], now: datetime) -> Words:
        """By subject and right, what each campaign says that has decided or whose day has come, the latest last."""
        return await self._words(WORDS, subject_ids, {"kind": kind, "now": now})

    async def withdrawn(self, kind: RightKind, subject_ids: Collection[str]) -> frozenset[str]:
        """Of these subjects, those of whom any review ever withdrew something; what counts now, `words` says."""
        ids = [one for one in subject_ids if storable(one)]
        rows = await self._tx.rows(WITHDRAWN, {"kind": kind, "ids": ids}) if ids else []
        return frozenset(subject for (subject,) in rows)

    async def decided(self, kind: RightKind, subject_ids: Collection[str]) -> Words:
        """The same of what people decided, whatever the day."""
        return await self._words(DECIDED, subject_ids, {"kind": kind})

    async def spoken(self, kind: RightKind, subject_id: str, now: datetime) -> list[Spoken]:
        """All that was said of one subject, by decision or by the day, the latest last."""
        rows = await self._tx.rows(SPOKEN, {"kind": kind, "subject": subject_id, "now": now})
        width = len(ReviewLines.columns())
        return [(ReviewLine(*row[:width]), Campaign(*row[width:])) for row in map(tuple, rows)]

    async def _words(self, query: sa.Select[Any], subject_ids: Collection[str], values: dict[str, Any]) -> Words:
        ids = [one for one in subject_ids if storable(one)]
        rows = await self._tx.rows(query, values | {"ids": ids}) if ids else []
        found: Words = {}
        for subject, right, place, facilities, verdict, since in map(tuple, rows):
            said = Word((place,) if place else facilities, verdict, since)
            found.setdefault((subject, right), []).append(said)
        return found


class ReviewSignatures(Repository[ReviewSignature]):
    kind, table, order = ReviewSignature, t.review_signatures, ("campaign_id",)

    async def sign(self, signature: ReviewSignature, statement: str) -> None:
        """Keep the signature with the table that was signed; `Conflict` when the campaign has one."""
        try:
            await self._tx.change(self.sql_insert, self._row(signature) | {"statement": statement})
        except AlreadyThere as error:
            raise self._taken(signature, error) from error

    async def statement(self, campaign_id: str) -> str:
        """The table that was signed, as it was; it is long, so lists of signatures come without it."""
        ((text,),) = await self._tx.rows(STATEMENT, {"campaign": campaign_id})
        return str(text)


STATEMENT = sa.select(_S.statement).where(_S.campaign_id == sa.bindparam("campaign"))
_OPEN = sa.exists().where(_L.campaign_id == _C.id, _L.verdict.is_(None))
RUNNING = Campaigns.sql_select.where(_C.due_at > sa.bindparam("now", type_=Instant), _OPEN).order_by(_C.due_at, _C.id)
VERDICTS: Final = (*Verdict, None)


OPEN_OF = ReviewLines.sql_all.where(_L.campaign_id == sa.bindparam("campaign"), _L.verdict.is_(None)).with_for_update()


def _count(verdict: Verdict | None) -> "sa.ScalarSelect[int]":
    said = _L.verdict.is_(None) if verdict is None else _L.verdict == verdict
    return sa.select(sa.func.count()).where(_L.campaign_id == _C.id, said).scalar_subquery()


COUNTS = sa.select(_C.id, *map(_count, VERDICTS)).where(_C.id.in_(sa.bindparam("ids", expanding=True)))
"""Each number by itself from the index: asked for all of them at once, PostgreSQL reads every line of every review."""
COUNT_SINCE = sa.select(sa.func.count()).where(
    _L.campaign_id == sa.bindparam("campaign"), _L.decided_at > sa.bindparam("at", type_=Instant)
)
TO_SIGN = Campaigns.sql_all.where(
    ~sa.exists().where(_S.campaign_id == _C.id),
    sa.or_(_C.due_at <= sa.bindparam("now", type_=Instant), ~_OPEN),
)
_SPOKEN = sa.or_(_L.decided_at.is_not(None), _C.due_at <= sa.bindparam("now", type_=Instant))
_OF_SEVERAL = (
    sa.select(_L.subject_id, _L.right, _L.place, _C.facilities, _L.verdict, _L.decided_at)
    .join(t.review_campaigns, _C.id == _L.campaign_id)
    .where(
        _L.kind == sa.bindparam("kind", type_=_L.kind.type),
        _L.subject_id.in_(sa.bindparam("ids", expanding=True)),
    )
    .order_by(_C.created_at, _C.id)
)
WORDS = _OF_SEVERAL.where(_SPOKEN)
WITHDRAWN = (
    sa.select(_L.subject_id)
    .where(
        _L.kind == sa.bindparam("kind", type_=_L.kind.type),
        _L.subject_id.in_(sa.bindparam("ids", expanding=True)),
        _L.verdict == Verdict.WITHDRAWN,
    )
    .distinct()
)
SPOKEN = (
    sa.select(*ReviewLines.columns(), *Campaigns.columns())
    .join(t.review_campaigns, _C.id == _L.campaign_id)
    .where(_L.kind == sa.bindparam("kind", type_=_L.kind.type), _L.subject_id == sa.bindparam("subject"), _SPOKEN)
    .order_by(_C.created_at, _C.id)
)
DECIDED = _OF_SEVERAL.where(_L.verdict.in_((Verdict.CONFIRMED, Verdict.WITHDRAWN)))

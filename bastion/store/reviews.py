"""Reviews of access rights, what they say of a right now, and who signed for them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bastion.domain.review import Campaign, ReviewLine, ReviewSignature, RightKind, Verdict, Word
from bastion.store import tables as t
from bastion.store.columns import Instant, storable
from bastion.store.repository import Repository
from bastion.store.troubles import AlreadyThere

_L, _C, _S = t.review_lines.c, t.review_campaigns.c, t.review_signatures.c


Words = dict[tuple[str, str], list[Word]]
"""By subject and right."""


class Campaigns(Repository[Campaign]):
    kind, table, order = Campaign, t.review_campaigns, ("created_at", "id")

    async def running(self, now: datetime) -> list[Campaign]:
        """Those whose day has not come and that have a line nobody has decided, by their day."""
        return await self._many(RUNNING, {"now": now})

    async def to_sign(self, now: datetime) -> list[Campaign]:
        """Those of which no line is open and that nobody has signed, the oldest first."""
        return await self._many(TO_SIGN, {"now": now})


class ReviewLines(Repository[ReviewLine]):
    kind, table, order = ReviewLine, t.review_lines, ("kind", "company", "name", "right", "id")

    async def of(self, campaign_id: str) -> list[ReviewLine]:
        return await self._many(OF_CAMPAIGN, {"campaign": campaign_id}) if storable(campaign_id) else []

    async def count_open(self, campaign_id: str, kinds: Collection[RightKind] = (*RightKind,), but: str = "") -> int:
        """How many lines of these kinds nobody has decided yet, those about `but` left out."""
        values = {"campaign": campaign_id, "kinds": list(kinds), "but": but}
        rows = await self._tx.rows(COUNT_OPEN, values) if storable(campaign_id) else [(0,)]
        return int(rows[0][0])

    async def held(self, campaign_id: str) -> list[ReviewLine]:
        """Every line of this campaign; none is decided by anybody else before the commit."""
        return await self._many(HELD, {"campaign": campaign_id}) if storable(campaign_id) else []

    async def chosen(self, campaign_id: str, ids: Collection[str]) -> list[ReviewLine]:
        """Lines of this campaign, held until the commit."""
        wanted = [one for one in ids if storable(one)]
        return await self._many(SOME, {"campaign": campaign_id, "ids": wanted}) if wanted else []

    async def words(self, kind: RightKind, subject_ids: Collection[str], now: datetime) -> Words:
        """By subject and right, what each campaign says that has decided or whose day has come, the latest last."""
        return await self._words(WORDS, subject_ids, {"kind": kind, "now": now})

    async def decided(self, kind: RightKind, subject_ids: Collection[str]) -> Words:
        """The same of what people decided, whatever the day."""
        return await self._words(DECIDED, subject_ids, {"kind": kind})

    async def _words(self, query: sa.Select[Any], subject_ids: Collection[str], values: dict[str, Any]) -> Words:
        ids = [one for one in subject_ids if storable(one)]
        found: Words = {}
        for subject, right, facilities, verdict in map(tuple, await self._tx.rows(query, values | {"ids": ids})):
            found.setdefault((subject, right), []).append(Word(facilities, verdict))
        return found

    async def verdicts_of(
        self, kind: RightKind, subject_ids: Collection[str], now: datetime
    ) -> dict[str, dict[str, Verdict | None]]:
        """The same for several subjects in one statement; those of whom nothing was said are left out."""
        found: dict[str, dict[str, Verdict | None]] = {}
        ids = [one for one in subject_ids if storable(one)]
        rows = await self._tx.rows(RIGHTS_SAID_OF, {"kind": kind, "ids": ids, "now": now}) if ids else []
        for subject, right, verdict in map(tuple, rows):
            found.setdefault(subject, {})[right] = verdict  # the latest comes last
        return found

    async def silenced(self, kind: RightKind, now: datetime) -> frozenset[str]:
        """The subjects of this kind whom a review has withdrawn or not confirmed in time."""
        rows = await self._tx.rows(ALL_SAID, {"kind": kind, "now": now})
        last = dict(_pair(row) for row in rows)
        return frozenset(ident for ident, verdict in last.items() if verdict is not Verdict.CONFIRMED)


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


def _pair(row: sa.Row[Any]) -> tuple[str, Verdict | None]:
    name, verdict = tuple(row)
    return name, verdict


OF_CAMPAIGN = ReviewLines.sql_all.where(_L.campaign_id == sa.bindparam("campaign"))
HELD = OF_CAMPAIGN.with_for_update()
STATEMENT = sa.select(_S.statement).where(_S.campaign_id == sa.bindparam("campaign"))
_OPEN = sa.exists().where(_L.campaign_id == _C.id, _L.verdict.is_(None))
RUNNING = Campaigns.sql_select.where(_C.due_at > sa.bindparam("now", type_=Instant), _OPEN).order_by(_C.due_at, _C.id)
COUNT_OPEN = sa.select(sa.func.count()).where(
    _L.campaign_id == sa.bindparam("campaign"),
    _L.verdict.is_(None),
    _L.kind.in_(sa.bindparam("kinds", expanding=True, type_=_L.kind.type)),
    _L.subject_id != sa.bindparam("but"),
)
TO_SIGN = Campaigns.sql_all.where(
    ~sa.exists().where(_S.campaign_id == _C.id),
    sa.or_(_C.due_at <= sa.bindparam("now", type_=Instant), ~_OPEN),
)
SOME = OF_CAMPAIGN.where(_L.id.in_(sa.bindparam("ids", expanding=True))).with_for_update()
_SPOKEN = sa.or_(_L.decided_at.is_not(None), _C.due_at <= sa.bindparam("now", type_=Instant))
_OF_SEVERAL = (
    sa.select(_L.subject_id, _L.right, _C.facilities, _L.verdict)
    .join(t.review_campaigns, _C.id == _L.campaign_id)
    .where(
        _L.kind == sa.bindparam("kind", type_=_L.kind.type),
        _L.subject_id.in_(sa.bindparam("ids", expanding=True)),
    )
    .order_by(_C.created_at, _C.id)
)
WORDS = _OF_SEVERAL.where(_SPOKEN)
DECIDED = _OF_SEVERAL.where(_L.verdict.is_not(None))
ALL_SAID = (
    sa.select(_L.subject_id, _L.verdict)
    .join(t.review_campaigns, _C.id == _L.campaign_id)
    .where(_L.kind == sa.bindparam("kind", type_=_L.kind.type), _SPOKEN)
    .order_by(_C.created_at, _C.id)
)
RIGHTS_SAID_OF = (
    sa.select(_L.subject_id, _L.right, _L.verdict)
    .join(t.review_campaigns, _C.id == _L.campaign_id)
    .where(
        _L.kind == sa.bindparam("kind", type_=_L.kind.type),
        _L.subject_id.in_(sa.bindparam("ids", expanding=True)),
        _SPOKEN,
    )
    .order_by(_C.created_at, _C.id)
)

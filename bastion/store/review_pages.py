"""The lines of one review of access rights as somebody reads them: a part of them, and which he may decide on.

Who may decide on what is a condition here and nowhere else: the same for a page, a count and a decision.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bastion.domain.review import Campaign, LineState, Remit, ReviewLine, RightKind, Sought
from bastion.store import tables as t
from bastion.store.columns import findable, storable
from bastion.store.looking import holds
from bastion.store.reviews import ReviewLines
from bastion.store.transaction import Transaction

_L, _D, _P, _K = t.review_lines.c, t.devices.c, t.technicians.c, t.correspondents.c
Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class FoundLine:
    """`mine`: its reader may decide on it; `speaks`: it is about a correspondent of a supplier, as things are now."""

    line: ReviewLine
    mine: bool
    speaks: bool


class ReviewPages:
    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def page(
        self, campaign: Campaign, remit: Remit, sought: Sought, now: datetime, *, limit: int | None, offset: int
    ) -> list[FoundLine]:
        """Some of them, what waits first."""
        return await self._found(paging(campaign, remit, sought, now).limit(limit).offset(offset))

    async def count(self, campaign: Campaign, remit: Remit, sought: Sought, now: datetime) -> int:
        return int((await self._tx.rows(counting(campaign, remit, sought, now)))[0][0])

    async def whole(self, campaign: Campaign, remit: Remit, *, hold: bool = False) -> list[FoundLine]:
        """Every line; with `hold` none is decided by anybody else before the commit."""
        query = _lines(campaign, remit).order_by(*_ORDER)
        return await self._found(query.with_for_update(of=t.review_lines) if hold else query)

    async def chosen(
        self, campaign: Campaign, remit: Remit, ids: Collection[str], *, hold: bool = True
    ) -> list[FoundLine]:  # fmt: skip
        """These lines of the campaign; with `hold` none is decided by anybody else before the commit."""
        wanted = [one for one in ids if storable(one)]
        query = _lines(campaign, remit).where(_L.id.in_(wanted)).order_by(*_ORDER)
        return await self._found(query.with_for_update(of=t.review_lines) if hold else query) if wanted else []

    async def _found(self, query: "sa.Select[Any]") -> list[FoundLine]:
        found = map(tuple, await self._tx.rows(query))
        return [FoundLine(ReviewLine(*facts), mine, speaks) for *facts, mine, speaks in found]


_ORDER = [_L[name] for name in ReviewLines.order]
_SPEAKS = (
    sa.exists()
    .where(_K.technician_id == _L.subject_id, _P.id == _K.technician_id, _P.supplier_id == _K.supplier_id)
    .correlate(t.review_lines)
)


def _lines(campaign: Campaign, remit: Remit) -> "sa.Select[Any]":
    return sa.select(*ReviewLines.columns(), within(remit), _SPEAKS).where(_L.campaign_id == campaign.id)


def paging(campaign: Campaign, remit: Remit, sought: Sought, now: datetime) -> "sa.Select[Any]":
    """In the order of an index of its own: of thousands of lines those of one page are read."""
    query = _lines(campaign, remit).where(*_wanted(campaign, remit, sought, now))
    return query.order_by(_L.verdict.is_not(None), *_ORDER)


def counting(campaign: Campaign, remit: Remit, sought: Sought, now: datetime) -> "sa.Select[Any]":
    query = sa.select(sa.func.count()).select_from(t.review_lines)
    return query.where(*_wanted(campaign, remit, sought, now))


def _wanted(campaign: Campaign, remit: Remit, sought: Sought, now: datetime) -> list[Condition]:
    found: list[Condition] = [_L.campaign_id == campaign.id]
    if sought.kind is not None:
        found.append(_L.kind == sought.kind)
    if sought.state is not None:
        found.append(_in_state(sought.state, due=campaign.due(now)))
    if sought.mine is not None:
        found.append(within(remit) if sought.mine else ~within(remit))
    if sought.text:
        found.append(holds(sought.text, _L.name, _L.company) if findable(sought.text) else sa.false())
    return found


def _in_state(state: LineState, *, due: bool) -> Condition:
    """What `ReviewLine.state` says of one line, of all of them."""
    if state in {LineState.OPEN, LineState.SUSPENDED}:
        return _L.verdict.is_(None) if due is (state is LineState.SUSPENDED) else sa.false()
    return _L.verdict == state.value


def within(remit: Remit) -> Condition:
    """What somebody may decide on, as a condition on lines of that campaign."""
    ways: list[Condition] = [
        _L.kind.in_(sorted(remit.kinds)),
        sa.and_(_L.kind == RightKind.STAFF, _L.place.in_(sorted(remit.places))),
    ]
    if remit.wards:
        there = _devices(remit.wards)
        people = sa.select(_P.id).where(
            _P.supplier_id.in_(
                sa.select(t.device_suppliers.c.supplier_id)
                .join(t.devices, _D.id == t.device_suppliers.c.device_id)
                .where(there)
            )
        )
        w = t.maintenance_windows.c
        windows = sa.select(w.id).join(t.devices, _D.id == w.device_id).where(there)
        ways += [_L.subject_id.in_(people), _L.subject_id.in_(windows)]
    return sa.and_(_L.subject_id != remit.own, sa.or_(*ways))


def _devices(wards: Collection[tuple[str, str]]) -> Condition:
    named: dict[str, list[str]] = defaultdict(list)
    for facility, ward in sorted(wards):
        named[facility].append(ward)
    return sa.or_(*(sa.and_(_D.facility_id == place, _D.ward.in_(there)) for place, there in named.items()))

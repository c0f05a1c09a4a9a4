"""The query behind the audit page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bastion.domain.events import Severity
from bastion.store import tables as t
from bastion.store.columns import findable
from bastion.store.looking import STRETCH, holds, within
from bastion.store.transaction import Transaction

_E = t.audit_events.c
_GRAVITY = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Newest first. See `AuditLog.search` for what each filter means."""

    tag_prefix: str = ""
    severity: str = ""
    actor: str = ""
    subject_id: str = ""
    facility_ids: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    before_seq: int | None = None

    @property
    def by_text(self) -> bool:
        """Whether no index finds these: then only a stretch is looked through at once."""
        return bool(self.text or self.actor)


async def found(transaction: Transaction, wanted: Wanted, limit: int) -> Sequence[sa.Row[Any]]:
    if not findable(wanted.tag_prefix + wanted.actor + wanted.subject_id + wanted.text):
        return []
    last = await reach(transaction, wanted)
    conditions = [*_conditions(wanted), *([] if last is None else [_E.seq >= last])]
    if wanted.since is not None or wanted.until is not None:
        those = sa.select(_E.seq).where(*_days(wanted, _E.at)).offset(0).subquery()  # so that its index is what is read
        days = sa.select(sa.func.min(those.c.seq), sa.func.max(those.c.seq))
        ends: tuple[Any, ...] = tuple((await transaction.rows(days))[0])
        first, latest = ends
        if first is None:
            return []
        conditions += [_E.seq >= first, _E.seq <= latest]
    return await transaction.rows(_newest(conditions, wanted.severity, limit).limit(limit))


async def reach(transaction: Transaction, wanted: Wanted) -> int | None:
    """The number of the last event that is looked at for the text; `None` when all are."""
    if not wanted.by_text or not findable(wanted.tag_prefix + wanted.actor + wanted.subject_id + wanted.text):
        return None
    conditions = _conditions(replace(wanted, text="", actor=""))
    if wanted.severity:
        conditions.append(_E.severity.in_(_degrees(wanted.severity)))
    place = sa.select(_E.seq).where(*conditions).order_by(_E.seq.desc()).offset(STRETCH - 1).limit(1)
    rows = await transaction.rows(place)
    return rows[0][0] if rows else None


def _conditions(wanted: Wanted) -> "list[sa.ColumnElement[bool]]":
    conditions: list[sa.ColumnElement[bool]] = [*_when(wanted)]
    if wanted.tag_prefix:
        conditions.append(_E.tag.startswith(wanted.tag_prefix, autoescape=True))
    if wanted.actor:
        conditions.append((_E.actor_id == wanted.actor) | _E.actor_name.icontains(wanted.actor, autoescape=True))
    if wanted.subject_id:
        conditions.append(_E.subject_id == wanted.subject_id)
    if wanted.facility_ids is not None:
        conditions.append(within(_E.facility_id, wanted.facility_ids))
    if wanted.text:
        conditions.append(_about(wanted.text))
    return conditions


def _degrees(severity: str) -> tuple[Severity, ...]:
    return _GRAVITY[_GRAVITY.index(Severity(severity)) :]


def _newest(conditions: "list[sa.ColumnElement[bool]]", severity: str, limit: int) -> "sa.Select[Any]":
    """As grave as asked or graver: the newest of each degree by its own index, for the gravest are few."""
    query = sa.select(t.audit_events).where(*conditions).order_by(_E.seq.desc())
    degrees = _degrees(severity) if severity else _GRAVITY
    if len(degrees) == len(_GRAVITY):
        return query
    each = [sa.select(query.where(_E.severity == degree).limit(limit).subquery()) for degree in degrees]
    whole = sa.union_all(*each).subquery()
    return sa.select(whole).order_by(whole.c.seq.desc())


def _when(wanted: Wanted) -> "list[sa.ColumnElement[bool]]":
    """Which days, and before which event. The days are read row by row: their first and last event bound the walk."""
    conditions = _days(wanted, sa.func.coalesce(_E.at, _E.at))
    if wanted.before_seq is not None:
        conditions.append(_E.seq < wanted.before_seq)
    return conditions


def _days(wanted: Wanted, at: "sa.ColumnElement[Any]") -> "list[sa.ColumnElement[bool]]":
    conditions: list[sa.ColumnElement[bool]] = []
    if wanted.since is not None:
        conditions.append(at >= wanted.since)
    if wanted.until is not None:
        conditions.append(at < wanted.until)
    return conditions


def _about(text: str) -> "sa.ColumnElement[bool]":
    """The values stand in the column as JSON, so the text is looked for as JSON writes it."""
    as_json = json.dumps(text, ensure_ascii=False)[1:-1]
    plain = (_E.actor_name, _E.source, _E.subject_id, _E.tag)
    fields = sa.type_coerce(_E.fields, sa.String)
    if as_json == text:
        return holds(text, fields, *plain)
    return holds(as_json, fields) | holds(text, *plain)

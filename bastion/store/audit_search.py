"""The query behind the audit page."""

import json
from datetime import datetime

import sqlalchemy as sa

from bastion.domain.events import Severity
from bastion.store import tables as t
from bastion.store.columns import storable

_E = t.audit_events.c
_GRAVITY = tuple(Severity)


def found(
    *,
    tag_prefix: str,
    severity: str,
    actor: str,
    subject_id: str,
    facility_ids: frozenset[str] | None,
    since: datetime | None,
    until: datetime | None,
    text: str,
    before_seq: int | None,
) -> "sa.Select[tuple[object, ...]]":
    """Newest first. See `AuditLog.search` for what each filter means."""
    query = sa.select(t.audit_events).order_by(_E.seq.desc())
    if not storable(tag_prefix + actor + subject_id + text):
        return query.where(sa.false())
    wanted: list[sa.ColumnElement[bool]] = [*_when(since, until, before_seq)]
    if tag_prefix:
        wanted.append(_E.tag.startswith(tag_prefix, autoescape=True))
    if severity:
        wanted.append(_E.severity.in_(_GRAVITY[_GRAVITY.index(Severity(severity)) :]))
    if actor:
        wanted.append((_E.actor_id == actor) | _E.actor_name.icontains(actor, autoescape=True))
    if subject_id:
        wanted.append(_E.subject_id == subject_id)
    if facility_ids is not None:
        wanted.append(_E.facility_id.in_(facility_ids))
    if text:
        wanted.append(_about(text))
    return query.where(*wanted)


def _when(since: datetime | None, until: datetime | None, before_seq: int | None) -> "list[sa.ColumnElement[bool]]":
    wanted: list[sa.ColumnElement[bool]] = []
    if since is not None:
        wanted.append(_E.at >= since)
    if until is not None:
        wanted.append(_E.at < until)
    if before_seq is not None:
        wanted.append(_E.seq < before_seq)
    return wanted


def _about(text: str) -> "sa.ColumnElement[bool]":
    """The values stand in the column as JSON, so the text is looked for as JSON writes it."""
    as_json = json.dumps(text, ensure_ascii=False)[1:-1]
    columns = ((_E.fields, as_json), (_E.actor_name, text), (_E.source, text), (_E.subject_id, text), (_E.tag, text))
    return sa.or_(*(sa.type_coerce(column, sa.String).icontains(part, autoescape=True) for column, part in columns))

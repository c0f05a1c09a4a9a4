"""The audit chain: facts that must survive, each bound to the one before by SHA-256.

`append` only notes the event; the chain is extended when the transaction commits, so that the head row, which all
writers share, is locked for the length of three statements and not for the length of a use case.
"""

import asyncio
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Row

from bastion.domain.events import KINDS, AuditEvent
from bastion.domain.parties import Actor
from bastion.domain.telling import Fact, topic_of
from bastion.store import tables as t
from bastion.store.audit_chain import GENESIS, AuditVerdict, Head, Inspector, linked
from bastion.store.audit_search import Wanted, found, reach
from bastion.store.columns import Instant
from bastion.store.outbox import put_facts
from bastion.store.transaction import Change, Transaction

_LONGEST = 1000  # characters of a value
_BATCH = 500  # events read at once while verifying
_E = t.audit_events.c


@dataclass(frozen=True, slots=True)
class _Noted:
    tag: str
    actor: Actor
    subject: tuple[str, str]
    facility_id: str
    at: datetime
    fields: Mapping[str, str]


class AuditLog:
    def __init__(self, transaction: Transaction, *, reading: bool) -> None:
        self._tx, self._reading = transaction, reading
        self._noted: list[_Noted] = []

    async def append(
        self,
        tag: str,
        *,
        actor: Actor,
        subject: tuple[str, str],
        facility_id: str = "",
        at: datetime,
        **fields: object,
    ) -> None:
        """Note an event about `subject` (kind, id). A field its kind does not class is dropped; `KeyError` for a tag
        that `domain/events.py` does not list.
        """
        classed = KINDS[tag].fields
        if self._reading:
            raise RuntimeError(f"{tag}: a reading transaction writes nothing")
        kept = {name: plain(value) for name, value in fields.items() if name in classed}
        self._noted.append(_Noted(tag, actor, subject, facility_id, at, kept))

    async def links(self) -> list[Change]:
        """Return the changes that extend the chain with what was noted; they must be the transaction's next ones.
        What people are to be told goes into the outbox with them: in the transaction of the change, or not at all.
        Reading the head row keeps other writers out until the commit.
        """
        if not self._noted:
            return []
        noted, self._noted = self._noted, []
        seq, digest = await self._locked_head()
        events = []
        for one in noted:
            event = linked(_event(one, seq + 1, digest))
            seq, digest = event.seq, event.digest
            events.append(event)
        rows = [{name: getattr(event, name) for name in _COLUMNS} for event in events]
        told = [Fact(event.seq, topic, event.at) for event in events if (topic := topic_of(event)) is not None]
        return [(_INSERT, rows), (_MOVE_HEAD, {"new_seq": seq, "new_digest": digest}), *put_facts(told)]

    async def head(self) -> Head:
        """The last link; publish it elsewhere, and a rewritten chain gives itself away."""
        await self._flush()
        rows = await self._tx.rows(_HEAD)
        return Head(rows[0].seq, rows[0].digest) if rows else Head(0, "")

    async def search(
        self,
        *,
        tag_prefix: str = "",
        severity: str = "",
        actor: str = "",
        subject_id: str = "",
        facility_ids: frozenset[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        text: str = "",
        before_seq: int | None = None,
        limit: int = 100,
    ) -> list[AuditEvent]:
        """Newest first; `before_seq` asks for the next page. `actor` is an id or part of a name; `severity` the
        least one; `since <= at < until`. A text or a name is looked for as far back as `reach` says.
        """
        await self._flush()
        wanted = Wanted(tag_prefix, severity, actor, subject_id, facility_ids, since, until, text, before_seq)
        return _events(await found(self._tx, wanted, limit))

    async def reach(self, wanted: Wanted) -> int | None:
        """The last event that `search` looks at for a text or a name; `None` when it is the first there is."""
        return await reach(self._tx, wanted)

    async def between(self, first: int, last: int) -> list[AuditEvent]:
        """Events `first..last`, both included, oldest first: for exports, a stretch at a time."""
        rows = await self._tx.rows(_BETWEEN, {"first": first, "last": last})
        return _events(rows)

    async def about(self, tags: Collection[str], subject_ids: Collection[str], since: datetime) -> list[AuditEvent]:
        """What of these kinds happened to each of these since then, the newest first."""
        if not subject_ids:
            return []
        await self._flush()
        return _events(await self._tx.rows(ABOUT, {"tags": list(tags), "ids": list(subject_ids), "since": since}))

    async def counted(
        self, since: datetime, until: datetime, facility_ids: frozenset[str] | None
    ) -> tuple[Counter[str], Counter[str]]:
        """How many events there were, by tag and by severity; `since <= at < until`."""
        query = _COUNTED if facility_ids is None else _COUNTED.where(_E.facility_id.in_(facility_ids))
        tags: Counter[str] = Counter()
        severities: Counter[str] = Counter()
        rows: Sequence[Any] = await self._tx.rows(query, {"since": since, "until": until})
        for row in rows:
            tags[row[0]] += row[2]
            severities[row[1]] += row[2]
        return tags, severities

    async def verify(self, known: Head | None = None) -> AuditVerdict:
        """Read the whole chain against the head row, and against a head `known` from elsewhere. In a reading
        transaction: one snapshot.
        """
        head = await self.head()
        inspector = Inspector(head, known)
        seq = -(2**62)
        while rows := await self._tx.rows(_AFTER, {"after": seq}):
            await asyncio.to_thread(inspector.see_all, _events(rows))  # hashing must not hold up live sessions
            if inspector.verdict is not None:
                return inspector.verdict
            seq = rows[-1].seq
        return inspector.finish()

    async def _flush(self) -> None:
        for statement, values in await self.links():
            await self._tx.change(statement, values)

    async def _locked_head(self) -> tuple[int, str]:
        rows = await self._tx.rows(_HEAD_FOR_UPDATE)
        if not rows:
            raise RuntimeError("the audit chain has lost its head row; run `bastion verify --audit`")
        return rows[0].seq, rows[0].digest


def _event(noted: _Noted, seq: int, previous: str) -> AuditEvent:
    kind, actor = KINDS[noted.tag], noted.actor
    return AuditEvent(
        seq=seq,
        at=noted.at,
        tag=noted.tag,
        severity=kind.severity,
        actor_kind=actor.kind.value,
        actor_id=plain(actor.id),
        actor_name=plain(actor.name),
        source=plain(actor.source),
        subject_kind=noted.subject[0],
        subject_id=plain(noted.subject[1]),
        facility_id=noted.facility_id,
        fields=dict(noted.fields),
        previous=previous,
        digest="",
    )


def _events(rows: Sequence[Row[Any]]) -> list[AuditEvent]:
    return [AuditEvent(*values) for values in map(tuple, rows)]


def plain(value: object) -> str:
    """The value as text that does nothing wherever it is shown: no control, format or line-separating characters,
    no lone surrogates, at most 1,000 characters (T39: OSC 52, bidi overrides, forged log lines).
    """
    text = str(value)
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) not in _UNSHOWN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_HEAD = sa.select(t.audit_head.c.seq, t.audit_head.c.digest)
_HEAD_FOR_UPDATE = _HEAD.with_for_update()
_MOVE_HEAD: Any = sa.update(t.audit_head).values(seq=sa.bindparam("new_seq"), digest=sa.bindparam("new_digest"))
_COLUMNS = tuple(column.name for column in t.audit_events.c)
_INSERT = sa.insert(t.audit_events)
_AFTER = sa.select(t.audit_events).where(_E.seq > sa.bindparam("after")).order_by(_E.seq).limit(_BATCH)
_COUNTED = (
    sa.select(_E.tag, _E.severity, sa.func.count())
    .where(_E.at >= sa.bindparam("since", type_=Instant()), _E.at < sa.bindparam("until", type_=Instant()))
    .group_by(_E.tag, _E.severity)
)
ABOUT = (
    sa.select(t.audit_events)
    .where(
        _E.subject_id.in_(sa.bindparam("ids", expanding=True)),
        _E.tag.in_(sa.bindparam("tags", expanding=True)),
        _E.at >= sa.bindparam("since", type_=Instant()),
    )
    .order_by(_E.seq.desc())
)
_BETWEEN = (
    sa.select(t.audit_events).where(_E.seq >= sa.bindparam("first"), _E.seq <= sa.bindparam("last")).order_by(_E.seq)
)

__all__ = ["GENESIS", "AuditLog", "AuditVerdict", "Head", "plain"]

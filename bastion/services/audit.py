"""Reading the audit chain: search, verify, export. Writing happens only inside the other use cases."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime

from bastion import clock
from bastion.domain.events import AuditEvent
from bastion.domain.parties import Actor, Role
from bastion.errors import Forbidden
from bastion.services.authentication import Authentication
from bastion.services.joins import scope
from bastion.store.audit_log import AuditVerdict
from bastion.store.audit_search import Wanted
from bastion.store.database import Database

__all__ = ["Audit", "Wanted"]
READERS = frozenset({Role.SECURITY, Role.AUDITOR, Role.ADMIN})
BATCH = 500


class Audit:
    def __init__(self, database: Database, authentication: Authentication) -> None:
        self._database = database
        self._authentication = authentication

    async def search(
        self, actor: Actor, *, tag_prefix: str = "", severity: str = "", who: str = "", subject_id: str = "",
        since: datetime | None = None, until: datetime | None = None, text: str = "", before_seq: int | None = None,
        limit: int = 100,
    ) -> list[AuditEvent]:  # fmt: skip
        """Events the actor may see, newest first; `before_seq` pages on."""
        _reader(actor)
        async with self._database.read() as uow:
            return await uow.audit.search(
                tag_prefix=tag_prefix, severity=severity, actor=who, subject_id=subject_id, since=since, until=until,
                text=text, before_seq=before_seq, limit=limit, facility_ids=scope(actor, *READERS),
            )  # fmt: skip

    async def reach(self, actor: Actor, wanted: Wanted) -> int | None:
        """The last event `search` looked at for a text or a name: look further back from there. `None`: at all."""
        _reader(actor)
        async with self._database.read() as uow:
            return await uow.audit.reach(replace(wanted, facility_ids=scope(actor, *READERS)))

    async def verify(self, actor: Actor) -> AuditVerdict:
        """Walk the whole chain; the verdict itself becomes an event."""
        _reader(actor)
        async with self._database.read() as uow:
            verdict = await uow.audit.verify()
        async with self._database.write() as uow:
            await uow.audit.append(
                "audit:verified", actor=actor, subject=("audit", "chain"), at=clock.now(),
                outcome="ok" if verdict.ok else f"broken at {verdict.broken_at}: {verdict.why}", count=verdict.count,
            )  # fmt: skip
        return verdict

    async def export(self, actor: Actor, since: datetime | None = None) -> AsyncIterator[AuditEvent]:
        """Every event the actor may see, oldest batch last; the export is an event before the first row leaves."""
        _reader(actor)
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.audit.append(
                "audit:exported", actor=actor, subject=("audit", "chain"), at=clock.now(),
                first=since.isoformat() if since else "", last="", count="",
            )  # fmt: skip
        before: int | None = None
        while page := await self.search(actor, since=since, before_seq=before, limit=BATCH):
            for event in page:
                yield event
            before = page[-1].seq


def _reader(actor: Actor) -> None:
    if not actor.roles & READERS:
        raise Forbidden(f"{actor.login} does not read the audit trail")

"""What a technician is doing in a session that still runs: its channels and files, from the facts in the trail.

Whoever may follow a session may read it; the recording itself is read once it is sealed, with a reason (R-34, R-55).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bastion import clock
from bastion.domain.device import ChannelKind
from bastion.domain.events import AuditEvent
from bastion.domain.parties import Actor
from bastion.errors import Forbidden, NotFound
from bastion.services.decisions import Decisions
from bastion.services.joins import found
from bastion.store.database import Database
from policies.model import Action

MOST_CHANNELS: Final = 100
MOST_FILES: Final = 20


@dataclass(frozen=True, slots=True)
class ChannelDoing:
    """`detail` is the command, or where a tunnel leads; `outcome` says how it ended, or why it was refused."""

    number: int
    kind: ChannelKind
    detail: str
    opened_at: datetime
    closed_at: datetime | None = None
    outcome: str = ""
    refused: bool = False

    @property
    def open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class FileDoing:
    """`tag` is the event's: passed, refused, held, and so on."""

    at: datetime
    tag: str
    op: str
    direction: str
    path: str
    target: str
    size: int
    sha256: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Doings:
    """Open channels first, then the newest; of the files the newest, and whether there are more."""

    channels: tuple[ChannelDoing, ...]
    files: tuple[FileDoing, ...]
    more_files: bool


class Doing:
    def __init__(self, database: Database, decisions: Decisions) -> None:
        self._database = database
        self._decisions = decisions

    async def shown_to(self, actor: Actor, session_id: str) -> Doings | None:
        """The same for a page that has other things to show as well: nothing for whoever may not follow."""
        try:
            return await self.of(actor, session_id)
        except Forbidden:
            return None

    async def of(self, actor: Actor, session_id: str) -> Doings:
        """Raises `NotFound` for a session of elsewhere, `Forbidden` for whoever may not follow it."""
        async with self._database.read() as uow:
            record = found(await uow.sessions.get(session_id), session_id)
            if not actor.covers(record.facility_id):
                raise NotFound(session_id)
            device = found(await uow.devices.get(record.device_id))
            self._decisions.require_about(Action.WATCH, actor, device, clock.now())
            channels = await uow.audit.search(tag_prefix="channel:", subject_id=session_id, limit=3 * MOST_CHANNELS)
            files = await uow.audit.search(tag_prefix="file:", subject_id=session_id, limit=MOST_FILES + 1)
        return Doings(_channels(reversed(channels)), tuple(map(_file, files[:MOST_FILES])), len(files) > MOST_FILES)


def _channels(events: Iterable[AuditEvent]) -> tuple[ChannelDoing, ...]:
    """Put together what was asked, opened and closed; `events` are the oldest first."""
    known: dict[tuple[str, str], ChannelDoing] = {}
    for event in events:
        said = event.fields
        number, key = said.get("channel", "0"), ("channel", said.get("channel", "0"))
        if event.tag == "channel:closed" and key in known:
            was = known[key]
            known[key] = ChannelDoing(
                was.number, was.kind, was.detail, was.opened_at, event.at, said.get("outcome", ""), was.refused
            )
        elif event.tag != "channel:closed" and said.get("kind") in set(ChannelKind):
            kind, refused = ChannelKind(said["kind"]), event.tag == "channel:refused"
            place = ("refused", str(event.seq)) if refused else key
            known[place] = ChannelDoing(
                int(number), kind, said.get("detail", ""), event.at, event.at if refused else None,
                said.get("why", ""), refused,
            )  # fmt: skip
    newest = list(known.values())[::-1]
    return tuple(sorted(newest, key=lambda one: not one.open)[:MOST_CHANNELS])


def _file(event: AuditEvent) -> FileDoing:
    said = event.fields
    return FileDoing(
        event.at, event.tag.partition(":")[2], said.get("op", ""), said.get("direction", ""), said.get("path", ""),
        said.get("target", ""), int(said.get("size") or 0), said.get("sha256", ""),
        said.get("outcome", "") or said.get("why", ""),
    )  # fmt: skip

"""Work nobody asks for: what a crash left, unsealed spools, disk space, a daily look at recordings, their erasure.

Nothing here is needed for correctness; a job that is late makes nothing wrong, and each goes on where it stopped.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog

from bastion import clock
from bastion.domain.parties import system_actor
from bastion.domain.session_events import EndReason
from bastion.errors import BastionError, Conflict
from bastion.services.bundle import Services
from bastion.services.replay import OTHER_SEAL
from bastion.services.retention import Overdue
from bastion.services.screens import ScreenGuard
from bastion.services.sessions import Ending
from bastion.store.leases import run_if_mine
from recordings import container, erasure
from recordings.blobs import FileBlobs
from recordings.durable import require_space
from recordings.model import RecordingError, Seal, TrackKind, Verification
from recordings.signing import Signer

MINUTE: Final = 60.0
RESEAL_EVERY: Final = 10 * MINUTE
TELL_EVERY: Final = 2.0
ESCALATE_EVERY: Final = 20.0
CONTRACTS_EVERY: Final = 10.0
DAY: Final = 24 * 60 * MINUTE
VERIFY_LEASE: Final = timedelta(hours=12)
STOCK_LEASE: Final = timedelta(hours=1)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Archive:
    """Where recordings run, where they rest, what signs them, and how much disk must stay free (bytes)."""

    spool: Path
    blobs: FileBlobs
    signer: Signer
    min_free: int

    def seal(self, recording_id: str) -> Seal:
        return container.seal(self.spool / recording_id, self.blobs, self.signer, ScreenGuard)

    def verify(self, recording_id: str) -> Verification:
        return container.verify(self.blobs, recording_id, self.signer.public)

    def check(self) -> None:
        """RecordingError unless there is room, where recordings run and where they rest."""
        require_space(self.spool, self.min_free)
        self.blobs.check(self.min_free)

    def kept(self) -> list[str]:
        """Return the recordings of which there is more left than a note that they were erased."""
        return [one for one in self.blobs.recordings() if not erasure.is_erased(self.blobs, one)]

    def digest(self, recording_id: str) -> str:
        """Return what its seal says; empty when there is none that holds."""
        return self.verify(recording_id).digest

    def erase(self, recording_id: str, digest: str) -> None:
        erasure.erase(self.blobs, recording_id, digest, clock.now().isoformat(), self.signer)


async def recover(services: Services, archive: Archive, node: str) -> int:
    """Seal what a crash left and close the sessions it left open; return how many. Run it before the door opens."""
    seals = await _seal_the_rest(services, archive)
    left = await services.sessions.left_behind(node)
    for record in left:
        seal = seals.get(record.id)
        ending = Ending(
            EndReason.CRASHED, by=node, why="the bastion stopped without warning",
            digest=seal.digest if seal else "", bytes=seal.bytes if seal else 0, seconds=seal.seconds if seal else 0.0,
            findings=seal.findings if seal else (), acts=seal.acts if seal else (), reached=_reached(seal),
        )  # fmt: skip
        await services.sessions.closed(record, ending)
        _log.warning("a session was left by a crash; it is closed", session=record.id, sealed=bool(seal))
    await services.files.recover(node)
    return len(left)


async def run(services: Services, archive: Archive, node: str) -> None:
    """Do the periodic work until cancelled."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_every(MINUTE, lambda: _look_at_disk(services, archive)), name="job disk")
        group.create_task(_every(CONTRACTS_EVERY, lambda: _end_with_contracts(services)), name="job contracts")
        group.create_task(_every(MINUTE, lambda: _purge_files(services, node)), name="job files")
        group.create_task(_every(RESEAL_EVERY, lambda: _reseal(services, archive)), name="job reseal")
        proof = _every(DAY, lambda: _verify_in_turn(services, archive, node), first=RESEAL_EVERY)
        group.create_task(proof, name="job verify")
        erasing = _every(DAY, lambda: _erase_overdue(services, archive), first=RESEAL_EVERY)
        group.create_task(erasing, name="job erase")
        warning = _every(DAY, lambda: _warn_of_ends(services), first=RESEAL_EVERY)
        group.create_task(warning, name="job derogations")
        papers = _every(DAY, lambda: _look_at_papers(services), first=RESEAL_EVERY)
        group.create_task(papers, name="job papers")
        forgetting = _every(DAY, lambda: _forget(services), first=RESEAL_EVERY)
        group.create_task(forgetting, name="job forget")
        counting = _every(DAY, lambda: _take_stock(services, node), first=RESEAL_EVERY)
        group.create_task(counting, name="job stock")


async def tell(services: Services, address: str, entrance: str) -> None:
    """Tell people and programs what happened, until cancelled; whoever serves the console does it (`address`).

    `entrance` is where suppliers' people find theirs; empty where there is none.

    Several nodes may do it at once: a fact is taken once, and an attempt belongs to whoever claims it.
    """
    telling = services.notifications

    async def turn() -> None:
        while await telling.gather():
            pass
        await telling.deliver(address, entrance)

    async with asyncio.TaskGroup() as group:
        group.create_task(_every(TELL_EVERY, turn), name="job tell")
        group.create_task(_every(ESCALATE_EVERY, telling.escalate), name="job escalate")
        group.create_task(_every(ESCALATE_EVERY, lambda: _note_lapses(services)), name="job lapses")
        group.create_task(_every(10 * MINUTE, telling.digest, first=MINUTE), name="job digest")
        late = _every(10 * MINUTE, lambda: _warn_of_reviews(services), first=MINUTE)
        group.create_task(late, name="job reviews")
        owed = _every(10 * MINUTE, lambda: _remind_of_reports(services), first=MINUTE)
        group.create_task(owed, name="job reports")


async def _every(seconds: float, work: Callable[[], Awaitable[None]], first: float | None = None) -> None:
    """Wait (`first` seconds before the first turn), work, and again; trouble is logged and the next turn is due."""
    await asyncio.sleep(seconds if first is None else first)
    while True:
        try:
            await work()
        except (BastionError, RecordingError, OSError):
            _log.exception("a job failed")
        await asyncio.sleep(seconds)


def _reached(seal: Seal | None) -> bool:
    """Whether anything may have passed on the device: only a terminal on which nothing did is known to be none."""
    return seal is None or any(
        track.head.kind is not TrackKind.SHELL or track.typed or track.shown or track.errors or track.unkept
        for track in seal.tracks
    )


async def _seal_the_rest(services: Services, archive: Archive) -> dict[str, Seal]:
    """Seal every spool nobody writes to any more. One that cannot be sealed stays, and is an alarm."""
    seals: dict[str, Seal] = {}
    waiting = asyncio.to_thread(container.recover, archive.spool, archive.blobs, archive.signer, ScreenGuard)
    for found in await waiting:
        if found.seal is not None:
            seals[found.recording_id] = found.seal
            continue
        _log.error("a recording cannot be sealed", session=found.recording_id, why=found.problem)
        await services.upkeep.mark(
            system_actor(), "recording:failed", detail=f"not sealed: {found.problem}", session=found.recording_id
        )
    return seals


async def _end_with_contracts(services: Services) -> None:
    """What was agreed to for a supplier whose contract is over does not come back when the day is put off (R-18)."""
    count = await services.contract_ends.settle(system_actor())
    if count:
        _log.info("authorisations and requests ended with a contract", count=count)


async def _purge_files(services: Services, node: str) -> None:
    """Nothing stays in the release desk for good (R-41)."""
    gone = await services.files.purge(node)
    if gone:
        _log.info("files in the release desk ran out of time and are removed", count=gone)


async def _reseal(services: Services, archive: Archive) -> None:
    await _seal_the_rest(services, archive)


async def _look_at_disk(services: Services, archive: Archive) -> None:
    """No session can open once recordings cannot be written or stored; say so before that happens."""
    try:
        await asyncio.to_thread(archive.check)
    except RecordingError as trouble:
        _log.error("recordings cannot be stored", why=str(trouble))
        await services.upkeep.mark(system_actor(), "recording:failed", detail=str(trouble), session="")


async def _verify_in_turn(services: Services, archive: Archive, node: str) -> None:
    """Once a day one node reads every recording it can reach and compares it with its seal, and its seal with the one
    the session ended with; none may be gone (T36, R-52).
    """

    async def verify_all() -> None:
        promised = await services.retention.promised()
        stored = await asyncio.to_thread(archive.blobs.recordings)
        for recording_id in stored:
            await _verify_one(services, archive, recording_id, promised.get(recording_id, ""))
        for recording_id in sorted({*promised} - {*stored}):
            await _damaged(services, recording_id, "it is missing")

    await run_if_mine(services.database, "verify", node, VERIFY_LEASE, clock.now(), verify_all)


async def _verify_one(services: Services, archive: Archive, recording_id: str, promised: str) -> None:
    """`promised`: the digest its session ended with; empty while none is written down."""
    verdict = await asyncio.to_thread(archive.verify, recording_id)
    if not verdict.ok:
        await _damaged(services, recording_id, verdict.where)
    elif promised and verdict.digest != promised:
        await _damaged(services, recording_id, OTHER_SEAL)


async def _damaged(services: Services, recording_id: str, where: str) -> None:
    _log.error("a recording is damaged", session=recording_id, where=where)
    await services.upkeep.mark(system_actor(), "recording:damaged", session=recording_id, where=where)


async def _erase_overdue(services: Services, archive: Archive) -> None:
    """Once a day each node erases what it can reach and what nobody may keep any longer (R-54). Twice is once."""
    for one in await services.retention.overdue(await asyncio.to_thread(archive.kept)):
        try:
            await _erase_one(services, archive, one)
        except Conflict:
            _log.info("a recording is kept after all", session=one.record.id)
        except RecordingError as trouble:
            _log.error("a recording cannot be erased", session=one.record.id, why=str(trouble))
            await services.upkeep.mark(
                system_actor(), "recording:failed", detail=f"not erased: {trouble}", session=one.record.id
            )


async def _warn_of_ends(services: Services) -> None:
    """A month before a derogation ends the trail says so, once: somebody has to renew it, or replace the device."""
    count = await services.derogations.warn(system_actor())
    if count:
        _log.warning("derogations end within a month", count=count)


async def _note_lapses(services: Services) -> None:
    """What nobody decided in time: the trail says so once, and whoever waited is told (R-24)."""
    count = await services.lapses.note(system_actor())
    if count:
        _log.warning("requests lapsed that nobody decided on", count=count)


async def _warn_of_reviews(services: Services) -> None:
    """The trail says, once, that nobody reviewed an emergency in time, and that a review of rights is due soon; whoever
    may is told (R-26, R-19). A line whose right has ended meanwhile waits for nobody.
    """
    settled = await services.reviews.settle(system_actor())
    if settled:
        _log.info("lines of reviews settled whose right had ended", count=settled)
    ending = await services.reviews.warn(system_actor())
    if ending:
        _log.warning("reviews of access rights are due soon", count=ending)
    late = await services.emergencies.warn(system_actor())
    if late:
        _log.warning("emergencies were not reviewed in time", count=late)


async def _remind_of_reports(services: Services) -> None:
    """Whoever owes a report is told before the lack of it blocks his company, and when it does (R-59)."""
    count = await services.reports.remind(system_actor())
    if count:
        _log.info("reports on interventions are owed", count=count)


async def _forget(services: Services) -> None:
    """Files nobody imported, addresses people had, and what the doors remember of tries are not kept for ever."""
    await services.imports.forget_old()
    await services.upkeep.forget_at_doors()
    await services.notifications.forget_addresses()


async def _look_at_papers(services: Services) -> None:
    """The trail says, once, that a supplier's paper ends soon, or that its people are not confirmed."""
    late = await services.rosters.warn(system_actor())
    if late:
        _log.warning("suppliers have not confirmed their people", count=late)
    count = await services.papers.warn(system_actor())
    if count:
        _log.warning("papers of suppliers end soon", count=count)


async def _take_stock(services: Services, node: str) -> None:
    """Once a day one node lets the database count its rows: a list that grew is read by the index that suits it."""
    await run_if_mine(services.database, "stock", node, STOCK_LEASE, clock.now(), services.database.take_stock)


async def _erase_one(services: Services, archive: Archive, one: Overdue) -> None:
    """The trail knows first: nothing disappears without a word."""
    ident = one.record.id
    digest = one.record.recording_digest or await asyncio.to_thread(archive.digest, ident)
    await services.retention.erased(system_actor(), one, digest)
    await asyncio.to_thread(archive.erase, ident, digest)
    _log.info("a recording is erased: its time was over", session=ident)

"""`bastion sessions`, `requests` and `export`: what has happened, for people and for other programs."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from bastion.cli.terminal import AsJson, complain, group, instant, perform, plain, show, t
from bastion.domain.parties import Actor
from bastion.domain.timebox import whole_minutes
from bastion.services.bundle import Services
from bastion.services.views import RequestView, SessionView

exports = group("Take evidence out.")

Count = Annotated[int, typer.Option(help="How many at most.")]
Output = Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file instead of standard output.")]


def list_sessions(
    *,
    live: Annotated[bool, typer.Option("--live", help="Only those going on now.")] = False,
    text: Annotated[str, typer.Option(help="Part of a name, a device or a reason.")] = "",
    since: Annotated[str, typer.Option(help="Started on or after (2026-12-31).")] = "",
    limit: Count = 50,
    as_json: AsJson = False,
) -> None:
    """List sessions, newest first."""

    async def work(services: Services, me: Actor) -> list[SessionView]:
        return await services.supervision.search(
            me, text=text, since=instant(since), live=True if live else None, limit=limit
        )

    show([_session_row(view) for view in perform(work)], as_json=as_json)


def list_requests(
    *,
    state: Annotated[str, typer.Option(help="pending, approved, denied, withdrawn or expired.")] = "",
    text: Annotated[str, typer.Option(help="Part of a name, a device or a reason.")] = "",
    limit: Count = 50,
    as_json: AsJson = False,
) -> None:
    """List access requests, newest first. Deciding needs the console."""
    found = perform(lambda services, me: services.asked.search(me, state=state, text=text, limit=limit))
    show([_request_row(view) for view in found], as_json=as_json)


@exports.command("audit")
def export_audit(
    *,
    since: Annotated[str, typer.Option(help="Only events from then on (2026-12-31).")] = "",
    output: Output = None,
) -> None:
    """Write the audit trail as JSON lines, newest first. The export is itself an event."""

    async def work(services: Services, me: Actor, sink: BinaryIO) -> int:
        count = 0
        async for event in services.audit.export(me, instant(since)):
            sink.write(json.dumps(plain(event), ensure_ascii=False).encode() + b"\n")
            count += 1
        return count

    with _sink(output) as sink:
        count = perform(lambda services, me: work(services, me, sink))
    complain(t("{count} events.", count=count))


@exports.command("recording")
def export_recording(
    session: Annotated[str, typer.Argument(help="Id of the session.")],
    *,
    reason: Annotated[str, typer.Option(help="Why it is taken out; kept with the record (R-55).")],
    track: Annotated[int, typer.Option(help="Which channel of the session, from 0.")] = 0,
    asciicast: Annotated[int, typer.Option(min=2, max=3, help="2 is what asciinema before 3 plays.")] = 3,
    output: Output = None,
) -> None:
    """Write one track of a recording: `.cast` for asciinema, files as `.csv`, a tunnel as `.pcapng`. Verified first."""

    async def work(services: Services, me: Actor, sink: BinaryIO) -> None:
        playback = await services.replay.open(me, session, reason, how="download")
        sink.writelines(services.replay.copy(playback, track, asciicast).chunks)

    with _sink(output) as sink:
        perform(lambda services, me: work(services, me, sink))


@contextmanager
def _sink(output: Path | None) -> Iterator[BinaryIO]:
    """Where an export goes. A file is never overwritten, and half an export is not left lying about."""
    if output is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with output.open("xb") as file:
        try:
            yield file
        except BaseException:
            output.unlink()
            raise


def _session_row(view: SessionView) -> dict[str, object]:
    record = view.record
    return {
        "id": record.id, "state": view.state, "technician": record.technician_name, "supplier": view.supplier.code,
        "device": view.device.code, "started_at": record.started_at, "ended_at": record.ended_at,
        "end_reason": record.outcome, "source": record.source,
    }  # fmt: skip


def _request_row(view: RequestView) -> dict[str, object]:
    request = view.request
    return {
        "ref": request.ref, "state": request.stored_state, "technician": request.technician_name,
        "supplier": view.supplier.code, "device": view.device.code, "kind": request.kind,
        "minutes": whole_minutes(request.wanted), "created_at": request.created_at,
        "decided_by": request.decided_by, "reason": request.reason,
    }  # fmt: skip

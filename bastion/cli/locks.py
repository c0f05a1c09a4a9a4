"""`bastion lock` and `bastion unlock`: the kill switch from the machine itself (R-64)."""

from typing import Annotated, Final

import typer

from bastion.cli.people import EVERYONE
from bastion.cli.terminal import AsJson, called, end, one, perform, say, show
from bastion.domain.lock import Lock, LockScope
from bastion.domain.parties import Actor
from bastion.errors import Conflict, Invalid
from bastion.services.bundle import Services
from bastion.services.locks import Stopped

EVERY: Final = "all"
"""What lifts every lock there is."""

locks = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, invoke_without_command=True)


@locks.callback()
def impose(
    context: typer.Context,
    *,
    everything: Annotated[bool, typer.Option("--all", help="Cut every session; let nobody in.")] = False,
    supplier: Annotated[str, typer.Option(help="Cut one company (code).")] = "",
    technician: Annotated[str, typer.Option(help="Cut one person (login).")] = "",
    device: Annotated[str, typer.Option(help="Cut one device (code).")] = "",
    reason: Annotated[str, typer.Option(help="Why; everyone who is stopped reads it.")] = "",
    until: Annotated[str, typer.Option(help="Lift by itself then (2026-12-31T18:00+01:00).")] = "",
) -> None:
    """Cut remote access now: sessions end, grants are revoked, none can open until `bastion unlock`."""
    if context.invoked_subcommand:
        return
    scope, code = _chosen(everything=everything, supplier=supplier, technician=technician, device=device)

    async def work(services: Services, me: Actor) -> tuple[Lock, Stopped, list[Lock]]:
        lock = await services.locks.impose(me, scope, code, reason, end(until))
        return lock, await services.locks.stopped(lock), await services.locks.active(me)

    lock, stopped, active = perform(work)
    lifts = EVERY if everything and len(active) == 1 else lock.id
    say("Cut: {what}.", what=f"{scope} {code}".strip())
    say(
        "Sessions ended: {sessions}. Authorisations withdrawn: {grants}, {planned} of them for planned work.",
        sessions=stopped.sessions, grants=stopped.grants, planned=stopped.planned,
    )  # fmt: skip
    say("Lift it with: {bastion} unlock {id} --reason …", bastion=called(), id=lifts)


@locks.command("list")
def list_locks(*, as_json: AsJson = False) -> None:
    """List what is cut now."""
    show(perform(_rows), as_json=as_json)


def lift(
    ident: Annotated[str, typer.Argument(help="Id of the lock, as `bastion lock list` shows; or `all`.")],
    reason: Annotated[str, typer.Option(help="Why it may go on.")],
) -> None:
    """Lift a lock. Revoked grants stay revoked: people ask again."""

    async def work(services: Services, me: Actor) -> list[Lock]:
        active = await services.locks.active(me)
        if not active:
            raise Conflict("nothing is cut", sentence="Nothing is cut: there is nothing to lift.")
        wanted = active if ident == EVERY else [one(active, lambda lock: lock.id == ident, ident)]
        return [await services.locks.lift(me, lock.id, reason) for lock in wanted]

    say("Lifted: {count}.", count=len(perform(work)))


async def _rows(services: Services, me: Actor) -> list[dict[str, object]]:
    names = await _names(services, me)
    return [
        {
            "id": lock.id, "scope": lock.scope, "subject": names.get(lock.subject_id, lock.subject_id),
            "reason": lock.reason, "by": lock.imposed_by, "since": lock.imposed_at, "until": lock.until,
        }
        for lock in await services.locks.active(me)
    ]  # fmt: skip


async def _names(services: Services, me: Actor) -> dict[str, str]:
    suppliers = {s.id: s.code for s in await services.directory.suppliers(me)}
    people = {v.technician.id: v.technician.login for v in await services.people.technicians(me, limit=EVERYONE)}
    devices = {v.device.id: v.device.code for v in await services.inventory.devices(me, limit=10_000)}
    return suppliers | people | devices


def _chosen(*, everything: bool, supplier: str, technician: str, device: str) -> tuple[LockScope, str]:
    named = {LockScope.SUPPLIER: supplier, LockScope.TECHNICIAN: technician, LockScope.DEVICE: device}
    chosen = [(scope, code) for scope, code in named.items() if code]
    if everything:
        chosen.append((LockScope.ALL, ""))
    if len(chosen) != 1:
        raise Invalid("scope", sentence="Say what to cut: one of --all, --supplier, --technician or --device.")
    return chosen[0]

"""Cutting access and giving it back: everything, a supplier, a person or a device (R-64)."""

from datetime import timedelta
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion import clock
from bastion.domain.lock import Lock, LockScope
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services import reasons
from bastion.services.locks import Cut
from web import choices, fields, labels
from web.console import Console, Seen, Typed, go
from web.render import page

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]
HOURS = (1, 4, 12, 24, 72)
PARTIAL = (LockScope.SUPPLIER, LockScope.TECHNICIAN, LockScope.DEVICE)


@router.get("/locks")
async def listing(seen: Seen, technician: Asked = "", device: Asked = "") -> Response:
    """Show what is cut and the form; while one types, the names that fit are read from here."""
    return await _listing(seen, Typed(scope=LockScope.SUPPLIER.value, technician=technician, device=device))


@router.get("/locks/banner")
async def banner(seen: Seen) -> Response:
    """Return the banner that every page shows while everything is cut."""
    return page(seen.request, "parts/siren.html")


@router.get("/locks/everything")
async def everything(seen: Seen) -> Response:
    return await _everything(seen, Typed())


@router.post("/locks")
async def impose(
    seen: Seen, scope: Text = "", supplier: Text = "", technician: Text = "", device: Text = "", reason: Text = "",
    hours: Text = "", code: Text = "",
) -> Response:  # fmt: skip
    typed = Typed(scope=scope, supplier=supplier, technician=technician, device=device, reason=reason, hours=hours)

    async def work() -> Response:
        kind = fields.choice(scope, LockScope, "scope")
        reasons.for_everyone(reason, "reason")
        until = clock.now() + timedelta(hours=fields.whole_of(hours, HOURS, "hours")) if hours else None
        actor = await seen.fresh(code)
        await seen.services.locks.impose(actor, kind, "" if kind is LockScope.ALL else typed[kind.value], reason, until)
        return go("/locks", "locked")

    return await seen.attempt(work(), partial(_everything if scope == LockScope.ALL else _listing, seen, typed))


@router.post("/locks/{ident}/lift")
async def lift(seen: Seen, ident: str, why: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        reasons.for_the_record(why, "why")
        await seen.services.locks.lift(await seen.fresh(code), ident, why)
        return go("/locks", _said(await seen.services.locks.active(seen.actor)))

    again = Typed(scope=LockScope.SUPPLIER.value, lifting=ident, why=why)
    return await seen.attempt(work(), partial(_listing, seen, again))


def _said(standing: list[Lock]) -> str:
    """What to say after a lifting: access is back only as far as no other cut stands."""
    if not standing:
        return "lifted"
    return "lifted_all_stands" if any(lock.scope is LockScope.ALL for lock in standing) else "lifted_some_stand"


# -- parts -------------------------------------------------------------------------------------------------------------
async def _everything(seen: Console, typed: Typed, error: BastionError | None = None) -> Response:
    live = await seen.services.supervision.live(seen.actor)
    return seen.page("lock_everything.html", N_("Cut everything"), error=error, typed=typed, live=len(live))


async def _listing(seen: Console, typed: Typed, error: BastionError | None = None) -> Response:
    cuts = await seen.services.locks.named(seen.actor)
    technicians, devices = await choices.technicians(seen, typed.technician), await choices.devices(seen, typed.device)
    suppliers = await seen.services.directory.suppliers(seen.actor)
    return seen.page(
        "locks.html", N_("Cut access"), error=error, typed=typed,
        rows=[(cut.lock, _named(cut)) for cut in cuts],
        scopes=[(scope.value, seen.t(labels.LOCK_SCOPES[scope]), "") for scope in PARTIAL],
        spans=[("", seen.t(N_("somebody lifts it")))] + [(str(h), seen.face.span(timedelta(hours=h))) for h in HOURS],
        suppliers=[(s.code, s.name) for s in suppliers], technicians=technicians, devices=devices,
    )  # fmt: skip


def _named(cut: Cut) -> str:
    """What is cut, as people call it; empty when there is nothing more to say than everything."""
    if cut.device is not None:
        return f"{cut.device.code} · {cut.device.name}"
    if cut.supplier is None:
        return ""
    return f"{cut.technician.name} · {cut.supplier.name}" if cut.technician else cut.supplier.name

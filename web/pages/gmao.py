"""Where the hospitals' GMAOs answer: registered by an administrator, its secret shown once."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.work_order import OrderRule
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.work_orders import GmaoForm
from web import fields, order_words
from web.console import Console, Seen, Typed, go

router = APIRouter(prefix="/messages/gmao")
Text = Annotated[str, Form()]


@router.get("")
async def listing(seen: Seen) -> Response:
    return await _show(seen)


@router.post("")
async def save(seen: Seen, facility: Text = "", url: Text = "", rule: Text = "", code: Text = "") -> Response:
    """Show a new secret in the answer itself: the vault gives it to nobody, so there is nothing to redirect to."""
    typed = Typed(facility=facility, url=url, rule=rule)

    async def work() -> Response:
        form = GmaoForm(facility, url, fields.choice(rule, OrderRule, "rule"))
        _made, secret = await seen.services.work_orders.save(await seen.fresh(code), form)
        return await _show(seen, secret=secret) if secret else go("/messages/gmao", "saved")

    return await seen.attempt(work(), partial(_show, seen, typed=typed))


@router.post("/{ident}/remove")
async def remove(seen: Seen, ident: str, code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.work_orders.remove(await seen.fresh(code), ident)
        return go("/messages/gmao", "removed")

    return await seen.attempt(work(), partial(_show, seen))


async def _show(
    seen: Console, error: BastionError | None = None, typed: Typed | None = None, secret: str = ""
) -> Response:  # fmt: skip
    facilities = await seen.services.directory.facilities(seen.actor)
    t = seen.t
    return seen.page(
        "gmao.html", N_("GMAO"), error=error, path="/messages", gmaos=await seen.services.work_orders.all(seen.actor),
        names={one.id: one.name for one in facilities}, facilities=[(one.code, one.name) for one in facilities],
        rules=[(str(rule), t(words), "") for rule, words in order_words.RULES.items()], secret=secret,
        typed=typed if typed is not None else Typed(rule=OrderRule.WARN),
    )  # fmt: skip

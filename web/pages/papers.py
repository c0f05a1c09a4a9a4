"""Papers of suppliers, and which are required from when (R-67)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.paper import PaperKind
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.papers import PaperForm
from web import fields, paper_words
from web.console import Console, Seen, Typed, go
from web.views import local_day

router = APIRouter(prefix="/directory")
Text = Annotated[str, Form()]


@router.get("/papers")
async def required(seen: Seen) -> Response:
    return await _rules(seen)


@router.post("/papers")
async def require(seen: Seen, kind: Text = "", since: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        chosen, day = fields.choice(kind, PaperKind, "kind"), fields.day_start(since, "since")
        await seen.services.papers.require(await seen.fresh(code), chosen, day)
        return go("/directory/papers", "paper_required")

    return await seen.attempt(work(), partial(_rules, seen, typed=Typed(kind=kind, since=since)))


@router.get("/suppliers/{ident}/papers")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.post("/suppliers/{ident}/papers")
async def add(
    seen: Seen, ident: str, kind: Text = "", reference: Text = "", valid_from: Text = "", valid_to: Text = "",
    note: Text = "", code: Text = "",
) -> Response:  # fmt: skip
    typed = Typed(kind=kind, reference=reference, valid_from=valid_from, valid_to=valid_to, note=note)

    async def work() -> Response:
        form = PaperForm(
            fields.choice(kind, PaperKind, "kind"), reference, fields.day_start(valid_from, "valid_from"),
            fields.day_end(valid_to, "valid_to"), note,
        )  # fmt: skip
        await seen.services.papers.add(await seen.fresh(code), ident, form)
        return go(f"/directory/suppliers/{ident}/papers", "paper_added")

    return await seen.attempt(work(), partial(_show, seen, ident, typed=typed))


@router.post("/suppliers/{ident}/papers/{paper}/withdraw")
async def withdraw(seen: Seen, ident: str, paper: str, code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.papers.withdraw(await seen.fresh(code), paper, ident)
        return go(f"/directory/suppliers/{ident}/papers", "paper_withdrawn")

    return await seen.attempt(work(), partial(_show, seen, ident))


def _kinds(seen: Console) -> list[tuple[str, str]]:
    return [(kind, seen.t(name)) for kind, name in paper_words.KINDS.items()]


async def _rules(seen: Console, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    rules = await seen.services.papers.rules(seen.actor)
    standing = await seen.services.papers.standing(seen.actor)
    lacking = {
        kind: [v.supplier for v in standing.values() if kind in v.missing and v.supplier.active] for kind in PaperKind
    }
    days = {kind: local_day(rule.required_from) for kind, rule in rules.items() if rule.required_from}
    return seen.page(
        "directory/paper_rules.html", N_("Required papers"), error=error, rules=rules, lacking=lacking, days=days,
        words=paper_words, typed=typed or Typed(),
    )  # fmt: skip


async def _show(seen: Console, ident: str, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    view = await seen.services.papers.of(seen.actor, ident)
    return seen.page(
        "directory/papers.html", N_("Papers"), error=error, view=view, words=paper_words, kinds=_kinds(seen),
        typed=typed or Typed(),
    )  # fmt: skip

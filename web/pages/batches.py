"""Deciding on, and taking back, requests that were made at once: one act, and what became of each."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from bastion.domain.parties import Actor
from bastion.errors import Invalid
from bastion.services import reasons
from bastion.services.batches import Outcome
from web import fields
from web.console import Console, Seen, go
from web.decision_form import BatchDecision
from web.pages.requests import page_of, terms_of

router = APIRouter(prefix="/requests")
STALE: Final = "This page is out of date. Read it again, then decide."


@router.post("/{ident}/approve-all")
async def approve(seen: Seen, ident: str, form: BatchDecision) -> Response:
    async def decide(actor: Actor, batch_id: str) -> Sequence[Outcome]:
        terms, length = await terms_of(seen, ident, form), fields.whole(form.minutes, "minutes")
        return await seen.services.batches.approve(
            actor, batch_id, _read(form.versions), length, form.note.strip(), terms, not_caller=bool(form.not_caller)
        )

    shown = partial(page_of, seen, ident, **form.typed)
    return await seen.attempt(_decided(seen, ident, form.code, decide, "approved_all", shown), shown)


@router.post("/{ident}/refuse-all")
async def refuse(seen: Seen, ident: str, form: BatchDecision) -> Response:
    async def decide(actor: Actor, batch_id: str) -> Sequence[Outcome]:
        said = reasons.for_the_technician(form.note, "note")
        return await seen.services.batches.deny(actor, batch_id, _read(form.versions), said)

    shown = partial(page_of, seen, ident, **form.typed)
    return await seen.attempt(_decided(seen, ident, form.code, decide, "denied_all", shown), shown)


@router.post("/{ident}/withdraw-all")
async def withdraw(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.batches.withdraw(seen.actor, await _batch(seen, ident))
        return go(f"/requests/{ident}", "withdrawn_all")

    return await seen.attempt(work(), partial(page_of, seen, ident))


async def _decided(
    seen: Console, ident: str, code: str, decide: Callable[[Actor, str], Awaitable[Sequence[Outcome]]], said: str,
    shown: Callable[..., Awaitable[Response]],
) -> Response:  # fmt: skip
    """Decide on each; where one could not be, lacks another agreement or must be followed, the page says of each what
    became of it.
    """
    batch_id = await _batch(seen, ident)
    outcomes = await decide(await seen.fresh(code), batch_id)
    if not any(one.why_not or one.lacking or one.followed for one in outcomes):
        return go(f"/requests/{ident}", said)
    return await shown(outcomes=outcomes)


async def _batch(seen: Console, ident: str) -> str:
    return (await seen.services.asked.get(seen.actor, ident)).request.batch_id


def _read(versions: Sequence[str]) -> dict[str, int]:
    """What the page carried: each request with the version that was read."""
    pairs = [one.partition(":") for one in versions]
    if not pairs or not all(version.isascii() and version.isdigit() and len(version) < 10 for _, _, version in pairs):
        raise Invalid("versions", field="versions", sentence=STALE)
    return {ident: int(version) for ident, _, version in pairs}

"""The confidentiality undertaking: its text, its versions, and who has not accepted the one in force (R-47)."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.undertaking import MAX_TEXT
from bastion.errors import BastionError
from bastion.i18n import N_
from web.console import Console, Seen, Typed, go

PATH = "/directory/undertaking"
SHOWN: Final = 100
router = APIRouter(prefix=PATH)
Text = Annotated[str, Form()]


@router.get("")
async def show(seen: Seen) -> Response:
    return await _show(seen)


@router.post("")
async def publish(seen: Seen, text_fr: Text = "", text_en: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.undertakings.publish(await seen.fresh(code), text_fr, text_en)
        return go(PATH, "undertaking_published")

    return await seen.attempt(work(), partial(_show, seen, typed=Typed(text_fr=text_fr, text_en=text_en)))


async def _show(seen: Console, error: BastionError | None = None, typed: Typed | None = None) -> Response:
    owing, count = await seen.services.undertakings.owing(seen.actor, SHOWN)
    versions = await seen.services.undertakings.versions(seen.actor)
    return seen.page(
        "directory/undertaking.html", N_("Confidentiality undertaking"), error=error, versions=versions,
        owing=owing, count=count, most=MAX_TEXT,
        typed=typed or Typed(text_fr=versions[0].text_fr, text_en=versions[0].text_en), opened=typed is not None,
    )  # fmt: skip

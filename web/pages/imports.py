"""Registers from a file: hand it in, see each change and each bad line, then apply it with a fresh code."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form
from starlette.datastructures import UploadFile
from starlette.responses import Response

from bastion.domain.importing import Register
from bastion.errors import BastionError, Invalid
from bastion.i18n import N_
from bastion.services.imports import fillable
from web import fields, import_words
from web.console import Console, Seen, go

router = APIRouter(prefix="/directory/import")
Text = Annotated[str, Form()]
SHOWN: Final = 200
"""Changes and bad lines on one page; the counts above them are of all."""


@router.get("")
async def begin(seen: Seen) -> Response:
    return await _form(seen, seen.request.query_params.get("register", ""))


@router.post("")
async def hand_in(seen: Seen) -> Response:
    """Read the body only here: whoever is not admitted does not get to send a large one."""
    typed = await seen.request.form(max_files=1, max_fields=4)
    register = str(typed.get("register", ""))

    async def work() -> Response:
        file = typed.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise Invalid("no file", field="file", sentence="Choose the file to import.")
        chosen = fields.choice(register, Register, "register")
        draft = await seen.services.imports.hand_in(seen.actor, chosen, file.filename, await file.read())
        return go(f"/directory/import/{draft.id}")

    try:
        return await seen.attempt(work(), partial(_form, seen, register))
    finally:
        await typed.close()


@router.get("/{ident}")
async def look(seen: Seen, ident: str) -> Response:
    return await _look(seen, ident)


@router.post("/{ident}")
async def apply(seen: Seen, ident: str, mark: Text = "", skip: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        draft, _plan = await seen.services.imports.look(seen.actor, ident)
        actor = await seen.fresh(code)
        await seen.services.imports.apply_draft(actor, ident, mark or "none", skip_bad=bool(skip))
        return go(f"/directory/{draft.register}", "imported")

    return await seen.attempt(work(), partial(_look, seen, ident))


async def _form(seen: Console, register: str = "", error: BastionError | None = None) -> Response:
    offered = fillable(seen.actor)
    return seen.page(
        "directory/import.html", N_("Import from a file"), error=error, offered=offered, words=import_words,
        register=register or offered[0].value,
    )  # fmt: skip


async def _look(seen: Console, ident: str, error: BastionError | None = None) -> Response:
    draft, plan = await seen.services.imports.look(seen.actor, ident)
    return seen.page(
        "directory/import_look.html", N_("Import from a file"), error=error, draft=draft, plan=plan, shown=SHOWN,
        words=import_words,
    )  # fmt: skip

"""What a technician keeps himself: his keys, his password, his language."""

from functools import partial
from typing import Annotated, Final

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.supplier_token import SupplierToken
from bastion.errors import BastionError
from bastion.i18n import N_
from web import fields
from web.console import Typed, go
from web.fields import need_same
from web.portal.security import end_session, own_path, token_of
from web.portal.visit import Come, Visit
from web.render import remember_language

router = APIRouter()
Text = Annotated[str, Form()]
DAYS: Final = (7, 30, 92)


@router.get("/account")
async def show(seen: Come) -> Response:
    return await _show(seen)


@router.post("/account/language")
async def language(seen: Come, language: Text = "", back: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.portal.set_language(seen.actor, language)
        response = go(own_path(back)) if back else go("/supplier/account", "saved")
        remember_language(response, language)
        return response

    return await seen.attempt(work(), partial(_show, seen))


@router.post("/account/password")
async def password(seen: Come, old: Text = "", password: Text = "", again: Text = "") -> Response:
    async def work() -> Response:
        need_same(password, again)
        await seen.services.portal.change_password(seen.actor, old, password)
        response = go("/supplier/sign-in", "password")
        end_session(response)
        return response

    return await seen.attempt(work(), partial(_show, seen))


@router.post("/account/keys")
async def add_key(seen: Come, key: Text = "", label: Text = "", code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.portal.add_key(await seen.fresh(code), key, label)
        return go("/supplier/account", "saved")

    return await seen.attempt(work(), partial(_show, seen, typed=Typed(key=key, label=label)))


@router.post("/account/keys/{key}/remove")
async def remove_key(seen: Come, key: str, code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.portal.remove_key(await seen.fresh(code), key)
        return go("/supplier/account", "removed")

    return await seen.attempt(work(), partial(_show, seen))


@router.post("/account/tokens")
async def make_token(
    seen: Come, label: Text = "", days: Text = "", writes: Text = "", people: Text = "", code: Text = ""
) -> Response:
    """Show the new token in the answer itself: it is never kept, so there is nothing to redirect to."""

    async def work() -> Response:
        span, actor = fields.whole(days, "days"), await seen.fresh(code)
        made, text = await seen.services.supplier_tokens.create(
            actor, label, span, writes=bool(writes), people=bool(people)
        )
        return await _show(seen, made=made, text=text)

    typed = Typed(token_label=label, days=days, writes=writes, people=people)
    return await seen.attempt(work(), partial(_show, seen, typed=typed))


@router.post("/account/tokens/{ident}/revoke")
async def revoke_token(seen: Come, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.supplier_tokens.revoke(seen.actor, ident)
        return go("/supplier/account", "revoked_token")

    return await seen.attempt(work(), partial(_show, seen))


@router.post("/sign-out")
async def sign_out(seen: Come) -> Response:
    await seen.services.portal.sign_out(seen.actor, token_of(seen.request))
    response = go("/supplier/sign-in", "signed_out")
    end_session(response)
    return response


async def _show(
    seen: Visit, error: BastionError | None = None, typed: Typed | None = None, made: SupplierToken | None = None,
    text: str = "",
) -> Response:  # fmt: skip
    return seen.page(
        "account.html", N_("My account"), error=error, typed=typed or Typed(days="30"), fresh_token=made,
        token_text=text, mine=await seen.services.portal.account(seen.actor),
        tokens=await seen.services.supplier_tokens.mine(seen.actor),
        days=[(count, seen.face.days(count)) for count in DAYS],
    )  # fmt: skip

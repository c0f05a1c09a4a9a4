"""What a person keeps for himself: language, password, tokens, signing out."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from bastion.domain.credentials import ApiToken
from bastion.domain.parties import Role
from bastion.domain.telling import Topic, offered_to
from bastion.errors import BastionError
from bastion.i18n import N_
from web import fields, labels, message_words
from web.console import Console, Seen, Typed, go
from web.render import remember_language
from web.security import end_session, local_path, token_of

router = APIRouter()
Text = Annotated[str, Form()]
Many = Annotated[list[str], Form(default_factory=list)]
DAYS = (7, 30, 90, 180, 366)


@router.get("/account")
async def show(seen: Seen) -> Response:
    return await _show(seen, Typed(days="30"))


@router.post("/account/language")
async def language(seen: Seen, language: Text = "", back: Text = "") -> Response:
    """Keep the language in the account; the switch in the menu comes back to the page it stands on."""

    async def work() -> Response:
        await seen.services.people.set_language(seen.actor, language)
        response = go(local_path(back)) if back else go("/account", "saved")
        remember_language(response, language)
        return response

    return await seen.attempt(work(), partial(_show, seen, Typed(days="30")))


@router.post("/account/password")
async def password(seen: Seen, old: Text = "", password: Text = "", again: Text = "") -> Response:
    async def work() -> Response:
        fields.need_same(password, again)
        await seen.services.authentication.change_password(seen.actor, old, password)
        response = go("/sign-in", "password")
        end_session(response)
        return response

    return await seen.attempt(work(), partial(_show, seen, Typed(days="30")))


@router.post("/account/tokens")
async def make_token(
    seen: Seen, roles: Many, facilities: Many, label: Text = "", days: Text = "", code: Text = ""
) -> Response:
    """Show the new token in the answer itself: it is never kept, so there is nothing to redirect to."""

    async def work() -> Response:
        chosen = frozenset(fields.choice(role, Role, "roles") for role in roles)
        actor = await seen.fresh(code)
        made, text = await seen.services.tokens.create(
            actor, label, fields.whole(days, "days"), chosen, tuple(facilities)
        )  # fmt: skip
        return await _show(seen, Typed(days="30"), made=made, text=text)

    return await seen.attempt(work(), partial(_show, seen, Typed(label=label, days=days)))


@router.post("/account/tokens/{ident}/revoke")
async def revoke_token(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.tokens.revoke(seen.actor, ident)
        return go("/account", "revoked_token")

    return await seen.attempt(work(), partial(_show, seen, Typed(days="30")))


@router.post("/account/mails")
async def mails(seen: Seen, topics: Many) -> Response:
    """Keep what one wants to be told by mail; alarms come anyway."""

    async def work() -> Response:
        wanted = [fields.choice(topic, Topic, "topics") for topic in topics]
        await seen.services.notifications.choose(seen.actor, wanted)
        return go("/account", "saved")

    return await seen.attempt(work(), partial(_show, seen, Typed(days="30")))


@router.post("/sign-out")
async def sign_out(seen: Seen) -> Response:
    token = token_of(seen.request)
    await seen.services.authentication.sign_out(seen.actor, token)
    seen.request.app.state.playbacks.forget(token)
    response = go("/sign-in", "signed_out")
    end_session(response)
    return response


# -- parts -------------------------------------------------------------------------------------------------------------
async def _show(
    seen: Console, typed: Typed, error: BastionError | None = None, made: ApiToken | None = None, text: str = ""
) -> Response:
    t, face = seen.t, seen.face
    facilities = await seen.services.directory.facilities(seen.actor)
    offered, muted = offered_to(seen.actor.roles), (await seen.services.notifications.choices(seen.actor)).muted
    return seen.page(
        "account.html", N_("My account"), error=error, typed=typed, fresh_token=made, token_text=text,
        tokens=await seen.services.tokens.mine(seen.actor),
        days=[(count, face.days(count)) for count in DAYS],
        mails=[(topic.value, t(message_words.TOPICS[topic]), "") for topic in offered],
        mailed=[topic for topic in offered if topic not in muted],
        facility_options=[(f.code, f.name, "") for f in facilities], names={f.id: f.name for f in facilities},
        role_options=[(role.value, t(labels.ROLES[role]), "") for role in sorted(seen.actor.roles)],
    )  # fmt: skip

"""What people and programs were told: what waits, what failed and is tried again, and the programs that listen."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion.domain.place import Place
from bastion.domain.telling import DeliveryState, Topic, Webhook
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.webhooks import OFFERED, WebhookForm
from web import fields, message_words
from web.console import Console, Seen, Typed, go
from web.paging import turned

router = APIRouter(prefix="/messages")
Text = Annotated[str, Form()]
Many = Annotated[list[str], Form(default_factory=list)]
Asked = Annotated[str, Query()]


@router.get("")
async def listing(seen: Seen, state: Asked = "") -> Response:
    return await _show(seen, state)


@router.post("/{ident}/retry")
async def retry(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.notifications.retry(seen.actor, ident)
        return go("/messages", "tried_again")

    return await seen.attempt(work(), partial(_show, seen))


@router.post("/webhooks")
async def register(
    seen: Seen, topics: Many, name: Text = "", url: Text = "", facility: Text = "", code: Text = ""
) -> Response:
    """Show the new secret in the answer itself: the vault gives it to nobody, so there is nothing to redirect to."""
    typed = Typed(name=name, url=url, facility=facility, topics=topics)

    async def work() -> Response:
        chosen = frozenset(fields.choice(topic, Topic, "topics") for topic in topics)
        form = WebhookForm(name, url, chosen, facility)
        made, secret = await seen.services.webhooks.register(await seen.fresh(code), form)
        return await _show(seen, made=made, secret=secret)

    return await seen.attempt(work(), partial(_show, seen, typed=typed))


@router.post("/webhooks/{ident}/remove")
async def remove(seen: Seen, ident: str, code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.webhooks.remove(await seen.fresh(code), ident)
        return go("/messages", "removed")

    return await seen.attempt(work(), partial(_show, seen))


# -- parts -------------------------------------------------------------------------------------------------------------
async def _show(
    seen: Console, state: str = "", error: BastionError | None = None, typed: Typed | None = None,
    made: Webhook | None = None, secret: str = "",
) -> Response:  # fmt: skip
    t, services = seen.t, seen.services
    wanted = state if state in message_words.STATES else ""
    search = partial(services.notifications.search, seen.actor, state=wanted)
    page = await turned(seen.request, search, lambda told: Place(told.delivery.at, told.delivery.id), path="/messages")
    facilities = await services.directory.facilities(seen.actor)
    return seen.page(
        "messages.html", N_("Messages"), error=error, rows=page.rows, newer=page.newer, older=page.older,
        state=wanted, states=[(value, t(words[1])) for value, words in message_words.STATES.items()],
        words=message_words,
        failed=await services.notifications.count(seen.actor, DeliveryState.FAILED),
        by_mail=services.notifications.by_mail, webhooks=await services.webhooks.all(seen.actor),
        facilities=[(one.code, one.name) for one in facilities], names={one.id: one.name for one in facilities},
        topics=[(topic.value, t(message_words.TOPICS[topic]), "") for topic in OFFERED], made=made, secret=secret,
        typed=typed if typed is not None else Typed(topics=[]),
    )  # fmt: skip

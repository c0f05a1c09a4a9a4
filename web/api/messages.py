"""`/messages` and `/webhooks`: what people and programs were told, and which programs listen."""

from datetime import datetime
from typing import Self

from fastapi import APIRouter
from pydantic import Field

from bastion.domain.telling import Channel, Delivery, DeliveryState, Topic, Webhook
from bastion.services.webhooks import WebhookForm
from web.api.bearer import Me, Use
from web.api.shapes import Limit, Offset, Several, Shape


class MessageShape(Shape):
    """`due_at` is when a waiting one is tried (again); `trouble` is why the last attempt failed.

    `former`: the id of an address its reader had before, to which a warning goes as well; empty for the one he has.
    """

    id: str
    topic: Topic
    channel: Channel
    state: DeliveryState
    at: datetime
    due_at: datetime
    ended_at: datetime | None
    attempts: int
    trouble: str
    facility_id: str
    former: str

    @classmethod
    def of(cls, one: Delivery) -> Self:
        return cls.model_validate(one)


class ToldShape(MessageShape):
    """`name` is whom it is for."""

    name: str


class WebhookBody(Shape):
    """`url` begins with https://; `facility` is a code, empty for all hospitals."""

    name: str = Field(max_length=200)
    url: str = Field(max_length=500)
    topics: Several[Topic]
    facility: str = Field("", max_length=64)


class WebhookShape(Shape):
    """`secret` is there when it was made by this very call, and never again."""

    id: str
    name: str
    url: str
    topics: list[Topic]
    facility_id: str
    created_at: datetime
    created_by: str
    secret: str = ""

    @classmethod
    def of(cls, one: Webhook, secret: str = "") -> Self:
        return cls(
            id=one.id, name=one.name, url=one.url, topics=sorted(one.topics), facility_id=one.facility_id,
            created_at=one.created_at, created_by=one.created_by, secret=secret,
        )  # fmt: skip


def add_to(router: APIRouter) -> None:
    router.add_api_route("/messages", messages, methods=["GET"])
    router.add_api_route("/messages/{ident}/retry", retry, methods=["POST"])
    router.add_api_route("/webhooks", webhooks, methods=["GET"])
    router.add_api_route("/webhooks", register, methods=["POST"], status_code=201)
    router.add_api_route("/webhooks/{ident}", remove, methods=["DELETE"], status_code=204)


async def messages(
    me: Me, use: Use, state: DeliveryState | None = None, limit: Limit = 50, offset: Offset = 0
) -> list[ToldShape]:
    """List what was told, newest first; `state=failed`: what nobody got."""
    rows = await use.notifications.search(me, state=state or "", limit=limit, offset=offset)
    return [ToldShape(**MessageShape.of(row.delivery).model_dump(), name=row.name) for row in rows]


async def retry(ident: str, me: Me, use: Use) -> MessageShape:
    """Try a failed one again, from now on as if it were new."""
    return MessageShape.of(await use.notifications.retry(me, ident))


async def webhooks(me: Me, use: Use) -> list[WebhookShape]:
    """List the programs that listen, in one's facilities."""
    return [WebhookShape.of(one) for one in await use.webhooks.all(me)]


async def register(body: WebhookBody, me: Me, use: Use) -> WebhookShape:
    """Let a program hear of what happens; what signs its messages is answered this once. Needs a fresh code."""
    made, secret = await use.webhooks.register(me, WebhookForm(body.name, body.url, body.topics, body.facility))
    return WebhookShape.of(made, secret)


async def remove(ident: str, me: Me, use: Use) -> None:
    """It hears nothing more. Needs a fresh code."""
    await use.webhooks.remove(me, ident)

"""Reviews of rights, programs that are told, and whose turn it is."""

from dataclasses import replace

import sqlalchemy as sa

from bastion import clock
from bastion.domain.parties import Role
from bastion.domain.review import Verdict
from bastion.domain.telling import DeliveryState, Topic
from bastion.domain.work_order import OrderRule
from bastion.services.professionals import ProfessionalForm
from bastion.services.reviews import CampaignForm
from bastion.services.rota import ShiftForm
from bastion.services.standins import DelegationForm
from bastion.services.webhooks import WebhookForm
from bastion.services.work_orders import GmaoForm
from bastion.store import tables as t
from tests.services.house import OPERATOR
from tests.web.api.ways.book import soon, way, written
from tests.web.api.yard import Given, Yard


# -- reviews -----------------------------------------------------------------------------------------------------------
@way("POST /reviews")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    return Given(body={"name": "H2", "due_at": written(soon()), "facilities": [scene.facility.code]})


@way("POST /reviews/{ident}/decide")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    await yard.staff()
    made = await yard.use.reviews.start(OPERATOR, CampaignForm("H2", soon(), (scene.facility.code,)))
    review = await yard.use.reviews.of(yard.myself, made.id)
    line = next(seen.line.id for seen in review.lines if seen.line.subject_id == scene.person.id)
    return Given.of(made.id, lines=[line], verdict="confirmed", note="")


@way("POST /reviews/{ident}/sign")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    made = await yard.use.reviews.start(OPERATOR, CampaignForm("H2", soon(), (scene.facility.code,)))
    lines = [seen.line.id for seen in (await yard.use.reviews.of(OPERATOR, made.id)).lines]
    await yard.use.reviews.decide(OPERATOR, made.id, lines, Verdict.CONFIRMED)
    return Given.of(made.id, remark="seen with the wards")


@way("POST /reviews/{ident}/export")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    return Given.of((await yard.use.reviews.start(OPERATOR, CampaignForm("H2", soon(), (scene.facility.code,)))).id)


# -- programs that are told --------------------------------------------------------------------------------------------
@way("PUT /gmao")
async def _(yard: Yard) -> Given:
    return Given(body={"facility": (await yard.facility()).code, "url": "https://gmao.chu.example/", "rule": "warn"})


@way("DELETE /gmao/{ident}")
async def _(yard: Yard) -> Given:
    form = GmaoForm((await yard.facility()).code, "https://gmao.chu.example/", OrderRule.WARN)
    return Given.of((await yard.use.work_orders.save(OPERATOR, form))[0].id)


def hearer(name: str) -> WebhookForm:
    return WebhookForm(name, f"https://{name}.example/", frozenset({Topic.REQUEST_WAITING}))


@way("POST /messages/{ident}/retry")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    form = hearer(yard.name())
    made, _secret = await yard.use.webhooks.register(OPERATOR, form)
    async with yard.house.database.write() as uow:  # what happened before, thousands of times, is nobody's news here
        await uow.transaction.change(sa.delete(t.outbox))
    await scene.asked()
    while await yard.use.notifications.gather():
        pass
    async with yard.house.database.write() as uow:
        rows = await uow.deliveries.search(limit=50)
        one = next(row for row in rows if row.recipient_id == made.id)
        await uow.deliveries.save(replace(one, attempts=12).settled(DeliveryState.FAILED, clock.now(), "refused"))
    await yard.use.webhooks.remove(OPERATOR, made.id)
    return Given.of(one.id)


@way("POST /webhooks")
async def _(yard: Yard) -> Given:
    name = yard.name()
    return Given(body={"name": name, "url": f"https://{name}.example/", "topics": ["request_waiting"], "facility": ""})


@way("DELETE /webhooks/{ident}")
async def _(yard: Yard) -> Given:
    form = hearer(yard.name())
    return Given.of((await yard.use.webhooks.register(OPERATOR, form))[0].id)


# -- duty --------------------------------------------------------------------------------------------------------------
@way("POST /rota")
async def _(yard: Yard) -> Given:
    person, facility = await yard.staff(), await yard.facility()
    starts, ends = yard.span()
    body = {"login": person.login, "facility": facility.code, "starts": starts, "ends": ends, "ward": "", "line": 1}
    return Given(body=body)


@way("POST /rota/import")
async def _(yard: Yard) -> Given:
    person, facility = await yard.staff(), await yard.facility()
    line = ",".join((person.login, facility.code, *yard.span()))
    return Given(body=f"login,facility,starts,ends\n{line}\n".encode())


@way("POST /rota/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    person, facility = await yard.staff(), await yard.facility()
    return Given.of((await yard.use.rota.add(OPERATOR, ShiftForm(person.login, facility.code, *yard.span()))).id)


@way("POST /professionals")
async def _(yard: Yard) -> Given:
    facility = await yard.facility()
    body = {
        "facility": facility.code, "name": yard.name(), "title": "radiologist", "rpps": "", "since": None,
        "until": None,
    }  # fmt: skip
    return Given(body=body)


@way("POST /professionals/{ident}/retire")
async def _(yard: Yard) -> Given:
    form = ProfessionalForm((await yard.facility()).code, yard.name(), "radiologist")
    return Given.of((await yard.use.professionals.add(OPERATOR, form)).id)


@way("POST /delegations")
async def _(yard: Yard) -> Given:
    to, (starts, ends) = await yard.staff(), yard.span()
    facility = await yard.facility()
    body = {"to": to.login, "starts": starts, "ends": ends, "reason": "leave", "facility": facility.code}
    return Given(body=body)


@way("POST /delegations/{ident}/revoke")
async def _(yard: Yard) -> Given:
    form = DelegationForm((await yard.staff()).login, *yard.span(), "leave", (await yard.facility()).code)
    return Given.of((await yard.use.standins.delegate(yard.myself, form)).id)


@way("POST /absences")
async def _(yard: Yard) -> Given:
    person, (starts, ends) = await yard.staff(Role.APPROVER), yard.span()
    return Given(body={"starts": starts, "ends": ends, "login": person.login})


@way("POST /absences/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    person = await yard.staff()
    return Given.of((await yard.use.standins.away(yard.house.staff(person), *yard.span())).id)

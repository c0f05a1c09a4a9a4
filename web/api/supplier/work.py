"""`/devices`, `/requests` and `/reports`: a technician's own work, from asking to reporting."""

from fastapi import APIRouter, Request

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.grant import Grant, GrantStatus
from bastion.errors import Conflict, Invalid, NotFound
from bastion.services.address import told_address
from web import pasted
from web.api.asked import NewWork
from web.api.comparisons import ComparisonShape
from web.api.forecasts import About
from web.api.professionals import ChoosableShape
from web.api.reports import ReportBody, ReportedShape
from web.api.shapes import Limit, Offset
from web.api.supplier.account import door_of
from web.api.supplier.bearer import Use, Who
from web.api.supplier.shapes import (
    ColleagueShape,
    CommandShape,
    CommandsShape,
    DeviceShape,
    GiveBack,
    HandOver,
    More,
    Note,
    OutlookShape,
    OwedShape,
    Said,
    WorkShape,
)
from web.api.templates import OfferShape


def add_to(router: APIRouter) -> None:
    router.add_api_route("/devices", devices, methods=["GET"])
    router.add_api_route("/devices/{ident}/usual", usual, methods=["GET"])
    router.add_api_route("/forecast", foresee, methods=["GET"])
    router.add_api_route("/devices/{ident}/professionals", professionals, methods=["GET"])
    router.add_api_route("/requests", search, methods=["GET"])
    router.add_api_route("/requests", create, methods=["POST"], status_code=201)
    router.add_api_route("/requests/{ident}", get, methods=["GET"])
    router.add_api_route("/requests/{ident}/withdraw", withdraw, methods=["POST"])
    router.add_api_route("/requests/{ident}/answer", answer, methods=["POST"], status_code=201)
    router.add_api_route("/requests/{ident}/give-back", give_back, methods=["POST"])
    router.add_api_route("/requests/{ident}/extend", extend, methods=["POST"], status_code=201)
    router.add_api_route("/requests/{ident}/colleagues", colleagues, methods=["GET"])
    router.add_api_route("/requests/{ident}/hand-over", hand_over, methods=["POST"], status_code=201)
    router.add_api_route("/requests/{ident}/commands", commands, methods=["GET"])
    router.add_api_route("/requests/{ident}/report", reported, methods=["GET"])
    router.add_api_route("/requests/{ident}/report", report, methods=["POST"], status_code=201)
    router.add_api_route("/requests/{ident}/comparison", compared, methods=["GET"])
    router.add_api_route("/reports", owed, methods=["GET"])


async def devices(who: Who, use: Use) -> list[DeviceShape]:
    """List the devices one may ask for."""
    return [DeviceShape.of(item) for item in (await use.sessions.enter(who.actor)).menu]


async def professionals(ident: str, who: Who, use: Use) -> list[ChoosableShape]:
    """List whom a request for the device of this code may name as answering for patient data."""
    return [ChoosableShape.of(one) for one in await use.professionals.choosable(who.actor, ident)]


async def usual(ident: str, who: Who, use: Use) -> list[OfferShape]:
    """List what is usually asked for on the device of this code; a request says as `template` which it was."""
    return [OfferShape.of(one) for one in await use.templates.offered(who.actor, ident)]


async def foresee(who: Who, use: Use, draft: About) -> OutlookShape:
    """How many would have to agree, in which role, and why: a dry run. Nothing is kept, nobody is asked."""
    try:
        return OutlookShape.of(await use.forecasts.own(who.actor, draft))
    except NotFound as error:
        raise Invalid(draft.device_code, field="device", sentence="Choose a device from the list.") from error


async def search(
    who: Who, use: Use, state: RequestState | None = None, text: str = "", limit: Limit = 50, offset: Offset = 0
) -> list[WorkShape]:
    """List one's own requests, newest first. `asks` holds the hospital's open question, if there is one."""
    now = clock.now()
    rows = await use.asked.search(who.actor, state=state or "", text=text[:200], limit=limit, offset=offset)
    asked = await use.threads.asked(who.actor, [view.request for view in rows])
    return [WorkShape.of(view, now, asked.get(view.request.id)) for view in rows]


async def create(body: NewWork, who: Who, use: Use) -> WorkShape:
    """Ask for access. The hospital decides; follow `state`."""
    offered = {item.device.code.lower() for item in (await use.sessions.enter(who.actor)).menu}
    if body.device.lower() not in offered:
        raise Invalid(body.device, field="device", sentence="Choose a device from the list.")
    return await _shown(who, use, (await use.access.request(who.actor, body.draft())).id)


async def get(ident: str, who: Who, use: Use) -> WorkShape:
    """Everything about one request of one's own: its state, and why it was refused."""
    return await _shown(who, use, ident)


async def withdraw(ident: str, body: Note, who: Who, use: Use) -> WorkShape:
    """Take a request back that waits."""
    await use.taking_back.withdraw(who.actor, ident, body.note)
    return await _shown(who, use, ident)


async def answer(ident: str, body: Said, who: Who, use: Use) -> WorkShape:
    """Answer the hospital's open question."""
    await use.threads.answer(who.actor, ident, body.text)
    return await _shown(who, use, ident)


async def give_back(ident: str, body: GiveBack, who: Who, use: Use) -> WorkShape:
    """Give back an authorisation that is not wanted, or no longer; its live sessions end."""
    grant = await _granted(ident, who, use)
    await use.taking_back.give_back(who.actor, grant.id, body.reason)
    return await _shown(who, use, ident)


async def extend(ident: str, body: More, who: Who, use: Use) -> WorkShape:
    """Ask for more time; what is returned is the new request. Running work goes on meanwhile (R-35)."""
    grant = await _granted(ident, who, use)
    return await _shown(who, use, (await use.access.extend(who.actor, grant.id, body.minutes, body.reason)).id)


async def colleagues(ident: str, who: Who, use: Use) -> list[ColleagueShape]:
    """List the colleagues who could take an authorisation over: nobody, unless it is open or still to come."""
    grant = (await use.asked.get(who.actor, ident)).grant
    if grant is None or grant.status(clock.now()) not in {GrantStatus.OPEN, GrantStatus.SCHEDULED}:
        return []
    passing = await use.handovers.passing(who.actor, grant.id)
    return [ColleagueShape(login=one.login, name=one.name) for one in passing.colleagues]


async def hand_over(ident: str, body: HandOver, who: Who, use: Use) -> WorkShape:
    """Ask that a colleague takes over; his request is his own, and one's own is returned."""
    grant = await _granted(ident, who, use)
    await use.handovers.ask(who.actor, grant.id, body.technician, body.reason)
    return await _shown(who, use, ident)


async def commands(ident: str, request: Request, who: Who, use: Use) -> CommandsShape:
    """List what to paste, for each client, and where the bastion is; no command once it can no longer be used."""
    view = await use.asked.get(who.actor, ident)
    found = pasted.commands_for(told_address(request.app.state.settings), view, clock.now())
    return CommandsShape(door=door_of(request), commands=[CommandShape.of(one) for one in found])


async def owed(who: Who, use: Use) -> list[OwedShape]:
    """List the reports one owes, the oldest first."""
    return [OwedShape.of(one) for one in await use.reports.mine(who.actor)]


async def reported(ident: str, who: Who, use: Use) -> ReportedShape:
    """What was reported on an intervention of one's own; as correspondent, of one's company."""
    return ReportedShape.told(await use.reports.of(who.actor, ident))


async def compared(ident: str, who: Who, use: Use) -> ComparisonShape:
    """What was declared beside what the bastion saw of the work (R-60): the report can explain where they differ."""
    return ComparisonShape.told(await use.comparisons.of_request(who.actor, ident))


async def report(ident: str, body: ReportBody, who: Who, use: Use) -> ReportedShape:
    """Report on an intervention that has ended, or add to its report (R-59)."""
    await use.reports.write(who.actor, ident, body.form())
    return ReportedShape.told(await use.reports.of(who.actor, ident))


async def _shown(who: Who, use: Use, ident: str) -> WorkShape:
    return WorkShape.of(await use.asked.get(who.actor, ident), clock.now())


async def _granted(ident: str, who: Who, use: Use) -> Grant:
    view = await use.asked.get(who.actor, ident)
    if view.grant is None:
        raise Conflict(ident, sentence="The hospital has not agreed to this request.")
    return view.grant

"""`/company/…`: what a correspondent reads of his own company."""

from fastapi import APIRouter

from bastion import clock
from bastion.domain.access_request import RequestState
from web.api.shapes import Limit, Offset
from web.api.supplier.bearer import Use, Who
from web.api.supplier.shapes import CompanyWorkShape, OwedShape


def add_to(router: APIRouter) -> None:
    router.add_api_route("/company/requests", requests, methods=["GET"])
    router.add_api_route("/company/requests/{ident}", request, methods=["GET"])
    router.add_api_route("/company/reports", reports, methods=["GET"])


async def requests(
    who: Who, use: Use, state: RequestState | None = None, text: str = "", limit: Limit = 50, offset: Offset = 0
) -> list[CompanyWorkShape]:
    """List what the company's people asked for, newest first."""
    now = clock.now()
    rows = await use.company.requests(who.actor, state=state or "", text=text[:200], limit=limit, offset=offset)
    return [CompanyWorkShape.of(row, now) for row in rows]


async def request(ident: str, who: Who, use: Use) -> CompanyWorkShape:
    """One request of the company, with its questions and answers."""
    return CompanyWorkShape.of(await use.company.request(who.actor, ident), clock.now())


async def reports(who: Who, use: Use) -> list[OwedShape]:
    """List the reports the company owes, the oldest first."""
    return [OwedShape.of(one) for one in await use.reports.of_company(who.actor)]

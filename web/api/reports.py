"""`/requests/{id}/report`: what was reported on an intervention, and what is owed of it (R-59)."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from bastion import clock
from bastion.domain.report import LONGEST, LONGEST_TAKEN, After, Report, ReportForm
from bastion.services.reports import Reported
from web.api.bearer import Me, Use
from web.api.shapes import Instant, Shape


class ReportShape(Shape):
    """`author_company` is empty where the hospital wrote it down for its supplier."""

    id: str
    author_name: str
    author_company: str
    at: datetime
    done: str
    after: After
    taken: str
    erased_by: datetime | None

    @classmethod
    def of(cls, report: Report) -> "ReportShape":
        return cls(**{name: getattr(report, name) for name in cls.model_fields})


class ReportedShape(Shape):
    """`owed_since` is empty while nothing is owed; from `due_at` on the lack of it blocks the supplier."""

    request: str
    owed_since: datetime | None
    due_at: datetime | None
    overdue: bool
    reports: list[ReportShape]

    @classmethod
    def told(cls, about: Reported) -> "ReportedShape":
        due = about.due
        return cls(
            request=about.request.id, owed_since=due.owed_since if due else None, due_at=due.due_at if due else None,
            overdue=due is not None and due.overdue(clock.now()),
            reports=[ReportShape.of(one) for one in about.reports],
        )  # fmt: skip


class ReportBody(Shape):
    """`taken` names data that left the hospital, `erased_by` when it will have been erased: both or neither."""

    done: str = Field(max_length=LONGEST)
    after: After
    taken: str = Field("", max_length=LONGEST_TAKEN)
    erased_by: Instant | None = None

    def form(self) -> ReportForm:
        return ReportForm(self.done, self.after, self.taken, self.erased_by)


def add_to(router: APIRouter) -> None:
    router.add_api_route("/requests/{ident}/report", reported, methods=["GET"])
    router.add_api_route("/requests/{ident}/report", report, methods=["POST"], status_code=201)


async def reported(ident: str, me: Me, use: Use) -> ReportedShape:
    """What was reported on an intervention, the first entry first."""
    return ReportedShape.told(await use.reports.of(me, ident))


async def report(ident: str, body: ReportBody, me: Me, use: Use) -> ReportedShape:
    """Write down for the supplier what it reported; it is kept under one's own name."""
    await use.reports.write(me, ident, body.form())
    return ReportedShape.told(await use.reports.of(me, ident))

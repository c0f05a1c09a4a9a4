"""`/audit`: the chained trail of everything that must survive."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from bastion.domain.events import AuditEvent, Severity
from web import jsonl
from web.api.bearer import Me, Use
from web.api.shapes import Instant, Limit, Shape

Seq = Annotated[int, Query(ge=1, le=2**62)]


class Verdict(Shape):
    ok: bool
    count: int
    broken_at: int | None
    why: str


class Export(Shape):
    """Without `since`: the whole trail."""

    since: Instant | None = None


def add_to(router: APIRouter) -> None:
    router.add_api_route("/audit", search, methods=["GET"])
    router.add_api_route("/audit/verify", verify, methods=["POST"])
    router.add_api_route(
        "/audit/export", export, methods=["POST"], response_class=StreamingResponse,
        responses={200: {"content": {jsonl.MEDIA: {}}, "description": "One event a line, the newest first."}},
    )  # fmt: skip


async def search(
    me: Me, use: Use, *, tag: str = "", severity: Severity | None = None, who: str = "", subject_id: str = "",
    since: Instant | None = None, until: Instant | None = None, text: str = "", before_seq: Seq | None = None,
    limit: Limit = 100,
) -> list[AuditEvent]:  # fmt: skip
    """List events, newest first; give the last `seq` back as `before_seq` for the next page."""
    return await use.audit.search(
        me, tag_prefix=tag, severity=severity or "", who=who, subject_id=subject_id, since=since, until=until,
        text=text, before_seq=before_seq, limit=min(limit, 500),
    )  # fmt: skip


async def verify(me: Me, use: Use) -> Verdict:
    """Walk the whole chain; the verdict becomes an event itself."""
    return Verdict.model_validate(await use.audit.verify(me))


async def export(body: Export, me: Me, use: Use) -> StreamingResponse:
    """Take the trail away, as the chain holds it. The export becomes an event before the first line; fresh code."""
    return await jsonl.download(use.audit.export(me, body.since))

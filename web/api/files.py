"""`/files`: the release desk. What is held, and letting it through or refusing it."""

from datetime import datetime
from typing import Any, Self

from fastapi import APIRouter
from starlette.responses import Response

from bastion.domain.announced_file import Announced
from bastion.domain.held_file import Direction, FileState, Scan
from bastion.services.releases import FileView
from web.api.bearer import Me, Use, fresh
from web.api.shapes import Code, Instant, Limit, Offset, Reason, Shape, Version


class FindingShape(Shape):
    """What was seen, where in the file and how often; never the data itself."""

    kind: str
    where: str
    count: int
    evidence: str


class FileShape(Shape):
    """A file of the release desk. `version` goes with a decision; `path` is as the device has it."""

    id: str
    ref: str
    version: int
    state: FileState
    direction: Direction
    path: str
    size: int
    sha256: str
    device: str
    facility: str
    supplier: str
    technician: str
    request_id: str
    session_id: str
    scan: Scan
    scan_name: str
    announced: Announced
    findings: list[FindingShape]
    arrived_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    decided_by: str
    note: str
    delivered_at: datetime | None
    can_decide: bool

    @classmethod
    def of(cls, view: FileView) -> Self:
        file = view.file
        return cls(
            id=file.id, ref=file.ref, version=file.version, state=view.state, direction=file.direction, path=file.path,
            size=file.size, sha256=file.sha256, device=view.device.code, facility=view.facility.code,
            supplier=view.supplier.code, technician=file.technician_name, request_id=file.request_id,
            session_id=file.session_id, scan=file.scan, scan_name=file.scan_name, announced=file.announced,
            findings=[
                FindingShape(kind=one.kind, where=one.where, count=one.count, evidence=one.evidence)
                for one in view.findings
            ],
            arrived_at=file.arrived_at, expires_at=file.expires_at, decided_at=file.decided_at,
            decided_by=file.decided_by, note=file.note, delivered_at=file.delivered_at, can_decide=view.can_decide,
        )  # fmt: skip


class Decide(Shape):
    version: Version
    note: Reason
    code: Code


def add_to(router: APIRouter) -> None:
    router.add_api_route("/files", search, methods=["GET"])
    router.add_api_route("/files/{ident}", get, methods=["GET"])
    router.add_api_route("/files/{ident}/release", release, methods=["POST"])
    router.add_api_route("/files/{ident}/refuse", refuse, methods=["POST"])


async def search(
    answer: Response, me: Me, use: Use, state: FileState | None = None, session_id: str = "", text: str = "",
    before: Instant | None = None, limit: Limit = 50, offset: Offset = 0,
) -> list[FileShape]:  # fmt: skip
    """List files of one's facilities, newest first; `state=held` lists what waits for a decision.

    A reference or a SHA-256 is found however old it is. Any other `text` is looked for among the five thousand newest;
    where there are more, the header `Looked-Back-To` is what to give as `before`.
    """
    wanted: dict[str, Any] = {"state": state or "", "session_id": session_id, "text": text, "before": before}
    found = await use.releases.search(me, **wanted, limit=limit, offset=offset)
    reach = await use.releases.reach(me, **wanted)
    if reach is not None:
        answer.headers["looked-back-to"] = reach.isoformat()
    return [FileShape.of(view) for view in found]


async def get(ident: str, me: Me, use: Use) -> FileShape:
    """Everything about one file."""
    return FileShape.of(await use.releases.get(me, ident))


async def release(ident: str, body: Decide, me: Me, use: Use) -> FileShape:
    """Let exactly this file through, once. Needs a fresh code."""
    await use.releases.release(await fresh(use, me, body.code), ident, body.version, body.note)
    return await get(ident, me, use)


async def refuse(ident: str, body: Decide, me: Me, use: Use) -> FileShape:
    """Let it go nowhere; the technician reads why. Needs a fresh code."""
    await use.releases.refuse(await fresh(use, me, body.code), ident, body.version, body.note)
    return await get(ident, me, use)

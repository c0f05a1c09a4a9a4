"""The audit trail as JSON Lines: one object a line, as the chain holds it, so that it can be verified elsewhere."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Final

from starlette.responses import StreamingResponse

from bastion.domain.events import AuditEvent

MEDIA: Final = "application/jsonl"


async def download(events: AsyncIterator[AuditEvent]) -> StreamingResponse:
    """Answer with all of them. A refusal comes before the first byte, so it still makes a page or a problem."""
    first = await anext(events, None)
    headers = {"content-disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(_lines(first, events), media_type=MEDIA, headers=headers)


async def _lines(first: AuditEvent | None, rest: AsyncIterator[AuditEvent]) -> AsyncIterator[bytes]:
    if first is not None:
        yield _line(first)
    async for event in rest:
        yield _line(event)


def _line(event: AuditEvent) -> bytes:
    return json.dumps(asdict(event) | {"at": event.at.isoformat()}, ensure_ascii=True).encode() + b"\n"

"""The audit trail: read it, verify it, take it away."""

from functools import partial
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion.domain.events import AuditEvent
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.audit import Wanted
from web import audit_words, fields, jsonl, labels
from web.console import Console, Seen, Typed
from web.facts import Teller
from web.render import language_of
from web.views import typeset

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]
PAGE: Final = 100


@router.get("/audit")
async def listing(
    seen: Seen, text: Asked = "", tag: Asked = "", severity: Asked = "", who: Asked = "", subject: Asked = "",
    since: Asked = "", until: Asked = "", before: Asked = "",
) -> Response:  # fmt: skip
    filters = Typed(
        text=text.strip()[:200], tag=tag, severity=severity if severity in labels.SEVERITIES else "",
        who=who.strip()[:200], subject=subject, since=since, until=until, before=before,
    )  # fmt: skip
    return await _listing(seen, filters)


@router.post("/audit/verify")
async def verify(seen: Seen) -> Response:
    verdict = await seen.services.audit.verify(seen.actor)
    return await _listing(seen, Typed(), verdict=verdict)


@router.post("/audit/export")
async def export(seen: Seen, since: Text = "", code: Text = "") -> Response:
    """One JSON object a line, as the chain holds it: enough to verify the chain elsewhere."""

    async def work() -> Response:
        actor = await seen.fresh(code)
        return await jsonl.download(seen.services.audit.export(actor, fields.day_start(since, "since")))

    return await seen.attempt(work(), partial(_listing, seen, Typed()))


# -- parts -------------------------------------------------------------------------------------------------------------
async def _listing(
    seen: Console, filters: Typed, verdict: object = None, error: BastionError | None = None
) -> Response:
    rows: list[AuditEvent] = []
    last = None
    try:
        wanted = _wanted(filters)
        rows = await _search(seen, wanted)
        last = await seen.services.audit.reach(seen.actor, wanted) if len(rows) <= PAGE else None
    except BastionError as problem:
        error = error or problem
    return seen.page(
        "audit.html", N_("Audit trail"), error=error, rows=rows[:PAGE], filters=filters, verdict=verdict,
        older=_address(filters, rows[PAGE - 1].seq) if len(rows) > PAGE else "",
        newer=_address(filters) if filters.before else "", further=_address(filters, last) if last else "",
        tags=_tags(seen), tell=Teller(seen.t, seen.face, partial(_rules, seen)).facts,
        severities=[(value, seen.t(words[1])) for value, words in labels.SEVERITIES.items()],
    )  # fmt: skip


def _wanted(filters: Typed) -> Wanted:
    return Wanted(
        filters.tag, filters.severity, filters.who, filters.subject,
        since=fields.day_start(filters.since, "since"), until=fields.day_end(filters.until, "until"),
        text=filters.text, before_seq=_number(filters.before),
    )  # fmt: skip


def _number(text: str) -> int | None:
    """The event a link goes on from; nonsense is the newest."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _rules(seen: Console, ids: tuple[str, ...]) -> tuple[str, ...]:
    """What the rules of these names say, as the reader's language is set."""
    language = language_of(seen.request)
    return tuple(typeset(line, language) for line in seen.services.decisions.each_said(ids, language))


async def _search(seen: Console, wanted: Wanted) -> list[AuditEvent]:
    return await seen.services.audit.search(
        seen.actor, tag_prefix=wanted.tag_prefix, severity=wanted.severity, who=wanted.actor,
        subject_id=wanted.subject_id, since=wanted.since, until=wanted.until, text=wanted.text,
        before_seq=wanted.before_seq, limit=PAGE + 1,
    )  # fmt: skip


def _address(filters: Typed, before: int | str = "") -> str:
    """Address of the entries older than `before` under the same filters; without it, of the newest."""
    wanted = {**filters, "before": str(before)}
    return f"/audit?{urlencode({name: value for name, value in wanted.items() if value})}"


def _tags(seen: Console) -> list[tuple[str, str]]:
    """Return every kind of event, in the alphabetical order of its words."""
    events = sorted((seen.t(words), tag) for tag, words in audit_words.EVENTS.items())
    return [(tag, words) for words, tag in events]

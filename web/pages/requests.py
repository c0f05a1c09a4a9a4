"""Requests for access: the list, and the one screen on which one decides. Asking is `asking.py`."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion.domain.access_request import AccessRequest, RequestState
from bastion.domain.conditions import Condition, Terms
from bastion.domain.device import recordability
from bastion.domain.grant import GrantStatus
from bastion.domain.place import Place
from bastion.domain.timebox import whole_minutes
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services import reasons
from bastion.services.professionals import KEEPERS
from bastion.services.views import RequestView
from web import condition_words, device_words, fields, labels, message_words, pasted, plan_words, template_words
from web.console import Console, Seen, Typed, go
from web.decision_form import Decision, DecisionForm
from web.guards import GUARDS
from web.paging import further, turned
from web.views import SHORT_STEPS, Clockface, shorter_than

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]


@router.get("/requests")
async def listing(
    seen: Seen,
    text: Asked = "",
    state: Asked = "",
    before: Asked = "",
) -> Response:
    since = fields.instant(before)
    filters = Typed(text=text.strip()[:200], state=state if state in labels.REQUEST_STATES else "")
    search = partial(seen.services.asked.search, seen.actor, **filters, before=since)
    page = await turned(seen.request, search, lambda view: Place(view.request.created_at, view.request.id))
    reach = None if page.older else await seen.services.asked.reach(seen.actor, **filters, before=since)
    t = seen.t
    states = [(value, t(words[1])) for value, words in labels.REQUEST_STATES.items()]
    return seen.page(
        "requests.html",
        N_("Requests"),
        rows=page.rows,
        filters=filters,
        states=states,
        newer=page.newer,
        older=page.older,
        reach=further(seen.request, "before", reach),
    )


@router.get("/requests/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await page_of(seen, ident)


@router.post("/requests/{ident}/approve")
async def approve(seen: Seen, ident: str, form: Decision) -> Response:
    async def work() -> Response:
        terms = await terms_of(seen, ident, form)
        number, span = fields.whole(form.version, "version"), fields.whole(form.minutes, "minutes")
        before = await seen.services.asked.get(seen.actor, ident)
        made = await seen.services.approvals.approve(
            await seen.fresh(form.code), ident, number, span, form.note.strip(), terms, not_caller=bool(form.not_caller)
        )
        followed = await seen.services.approvals.followed(made)
        return go(f"/requests/{ident}", *agreed_words(seen.face, before, made, followed=followed))

    return await seen.attempt(work(), partial(page_of, seen, ident, **form.typed))


@router.post("/requests/{ident}/refuse")
async def refuse(seen: Seen, ident: str, form: Decision) -> Response:
    async def work() -> Response:
        said = reasons.for_the_technician(form.note, "note")
        actor = await seen.fresh(form.code)
        await seen.services.approvals.deny(actor, ident, fields.whole(form.version, "version"), said)
        return go(f"/requests/{ident}", "denied")

    return await seen.attempt(work(), partial(page_of, seen, ident, **form.typed))


@router.post("/requests/{ident}/question")
async def question(seen: Seen, ident: str, text: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.threads.ask(seen.actor, ident, text)
        return go(f"/requests/{ident}")

    return await seen.attempt(work(), partial(page_of, seen, ident, text=text))


@router.post("/requests/{ident}/answer")
async def answer(seen: Seen, ident: str, text: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.threads.answer(seen.actor, ident, text)
        return go(f"/requests/{ident}")

    return await seen.attempt(work(), partial(page_of, seen, ident, text=text))


@router.post("/requests/{ident}/withdraw")
async def withdraw(seen: Seen, ident: str) -> Response:
    async def work() -> Response:
        await seen.services.taking_back.withdraw(seen.actor, ident)
        return go(f"/requests/{ident}", "withdrawn")

    return await seen.attempt(work(), partial(page_of, seen, ident))


@router.post("/grants/{ident}/revoke")
async def revoke(seen: Seen, ident: str, request: Text = "", session: Text = "", reason: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.approvals.revoke(seen.actor, ident, reason.strip())
        return go(f"/sessions/{session}" if session else f"/requests/{request}", "revoked")

    return await seen.attempt(work(), partial(page_of, seen, request, reason=reason))


@router.post("/grants/{ident}/give-back")
async def give_back(seen: Seen, ident: str, request: Text = "", reason: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.taking_back.give_back(seen.actor, ident, reason)
        return go(f"/requests/{request}", "given_back")

    return await seen.attempt(work(), partial(page_of, seen, request, back=reason))


@router.post("/grants/{ident}/extend")
async def extend(seen: Seen, ident: str, request: Text = "", minutes: Text = "", reason: Text = "") -> Response:
    async def work() -> Response:
        count = fields.whole(minutes, "minutes")
        made = await seen.services.access.extend(seen.actor, ident, count, reasons.for_the_technician(reason, "reason"))
        return go(f"/requests/{made.id}", "asked")

    return await seen.attempt(work(), partial(page_of, seen, request, longer=minutes, why=reason))


@router.post("/grants/{ident}/hand-over")
async def hand_over(seen: Seen, ident: str, request: Text = "", technician: Text = "", reason: Text = "") -> Response:
    async def work() -> Response:
        made = await seen.services.handovers.ask(seen.actor, ident, technician, reason)
        return go(f"/requests/{made.id}", "handed_over")

    return await seen.attempt(work(), partial(page_of, seen, request, technician=technician, why=reason))


# -- parts -------------------------------------------------------------------------------------------------------------
async def terms_of(seen: Console, ident: str, form: DecisionForm) -> Terms:
    """A later start is on the hospital's own clock."""
    chosen = frozenset(fields.choice(one, Condition, "conditions") for one in form.conditions)
    if not form.start.strip():
        return Terms(chosen)
    view = await seen.services.asked.get(seen.actor, ident)
    return Terms(chosen, fields.local_moment(form.start, "start", view.facility.timezone))


async def page_of(seen: Console, ident: str, error: BastionError | None = None, **typed: Any) -> Response:
    view = await seen.services.asked.get(seen.actor, ident)
    outcomes = typed.pop("outcomes", ())
    return seen.page(
        "request.html", error=error, outcomes=outcomes, also=[one for one in view.others if one.can_decide],
        waiting_too=[one for one in view.others if one.request.state(seen.face.now) is RequestState.PENDING],
        **decision_facts(view, typed, scans=seen.services.files.scans), colleagues=await _colleagues(seen, view),
        comparison=await seen.services.comparisons.of_request(seen.actor, ident),
        mine=_mine(seen, view), keeps=seen.actor.covers(view.device.facility_id, *KEEPERS),
        paste_words=pasted, pasted=pasted.for_request(seen, view),
    )  # fmt: skip


def agreed_words(face: Clockface, before: RequestView, made: AccessRequest, *, followed: bool) -> tuple[str, str]:
    """What is said after an agreement: the key, and until when for more time."""
    if made.missing:
        return "one_more", ""
    if before.longer is None:
        return "approved_followed" if followed else "approved", ""
    return "extended", face.at(before.facility).time(before.longer[0] + made.agreed)


def decision_facts(view: RequestView, typed: dict[str, Any], *, scans: bool) -> dict[str, Any]:
    """All that a page needs on which one decides: the console's own, and the one behind a mail's link.

    `scans`: whether files are looked at for viruses.
    """
    asked, choices = _durations(view)
    chosen = fields.count(typed.get("minutes", ""))
    return {
        "view": view, "asked": asked, "durations": choices, "typed": Typed(typed),
        "chosen": chosen if chosen in choices else choices[0],
        "words": device_words, "plans": plan_words, "terms": condition_words, "messages": message_words,
        "recordability": recordability, "usual_words": template_words.FIELDS, "scans": scans,
        "proposed": _proposed(view, typed),
    }  # fmt: skip


def _proposed(view: RequestView, typed: dict[str, Any]) -> tuple[str, ...]:
    """The conditions ticked at first: those of the usual request, until somebody has chosen."""
    usual = tuple(sorted(view.origin.template.conditions)) if view.origin else ()
    return tuple(typed.get("conditions", usual))


def _durations(view: RequestView) -> tuple[int, list[int]]:
    """Return what was asked, in minutes, and what may be agreed to: the longest first."""
    asked = whole_minutes(min(view.request.wanted, view.request.agreed))
    return asked, [asked, *reversed(shorter_than(asked, SHORT_STEPS if view.longer else ()))]


async def _colleagues(seen: Console, view: RequestView) -> list[tuple[str, str]]:
    """Return who could take over an authorisation that is not over: login and name."""
    now = seen.face.now
    if view.grant is None or view.grant.status(now) not in {GrantStatus.OPEN, GrantStatus.SCHEDULED}:
        return []
    people = await seen.services.people.of_company(seen.actor, view.supplier.id)
    return [(one.login, one.name) for one in people if one.usable(now) and one.id != view.technician.id]


def _mine(seen: Console, view: RequestView) -> bool:
    admitted = GUARDS["POST", "/requests/{ident}/withdraw"].admits(seen.actor)
    return admitted and seen.actor.id == view.request.created_by.id

"""What the link of a mail opens: one request, and the form to decide on it. No session, nothing else of the console.

The link carries its secret behind a `#`, which no browser sends and no log holds (T34); a script, or the person, puts
it into the form of this page. Nothing but a decision uses it up, so a mail scanner that follows it changes nothing.
"""

from collections.abc import Awaitable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from bastion import clock
from bastion.domain.conditions import Condition, Terms
from bastion.errors import BastionError, DecisionLinkSpent, NotFound, TooManyAttempts
from bastion.i18n import N_
from bastion.services.decision_links import Opened, Proof
from web import fields
from web.console import go
from web.decision_form import LinkDecision, LinkForm
from web.errors import status_of
from web.pages.requests import agreed_words, decision_facts
from web.render import language_of, page, remember_language
from web.security import services_of, source_of
from web.views import Clockface

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]
TITLE: Final = N_("Decide on a request")
KIND: Final = "door decides"


@router.get("/decide")
async def arrive(request: Request, lang: Asked = "") -> Response:
    services_of(request).decision_links.require_on()
    response = page(request, "decide.html", page_title=TITLE, opened=None)
    remember_language(response, lang)
    return response


@router.post("/decide")
async def look(request: Request, secret: Text = "") -> Response:
    return await _show(request, secret.rpartition("#")[2].strip())


@router.post("/decide/agree")
async def agree(request: Request, form: LinkDecision) -> Response:
    async def work() -> Response:
        terms = await _terms(request, form)
        number, span = fields.whole(form.version, "version"), fields.whole(form.minutes, "minutes")
        proof, links = _proof(request, form), services_of(request).decision_links
        before = (await links.look(form.secret, proof.source)).view
        said = bool(form.not_caller)
        made = await links.approve(form.secret, proof, number, span, form.note.strip(), terms, not_caller=said)
        followed = await services_of(request).approvals.followed(made)
        face = Clockface(language_of(request), clock.now())
        return go("/decide/done", *agreed_words(face, before, made, followed=followed))

    return await _attempt(request, form, work())


@router.post("/decide/refuse")
async def refuse(request: Request, form: LinkDecision) -> Response:
    async def work() -> Response:
        number, links = fields.whole(form.version, "version"), services_of(request).decision_links
        await links.deny(form.secret, _proof(request, form), number, form.note.strip())
        return go("/decide/done", "denied")

    return await _attempt(request, form, work())


@router.post("/decide/ask")
async def ask(request: Request, form: LinkDecision) -> Response:
    """A question decides nothing, so the link stays good."""

    async def work() -> Response:
        await services_of(request).decision_links.ask(form.secret, _proof(request, form), form.question)
        return go("/decide/done?asked=1", "asked_by_link")

    return await _attempt(request, form, work())


@router.get("/decide/done")
async def done(request: Request, asked: Asked = "") -> Response:
    services_of(request).decision_links.require_on()
    return page(request, "decided.html", page_title=TITLE, asked=bool(asked))


# -- parts -------------------------------------------------------------------------------------------------------------
def _proof(request: Request, form: LinkForm) -> Proof:
    return Proof(form.password, form.code, source_of(request))


async def _attempt(request: Request, form: LinkForm, work: Awaitable[Response]) -> Response:
    """A wrong answer keeps the link and what was typed; a link that opens nothing says so and no more."""
    try:
        return await work
    except NotFound:
        raise
    except DecisionLinkSpent as error:
        return _spent(request, error)
    except BastionError as error:
        return await _show(request, form.secret, form.typed, error)


async def _terms(request: Request, form: LinkForm) -> Terms:
    """A later start is on the hospital's own clock."""
    chosen = frozenset(fields.choice(one, Condition, "conditions") for one in form.conditions)
    if not form.start.strip():
        return Terms(chosen)
    opened = await services_of(request).decision_links.look(form.secret, source_of(request))
    return Terms(chosen, fields.local_moment(form.start, "start", opened.view.facility.timezone))


async def _show(
    request: Request, secret: str, typed: dict[str, Any] | None = None, wrong: BastionError | None = None
) -> Response:
    try:
        opened = await services_of(request).decision_links.look(secret, source_of(request))
    except (DecisionLinkSpent, TooManyAttempts) as error:
        return _spent(request, error)
    return _page(request, secret, opened, typed or {}, wrong)


def _spent(request: Request, error: BastionError) -> Response:
    return page(request, "decide.html", status=int(status_of(error)), page_title=TITLE, opened=None, error=error)


def _page(
    request: Request, secret: str, opened: Opened, typed: dict[str, Any], wrong: BastionError | None
) -> Response:  # fmt: skip
    """Draw it as its person reads it, and with the rights of nobody, whoever may be signed in at this browser."""
    request.state.actor, request.state.may = opened.actor, _nobody
    response = page(
        request, "decide.html", status=int(status_of(wrong)) if wrong else 200, page_title=TITLE, kind=KIND,
        opened=opened, secret=secret, error=wrong, for_whom=opened.actor.name,
        keeps=False,  # nothing leads on into the console from here
        **decision_facts(opened.view, typed, scans=services_of(request).files.scans),
    )  # fmt: skip
    remember_language(response, opened.actor.language)
    return response


def _nobody(_path: str) -> bool:
    return False

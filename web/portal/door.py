"""Before a technician is signed in: signing in, and what an invitation's link opens.

The link carries its secret behind a `#`, which no browser sends and no log holds (T34); a script, or the person, puts
it into the form of this page. Only the last step uses the link up, so a mail scanner that follows it changes nothing.
"""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from bastion.errors import AuthenticationFailed, BastionError, Invalid, LinkSpent, Locked, PolicyRefused
from bastion.i18n import N_
from bastion.services.invitations import Answers
from web.console import Typed, go
from web.errors import status_of
from web.fields import need_same
from web.portal.security import own_path, set_session
from web.render import page, qr, remember_language, secret_of
from web.security import services_of, source_of

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]
WELCOME = N_("Set up your access")


@router.get("/sign-in")
async def form(request: Request, lang: Asked = "", next: Asked = "") -> Response:  # noqa: A002 - the address says `next`
    if request.state.actor is not None:
        return go(own_path(next))
    response = _sign_in_form(request, Typed(), own_path(next))
    remember_language(response, lang)
    return response


@router.post("/sign-in")
async def sign_in(
    request: Request,
    login: Text = "",
    password: Text = "",
    code: Text = "",
    next: Text = "",  # noqa: A002 - same
) -> Response:
    try:
        name, doors = login.strip().lower(), services_of(request).portal
        actor, token = await doors.sign_in(name, password, code, source_of(request))
    except (AuthenticationFailed, Locked, PolicyRefused) as error:
        return _sign_in_form(request, Typed(login=login[:64]), own_path(next), error)
    response = go(own_path(next))
    set_session(response, token)
    remember_language(response, actor.language)
    return response


@router.get("/welcome")
async def welcome(request: Request, lang: Asked = "") -> Response:
    response = page(request, "supplier/welcome.html", page_title=WELCOME, invited=None)
    remember_language(response, lang)
    return response


@router.post("/welcome")
async def begin(request: Request, secret: Text = "", lang: Asked = "") -> Response:
    """The language is chosen here too: the link's secret stays with the form."""
    response = await _invitation(request, secret.rpartition("#")[2].strip(), Typed())
    remember_language(response, lang)
    return response


@router.post("/welcome/finish")
async def finish(
    request: Request, secret: Text = "", password: Text = "", again: Text = "", code: Text = "", key: Text = "",
    label: Text = "", lost: Text = "",
) -> Response:  # fmt: skip
    typed = Typed(key=key, label=label, lost=lost)
    try:
        need_same(password, again)
        answers = Answers(password, code, key, label, fresh_start=bool(lost))
        await services_of(request).invitations.accept(secret, answers, source_of(request))
    except BastionError as error:
        return await _invitation(request, secret, typed, error)
    return go("/supplier/sign-in", "welcome")


# -- parts -------------------------------------------------------------------------------------------------------------
def _sign_in_form(request: Request, typed: Typed, onward: str, error: BastionError | None = None) -> Response:
    return page(
        request, "supplier/sign_in.html", status=int(status_of(error)) if error else 200, page_title=N_("Sign in"),
        typed=typed, next=onward, error=error, staff_door=request.app.state.staff_door,
    )  # fmt: skip


async def _invitation(request: Request, secret: str, typed: Typed, wrong: BastionError | None = None) -> Response:
    """Show what the link opens. A wrong answer keeps the link; a link that opens nothing says so and no more."""
    if wrong is not None and not isinstance(wrong, Invalid) and type(wrong) is not AuthenticationFailed:
        return _spent(request, wrong)
    try:
        shown = await services_of(request).invitations.look(secret, source_of(request))
    except (LinkSpent, AuthenticationFailed) as error:
        return _spent(request, error)
    return page(
        request, "supplier/welcome.html", status=int(status_of(wrong)) if wrong else 200, page_title=WELCOME,
        invited=shown.technician, keys=shown.keys, secret=secret, qr=qr(shown.authenticator),
        totp_secret=secret_of(shown.authenticator), typed=typed, error=wrong,
    )  # fmt: skip


def _spent(request: Request, error: BastionError) -> Response:
    return page(
        request, "supplier/welcome.html", status=int(status_of(error)), page_title=WELCOME, invited=None, error=error
    )

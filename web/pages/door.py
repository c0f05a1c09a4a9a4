"""Before anybody is signed in: signing in, setting up one's account, the sign of life."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bastion.config import Settings
from bastion.errors import AuthenticationFailed, BastionError, TooManyAttempts
from bastion.i18n import N_
from web.console import Typed, go
from web.errors import status_of
from web.fields import need_same
from web.render import page, qr, remember_language, secret_of
from web.security import local_path, services_of, set_session, source_of

router = APIRouter()
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]


@router.get("/health")
async def health(request: Request) -> Response:
    """Say that the console answers and reaches its records; a balancer or a script asks this."""
    await services_of(request).locks.view()
    return PlainTextResponse("ok\n")


@router.get("/favicon.ico")
async def favicon() -> Response:
    return RedirectResponse("/static/mark.svg", status_code=308)


@router.get("/supplier")
async def suppliers() -> Response:
    """The suppliers' people have a door of their own, which begins with a slash more."""
    return RedirectResponse("/supplier/", status_code=308)


@router.get("/sign-in")
async def form(request: Request, lang: Asked = "", next: Asked = "/") -> Response:  # noqa: A002 - the address says `next`
    if request.state.actor is not None:
        return go(local_path(next))
    response = _sign_in_form(request, Typed(), local_path(next))
    remember_language(response, lang)
    return response


@router.post("/sign-in")
async def sign_in(
    request: Request,
    login: Text = "",
    password: Text = "",
    code: Text = "",
    next: Text = "/",  # noqa: A002 - same
) -> Response:
    try:
        name, doors = login.strip().lower(), services_of(request).authentication
        actor, token = await doors.sign_in(name, password, code, source_of(request))
    except AuthenticationFailed as error:
        return _sign_in_form(request, Typed(login=login[:64]), local_path(next), error)
    response = go(local_path(next))
    set_session(response, token)
    remember_language(response, actor.language)
    return response


@router.get("/setup")
async def setup(request: Request, lang: Asked = "") -> Response:
    response = page(request, "setup.html", page_title=N_("Set up your account"), invited=None)
    remember_language(response, lang)
    return response


@router.post("/setup")
async def begin(request: Request, secret: Text = "", lang: Asked = "") -> Response:
    """The language is chosen here too: the link's secret stays with the form."""
    response = await _invitation(request, secret.strip().rpartition("#")[2])
    remember_language(response, lang)
    return response


@router.post("/setup/finish")
async def finish(
    request: Request, secret: Text = "", password: Text = "", again: Text = "", code: Text = ""
) -> Response:
    try:
        need_same(password, again)
        await services_of(request).enrolment.finish(secret, password, code, source_of(request))
    except BastionError as error:
        return await _invitation(request, secret, error)
    return go("/sign-in", "welcome")


# -- parts -------------------------------------------------------------------------------------------------------------
def _sign_in_form(request: Request, typed: Typed, onward: str, error: BastionError | None = None) -> Response:
    return page(
        request, "sign_in.html", status=int(status_of(error)) if error else 200, page_title=N_("Sign in"),
        typed=typed, next=onward, error=error, suppliers_door=_suppliers_door(request.app.state.settings),
    )  # fmt: skip


def _suppliers_door(settings: Settings) -> str:
    """Where suppliers' people sign in; empty where no such door is open."""
    return f"{settings.portal_url.rstrip('/')}/supplier/sign-in" if settings.portal or settings.portal_url else ""


async def _invitation(request: Request, secret: str, wrong: BastionError | None = None) -> Response:
    """Show what the one-time secret opens: the authenticator to scan and a password to choose."""
    try:
        staff, uri = await services_of(request).enrolment.begin(secret, source_of(request))
    except (AuthenticationFailed, TooManyAttempts) as error:
        return page(
            request, "setup.html", status=int(status_of(error)), page_title=N_("Set up your account"), invited=None,
            error=error,
        )  # fmt: skip
    return page(
        request, "setup.html", status=int(status_of(wrong)) if wrong else 200, page_title=N_("Set up your account"),
        invited=staff, secret=secret, qr=qr(uri), totp_secret=secret_of(uri), error=wrong,
    )  # fmt: skip

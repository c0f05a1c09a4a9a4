"""Signing in, staying signed in, and passing the guard of a route."""

from typing import Annotated, Final
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from starlette.responses import Response

from bastion.domain.lock import Lock
from bastion.domain.parties import Actor
from bastion.errors import BastionError
from bastion.services.bundle import Services
from web.guards import GUARDS, Guard, Key
from web.together import Together

COOKIE: Final = "__Host-bastion"
"""Browsers accept a cookie of this name only with Secure, Path=/ and no Domain (T27). Chromium and Firefox treat
http://127.0.0.1 and http://localhost as secure, so a demonstration on one machine works without TLS."""


IN_FORCE: Final = "in force"
"""What is cut now: the same for whoever asks."""


class NotSignedIn(BastionError):
    code = "not_signed_in"
    sentence = "Please sign in first."


def services_of(request: Request) -> Services:
    services: Services = request.app.state.services
    return services


def source_of(request: Request) -> str:
    """The peer's address. uvicorn puts a trusted proxy's word there, and nobody else's (T16)."""
    return request.client.host if request.client else ""


def address_of(request: Request) -> str:
    """Where people find the console: as configured, else as they have just found it."""
    configured: str = request.app.state.settings.web_url
    return (configured or str(request.base_url)).rstrip("/")


def token_of(request: Request) -> str:
    return request.cookies.get(COOKIE, "")


async def admit(request: Request) -> None:
    """Find out who asks and hold him against the guard of the matched route. Runs before every page."""
    services, token = services_of(request), token_of(request)
    guard = GUARDS[_key_of(request)]
    seated: Together[tuple[str, str], Actor] = request.app.state.seated
    actor = await seated.of((token, source_of(request))) if token else None
    request.state.actor = actor
    if actor is None and not guard.open_to_all:
        raise NotSignedIn(request.url.path)
    guard.require(actor)
    if actor is not None:
        request.state.may = lambda path: may(actor, path)
        request.state.fresh_until = services.authentication.fresh_until(actor)
        locks: Together[str, list[Lock]] = request.app.state.locks
        request.state.locks = await locks.of(IN_FORCE)


def may(actor: Actor, path: str) -> bool:
    """Tell whether a page or form would let this actor in; templates ask it before they draw a link or a button."""
    method, _, template = path.rpartition(" ")
    guard: Guard = GUARDS[method or "GET", template]
    return guard.admits(actor)


def _key_of(request: Request) -> Key:
    return request.method, request.scope["route"].path


Admitted = Annotated[None, Depends(admit)]


def local_path(address: str) -> str:
    """Return `address` if it is a path of this console, else the home page (T26)."""
    parts = urlsplit(address)
    hostile = "\\" in address or any(ord(c) < 0x21 or ord(c) == 0x7F for c in address)
    if parts.scheme or parts.netloc or hostile or not address.startswith("/") or address.startswith("//"):
        return "/"
    return address


def sign_in_address(request: Request, home: str = "/") -> str:
    """Where to send somebody who is not signed in, and back again; a form's own address is no place to come back to."""
    if request.method != "GET" or request.url.path == home:
        return f"{home}sign-in"
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return f"{home}sign-in?next={quote(here, safe='')}"


def set_session(response: Response, token: str, cookie: str = COOKIE) -> None:
    """Keep a token as the browser's: for this host alone, never shown to a script, never sent from elsewhere (T27)."""
    response.set_cookie(cookie, token, path="/", secure=True, httponly=True, samesite="strict")


def end_session(response: Response, cookie: str = COOKIE) -> None:
    response.delete_cookie(cookie, path="/", secure=True, httponly=True, samesite="strict")

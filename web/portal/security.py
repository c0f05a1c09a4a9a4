"""Signing in at the suppliers' door, and passing the guard of a route there. No row of the console's is looked at."""

from functools import partial
from typing import Annotated, Final

from fastapi import Depends, Request

from bastion.services.portal import Guest
from web import security
from web.portal.guards import PORTAL_GUARDS, PREFIX
from web.security import NotSignedIn, local_path, services_of, source_of

COOKIE: Final = "__Host-bastion-supplier"
"""Apart from the console's, so that one browser may hold both and neither opens the other door (R-16, T27)."""
HOME: Final = f"{PREFIX}/"


def token_of(request: Request) -> str:
    return request.cookies.get(COOKIE, "")


async def admit(request: Request) -> None:
    """Find out who asks and hold him against the guard of the matched route. Runs before every page."""
    services, token = services_of(request), token_of(request)
    guard = PORTAL_GUARDS[request.method, PREFIX + request.scope["route"].path]
    guest = await services.portal.guest(token, source_of(request)) if token else None
    request.state.guest = guest
    request.state.actor = guest.actor if guest else None
    if guest is None and not guard.admits(None):
        raise NotSignedIn(request.url.path)
    guard.require(guest)
    request.state.may = lambda path: may(guest, path)
    request.state.fresh_until = services.authentication.fresh_until(guest.actor) if guest is not None else None


def may(guest: Guest | None, path: str) -> bool:
    """Tell whether a page or form would let this person in; templates ask it before they draw a link."""
    method, _, template = path.rpartition(" ")
    return PORTAL_GUARDS[method or "GET", template].admits(guest)


Admitted = Annotated[None, Depends(admit)]


def own_path(address: str) -> str:
    """Return `address` if it is a path of this door, else its first page (T26)."""
    path = local_path(address)
    return path if path.startswith(HOME) else HOME


async def guest_still_in(request: Request) -> Guest | None:
    return await services_of(request).portal.guest(token_of(request), source_of(request))


set_session = partial(security.set_session, cookie=COOKIE)
end_session = partial(security.end_session, cookie=COOKIE)
sign_in_address = partial(security.sign_in_address, home=HOME)

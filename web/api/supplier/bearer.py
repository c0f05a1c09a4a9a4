"""Who asks: the person behind a supplier's token, held against the guard of the matched route."""

from dataclasses import replace
from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from bastion.domain.supplier_token import SupplierToken
from bastion.errors import AuthenticationFailed, Forbidden
from bastion.services.bundle import Services
from bastion.services.portal import Guest
from web.api.bearer import Code
from web.api.guards import SUPPLIER_API_GUARDS, Key
from web.security import services_of, source_of

PREFIX: Final = "/api/v1"
"""Within the suppliers' entrance."""
READING: Final = frozenset({"GET", "HEAD"})
SCOPE: Final = (
    "A personal token, made at the suppliers’ entrance under “My account”. Each reads its owner's own work; it "
    "writes if he chose so, and reads his company's as long as he speaks for it (correspondent). The list of the "
    "company's people it reads only if it was made for that (people), and changes only with a fresh code each time."
)
PEOPLE: Final = ("/company/people", "/company/roster")
"""Where the company's people are, with their addresses: it takes a token made for that, whatever else it may."""
_SCHEME = HTTPBearer(auto_error=False)


def scope_of(key: Key) -> str:
    """What a token must have been made for to make this call: read (any was), write, or people."""
    method, path = key
    if path.startswith(PEOPLE):
        return "people"
    return "read" if method in READING else "write"


async def admit(request: Request, _shown: Annotated[object, Depends(_SCHEME)]) -> None:
    """Run before every route. No cookie is looked at: no page can act through the API (T29)."""
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    opened = None
    if kind.lower() == "bearer" and bearer.strip():
        opened = await services_of(request).supplier_tokens.guest(bearer.strip(), source_of(request))
    guest, token = opened or (None, None)
    request.state.guest, request.state.actor = guest, guest.actor if guest else None
    key = request.method, request.scope["route"].path.removeprefix(PREFIX)
    guard = SUPPLIER_API_GUARDS[key]
    if guest is None and not guard.admits(None):
        raise AuthenticationFailed("no usable token")
    guard.require(guest)
    if token is not None:
        _require(token, scope_of(key))


def _require(token: SupplierToken, scope: str) -> None:
    if scope == "people" and not token.people:
        raise Forbidden("token", sentence="This token was not made for the list of people.")
    if scope == "write" and not token.writes:
        raise Forbidden("token", sentence="This token only reads.")


async def _asking(request: Request, code: Code = "") -> Guest:
    """The person behind the token, with a fresh second factor if the request brought a code. It counts for this one
    call: a token, unlike a browser's session, is never fresh for the next two minutes.
    """
    guest: Guest | None = request.state.guest
    if guest is None:
        raise AuthenticationFailed("the route is open to all, yet wants somebody")
    if not code.strip():
        return guest
    return replace(guest, actor=await services_of(request).portal.confirm_factor(guest.actor, code, ""))


Who = Annotated[Guest, Depends(_asking)]
Use = Annotated[Services, Depends(services_of)]

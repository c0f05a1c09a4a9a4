"""Who asks: the person behind a supplier's token, held against the guard of the matched route."""

from typing import Annotated, Final

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from bastion.errors import AuthenticationFailed, Forbidden
from bastion.services.bundle import Services
from bastion.services.portal import Guest
from web.api.guards import SUPPLIER_API_GUARDS
from web.security import services_of, source_of

PREFIX: Final = "/api/v1"
"""Within the suppliers' entrance."""
READING: Final = frozenset({"GET", "HEAD"})
SCOPE: Final = (
    "A personal token, made at the suppliers’ entrance under “My account”. Each reads its owner's own work; it "
    "writes if he chose so, and reads his company's as long as he speaks for it (correspondent)."
)
_SCHEME = HTTPBearer(auto_error=False)


async def admit(request: Request, _shown: Annotated[object, Depends(_SCHEME)]) -> None:
    """Run before every route. No cookie is looked at: no page can act through the API (T29)."""
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    opened = None
    if kind.lower() == "bearer" and bearer.strip():
        opened = await services_of(request).supplier_tokens.guest(bearer.strip(), source_of(request))
    guest, token = opened or (None, None)
    request.state.guest, request.state.actor = guest, guest.actor if guest else None
    guard = SUPPLIER_API_GUARDS[request.method, request.scope["route"].path.removeprefix(PREFIX)]
    if guest is None and not guard.admits(None):
        raise AuthenticationFailed("no usable token")
    guard.require(guest)
    if token is not None and not token.writes and request.method not in READING:
        raise Forbidden("token", sentence="This token only reads.")


def _asking(request: Request) -> Guest:
    guest: Guest | None = request.state.guest
    if guest is None:
        raise AuthenticationFailed("the route is open to all, yet wants somebody")
    return guest


Who = Annotated[Guest, Depends(_asking)]
Use = Annotated[Services, Depends(services_of)]

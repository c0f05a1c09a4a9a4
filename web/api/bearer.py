"""Who asks: the person behind a bearer token, held against the guard of the matched route; and his fresh code."""

from typing import Annotated, Final

from fastapi import Depends, Header, Request
from fastapi.security import HTTPBearer

from bastion.domain.parties import Actor
from bastion.errors import AuthenticationFailed, Forbidden
from bastion.services.bundle import Services
from web.api.guards import API_GUARDS
from web.security import services_of, source_of

PREFIX: Final = "/api/v1"
SCOPE: Final = (
    "A personal token, made in the console under “My account”. What a call wants of it are roles, any one of which is "
    "enough; a token has those of its owner, or fewer, each in the hospitals it was made for. What lies in others is "
    "not there for it."
)
_SCHEME = HTTPBearer(auto_error=False)


async def admit(request: Request, _shown: Annotated[object, Depends(_SCHEME)]) -> None:
    """Run before every route. The cookie of the console is not looked at: no page can act through the API (T29)."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    services, actor = services_of(request), None
    if kind.lower() == "bearer" and token.strip():
        actor = await services.authentication.actor_of_token(token.strip(), source_of(request))
    request.state.actor = actor
    guard = API_GUARDS[request.method, request.scope["route"].path.removeprefix(PREFIX)]
    if actor is None and not guard.open_to_all:
        raise AuthenticationFailed("no usable token")
    guard.require(actor)


Code = Annotated[
    str,
    Header(alias="Authenticator-Code", max_length=16, description="A fresh code, for what a token alone may not do."),
]


async def asking(request: Request, code: Code = "") -> Actor:
    """The person behind the token, with a fresh second factor if the request brought a code."""
    actor: Actor | None = request.state.actor
    if actor is None:
        raise Forbidden("the route is open to all, yet wants somebody")
    return await fresh(services_of(request), actor, code)


Me = Annotated[Actor, Depends(asking)]
Use = Annotated[Services, Depends(services_of)]


async def fresh(services: Services, me: Actor, code: str) -> Actor:
    """Prove the second factor with `code`. Without one the use case itself says what is missing."""
    return await services.authentication.confirm_factor(me, code) if code.strip() else me

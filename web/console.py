"""What a page route is given: who asks, the services, and three ways to answer (a page, a redirect, the form again)."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final, Protocol, TypeVar
from urllib.parse import quote

from fastapi import Depends, Request
from starlette.responses import RedirectResponse, Response

from bastion import clock
from bastion.domain.parties import Actor
from bastion.errors import BastionError, NotFound, Unavailable
from bastion.services.bundle import Services
from web.errors import status_of
from web.nav import places
from web.render import SAID, language_of, page, words
from web.security import Admitted, NotSignedIn, services_of, token_of
from web.views import Clockface

ELSEWHERE: Final = (NotFound, Unavailable)
"""Errors that no form can be corrected for: they get a page of their own."""


class Entry(Protocol):
    """A row of a register."""

    @property
    def id(self) -> str: ...


E = TypeVar("E", bound=Entry)


@dataclass(frozen=True, slots=True)
class Console:
    request: Request
    services: Services
    actor: Actor

    def page(self, template: str, title: str = "", *, error: BastionError | None = None, **facts: Any) -> Response:
        """Render a page in the frame; an error gives it its status."""
        status = int(status_of(error)) if error else 200
        return page(
            self.request, template, status=status, page_title=title, places=places(self.actor), error=error, **facts
        )

    @property
    def t(self) -> Callable[..., str]:
        return words(language_of(self.request))

    @property
    def face(self) -> Clockface:
        return Clockface(language_of(self.request), clock.now())

    async def fresh(self, code: str) -> Actor:
        """Take a code if one was typed; return the actor as he now stands (`require_fresh` is the services' own)."""
        if not code.strip():
            return self.actor
        return await self.services.authentication.confirm_factor(self.actor, code, token_of(self.request))

    async def attempt(self, work: Awaitable[Response], again: Callable[..., Awaitable[Response]]) -> Response:
        """Return what `work` answers; when it refuses, `again(error=…)` shows the form with what was wrong."""
        try:
            return await work
        except ELSEWHERE:
            raise
        except BastionError as error:
            return await again(error=error)

    async def keep(
        self, save: Callable[..., Awaitable[Response]], form: Callable[..., Awaitable[Response]], ident: str, typed: Any
    ) -> Response:
        """Save an entry of a register as it was typed, or show its form again with what was wrong."""
        return await self.attempt(save(self, ident, typed), partial(form, self, ident, typed))


def one_of(rows: Iterable[E], ident: str) -> E:
    """Return the entry with this id; what is not in the list is not there for this person."""
    found = next((row for row in rows if row.id == ident), None)
    if found is None:
        raise NotFound(ident)
    return found


def go(path: str, said: str = "", until: str = "") -> RedirectResponse:
    """Redirect after a form; the next page speaks once what `FLASHES` has under `said`, with its time."""
    said = f"{said}@{quote(until)}" if until else said
    response = RedirectResponse(path, status_code=303)
    if said:
        response.set_cookie(SAID, said, max_age=60, path="/", secure=True, httponly=True, samesite="strict")
    return response


async def _console(request: Request, _admitted: Admitted) -> Console:
    actor: Actor | None = request.state.actor
    if actor is None:
        raise NotSignedIn(request.url.path)
    return Console(request, services_of(request), actor)


Seen = Annotated[Console, Depends(_console)]


class Typed(dict[str, Any]):
    """What stood in a form; a field that was not sent is empty, so that templates can ask for any."""

    def __missing__(self, key: str) -> str:
        return ""

    def __getattr__(self, key: str) -> Any:
        return self[key]

"""What a page of the suppliers' door is given: who asks, the services, and the frame to answer in."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.responses import Response

from bastion.domain.parties import Actor
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.portal import Guest
from web.console import Console
from web.errors import status_of
from web.nav import Place
from web.portal.guards import PREFIX
from web.portal.security import HOME, Admitted, may, token_of
from web.render import page
from web.security import NotSignedIn, services_of

PLACES: Final = (
    Place(f"{PREFIX}/", N_("My work"), "inbox", thumb=True),
    Place(f"{PREFIX}/requests/new", N_("Ask for access"), "plus", thumb=True),
    Place(f"{PREFIX}/company", N_("My company"), "building", thumb=True),
    Place(f"{PREFIX}/account", N_("My account"), "key", thumb=True),
)


@dataclass(frozen=True, slots=True)
class Visit(Console):
    guest: Guest

    def page(self, template: str, title: str = "", *, error: BastionError | None = None, **facts: Any) -> Response:
        status = int(status_of(error)) if error else 200
        shown = [place for place in PLACES if may(self.guest, place.path)]
        here = self.request.url.path
        return page(
            self.request, f"supplier/{template}", status=status, page_title=title, places=shown, error=error,
            here_is=lambda place: here == place.path or (place.path != HOME and here.startswith(place.path)),
            correspondent=self.guest.correspondent, **facts,
        )  # fmt: skip

    async def fresh(self, code: str) -> Actor:
        """Take a code if one was typed; return the actor as he now stands."""
        if not code.strip():
            return self.actor
        return await self.services.portal.confirm_factor(self.actor, code, token_of(self.request))


async def _visit(request: Request, _admitted: Admitted) -> Visit:
    guest: Guest | None = request.state.guest
    if guest is None:
        raise NotSignedIn(request.url.path)
    return Visit(request, services_of(request), guest.actor, guest)


Come = Annotated[Visit, Depends(_visit)]

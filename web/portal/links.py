"""The link of an invitation, as the page that made it shows it."""

from fastapi import Request

from bastion.services.address import invitation_link
from web.portal.guards import PREFIX


def link_of(request: Request, secret: str) -> str:
    # A page of the mounted door takes its own path for the base; the house stands before it.
    seen_at = str(request.base_url).rstrip("/").removesuffix(PREFIX)
    return invitation_link(request.app.state.settings, secret, seen_at)

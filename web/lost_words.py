"""What somebody reads who is refused because a review of rights took his role: the same on a page and over the API
(R-19).
"""

from typing import Final

from fastapi import Request

from bastion import clock
from bastion.domain.parties import Actor
from bastion.errors import BastionError, Forbidden
from bastion.i18n import N_
from bastion.services.review_lost import Lost
from web.labels import ROLES
from web.render import words
from web.security import services_of
from web.views import Clockface

WITHDRAWN: Final = N_("Your role “{role}” ({place}) was withdrawn on {day} by the review of rights “{review}”.")
SUSPENDED: Final = N_(
    "Your role “{role}” ({place}) is suspended since {day}: the review of rights “{review}” did not confirm it."
)
WHOM_TO_ASK: Final = N_(
    "Ask a security officer or an administrator of the hospital: they read why, and can confirm it again."
)


async def lost_said(request: Request, error: BastionError, language: str) -> list[str]:
    """The sentences that follow the refusal `error`: he alone reads of his roles, and only once signed in."""
    actor: Actor | None = getattr(request.state, "actor", None)
    if type(error) is not Forbidden or actor is None:
        return []
    t, face = words(language), Clockface(language, clock.now())
    lost = [_said(one, language, face) for one in await services_of(request).reviews.lost(actor)]
    return [*lost, t(WHOM_TO_ASK)] if lost else []


def _said(one: Lost, language: str, face: Clockface) -> str:
    t = words(language)
    place = one.facility.name if one.facility else t("Every hospital of the group")
    said = WITHDRAWN if one.withdrawn else SUSPENDED
    return t(said, role=t(ROLES[one.role]), place=place, day=face.day(one.at), review=one.review)

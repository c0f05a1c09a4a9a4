"""Who may call which page of the suppliers' door: one table. A route without a row stops it from starting (T28)."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bastion.errors import ConfigurationError, NotFound
from bastion.services.portal import Guest
from web.guards import Key

PREFIX: Final = "/supplier"


class Guard(StrEnum):
    """What another may not see is not there for him, so the answer to who may not pass is `NotFound`."""

    ANYONE = "anyone"
    TECHNICIAN = "technician"
    CORRESPONDENT = "correspondent"

    def admits(self, guest: Guest | None) -> bool:
        match self:
            case Guard.ANYONE:
                return True
            case Guard.TECHNICIAN:
                return guest is not None
            case Guard.CORRESPONDENT:
                return guest is not None and guest.correspondent

    def require(self, guest: Guest | None) -> None:
        if not self.admits(guest):
            raise NotFound("guard")


def _rows(guard: Guard, *routes: str) -> dict[Key, Guard]:
    return {(method, PREFIX + path): guard for method, _, path in (route.partition(" ") for route in routes)}


PORTAL_GUARDS: Final[Mapping[Key, Guard]] = MappingProxyType(
    {
        **_rows(Guard.ANYONE, "GET /sign-in", "POST /sign-in"),
        **_rows(Guard.ANYONE, "GET /welcome", "POST /welcome", "POST /welcome/finish"),
        **_rows(Guard.TECHNICIAN, "GET /", "GET /board", "GET /count", "GET /live", "POST /sign-out"),
        **_rows(Guard.TECHNICIAN, "GET /requests/new", "POST /requests/new", "GET /requests/{ident}"),
        **_rows(Guard.TECHNICIAN, "POST /requests/fill", "POST /requests/{ident}/withdraw-all"),
        **_rows(Guard.TECHNICIAN, "POST /requests/forecast"),
        **_rows(Guard.TECHNICIAN, "POST /requests/{ident}/withdraw", "POST /requests/{ident}/extend"),
        **_rows(Guard.TECHNICIAN, "POST /requests/{ident}/give-back"),
        **_rows(Guard.TECHNICIAN, "POST /requests/{ident}/answer", "POST /requests/{ident}/hand-over"),
        **_rows(Guard.TECHNICIAN, "GET /reports/{ident}", "POST /reports/{ident}"),
        **_rows(Guard.TECHNICIAN, "GET /undertaking", "POST /undertaking"),
        **_rows(Guard.TECHNICIAN, "GET /account", "POST /account/language", "POST /account/password"),
        **_rows(Guard.TECHNICIAN, "POST /account/keys", "POST /account/keys/{key}/remove"),
        **_rows(Guard.TECHNICIAN, "POST /account/tokens", "POST /account/tokens/{ident}/revoke"),
        **_rows(Guard.CORRESPONDENT, "GET /company", "GET /company/requests", "GET /company/requests/{ident}"),
        **_rows(Guard.CORRESPONDENT, "GET /company/people/new", "POST /company/people/new"),
        **_rows(Guard.CORRESPONDENT, "GET /company/people/{ident}", "POST /company/people/{ident}/invite"),
        **_rows(Guard.CORRESPONDENT, "POST /company/people/{ident}/part", "POST /company/roster"),
        **_rows(Guard.CORRESPONDENT, "POST /company/people/{ident}/change"),
    }
)


def require_complete(routes: Iterable[Key]) -> None:
    """Raise `ConfigurationError` when a page has no guard, or a guard no page."""
    wanted = set(routes)
    unguarded, idle = sorted(wanted - PORTAL_GUARDS.keys()), sorted(PORTAL_GUARDS.keys() - wanted)
    if unguarded or idle:
        raise ConfigurationError("portal", why=f"routes without a guard: {unguarded}; guards without a route: {idle}")

"""Who may call which route: one table. A route without a row stops the console from starting (T28).

The guard hangs on the matched route, never on the text of the path, so `//admin` or `/%61dmin` change nothing.
The services authorise again, per object; this table is the outer wall.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bastion.domain.parties import Actor, Role
from bastion.errors import ConfigurationError, Forbidden


@dataclass(frozen=True, slots=True)
class Guard:
    """`roles` is who may pass; `open_to_all` lets strangers in too."""

    roles: frozenset[Role]
    open_to_all: bool = False

    def admits(self, actor: Actor | None) -> bool:
        return self.open_to_all or (actor is not None and bool(self.roles & actor.roles))

    def require(self, actor: Actor | None) -> None:
        if not self.admits(actor):
            raise Forbidden("guard")


Key = tuple[str, str]
"""Method and path template of a route."""

_A, _S, _U, _D = Role.APPROVER, Role.SECURITY, Role.AUDITOR, Role.ADMIN
ANYONE: Final = Guard(frozenset(), open_to_all=True)
STAFF: Final = Guard(frozenset(Role))
DECIDERS: Final = Guard(frozenset({_A}))
STOPPERS: Final = Guard(frozenset({_A, _S}))
WATCHERS: Final = Guard(frozenset({_S, _U}))
READERS: Final = Guard(frozenset({_S, _U, _D}))
LOCKERS: Final = Guard(frozenset({_S, _D}))
REVIEWERS: Final = Guard(frozenset({_A, _S, _D}))
ADMINS: Final = Guard(frozenset({_D}))
KEEPERS: Final = Guard(frozenset({_A, _D}))


def _rows(guard: Guard, *routes: str) -> dict[Key, Guard]:
    return {(method, path): guard for method, _, path in (route.partition(" ") for route in routes)}


GUARDS: Final[Mapping[Key, Guard]] = MappingProxyType(
    {
        **_rows(ANYONE, "GET /sign-in", "POST /sign-in", "GET /setup", "POST /setup", "POST /setup/finish"),
        **_rows(ANYONE, "GET /decide", "POST /decide", "POST /decide/agree", "POST /decide/refuse"),
        **_rows(ANYONE, "POST /decide/ask", "GET /decide/done"),
        **_rows(ANYONE, "GET /health", "GET /favicon.ico", "GET /supplier"),
        **_rows(STAFF, "GET /", "GET /board", "GET /count", "GET /live", "POST /sign-out"),
        **_rows(STAFF, "GET /requests", "GET /requests/{ident}"),
        **_rows(STAFF, "GET /calendar", "GET /calendar.ics"),
        **_rows(STAFF, "GET /windows", "GET /windows/{ident}"),
        **_rows(DECIDERS, "GET /windows/new", "POST /windows/new", "POST /windows/{ident}/agree"),
        **_rows(STOPPERS, "POST /windows/{ident}/end"),
        **_rows(STOPPERS, "POST /grants/{ident}/give-back"),
        **_rows(DECIDERS, "POST /grants/{ident}/hand-over", "POST /grants/{ident}/extend"),
        **_rows(STAFF, "GET /emergencies", "GET /emergencies/{ident}"),
        **_rows(STOPPERS, "POST /emergencies/{ident}/review"),
        **_rows(DECIDERS, "POST /requests/{ident}/approve", "POST /requests/{ident}/refuse"),
        **_rows(DECIDERS, "GET /requests/new", "POST /requests/new", "POST /requests/{ident}/withdraw"),
        **_rows(DECIDERS, "POST /requests/forecast", "POST /requests/{ident}/report"),
        **_rows(STAFF, "GET /requests/{ident}/report"),
        **_rows(DECIDERS, "POST /requests/fill", "POST /requests/{ident}/withdraw-all"),
        **_rows(DECIDERS, "POST /requests/{ident}/approve-all", "POST /requests/{ident}/refuse-all"),
        **_rows(STAFF, "GET /directory/templates", "GET /directory/templates/{ident}"),
        **_rows(DECIDERS, "GET /directory/templates/new", "POST /directory/templates/new"),
        **_rows(DECIDERS, "GET /directory/templates/{ident}/edit", "POST /directory/templates/{ident}/edit"),
        **_rows(KEEPERS, "POST /directory/templates/{ident}/retire"),
        **_rows(DECIDERS, "POST /requests/{ident}/question", "POST /requests/{ident}/answer"),
        **_rows(STOPPERS, "POST /grants/{ident}/revoke", "POST /sessions/{ident}/freeze"),
        **_rows(STOPPERS, "POST /sessions/{ident}/thaw", "POST /sessions/{ident}/cut"),
        **_rows(STOPPERS, "POST /sessions/{ident}/watch", "POST /sessions/{ident}/watch/beat"),
        **_rows(STOPPERS, "POST /sessions/{ident}/watch/leave"),
        **_rows(STAFF, "GET /sessions", "GET /sessions/{ident}"),
        **_rows(STAFF, "GET /desk", "GET /desk/count", "GET /desk/{ident}"),
        **_rows(DECIDERS, "POST /desk/{ident}/release", "POST /desk/{ident}/refuse"),
        **_rows(WATCHERS, "GET /recordings", "GET /recordings/{ident}", "POST /recordings/{ident}/open"),
        **_rows(WATCHERS, "GET /recordings/{ident}/watch", "GET /recordings/{ident}/tracks/{number}"),
        **_rows(WATCHERS, "POST /recordings/{ident}/download"),
        **_rows(READERS, "GET /audit", "POST /audit/verify", "POST /audit/export"),
        **_rows(ADMINS, "GET /messages", "POST /messages/{ident}/retry"),
        **_rows(ADMINS, "POST /messages/webhooks", "POST /messages/webhooks/{ident}/remove"),
        **_rows(ADMINS, "GET /messages/gmao", "POST /messages/gmao", "POST /messages/gmao/{ident}/remove"),
        **_rows(STAFF, "POST /account/mails"),
        **_rows(STAFF, "GET /locks", "GET /locks/banner"),
        **_rows(LOCKERS, "GET /locks/everything", "POST /locks", "POST /locks/{ident}/lift"),
        **_rows(STAFF, "GET /account", "POST /account/language", "POST /account/password"),
        **_rows(STAFF, "POST /account/tokens", "POST /account/tokens/{ident}/revoke"),
        **_rows(STAFF, "GET /directory/devices", "GET /directory/devices/{ident}"),
        **_rows(STAFF, "GET /directory/suppliers", "GET /directory/technicians", "GET /directory/facilities"),
        **_rows(STAFF, "GET /directory/technicians/{ident}", "GET /directory/staff"),
        **_rows(ADMINS, "GET /directory/devices/new", "POST /directory/devices/new"),
        **_rows(ADMINS, "GET /directory/devices/{ident}/edit", "POST /directory/devices/{ident}/edit"),
        **_rows(ADMINS, "POST /directory/devices/{ident}/endpoint", "POST /directory/devices/{ident}/account"),
        **_rows(ADMINS, "POST /directory/devices/{ident}/endpoint/withdraw"),
        **_rows(ADMINS, "POST /directory/devices/{ident}/account/withdraw"),
        **_rows(ADMINS, "POST /directory/devices/{ident}/scan", "POST /directory/devices/{ident}/pin"),
        **_rows(ADMINS, "POST /directory/devices/{ident}/derogations"),
        **_rows(ADMINS, "POST /directory/devices/{ident}/derogations/{derogation}/withdraw"),
        **_rows(STAFF, "GET /directory/papers", "GET /directory/suppliers/{ident}/papers"),
        **_rows(ADMINS, "POST /directory/papers", "POST /directory/suppliers/{ident}/papers"),
        **_rows(ADMINS, "POST /directory/suppliers/{ident}/papers/{paper}/withdraw"),
        **_rows(STAFF, "GET /reviews", "GET /reviews/{ident}", "POST /reviews/{ident}/export"),
        **_rows(LOCKERS, "POST /reviews", "POST /reviews/{ident}/sign"),
        **_rows(REVIEWERS, "POST /reviews/{ident}/decide", "GET /reviews/{ident}/lines/{line}/withdraw"),
        **_rows(REVIEWERS, "POST /reviews/{ident}/lines/{line}/withdraw"),
        **_rows(STAFF, "GET /directory/undertaking", "GET /directory/abroad", "GET /directory/suppliers/{ident}/file"),
        **_rows(ADMINS, "POST /directory/suppliers/{ident}/subcontractors", "POST /directory/suppliers/{ident}/roster"),
        **_rows(LOCKERS, "POST /directory/suppliers/{ident}/subcontractors/{sub}/object"),
        **_rows(ADMINS, "POST /directory/suppliers/{ident}/subcontractors/{sub}/end"),
        **_rows(ADMINS, "POST /directory/technicians/{ident}/leave"),
        **_rows(ADMINS, "POST /directory/undertaking"),
        **_rows(STAFF, "GET /rota", "GET /rota/export", "GET /standins", "POST /standins/absences"),
        **_rows(STAFF, "POST /standins/absences/{ident}/withdraw", "POST /standins/delegations/{ident}/revoke"),
        **_rows(STAFF, "GET /directory/professionals"),
        **_rows(LOCKERS, "POST /directory/professionals", "POST /directory/professionals/{ident}/retire"),
        **_rows(KEEPERS, "POST /rota", "POST /rota/import", "POST /rota/{ident}/withdraw"),
        **_rows(DECIDERS, "POST /standins/delegations"),
        **_rows(LOCKERS, "GET /directory/import", "POST /directory/import"),
        **_rows(LOCKERS, "GET /directory/import/{ident}", "POST /directory/import/{ident}"),
        **_rows(ADMINS, "GET /directory/suppliers/new", "POST /directory/suppliers/new"),
        **_rows(ADMINS, "GET /directory/suppliers/{ident}", "POST /directory/suppliers/{ident}"),
        **_rows(ADMINS, "GET /directory/facilities/new", "POST /directory/facilities/new"),
        **_rows(ADMINS, "GET /directory/facilities/{ident}", "POST /directory/facilities/{ident}"),
        **_rows(ADMINS, "GET /directory/technicians/new", "POST /directory/technicians/new"),
        **_rows(ADMINS, "GET /directory/technicians/{ident}/edit", "POST /directory/technicians/{ident}/edit"),
        **_rows(ADMINS, "POST /directory/technicians/{ident}/keys", "POST /directory/technicians/{ident}/totp"),
        **_rows(ADMINS, "POST /directory/technicians/{ident}/keys/{key}/remove"),
        **_rows(ADMINS, "POST /directory/technicians/{ident}/tokens/{token}/revoke"),
        **_rows(ADMINS, "POST /directory/technicians/{ident}/invite"),
        **_rows(ADMINS, "POST /directory/technicians/{ident}/correspondent"),
        **_rows(ADMINS, "GET /directory/staff/new", "POST /directory/staff/new"),
        **_rows(ADMINS, "GET /directory/staff/{ident}", "POST /directory/staff/{ident}"),
        **_rows(ADMINS, "POST /directory/staff/{ident}/invite"),
    }
)


def require_complete(routes: Iterable[Key]) -> None:
    """Raise `ConfigurationError` when a page has no guard, or a guard no page."""
    wanted = set(routes)
    unguarded, idle = sorted(wanted - GUARDS.keys()), sorted(GUARDS.keys() - wanted)
    if unguarded or idle:
        raise ConfigurationError("guards", why=f"routes without a guard: {unguarded}; guards without a route: {idle}")

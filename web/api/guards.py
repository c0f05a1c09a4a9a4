"""Who may call which route of the API: the outer wall, as `web/guards.py` is for the pages (T28, T30).

The guard hangs on the matched route. The services authorise again, per object.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeVar

from web.guards import ADMINS, ANYONE, DECIDERS, KEEPERS, LOCKERS, READERS, REVIEWERS, STAFF, STOPPERS, WATCHERS, Guard
from web.portal.guards import Guard as SupplierGuard

Key = tuple[str, str]
NOWHERE: Final = "/{rest:path}"
"""Whatever no other route takes: also a stranger's guess is answered by the guard first."""
METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "QUERY")


G = TypeVar("G")


def _rows(guard: G, *routes: str) -> dict[Key, G]:
    return {(method, path): guard for method, _, path in (route.partition(" ") for route in routes)}


API_GUARDS: Final[Mapping[Key, Guard]] = MappingProxyType(
    {
        **_rows(ANYONE, "GET /openapi.json"),
        **_rows(STAFF, *(f"{method} {NOWHERE}" for method in METHODS)),
        **_rows(STAFF, "GET /me", "GET /tokens", "DELETE /tokens/{ident}"),
        **_rows(STAFF, "GET /me/mails", "PUT /me/mails", "PUT /me/language"),
        **_rows(STAFF, "GET /requests", "GET /requests/{ident}", "GET /requests/{ident}/report"),
        **_rows(DECIDERS, "POST /requests/{ident}/report"),
        **_rows(STAFF, "GET /calendar", "GET /calendar.ics"),
        **_rows(STAFF, "GET /windows", "GET /windows/{ident}"),
        **_rows(DECIDERS, "POST /windows", "POST /windows/{ident}/agree"),
        **_rows(STOPPERS, "POST /windows/{ident}/end"),
        **_rows(STAFF, "GET /templates", "GET /templates/{ident}", "GET /device-templates/{device}"),
        **_rows(STAFF, "GET /batches/{ident}"),
        **_rows(DECIDERS, "POST /batches", "POST /batches/{ident}/approve", "POST /batches/{ident}/deny"),
        **_rows(DECIDERS, "POST /batches/{ident}/withdraw"),
        **_rows(DECIDERS, "POST /templates", "PUT /templates/{ident}"),
        **_rows(KEEPERS, "POST /templates/{ident}/retire"),
        **_rows(DECIDERS, "POST /grants/{ident}/hand-over"),
        **_rows(STOPPERS, "POST /grants/{ident}/give-back"),
        **_rows(STAFF, "GET /emergencies", "GET /emergencies/{ident}"),
        **_rows(STOPPERS, "POST /emergencies/{ident}/review"),
        **_rows(DECIDERS, "POST /requests", "POST /requests/{ident}/withdraw", "GET /forecast"),
        **_rows(DECIDERS, "POST /requests/{ident}/question", "POST /requests/{ident}/answer"),
        **_rows(DECIDERS, "POST /requests/{ident}/approve", "POST /requests/{ident}/deny"),
        **_rows(STAFF, "GET /technicians/{ident}/grants"),
        **_rows(STOPPERS, "POST /grants/{ident}/revoke"),
        **_rows(DECIDERS, "POST /grants/{ident}/extend"),
        **_rows(STAFF, "GET /sessions", "GET /sessions/{ident}"),
        **_rows(STOPPERS, "POST /sessions/{ident}/freeze", "POST /sessions/{ident}/thaw", "POST /sessions/{ident}/cut"),
        **_rows(STOPPERS, "POST /sessions/{ident}/watch", "POST /sessions/{ident}/watch/beat"),
        **_rows(STOPPERS, "POST /sessions/{ident}/watch/leave", "GET /sessions/{ident}/doings"),
        **_rows(STAFF, "GET /sessions/{ident}/comparison", "GET /requests/{ident}/comparison"),
        **_rows(WATCHERS, "GET /recordings", "POST /recordings/{ident}/open", "POST /recordings/{ident}/cast"),
        **_rows(WATCHERS, "POST /recordings/{ident}/files", "POST /recordings/{ident}/capture"),
        **_rows(STAFF, "GET /files", "GET /files/{ident}"),
        **_rows(DECIDERS, "POST /files/{ident}/release", "POST /files/{ident}/refuse"),
        **_rows(STAFF, "GET /locks"),
        **_rows(LOCKERS, "POST /locks", "POST /locks/{ident}/lift"),
        **_rows(READERS, "GET /audit", "POST /audit/verify", "POST /audit/export"),
        **_rows(ADMINS, "GET /messages", "POST /messages/{ident}/retry"),
        **_rows(ADMINS, "GET /webhooks", "POST /webhooks", "DELETE /webhooks/{ident}"),
        **_rows(
            STAFF, "GET /facilities", "GET /suppliers", "GET /technicians", "GET /technicians/{ident}", "GET /staff"
        ),
        **_rows(STAFF, "GET /rota", "GET /rota/export", "GET /delegations", "GET /absences", "POST /absences"),
        **_rows(STAFF, "POST /absences/{ident}/withdraw", "POST /delegations/{ident}/revoke"),
        **_rows(STAFF, "GET /professionals", "GET /device-professionals/{device}"),
        **_rows(LOCKERS, "POST /professionals", "POST /professionals/{ident}/retire"),
        **_rows(KEEPERS, "POST /rota", "POST /rota/import", "POST /rota/{ident}/withdraw"),
        **_rows(DECIDERS, "POST /delegations"),
        **_rows(STAFF, "GET /devices", "GET /devices/{ident}"),
        **_rows(ADMINS, "POST /facilities", "PUT /facilities/{ident}", "POST /suppliers", "PUT /suppliers/{ident}"),
        **_rows(ADMINS, "POST /technicians", "PUT /technicians/{ident}", "POST /technicians/{ident}/totp"),
        **_rows(ADMINS, "GET /technicians/{ident}/tokens", "DELETE /technicians/{ident}/tokens/{token}"),
        **_rows(ADMINS, "POST /technicians/{ident}/invite", "PUT /technicians/{ident}/correspondent"),
        **_rows(ADMINS, "POST /technicians/{ident}/keys", "DELETE /technicians/{ident}/keys/{key}"),
        **_rows(ADMINS, "POST /staff", "PUT /staff/{ident}", "POST /staff/{ident}/invite"),
        **_rows(ADMINS, "GET /gmao", "PUT /gmao", "DELETE /gmao/{ident}"),
        **_rows(STAFF, "GET /suppliers/{ident}/papers", "GET /paper-rules"),
        **_rows(ADMINS, "POST /suppliers/{ident}/papers", "POST /papers/{ident}/withdraw", "PUT /paper-rules/{kind}"),
        **_rows(STAFF, "GET /undertakings", "GET /undertakings/owing", "GET /technicians/{ident}/undertakings"),
        **_rows(ADMINS, "POST /undertakings"),
        **_rows(STAFF, "GET /reviews", "GET /reviews/{ident}", "POST /reviews/{ident}/export"),
        **_rows(LOCKERS, "POST /reviews", "POST /reviews/{ident}/sign"),
        **_rows(REVIEWERS, "POST /reviews/{ident}/decide"),
        **_rows(STAFF, "GET /abroad", "GET /suppliers/{ident}/file", "GET /technicians/{ident}/standing"),
        **_rows(ADMINS, "POST /suppliers/{ident}/subcontractors", "POST /subcontractors/{ident}/end"),
        **_rows(LOCKERS, "POST /subcontractors/{ident}/object"),
        **_rows(ADMINS, "POST /suppliers/{ident}/roster", "POST /technicians/{ident}/leave"),
        **_rows(LOCKERS, "POST /imports/{register}", "POST /imports/{register}/apply"),
        **_rows(ADMINS, "POST /devices", "PUT /devices/{ident}", "POST /devices/{ident}/endpoints"),
        **_rows(ADMINS, "POST /endpoints/{ident}/scan", "POST /endpoints/{ident}/pin"),
        **_rows(ADMINS, "POST /endpoints/{ident}/withdraw", "POST /accounts/{ident}/withdraw"),
        **_rows(ADMINS, "POST /devices/{ident}/accounts", "POST /devices/{ident}/derogations"),
        **_rows(ADMINS, "POST /derogations/{ident}/withdraw"),
    }
)

SUPPLIER_API_GUARDS: Final[Mapping[Key, SupplierGuard]] = MappingProxyType(
    {
        **_rows(SupplierGuard.ANYONE, "GET /openapi.json"),
        **_rows(SupplierGuard.TECHNICIAN, *(f"{method} {NOWHERE}" for method in METHODS)),
        **_rows(SupplierGuard.TECHNICIAN, "GET /me", "GET /bastion", "GET /tokens", "DELETE /tokens/{ident}"),
        **_rows(SupplierGuard.TECHNICIAN, "GET /forecast"),
        **_rows(SupplierGuard.TECHNICIAN, "GET /devices", "GET /requests", "POST /requests", "GET /requests/{ident}"),
        **_rows(SupplierGuard.TECHNICIAN, "POST /requests/{ident}/withdraw", "POST /requests/{ident}/answer"),
        **_rows(SupplierGuard.TECHNICIAN, "POST /requests/{ident}/give-back"),
        **_rows(SupplierGuard.TECHNICIAN, "POST /requests/{ident}/extend", "POST /requests/{ident}/hand-over"),
        **_rows(SupplierGuard.TECHNICIAN, "GET /requests/{ident}/colleagues", "GET /requests/{ident}/commands"),
        **_rows(SupplierGuard.TECHNICIAN, "GET /requests/{ident}/report", "POST /requests/{ident}/report"),
        **_rows(SupplierGuard.TECHNICIAN, "GET /reports", "GET /devices/{ident}/usual"),
        **_rows(SupplierGuard.TECHNICIAN, "GET /devices/{ident}/professionals"),
        **_rows(SupplierGuard.TECHNICIAN, "GET /requests/{ident}/comparison"),
        **_rows(SupplierGuard.TECHNICIAN, "POST /batches", "GET /batches/{ident}", "POST /batches/{ident}/withdraw"),
        **_rows(SupplierGuard.CORRESPONDENT, "GET /company/requests", "GET /company/requests/{ident}"),
        **_rows(SupplierGuard.CORRESPONDENT, "GET /company/reports", "GET /company/roster", "POST /company/roster"),
        **_rows(SupplierGuard.CORRESPONDENT, "GET /company/people", "POST /company/people"),
        **_rows(SupplierGuard.CORRESPONDENT, "GET /company/people/{ident}", "PUT /company/people/{ident}"),
        **_rows(
            SupplierGuard.CORRESPONDENT, "POST /company/people/{ident}/invite", "POST /company/people/{ident}/part"
        ),
    }
)
"""Of the suppliers' API (`web/api/supplier`): what another may not see is not there for him."""

"""Joins the files of the suppliers' API into one router; `web/portal/app.py` includes it."""

from functools import cache
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.openapi.utils import get_openapi

from bastion.errors import ConfigurationError, NotFound
from web.api.guards import METHODS, NOWHERE, SUPPLIER_API_GUARDS, Key
from web.api.problems import Problem, ProblemRoute
from web.api.supplier import account, batches, company, work
from web.api.supplier.bearer import PREFIX, admit

PARTS = (account, work, batches, company)


def make() -> APIRouter:
    """Build the router. A route without a guard, or a guard without a route, is a `ConfigurationError` (T28)."""
    problem: dict[int | str, dict[str, Any]] = {"default": {"model": Problem, "description": "What went wrong."}}
    router = APIRouter(
        prefix=PREFIX, route_class=ProblemRoute, dependencies=[Depends(admit)], responses=problem, tags=["supplier"]
    )
    router.add_api_route("/openapi.json", describe, methods=["GET"], include_in_schema=False)
    for part in PARTS:
        part.add_to(router)
    router.add_api_route(NOWHERE, nowhere, methods=list(METHODS), include_in_schema=False)
    require_complete(routes_of(router))
    return router


@cache
def describe() -> dict[str, Any]:
    """The suppliers' API in OpenAPI form."""
    return get_openapi(
        title="Bastion, suppliers’ entrance", version="1", routes=router.routes, servers=[{"url": "/supplier"}],
        description="A supplier’s person asks for access and follows it, with a program: his own work only.",
    )  # fmt: skip


def nowhere() -> None:
    raise NotFound


def routes_of(router: APIRouter) -> set[Key]:
    """Method and path, without the prefix, of every route."""
    found: set[Key] = set()
    for route in router.routes:
        methods: set[str] = getattr(route, "methods", None) or set()
        found |= {(method, getattr(route, "path", "").removeprefix(PREFIX)) for method in methods - {"HEAD"}}
    return found


def require_complete(wanted: set[Key]) -> None:
    if wanted != SUPPLIER_API_GUARDS.keys():
        odd = sorted(wanted ^ SUPPLIER_API_GUARDS.keys())
        raise ConfigurationError("supplier api guards", why=f"routes and guards of the suppliers' API differ: {odd}")


router = make()

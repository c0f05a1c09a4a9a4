"""Joins the API's files into one router; `web/app.py` includes it."""

from functools import cache
from typing import Any, Final

from fastapi import APIRouter, Depends, Request
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from bastion.errors import ConfigurationError, NotFound
from web.api import (
    audit,
    batches,
    calendar,
    devices,
    duty,
    emergencies,
    files,
    forecasts,
    gmao,
    imports,
    locks,
    me,
    papers,
    people,
    recordings,
    registers,
    reports,
    requests,
    reviews,
    sessions,
    supplier_files,
    templates,
    undertakings,
    windows,
)
from web.api.bearer import PREFIX, admit
from web.api.guards import API_GUARDS, METHODS, NOWHERE, Key
from web.api.problems import MEDIA_TYPE, Problem, ProblemRoute, WrongMethod

PARTS = (
    me, requests, batches, reports, templates, forecasts, emergencies, windows, calendar, sessions, files, recordings,
    locks, audit, registers, people, devices, imports, papers, supplier_files, undertakings, reviews, gmao, duty,
)  # fmt: skip
TROUBLE: Final = (("4XX", "Why it was refused, and what to do."), ("5XX", "The bastion's own trouble, or a device's."))
"""Said of every call, by class of status: which one is in the document itself."""


def make() -> APIRouter:
    """Build the router. A route without a guard, or a guard without a route, is a `ConfigurationError` (T28)."""
    problem: dict[int | str, dict[str, Any]] = {
        status: {"model": Problem, "description": why} for status, why in TROUBLE
    }
    router = APIRouter(
        prefix=PREFIX, route_class=ProblemRoute, dependencies=[Depends(admit)], responses=problem, tags=["api"]
    )
    router.add_api_route("/openapi.json", describe, methods=["GET"], include_in_schema=False)
    for part in PARTS:
        part.add_to(router)
    router.add_api_route(NOWHERE, nowhere, methods=list(METHODS), include_in_schema=False)
    _require_complete(router)
    return router


@cache
def describe() -> dict[str, Any]:
    """The API in OpenAPI form. It takes a fifth of a second to write down and never changes."""
    described = get_openapi(
        title="Bastion", version="1", description="The bastion's use cases for programs.",
        routes=router.routes,
    )  # fmt: skip
    for operation in (one for path in described["paths"].values() for one in path.values()):
        for status, _ in TROUBLE:
            content = operation["responses"][status]["content"]
            operation["responses"][status]["content"] = {MEDIA_TYPE: next(iter(content.values()))}
    return described


def nowhere(request: Request) -> None:
    """Answer for what no route takes: an address that is none, or one that is used in another way (RFC 9110)."""
    known = {method for route in router.routes for method in _methods_at(route, request.scope)}
    if known:
        raise WrongMethod(request.method, allow=", ".join(sorted(known)))
    raise NotFound


def _methods_at(route: BaseRoute, scope: Scope) -> set[str]:
    """The methods of a route that takes this address, if it does."""
    if getattr(route, "path", "") == PREFIX + NOWHERE or route.matches(scope)[0] is Match.NONE:
        return set()
    methods: set[str] = getattr(route, "methods", None) or set()
    return methods


def routes_of(router: APIRouter) -> set[Key]:
    """Method and path, without the prefix, of every route."""
    found: set[Key] = set()
    for route in router.routes:
        methods: set[str] = getattr(route, "methods", None) or set()
        found |= {(method, getattr(route, "path", "").removeprefix(PREFIX)) for method in methods}
    return found


def _require_complete(router: APIRouter) -> None:
    wanted = routes_of(router)
    if wanted != API_GUARDS.keys():
        odd = sorted(wanted ^ API_GUARDS.keys())
        raise ConfigurationError("api guards", why=f"API routes and guards differ: {odd}")


router = make()

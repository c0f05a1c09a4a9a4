"""Joins the API's files into one router; `web/app.py` includes it."""

from functools import cache
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.openapi.utils import get_openapi

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
from web.api.problems import Problem, ProblemRoute

PARTS = (
    me, requests, batches, reports, templates, forecasts, emergencies, windows, calendar, sessions, files, recordings,
    locks, audit, registers, people, devices, imports, papers, supplier_files, undertakings, reviews, gmao, duty,
)  # fmt: skip


def make() -> APIRouter:
    """Build the router. A route without a guard, or a guard without a route, is a `ConfigurationError` (T28)."""
    problem: dict[int | str, dict[str, Any]] = {"default": {"model": Problem, "description": "What went wrong."}}
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
    return get_openapi(
        title="Bastion", version="1", description="The bastion's use cases for programs.",
        routes=router.routes,
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


def _require_complete(router: APIRouter) -> None:
    wanted = routes_of(router)
    if wanted != API_GUARDS.keys():
        odd = sorted(wanted ^ API_GUARDS.keys())
        raise ConfigurationError("api guards", why=f"API routes and guards differ: {odd}")


router = make()

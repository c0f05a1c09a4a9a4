"""Builds the router of either API: its parts, its description, its answer for what no route takes; all under guards."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fastapi import APIRouter, Depends, Request
from starlette.routing import BaseRoute, Match
from starlette.types import Scope

from bastion.errors import ConfigurationError, NotFound
from web.api.guards import METHODS, NOWHERE, Key
from web.api.problems import Problem, ProblemRoute, WrongMethod


class Part(Protocol):
    """A file of the API."""

    def add_to(self, router: APIRouter, /) -> None: ...


@dataclass(frozen=True)
class Api:
    """What one API is made of; `admit` runs before every route, `describe` answers `/openapi.json`."""

    prefix: str
    tag: str
    parts: Iterable[Part]
    admit: Callable[..., Any]
    describe: Callable[[], dict[str, Any]]

    def build(self, guards: Mapping[Key, object]) -> APIRouter:
        """A route without a guard, or a guard without a route, is a `ConfigurationError` (T28)."""
        router = APIRouter(
            prefix=self.prefix, route_class=ProblemRoute, dependencies=[Depends(self.admit)], tags=[self.tag],
            responses={"default": {"model": Problem, "description": "What went wrong."}},
        )  # fmt: skip
        router.add_api_route("/openapi.json", self.describe, methods=["GET"], include_in_schema=False)
        for part in self.parts:
            part.add_to(router)
        router.add_api_route(NOWHERE, Nowhere(router, self.prefix), methods=list(METHODS), include_in_schema=False)
        require_complete(routes_of(router, self.prefix), guards)
        return router


class Nowhere:
    """Answers for what no route takes: an address that is none, or one that is used in another way (RFC 9110)."""

    def __init__(self, router: APIRouter, prefix: str) -> None:
        self._router, self._itself = router, prefix + NOWHERE

    def __call__(self, request: Request) -> None:
        known = {method for route in self._router.routes for method in self._methods_at(route, request.scope)}
        if known:
            raise WrongMethod(request.method, allow=", ".join(sorted(known)))
        raise NotFound

    def _methods_at(self, route: BaseRoute, scope: Scope) -> set[str]:
        """The methods of a route that takes this address, if it does."""
        if getattr(route, "path", "") == self._itself or route.matches(scope)[0] is Match.NONE:
            return set()
        methods: set[str] = getattr(route, "methods", None) or set()
        return methods


def routes_of(router: APIRouter, prefix: str) -> set[Key]:
    """Method and path, without the prefix, of every route."""
    found: set[Key] = set()
    for route in router.routes:
        methods: set[str] = getattr(route, "methods", None) or set()
        found |= {(method, getattr(route, "path", "").removeprefix(prefix)) for method in methods}
    return found


def require_complete(routes: set[Key], guards: Mapping[Key, object]) -> None:
    if routes != guards.keys():
        odd = sorted(routes ^ guards.keys())
        raise ConfigurationError("api guards", why=f"API routes and guards differ: {odd}")

"""What both doors stand on: the middleware before every route, and the built assets."""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from starlette.middleware import Middleware
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Mount
from starlette.staticfiles import StaticFiles

from web.guards import Key
from web.shield import MAX_BODY, Bounded, CutShort, Headed, SameOrigin


def before_all(closing: asyncio.Event, known_as: str, roomy: dict[str, int] | None = None) -> list[Middleware]:
    """`known_as`: the address of a reverse proxy in front; `roomy`: the paths that take more than a form."""
    return [
        Middleware(CutShort, closing=closing),
        Middleware(Headed),
        Middleware(Bounded, usual=MAX_BODY, roomy=roomy or {}),
        Middleware(SameOrigin, known_as=known_as),
    ]


def serve(app: FastAPI, parts: Sequence[BaseRoute]) -> None:
    """Let `app` answer what `joined` has made. What a router's routes take is worked out by `warm.routes` or when a
    first request comes, and kept with the router as it was joined: half a second of work that is not repeated for a
    further application.
    """
    app.router.routes.extend(parts)


def joined(pages: Iterable[APIRouter], api: APIRouter, admit: Callable[..., Any]) -> Sequence[BaseRoute]:
    """Put one door's routers beside each other, pages first: nobody comes to one without `admit`."""
    door = APIRouter(strict_content_type=True)
    for page in pages:
        door.include_router(page, dependencies=[Depends(admit)], include_in_schema=False)
    door.include_router(api)
    return tuple(door.routes)


def routes_of(router: APIRouter) -> Iterable[Key]:
    for route in router.routes:
        for method in getattr(route, "methods", None) or ():
            yield method, getattr(route, "path", "")


class Built(StaticFiles):
    """Built assets carry a hash in their name, so a browser may keep them for good; the others for an hour."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        hashed = isinstance(response, FileResponse) and "-" in str(response.path).rsplit("/", 1)[-1]
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if hashed else "public, max-age=3600"
        return response


def take_every_path(app: FastAPI, prefix: str) -> None:
    """Let what is mounted at `prefix` answer every address below it, also one with a line's end in it."""
    for route in app.routes:
        if isinstance(route, Mount) and route.path == prefix:
            route.path_regex = re.compile(route.path_regex.pattern, re.DOTALL)

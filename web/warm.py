"""Works out before the first visitor comes what would else be worked out while he waits.

FastAPI finds out what a route takes when a first request passes by it, the words of a language are read and a template
is compiled when a first page needs them. Whoever decided first after a start waited half a second for that.
"""

import asyncio
from typing import Final

from starlette.applications import Starlette
from starlette.routing import Mount

from bastion import clock
from web.render import LANGUAGES, environment, words
from web.views import Clockface

NOWHERE: Final = "/\n"
"""The address of no page."""


def routes(app: Starlette) -> None:
    """Ask each route, also of what is mounted, for an address that none of them has: now each knows what it takes."""
    for route in app.routes:
        route.matches({"type": "http", "method": "GET", "path": NOWHERE, "root_path": "", "headers": []})
        if isinstance(route, Mount) and isinstance(route.app, Starlette):
            routes(route.app)


async def pages(closing: asyncio.Event) -> None:
    """Read the words and compile every template, in a thread beside those who come already; `closing` ends it."""
    await asyncio.to_thread(_pages, closing)


def _pages(closing: asyncio.Event) -> None:
    now = clock.now()
    for language in LANGUAGES:
        words(language)
        Clockface(language, now).full(now)
    for name in environment().list_templates():
        if closing.is_set():
            return
        environment().get_template(name)

"""What stands before every route: headers for the browser, a limit for bodies, no unsafe request from elsewhere.

Pure ASGI, so that streams pass through untouched.
"""

import asyncio
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.api.problems import TOO_LARGE, too_large
from web.render import language_of, words

API: Final = ("/api/", "/supplier/api/")
SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BODY: Final = 256 * 1024
_CSP: Final = (
    "default-src 'none'; script-src 'self'{scripts}; style-src 'self'; img-src 'self' data:; font-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
CSP: Final = _CSP.format(scripts="")
CSP_PLAYER: Final = _CSP.format(scripts=" 'wasm-unsafe-eval'")
"""Only for the page that replays recordings: the player's terminal is WebAssembly."""

HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "content-security-policy": CSP,
    "cache-control": "no-store",
}
HSTS: Final = "max-age=31536000"


def dress(headers: MutableHeaders, scheme: str) -> None:
    """Add what an answer does not bring itself."""
    for name, value in HEADERS.items():
        headers.setdefault(name, value)
    if scheme == "https":
        headers.setdefault("strict-transport-security", HSTS)


class Bounded:
    """Refuse bodies that are too large; only the routes of `roomy` take a file, and they read it after the guard."""

    def __init__(self, app: ASGIApp, usual: int, roomy: Mapping[str, int]) -> None:
        self._usual = RequestBodyLimitMiddleware(app, max_body_size=usual)
        self._roomy = {path: RequestBodyLimitMiddleware(app, max_body_size=size) for path, size in roomy.items()}
        self._sizes = {"": usual, **roomy}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] == "http" and self._declares_more(scope, path):
            request = Request(scope)
            await (too_large(request) if path.startswith(API) else _too_large(request))(scope, receive, send)
            return
        limited = self._roomy.get(path, self._usual)
        await limited(scope, receive, send)

    def _declares_more(self, scope: Scope, path: str) -> bool:
        """Who says how much he sends is answered before anything is read; who does not is cut off on the way."""
        said = Headers(scope=scope).get("content-length", "")
        return said.isdecimal() and int(said[:20]) > self._sizes.get(path, self._sizes[""])


def _too_large(request: Request) -> Response:
    """One line in the reader's language: no page is built for what was not read, whoever sent it."""
    return PlainTextResponse(f"{words(language_of(request))(TOO_LARGE)}\n", status_code=413)


class Headed:
    """Give every answer the headers it does not bring itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_headed(message: Message) -> None:
            if message["type"] == "http.response.start":
                dress(MutableHeaders(scope=message), scope["scheme"])
            await send(message)

        await self._app(scope, receive, send_headed)


class CutShort:
    """End quietly what the stop of the console cuts short: a stream whose reader is slow is no fault of ours.

    The server cancels what outlives its grace, and would write a traceback for each.
    """

    def __init__(self, app: ASGIApp, closing: asyncio.Event) -> None:
        self._app = app
        self._closing = closing

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if not self._closing.is_set():
                raise
            structlog.get_logger(__name__).info("answer cut short by the stop", path=scope.get("path", ""))


class SameOrigin:
    """Refuse unsafe requests that another site may have caused (T29).

    A request that brings its own `Authorization` cannot be caused by another site, and no page route reads that header.
    The API looks at no cookie: without that header it knows nobody and says so in its own way.
    """

    def __init__(self, app: ASGIApp, known_as: str = "") -> None:
        """`known_as` is the console's address when a reverse proxy asks under another name."""
        self._app = app
        self._known_as = urlsplit(known_as).netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _same_origin(scope, self._known_as):
            refusal = PlainTextResponse("This request came from another site and was refused.\n", status_code=403)
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _same_origin(scope: Scope, known_as: str) -> bool:
    headers = Headers(scope=scope)
    if scope["method"] in SAFE_METHODS or "authorization" in headers or scope["path"].startswith(API):
        return True
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc not in {headers.get("host"), known_as or None}:
        return False
    site = headers.get("sec-fetch-site")
    return site == "same-origin" if site is not None else origin is not None

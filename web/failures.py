"""Errors become pages: one sentence that says what to do, in the frame of whichever door was asked."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Final

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bastion import errors
from bastion.errors import BastionError
from bastion.i18n import N_
from web.errors import status_of
from web.lost_words import lost_said
from web.render import language_of, page, say, words
from web.security import NotSignedIn
from web.shield import dress

Forget = Callable[[Response], None]
Door = Callable[[Request], tuple[str, Forget]]
"""Where to send whoever is not signed in, and how his browser forgets the session that is over."""
TITLES: Final = {
    HTTPStatus.NOT_FOUND: N_("Nothing here"),
    HTTPStatus.FORBIDDEN: N_("Not for you"),
    HTTPStatus.SERVICE_UNAVAILABLE: N_("Out of order for the moment"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_("Too much at once"),
}
PLAIN: Final = {
    HTTPStatus.NOT_FOUND: errors.NotFound.sentence,
    HTTPStatus.METHOD_NOT_ALLOWED: N_("This address cannot be used in that way. Go back and use the page itself."),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: N_("What you sent is too large. Shorten it and try again."),
}


def become_pages(app: FastAPI, door: Door, start: str = "/") -> None:
    """Let every error of `app` end in a page; whoever is not signed in is led to `door`, the others back to `start`."""
    app.state.door, app.state.start = door, start
    app.add_exception_handler(BastionError, _on_refusal)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_nonsense)
    app.add_exception_handler(Exception, _on_fault)


async def _on_refusal(request: Request, error: Exception) -> Response:
    """One sentence that says what to do; whoever is not signed in is led to the door."""
    if not isinstance(error, BastionError):
        raise error
    if isinstance(error, NotSignedIn):
        return _to_the_door(request)
    structlog.get_logger(__name__).info("page refused", code=error.code, detail=error.detail, path=request.url.path)
    language = language_of(request)
    return _trouble(request, status_of(error), say(error, language), await lost_said(request, error, language))


async def _on_http(request: Request, error: Exception) -> Response:
    status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else 500)
    t = words(language_of(request))
    return _trouble(request, status, t(PLAIN.get(status, BastionError.sentence)))


async def _on_nonsense(request: Request, _error: Exception) -> Response:
    return _trouble(request, HTTPStatus.UNPROCESSABLE_ENTITY, words(language_of(request))(errors.Invalid.sentence))


async def _on_fault(request: Request, error: Exception) -> Response:
    """Answer for our own mistake. Starlette asks this outside all middleware, so the headers are put on here."""
    structlog.get_logger(__name__).error("page failed", path=request.url.path, exc_info=error)
    text = words(language_of(request))(BastionError.sentence)
    answer = _trouble(request, HTTPStatus.INTERNAL_SERVER_ERROR, text)
    dress(answer.headers, request.url.scheme)
    return answer


def _trouble(request: Request, status: HTTPStatus, text: str, more: Sequence[str] = ()) -> Response:
    """Return a whole page, or just the sentences when a fragment was asked for (htmx swaps errors in too)."""
    if request.headers.get("hx-request"):
        return page(request, "parts/trouble.html", status=status, text=text, more=more)
    t = words(language_of(request))
    title = t(TITLES.get(status, N_("That did not work")))
    return page(
        request, "error.html", status=status, title=title, page_title=title, text=text, code=status.value,
        start=request.app.state.start, more=more,
    )  # fmt: skip


def _to_the_door(request: Request) -> Response:
    address, forget = request.app.state.door(request)
    headers = {"hx-redirect": address} if request.headers.get("hx-request") else {"location": address}
    response = Response(status_code=401 if "hx-redirect" in headers else 303, headers=headers)
    forget(response)
    return response

"""Errors as RFC 9457 problem documents: a stable `code`, one sentence in the reader's language, never a detail."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import structlog
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from bastion.domain.parties import Actor
from bastion.errors import BastionError, Invalid, NotFound
from bastion.i18n import sentence, wished
from web.errors import status_of
from web.lost_words import lost_said

TOO_LARGE: Final = "What you sent is too large. Shorten it and try again."
MEDIA_TYPE: Final = "application/problem+json"
NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})


class WrongMethod(BastionError):
    """The address is known, and not to be used in this way; `allow` says how (RFC 9110)."""

    code = "method_not_allowed"
    sentence = "This address cannot be used in that way. Its header Allow says how it can be used."

    def __init__(self, detail: str, allow: str) -> None:
        super().__init__(detail)
        self.allow = allow


class Problem(BaseModel):
    """What every error looks like. `field` names what to correct, when one value is wrong."""

    type: str = "about:blank"
    title: str = Field(description="The status in words.")
    status: int
    code: str = Field(description="Stable name of the error.")
    detail: str = Field(description="What a person reads of it, in the language asked for.")
    field: str = ""


class ProblemRoute(APIRoute):
    """A route whose errors leave as problem documents, whatever the application does with its pages' errors."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except WrongMethod as error:
                return _answer(request, error, HTTPStatus.METHOD_NOT_ALLOWED, {"allow": error.allow})
            except BastionError as error:
                return _answer(request, error, lost=await lost_said(request, error, language_of(request)))
            except RequestValidationError as error:
                return _answer(request, _invalid(error))
            except HTTPException as error:
                return _answer(request, NotFound(), HTTPStatus(error.status_code))
            except Exception:  # noqa: BLE001 - a program gets a problem document for our own faults too
                structlog.get_logger(__name__).exception("api failed", path=request.url.path)
                return _answer(request, BastionError())

        return handled


def too_large(request: Request) -> Response:
    """A body that is refused before any route has seen it."""
    return _answer(request, Invalid("too large", sentence=TOO_LARGE), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)


def language_of(request: Request) -> str:
    """The token owner's language, else the first spoken one of `Accept-Language`, else English."""
    actor: Actor | None = getattr(request.state, "actor", None)
    if actor is not None:
        return actor.language
    return next(iter(wished(request.headers.get("accept-language", ""))), "en")


def _answer(
    request: Request, error: BastionError, status: HTTPStatus | None = None, more: Mapping[str, str] = NO_HEADERS,
    lost: Sequence[str] = (),
) -> Response:  # fmt: skip
    status = status or status_of(error)
    structlog.get_logger(__name__).info("api refused", code=error.code, detail=error.detail, path=request.url.path)
    problem = Problem(
        title=status.phrase, status=status, code=error.code,
        detail=" ".join((sentence(error, language_of(request)), *lost)), field=error.field,
    )  # fmt: skip
    headers = {"www-authenticate": "Bearer"} if status is HTTPStatus.UNAUTHORIZED else dict(more)
    return JSONResponse(problem.model_dump(), status, headers, MEDIA_TYPE)


def _invalid(error: RequestValidationError) -> Invalid:
    """Name the first wrong field and never its value, which may be a secret."""
    where = [str(part) for part in error.errors()[0]["loc"][1:]]
    return Invalid(str(error.errors()[0]["type"]), field=".".join(where))

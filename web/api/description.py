"""What either API says of itself in OpenAPI form: who may make a call, how it may fail, and what its answer leads to.

All three are worked out here from the guard, the path and the shape of the answer, so that no call can go without.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from fastapi import APIRouter
from fastapi.openapi.utils import get_openapi

from web.api.guards import Key
from web.api.problems import MEDIA_TYPE

Scopes = tuple[tuple[str, ...], ...]
"""Who may make a call: any one of these, each being all that the token must have. Without any, everybody may."""
Schema = dict[str, Any]

READING: Final = "get"
PROBLEM: Final = MappingProxyType({MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}})
WHY: Final[Mapping[int | str, str]] = MappingProxyType(
    {
        400: "The body cannot be read.",
        401: "No usable token, or a code that is wrong, was used before or came too late.",
        403: "The token, the rules or a missing fresh code stand against it.",
        404: "There is no such thing, or it is not yours to see.",
        409: "It was changed meanwhile, or its state does not allow this.",
        413: "The body is too large.",
        422: "A value cannot be used; `field` names it.",
        423: "Access is cut.",
        429: "Too many wrong codes; wait.",
        "5XX": "The bastion's own trouble, or a device's.",
    }
)
NAMED: Final[Mapping[str, str]] = MappingProxyType({"batches": "0/batch", "reviews": "campaign/id"})
"""Where an answer holds the id of what it made, where that is not `id`."""


@dataclass(frozen=True)
class Manner:
    """How one API is: who may make each call. Each of them takes a code in a header."""

    prefix: str
    scopes: Mapping[Key, Scopes]
    bearer: str
    """What its tokens are."""
    cut: frozenset[Key] = field(default_factory=frozenset)
    """The calls that a kill switch refuses."""

    def errors(self, method: str, path: str, told: Schema) -> list[int]:
        """The statuses with which a call may be refused."""
        scopes, body = self.scopes[method.upper(), path.removeprefix(self.prefix)], "requestBody" in told
        asked = body or any(one["in"] in {"query", "header"} for one in told.get("parameters", ()))
        may = {
            400: body,
            401: bool(scopes),
            403: bool(scopes),
            404: bool(scopes),
            409: method != READING,
            413: body,
            422: asked,
            423: (method.upper(), path.removeprefix(self.prefix)) in self.cut,
            429: bool(scopes),
        }
        return [status for status, can in may.items() if can]


def described(router: APIRouter, manner: Manner, *, title: str, says: str, servers: list[Schema]) -> Schema:
    """Write down what every call of `router` is."""
    found = get_openapi(title=title, version="1", description=says, routes=router.routes, servers=servers or None)
    schemas = found["components"]["schemas"]
    found["components"]["responses"] = {
        str(status): {"description": why, "content": dict(PROBLEM)} for status, why in WHY.items()
    }
    found["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": manner.bearer}
    }
    for path, method, told in _calls(found):
        scopes = manner.scopes[method.upper(), path.removeprefix(manner.prefix)]
        told["security"] = [{"token": list(one)} for one in scopes]
        answers = told["responses"]
        del answers["default"]
        for status in (*manner.errors(method, path, told), "5XX"):
            answers[str(status)] = {"$ref": f"#/components/responses/{status}"}
    for path, method, told in _calls(found):
        _link(found, manner.prefix, (path, method, told), schemas)
    return found


def _calls(found: Schema) -> Iterator[tuple[str, str, Schema]]:
    for path, methods in found["paths"].items():
        for method, told in methods.items():
            yield path, method, told


# -- what an answer leads to -------------------------------------------------------------------------------------------
def _link(found: Schema, prefix: str, call: tuple[str, str, Schema], schemas: Schema) -> None:
    """Say of a call that makes or lists things which calls take the id of what it answers."""
    path, method, told = call
    status, noun = next(iter(told["responses"])), path.rpartition("/")[2]
    if path.endswith("}") or not (status == "201" or method == READING):
        return
    where = _pointer(told["responses"][status], noun, schemas)
    links = {
        other["operationId"]: {"operationId": other["operationId"], "parameters": values}
        for other_path, _, other in _calls(found)
        if where and _takes(path, other_path, prefix, noun)
        and (values := _taken(path, other_path, f"$response.body#/{where}"))
    }  # fmt: skip
    if links:
        told["responses"][status]["links"] = links


def _pointer(answer: Schema, noun: str, schemas: Schema) -> str:
    """Where the answer holds the id of a thing; empty if it holds none."""
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    many = schema.get("type") == "array"
    name = (schema["items"] if many else schema).get("$ref", "").rpartition("/")[2]
    known = schemas.get(name, {}).get("properties", {})
    if noun in NAMED and not many:
        return NAMED[noun]
    if noun in NAMED and "batch" in known:
        return NAMED[noun]
    key = next((key for key in ("id", "code") if key in known), "")
    return f"0/{key}" if many and key else key


def _takes(path: str, other: str, prefix: str, noun: str) -> bool:
    """Whether a call is about one of the things that another makes: below it, or at the noun's own address."""
    return other.startswith((f"{path}/{{", f"{prefix}/{noun}/{{"))


def _taken(path: str, other: str, ident: str) -> dict[str, str]:
    """The parameters of `other`: those that its address shares with `path`, and the id; none if it wants more."""
    wanted = [part[1:-1] for part in other.split("/") if part.startswith("{")]
    shared = [part[1:-1] for part in path.split("/") if part.startswith("{")] if other.startswith(path) else []
    values = {name: f"$request.path.{name}" for name in shared}
    left = [name for name in wanted if name not in values]
    return {**values, left[0]: ident} if len(left) == 1 else {}

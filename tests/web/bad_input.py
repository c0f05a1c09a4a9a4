"""Bad input for every form and every call there is, from the routes themselves: a new route is tried without a word.

What is sent is wrong in one way at a time: too long, of another type, hostile, of the past, what no database keeps.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import product
from typing import Any, Final
from urllib.parse import quote, quote_from_bytes

import httpx2
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import BaseRoute

from tests.web import matrix
from tests.web.visitor import HOST

HUGE: Final = "9" * 30
LONG: Final = "x" * 100_000
TEXTS: Final = {
    "100 kB": LONG,
    "markup": "<img src=x onerror=alert(1)>\"'><script>alert(1)</script>",
    "a formula": "=cmd|' /C calc'!A0",
    "NUL": "a\x00b",
    "a lone surrogate": "a\ud800b",
    "hidden characters": "\u202egnp.exe\u2066\x1b]52;c;aGk=\x07",
    "a huge number": HUGE,
    "less than nothing": "-1",
    "a digit of another script": "²",
    "digits without end": "9" * 5000,
    "the last day there is": "9999-12-31",
    "the past": "1970-01-01T00:00",
    "the end of time": "9999-12-31T23:59",
    "an hour that is skipped": "2026-03-29T02:30",
    "a path": "../../../etc/passwd",
    "a pattern": "%_\\%",
    "nothing but space": " \t\n ",
}
VALUES: Final[dict[str, Any]] = TEXTS | {
    "a number": 7,
    "a number beyond all": 10**40,
    "a fraction": 1.5e308,
    "null": None,
    "yes": True,
    "a list": ["x", 1, None],
    "an object": {"x": {"y": []}},
}
"""What a program may send as JSON."""
NAMES: Final = ("a%00b", "%ff%fe", "9" * 40, "..%2f..%2fetc", "%F0%9F%92%A9", "x" * 5000, "'--")
"""What may stand in an address where the name of a thing is expected."""
BODIES: Final = (b"", b"[]", b"null", b"\xff\xfe", b"{", b'{"a":' * 5000, b'"x"', b"7", b'{"\\ud800":1}')
"""What may come where a JSON document is expected."""
LONGEST_ADDRESS: Final = 60_000
"""Of what the server takes."""
LEAVES: Final = frozenset({"/sign-out", "/account/password"})
"""Forms that end the session they come from."""
STREAMS: Final = frozenset({"/live"})
RIGHT: Final = {"code": "", "version": "1", "versions": ""}
"""What is looked at before everything else: with these in order, what is wrong behind them is reached."""
_FORM: Final = {
    "content-type": "application/x-www-form-urlencoded", "sec-fetch-site": "same-origin", "origin": f"https://{HOST}",
}  # fmt: skip
_JSON: Final = {"content-type": "application/json"}


def routes(routers: Iterable[APIRouter]) -> Iterator[APIRoute]:
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                yield route


def served(tops: Iterable[BaseRoute]) -> Iterator[BaseRoute]:
    """Every route that an application answers, through the routers and applications it is made of."""
    for route in tops:
        below = getattr(route, "original_router", None) or getattr(route, "app", None)
        within = getattr(below, "routes", None)
        if within is None or isinstance(route, APIRoute):
            yield route
        else:
            yield from served(within)


def methods(route: APIRoute) -> list[str]:
    return sorted((route.methods or set()) - {"HEAD"})


def names(fields: list[Any]) -> list[str]:
    """The names under which these parameters are sent; of a model, those of its fields."""
    found: list[str] = []
    for field in fields:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found += list(kind.model_fields)
        else:
            found.append(field.alias)
    return found


def ways(fields: list[str], value: object) -> list[dict[str, object]]:
    """The value in each field; and, where a code or a version would hide the rest, in each but those."""
    behind = {name: RIGHT.get(name, value) for name in fields}
    everywhere = dict.fromkeys(fields, value)
    return [behind] if behind == everywhere else [behind, everywhere]


def encoded(form: dict[str, object]) -> bytes:
    """A form as it goes over the wire; a lone surrogate as the bytes that no UTF-8 has."""
    return b"&".join(
        quote(name).encode() + b"=" + quote_from_bytes(str(value).encode("utf-8", "surrogatepass")).encode()
        for name, value in form.items()
    )


def addresses(path: str, wanted: list[str], value: object) -> list[str]:
    """The path with `value` in each question that may be asked of it: in all at once, or, where that is more than a
    server takes, in one after the other.
    """
    text = str(value)
    if len(encoded({"all": text})) * len(wanted) < LONGEST_ADDRESS:
        asked = [encoded(dict.fromkeys(wanted, text)).decode()]
    else:
        asked = [encoded({name: text[:LONGEST_ADDRESS]}).decode() for name in wanted]
    return [f"{path}?{one}" if one else path for one in asked] or [path]


async def try_pages(
    client: httpx2.AsyncClient, pages: Iterable[APIRoute], text: str, known: matrix.Known, prefix: str = ""
) -> tuple[dict[tuple[str, str], int], Counter[str]]:
    """Send `text` in every field of every page and form. Return the answers nobody should get, and what was tried."""
    found, tried = {}, Counter[str]()
    for route in pages:
        path = matrix.filled(prefix + route.path, known)
        asked, fields = addresses(path, names(route.dependant.query_params), text), names(route.dependant.body_params)
        for method in methods(route) if route.path not in LEAVES | STREAMS else ():
            for address, form in product(asked, ways(fields, text)):
                answer = await client.request(method, address, content=encoded(form) or None, headers=_FORM)
                tried[method] += 1
                if fell_over(answer):
                    found[method, route.path] = answer.status_code
    return found, tried


async def try_calls(
    client: httpx2.AsyncClient, calls: Iterable[tuple[APIRoute, str]], value: object
) -> tuple[dict[tuple[str, str], str], Counter[str]]:
    """Send `value` in every field of every call, each with the address that is asked. As `try_pages`."""
    found, tried = {}, Counter[str]()
    for route, path in calls:
        asked, fields = addresses(path, names(route.dependant.query_params), value), names(route.dependant.body_params)
        for method in methods(route):
            for address, body in product(asked, ways(fields, value)):
                sent = json.dumps(body).encode() if fields else None
                answer = await client.request(method, address, content=sent, headers=_JSON)
                tried[method] += 1
                if wrong := unusual(answer):
                    found[method, route.path] = wrong
    return found, tried


async def try_page_names(
    client: httpx2.AsyncClient, pages: Iterable[APIRoute], ident: str, prefix: str = ""
) -> dict[tuple[str, str], int]:
    """Ask for a thing of that name on every page, and send every form about it."""
    found = {}
    for route in (route for route in pages if "{" in route.path):
        for method in methods(route):
            address = prefix + replaced(route.path, ident)
            answer = await client.request(method, address, headers=_FORM)
            if answer.status_code not in {200, 303, 404, 422}:
                found[method, route.path] = answer.status_code
    return found


async def try_call_names(
    client: httpx2.AsyncClient, calls: Iterable[APIRoute], ident: str, prefix: str = ""
) -> dict[tuple[str, str], str]:
    found = {}
    for route in (route for route in calls if "{" in route.path and "rest:path" not in route.path):
        for method in methods(route):
            answer = await client.request(method, prefix + replaced(route.path, ident), content=b"{}")
            if wrong := unusual(answer):
                found[method, route.path] = wrong
    return found


async def try_bodies(
    client: httpx2.AsyncClient, calls: Iterable[APIRoute], body: bytes, prefix: str = ""
) -> dict[tuple[str, str], str]:
    found = {}
    for route in calls:
        for method in sorted(set(methods(route)) & {"POST", "PUT", "PATCH"}):
            path = prefix + replaced(route.path, "0" * 32)
            answer = await client.request(method, path, content=body, headers=_JSON)
            if wrong := unusual(answer):
                found[method, route.path] = wrong
    return found


def replaced(path: str, ident: str) -> str:
    while "{" in path:
        before, _, rest = path.partition("{")
        path = before + ident + rest.partition("}")[2]
    return path


def fell_over(answer: httpx2.Response) -> bool:
    """Whether the answer is a fault of ours, or shows markup as it was typed; a file that is taken away shows none."""
    fault = answer.status_code >= 500 and answer.status_code != 503
    taken_away = answer.headers.get("content-disposition", "").startswith("attachment")
    shown = b"" if taken_away else answer.content
    return fault or b"<script>alert(1)" in shown or b"<img src=x" in shown


def unusual(answer: httpx2.Response) -> str:
    """What a program could not make sense of; empty when all is in order."""
    if answer.status_code < 400:
        return ""
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 500 and answer.status_code != 503:
        return f"{answer.status_code}"
    if kind != "application/problem+json":
        return f"{answer.status_code} as {kind}"
    return "" if answer.json().keys() >= {"status", "code", "detail"} else "not a problem document"

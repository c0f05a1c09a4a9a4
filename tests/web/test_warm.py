"""What is worked out before the first visitor comes is not worked out again while he waits."""

import asyncio

import fastapi.routing
import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Response

from web import render, warm
from web.ground import joined, serve


@pytest.fixture
def worked_out(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses of which FastAPI finds out what they take, as it does."""
    found: list[str] = []
    original = fastapi.routing.get_dependant

    def note(*args, **kwargs):
        found.append(kwargs["path"])
        return original(*args, **kwargs)

    monkeypatch.setattr(fastapi.routing, "get_dependant", note)
    return found


def _door() -> FastAPI:
    """Two pages and a mounted part, joined as the console's are."""
    pages = APIRouter()

    @pages.get("/a/{ident}")
    @pages.get("/b")
    async def answer(ident: str = "") -> Response:
        return Response(ident)

    outer, inner = FastAPI(), FastAPI()
    serve(outer, joined([pages], APIRouter(), lambda: None))
    serve(inner, joined([pages], APIRouter(), lambda: None))
    outer.mount("/inner", inner)
    return outer


async def _visit(door: FastAPI) -> None:
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=door), base_url="http://x") as browser:
        for path in ("/b", "/inner/a/1"):
            assert (await browser.get(path)).status_code == 200


async def test_the_first_visitor_waits_for_no_route(worked_out: list[str]):
    cold, warmed = _door(), _door()
    worked_out.clear()
    await _visit(cold)
    assert worked_out, "without warming he would"
    warm.routes(warmed)
    worked_out.clear()
    await _visit(warmed)
    assert worked_out == []


async def test_every_template_is_compiled_unless_the_console_closes(monkeypatch: pytest.MonkeyPatch):
    fresh = render.environment.__wrapped__()
    monkeypatch.setattr(warm, "environment", lambda: fresh)
    closing = asyncio.Event()
    closing.set()
    await warm.pages(closing)
    assert len(fresh.cache) == 0
    closing.clear()
    await warm.pages(closing)
    assert len(fresh.cache) == len(fresh.list_templates())

"""What is worked out before the first visitor comes is not worked out again while he waits."""

import asyncio
import threading

import fastapi.routing
import httpx2
import pytest
from fastapi import APIRouter, FastAPI, Response

from bastion import clock, i18n
from bastion.i18n import LANGUAGES
from web import render, views, warm
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


async def test_the_words_are_read_and_the_dates_known_before_the_first_page_and_beside_whoever_comes(
    monkeypatch: pytest.MonkeyPatch,
):
    threads: set[int] = set()

    def note(name: str, original):
        def call(*args):
            threads.add(threading.get_ident())
            return original(*args)

        monkeypatch.setattr(warm, name, call)

    note("words", warm.words)
    closing = asyncio.Event()
    closing.set()
    i18n.catalogue.cache_clear()
    render.sentences.cache_clear()
    views._locale.cache_clear()
    views._written.cache_clear()
    await warm.pages(closing)
    read, known = i18n.catalogue.cache_info().misses, views._locale.cache_info().misses
    for language in LANGUAGES:
        render.words(language)("Requests")
        views.Clockface(language, clock.now()).full(clock.now())
    assert (i18n.catalogue.cache_info().misses, views._locale.cache_info().misses) == (read, known)
    assert (read, known) == (len(LANGUAGES), len(LANGUAGES))
    assert threading.get_ident() not in threads

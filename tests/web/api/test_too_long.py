"""One text of 100 kB in a call that is right in all else: refused, or left aside, and never kept."""

import copy
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.databases import sqlite_fresh
from tests.web.api.desk import DOORS, Desk, a_desk
from tests.web.bad_input import LONG
from tests.web.longest import too_long

pytestmark = pytest.mark.asyncio(loop_scope="module")
EACH: Final = [(door, label) for door, one in DOORS.items() for label in sorted(one.ways)]


@pytest.fixture(scope="module")
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    return sqlite_fresh(request.getfixturevalue("migrated_sqlite"), tmp_path_factory.mktemp("long"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with a_desk(url, tmp_path_factory.mktemp("desk")) as made:
        yield made


def places(body: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where a text stands in a document."""
    if isinstance(body, str):
        yield before
    elif isinstance(body, dict):
        for name, value in body.items():
            yield from places(value, (*before, name))
    elif isinstance(body, list):
        for number, value in enumerate(body):
            yield from places(value, (*before, number))


def changed(body: Any, place: tuple[Any, ...]) -> Any:
    """The same document with the long text there."""
    copied = copy.deepcopy(body)
    *way, last = place
    inner = copied
    for step in way:
        inner = inner[step]
    inner[last] = LONG
    return copied


def unsaid(door: str, label: str, body: dict[str, Any]) -> list[tuple[str]]:
    """The texts that this call may bring besides."""
    described = DOORS[door].calls[label].get("requestBody", {}).get("content", {}).get("application/json", {})
    name = described.get("schema", {}).get("$ref", "").rpartition("/")[2]
    known = DOORS[door].describe()["components"]["schemas"].get(name, {}).get("properties", {})
    return [(one,) for one, what in known.items() if what.get("type") == "string" and one not in body]


@pytest.mark.parametrize(("door", "label"), EACH)
async def test_no_text_of_100_kB_is_kept_and_no_call_falls_over_it(desk, door, label):
    call, answered = await desk.about(DOORS[door], label), {}
    if not isinstance(call.given.body, dict):  # a file, or nothing at all
        assert "import" in label or not call.given.body
        return
    for place in [*places(call.given.body), *unsaid(door, label, call.given.body)]:
        body = changed(call.given.body, place)
        (answer,), _ = await desk.send(replace(call, given=replace(call.given, body=body)))
        answered[place] = answer.status_code
        if answer.is_success:
            call = await desk.about(DOORS[door], label)
    assert [place for place, status in answered.items() if status == HTTPStatus.INTERNAL_SERVER_ERROR] == []
    assert await too_long(desk.house.database) == {}

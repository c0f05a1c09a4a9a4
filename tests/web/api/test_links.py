"""What the description says that an answer leads to is there: made, then read, changed, ended, by its links alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.databases import sqlite_fresh
from tests.web.api.contract import Door
from tests.web.api.desk import DOORS, Call, Desk, a_desk
from tests.web.api.yard import Given

pytestmark = pytest.mark.asyncio(loop_scope="module")


def links(door: Door, label: str) -> list[tuple[str, dict[str, str]]]:
    """The calls that the answer of `label` leads to, those that end a thing last."""
    there = {told["operationId"]: name for name, told in door.calls.items()}
    answers = door.calls[label]["responses"].values()
    found = [(there[one["operationId"]], one["parameters"]) for a in answers for one in a.get("links", {}).values()]
    return sorted(found, key=lambda pair: (not pair[0].startswith("GET"), pair[0].startswith("DELETE"), pair[0]))


NAMING = {"lines": [], "people": []}
"""What a body names of other things than the one it is about: nothing, here."""
EACH = [(door, label) for door, one in DOORS.items() for label in sorted(one.ways) if links(one, label)]


def value(expression: str, given: Given, answered: Any) -> str:
    """Of `$request.path.NAME` or `$response.body#/KEY/KEY`."""
    if expression.startswith("$request.path."):
        return given.path[expression.rpartition(".")[2]]
    for key in expression.partition("#/")[2].split("/"):
        answered = answered[int(key) if key.isdigit() else key]
    return answered


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(migrated_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    home = tmp_path_factory.mktemp("links")
    async with a_desk(sqlite_fresh(migrated_sqlite, home), home) as made:
        yield made


async def test_what_is_made_leads_somewhere():
    made = {
        (door, label) for door, one in DOORS.items() for label in one.ways if "201" in one.calls[label]["responses"]
    }
    dead_ends = {label for door, label in made - set(EACH) if "{" not in label}
    assert dead_ends == {"POST /api/v1/undertakings"}, "what is published is never changed"


@pytest.mark.parametrize(("door", "label"), EACH)
async def test_by_its_links_what_was_made_is_read_changed_and_ended(desk, door, label):
    one = DOORS[door]
    call = await desk.about(one, label)
    person, given = call.person, call.given
    (made,), _ = await desk.send(call)
    assert made.status_code == 201, made.text
    for target, parameters in links(one, label):
        path = {name: value(expression, given, made.json()) for name, expression in parameters.items()}
        body = (await one.ways[target](person.yard)).body if target in one.ways else None
        if isinstance(body, dict):
            body |= {name: nothing for name, nothing in NAMING.items() if name in body}
        if isinstance(body, dict) and "versions" in body:
            body["versions"] = {row["id"]: row["version"] for row in made.json()}
        (answer,), _ = await desk.send(Call(person, target, Given(path, body)))
        assert answer.status_code != 404, (target, answer.text)
        assert str(answer.status_code) in one.calls[target]["responses"], (target, answer.text)

"""Each call that changes something, with what it needs: made alone, twice at once, and with a version that is old."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator
from http import HTTPStatus
from typing import Final

import pytest
import pytest_asyncio

from tests.databases import sqlite_fresh
from tests.web.api.conftest import problem
from tests.web.api.contract import STAFF
from tests.web.api.desk import DOORS, Desk, a_desk

pytestmark = pytest.mark.asyncio(loop_scope="module")
EACH: Final = [(door, label) for door, one in DOORS.items() for label in sorted(one.ways)]
SAME: Final = {
    "DELETE /tokens/{ident}": "what is taken back must never be refused",
    "DELETE /technicians/{ident}/tokens/{token}": "what is taken back must never be refused",
    "POST /locks": "what is cut must never be refused",
    "POST /technicians/{ident}/leave": "who is gone stays gone",
    "PUT /technicians/{ident}/correspondent": "he is named",
    "POST /batches/{ident}/approve": "each is judged alone, and the answer says of each what became of it",
    "POST /batches/{ident}/deny": "each is judged alone, and the answer says of each what became of it",
    "POST /reviews/{ident}/decide": "a line on which this was said stays so",
    "POST /rota/import": "what stands there already is left",
    "POST /imports/{register}": "looks",
    "POST /endpoints/{ident}/scan": "looks",
    "POST /sessions/{ident}/watch": "one program follows, however often it says so",
    "POST /sessions/{ident}/watch/beat": "one sign of life after the other",
    "POST /sessions/{ident}/watch/leave": "has gone, however often it says so",
    "PUT /me/language": "one row, written over",
    "PUT /company/people/{ident}": "what stands there already is left",
    "POST /company/people/{ident}/part": "who is gone stays gone",
}
"""Both are answered as done, one thing was, and the trail says so once."""
TWICE: Final = {
    "POST /sessions/{ident}/cut": "cuts again: what must end is never refused",
    "POST /recordings/{ident}/open": "each viewing stands in the trail",
    "POST /recordings/{ident}/files": "each viewing stands in the trail",
    "POST /recordings/{ident}/cast": "each copy stands in the trail",
    "POST /recordings/{ident}/capture": "each copy stands in the trail",
    "POST /reviews/{ident}/export": "each copy stands in the trail",
    "POST /audit/export": "each copy stands in the trail",
    "POST /audit/verify": "each look at the whole trail stands in it",
    "POST /endpoints/{ident}/pin": "one row, written over with what the device shows now",
    "POST /staff/{ident}/invite": "shown once: the newer voids the older",
    "POST /company/people/{ident}/invite": "shown once: the newer voids the older",
    "POST /company/roster": "what was said at a moment, and said again a moment later",
    "POST /technicians/{ident}/invite": "shown once: the newer voids the older",
    "POST /technicians/{ident}/totp": "shown once: the newer voids the older",
    "POST /suppliers/{ident}/roster": "what was said at a moment, and said again a moment later",
    "PUT /devices/{ident}": "one row, written over",
    "PUT /facilities/{ident}": "one row, written over",
    "PUT /gmao": "one row, written over",
    "PUT /me/mails": "one row, written over",
    "PUT /paper-rules/{kind}": "one row, written over",
    "PUT /staff/{ident}": "one row, written over",
    "PUT /suppliers/{ident}": "one row, written over",
    "PUT /technicians/{ident}": "one row, written over",
}
"""Both are done, and the trail says so of each."""
AGAIN: Final = {"POST /imports/{register}/apply": "directory:imported"}
"""Both are answered as done and one was; only this stands twice in the trail: it says how much there was to do."""


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Two at once meet in the database, so both makes of it; each for all calls."""
    if request.param == "sqlite":
        yield sqlite_fresh(request.getfixturevalue("migrated_sqlite"), tmp_path_factory.mktemp("twice"))
        return
    with request.getfixturevalue("postgres").new("migrated") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with a_desk(url, tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.mark.parametrize("door", DOORS)
async def test_no_call_that_changes_something_is_without_a_way_to_succeed(door):
    """A new one fails here until `ways` knows what it needs: no change is tried with refusals alone."""
    assert DOORS[door].ways.keys() == DOORS[door].changing


async def test_whatever_is_not_done_once_is_a_call():
    known = {label.replace(" /api/v1", " ") for _, label in EACH}
    rows = [*SAME, *TWICE, *AGAIN]
    assert known.issuperset(rows)
    assert len({*rows}) == len(rows)


@pytest.mark.parametrize(("door", "label"), EACH)
async def test_with_what_it_needs_it_succeeds_and_twice_at_once_it_is_done_once(desk, door, label):
    call = await desk.about(DOORS[door], label)
    (alone,), leaves = await desk.send(call)
    assert alone.status_code in {200, 201, 204}, alone.text
    assert str(alone.status_code) in call.person.door.calls[label]["responses"]
    both, written = await desk.send(await desk.about(DOORS[door], label), 2)
    both.sort(key=lambda answer: answer.status_code)
    assert both[0].status_code == alone.status_code, both[0].text
    if call.kind in TWICE:
        assert written == Counter({tag: 2 * times for tag, times in leaves.items()})
    else:
        assert written - Counter({AGAIN.get(call.kind, ""): 1}) == leaves
    if call.kind in {*SAME, *TWICE, *AGAIN}:
        assert both[1].status_code == alone.status_code, both[1].text
    else:
        status, _ = problem(both[1])
        assert status in {HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT}, both[1].text
        assert both[1].json()["detail"].endswith(".")


@pytest.mark.parametrize("label", sorted(STAFF.versioned))
async def test_who_has_read_what_is_no_longer_so_decides_nothing_and_is_told(desk, label):
    call = (await desk.about(STAFF, label)).of_old()
    (answer,), written = await desk.send(call)
    assert written == Counter()
    if "/batches/" in label:
        assert answer.status_code == HTTPStatus.OK
        assert all(one["why_not"] for one in answer.json())
    else:
        assert problem(answer)[0] == HTTPStatus.CONFLICT

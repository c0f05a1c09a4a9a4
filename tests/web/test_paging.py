from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from starlette.requests import Request

from bastion.domain.place import Newer, Place
from web.paging import PAGE, Turned, pages, turned


def asked(query: str) -> Request:
    return Request(
        {"type": "http", "path": "/requests", "query_string": query.encode(), "headers": [], "method": "GET"}
    )


def test_the_first_page_has_nothing_newer_and_the_last_nothing_older():
    assert pages(asked(""), 0, PAGE) == ("", "")


def test_links_keep_the_filters():
    """An empty one too: at the release desk it says every state, and to say nothing is what waits."""
    newer, older = pages(asked("text=tube&state=&at=2"), 2, PAGE + 1)
    assert newer == "/requests?text=tube&state=&at=1"
    assert older == "/requests?text=tube&state=&at=3"


def test_a_filter_stays_a_value_whatever_it_holds():
    _, older = pages(asked("text=%26at%3D9%22%3E"), 0, PAGE + 1)
    assert older == "/requests?text=%26at%3D9%22%3E&at=1"


AT = datetime(2026, 11, 23, 8, tzinfo=UTC)


class Rows:
    """A list that begins with the newest and grows there, read as a database reads it."""

    def __init__(self, count: int) -> None:
        self.rows = [Place(AT + timedelta(minutes=number // 3), f"{number:03d}") for number in range(count)][::-1]

    def arrive(self) -> None:
        newest = Place(self.rows[0].at + timedelta(seconds=1), f"{len(self.rows):03d}")
        self.rows.insert(0, newest)

    async def read(self, *, after: Place | None, limit: int) -> list[Place]:
        if after is None:
            return self.rows[:limit]
        older = [one for one in self.rows if (one.at, one.id) < (after.at, after.id)]
        newer = [one for one in self.rows if (one.at, one.id) > (after.at, after.id)]
        return newer[-limit:] if isinstance(after, Newer) else older[:limit]

    async def turn(self, address: str) -> Turned[Place]:
        return await turned(asked(urlsplit(address).query), self.read, lambda one: one, 5)


async def test_a_reader_meets_each_row_once_whatever_arrives():
    rows = Rows(23)
    there = rows.rows[:]
    page, met = await rows.turn("/requests?text=tube"), []
    while True:
        met += page.rows
        rows.arrive()
        if not page.older:
            break
        assert page.older.startswith("/requests?text=tube&at=")
        page = await rows.turn(page.older)
    assert met == there
    back = [page.rows]
    while page.newer:
        page = await rows.turn(page.newer)
        back.insert(0, page.rows)
    assert back[0] == rows.rows[:5], "the newest page is the one everybody sees"
    assert not page.newer
    assert [row for one in back[1:] for row in one] == rows.rows[-len([row for one in back[1:] for row in one]) :]


async def test_from_a_place_beyond_the_last_row_one_gets_back():
    rows = Rows(3)
    page = await rows.turn(f"/requests?at={Place(AT - timedelta(days=1), '0')}")
    assert (page.rows, page.older) == ([], "")
    assert (await rows.turn(page.newer)).rows == rows.rows


@pytest.mark.parametrize("nonsense", ["7", "-", "~", "-2026", "2026-11-23~a", "2026-11-23T08:00:00Z~../x", "é"])
async def test_nonsense_in_an_address_is_the_first_page(nonsense: str):
    rows = Rows(8)
    assert (await rows.turn(f"/requests?at={nonsense}")).rows == rows.rows[:5]

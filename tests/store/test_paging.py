"""A list is read on from where a page ended: no row twice, none lost, however many come meanwhile."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bastion.domain.place import Place
from bastion.store import looking
from bastion.store.database import Database
from tests.store.samples import NOW, a_request, a_session

SAME = 3
"""So many rows are made at each moment."""
ALL = [f"old-{number:02d}" for number in range(12)]


async def _rows(database: Database, idents: list[str], at: datetime) -> None:
    async with database.write() as uow:
        for number, ident in enumerate(idents):
            moment = at + timedelta(hours=number // SAME)
            await uow.requests.add(a_request(id=ident, created_at=moment, expires_at=moment + timedelta(days=1)))
            await uow.sessions.add(a_session(id=ident, started_at=moment))


@pytest.mark.parametrize("noun", ["requests", "sessions"])
@pytest.mark.parametrize("size", [1, 2, 5, 12])
async def test_every_row_is_read_once_while_others_come(granted: Database, noun: str, size: int) -> None:
    await _rows(granted, ALL, NOW)
    read: list[str] = []
    last: Place | None = None
    for number in range(20):
        async with granted.read() as uow:
            page = await getattr(uow, noun).search(since=NOW, after=last, limit=size)
        read += [row.id for row in page if row.id in ALL]
        if len(page) < size:
            break
        last = Place(page[-1].created_at if noun == "requests" else page[-1].started_at, page[-1].id)
        await _rows(granted, [f"new-{number:02d}"], NOW + timedelta(days=5, hours=number))
    assert [ident for ident in read if ident in ALL] == ALL[::-1]


async def test_a_stretch_of_a_text_stays_where_it_is_on_each_of_its_pages(
    granted: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "STRETCH", 6)
    await _rows(granted, ALL, NOW)
    async with granted.read() as uow:
        first = await uow.requests.search(text="a", limit=4)
        rest = await uow.requests.search(text="a", limit=50, after=Place(first[-1].created_at, first[-1].id))
        whole = await uow.requests.search(text="a", limit=50)
    assert [one.id for one in (*first, *rest)] == [one.id for one in whole]


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2))])
def test_a_place_is_read_as_it_was_written(zone: timezone) -> None:
    place = Place(datetime(2026, 5, 4, 8, 0, 0, 123456, tzinfo=zone), "0a1b")
    assert Place.read(str(place)) == place
    assert str(place).endswith("Z~0a1b")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~",
        "x~1",
        "2026-05-04T08:00:00~1",
        "2026-05-04T08:00:00Z",
        "2026-05-04T08:00:00Z~a b",
        "0001-01-01T00:00:00+14:00~1",
        "9999-12-31T23:59:59-14:00~1",
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no place|isoformat"):
        Place.read(text)

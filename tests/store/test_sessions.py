from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bastion.domain.session_events import EndReason
from bastion.domain.session_record import SessionRecord
from bastion.errors import Conflict, Invalid
from bastion.store.database import Database
from tests.store.samples import HOUR, NOW, a_session

ENDED = a_session(
    2,
    ended_at=NOW + HOUR,
    end_reason=EndReason.CUT,
    end_by="Eve Roux",
    end_why="Fire drill 50%",
    cut_at=NOW + HOUR,
    cut_by="Eve Roux",
    cut_why="Fire",
    recording_digest="ab" * 32,
    recording_bytes=2**40,
    recording_seconds=61.5,
    node="node-b",
    source="192.0.2.9",
)


async def opened(database: Database, *records: SessionRecord) -> None:
    async with database.write() as uow:
        for record in records:
            await uow.sessions.add(record)


async def test_a_record_comes_back_whole(granted: Database) -> None:
    await opened(granted, a_session(), ENDED)
    async with granted.read() as uow:
        assert await uow.sessions.get("ses-1") == a_session()
        assert await uow.sessions.get("ses-2") == ENDED
        assert await uow.sessions.live_on_device("dev-1", 8) == [a_session()]
        assert await uow.sessions.live_on_device("dev-2", 8) == []
        assert await uow.sessions.some(["ses-2", "nobody"]) == [ENDED]
        assert await uow.sessions.some([]) == []


async def test_live_ones_are_those_that_have_not_ended(granted: Database) -> None:
    await opened(granted, a_session(), ENDED, a_session(3, node="node-b"))
    async with granted.read() as uow:
        assert [s.id for s in await uow.sessions.live()] == ["ses-1", "ses-3"]
        assert [s.id for s in await uow.sessions.live("node-b")] == ["ses-3"]
        assert await uow.sessions.count_live() == 2
        assert await uow.sessions.count_live(technician_id="tec-1", device_id="dev-1") == 2
        assert await uow.sessions.count_live(technician_id="tec-2") == 0
        assert await uow.sessions.count_live(device_id="dev-2") == 0


async def test_an_older_version_gets_a_conflict(granted: Database) -> None:
    await opened(granted, a_session())
    async with granted.write() as uow:
        frozen = await uow.sessions.save(replace(a_session(), frozen_at=NOW + HOUR, frozen_by="Eve"))
    assert frozen.version == 2
    with pytest.raises(Conflict):
        async with granted.write() as uow:
            await uow.sessions.save(replace(a_session(), cut_at=NOW + HOUR))


@pytest.mark.parametrize("reason", list(EndReason))
async def test_every_end_reason_fits(granted: Database, reason: EndReason) -> None:
    await opened(granted, replace(ENDED, end_reason=reason))
    async with granted.read() as uow:
        assert [s.end_reason for s in await uow.sessions.search(outcome=reason)] == [reason]


async def test_a_refused_account_is_looked_for_by_itself_and_is_no_device_that_went_away(granted: Database) -> None:
    for n, why in ((1, "device_login_failed"), (2, "device_unreachable"), (3, "")):
        ended = replace(ENDED, id=f"ses-{n}", end_reason=EndReason.DEVICE_LOST, end_why=why)
        await opened(granted, ended)
    async with granted.read() as uow:
        refused = await uow.sessions.search(outcome="account_refused")
        lost = await uow.sessions.search(outcome="device_lost")
    assert ([s.id for s in refused], {s.id for s in lost}) == (["ses-1"], {"ses-2", "ses-3"})
    assert ({s.outcome for s in refused}, {s.outcome for s in lost}) == ({"account_refused"}, {"device_lost"})


@pytest.mark.parametrize(
    "nonsense",
    [
        {"ended_at": NOW, "end_reason": EndReason.CUT},
        {"ended_at": NOW + HOUR},
        {"end_reason": EndReason.CUT},
        {"recording_bytes": -1},
        {"recording_seconds": -0.1},
    ],
)
async def test_a_nonsensical_record_is_refused(granted: Database, nonsense: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await opened(granted, a_session(1, **nonsense))


QUESTIONS: list[tuple[dict[str, Any], Any]] = [
    ({}, "321"),
    ({"live": True}, "31"),
    ({"live": False}, "2"),
    ({"facility_ids": frozenset({"fac-1"})}, "321"),
    ({"facility_ids": frozenset()}, ""),
    ({"technician": "MARTIN"}, "321"),
    ({"technician": "%"}, ""),
    ({"technician": "\x00"}, ""),
    ({"technician_id": "tec-1"}, "321"),
    ({"technician_id": "tec-2"}, ""),
    ({"supplier_id": "sup-2"}, ""),
    ({"device_id": "dev-1", "limit": 1}, "3"),
    ({"outcome": "cut"}, "2"),
    ({"outcome": "idle"}, ""),
    ({"outcome": "unheard of"}, ""),
    ({"since": NOW + timedelta(minutes=2)}, "32"),
    ({"until": NOW + timedelta(minutes=2)}, "1"),
    ({"since": NOW + timedelta(minutes=2), "until": NOW + timedelta(minutes=3)}, "2"),
    ({"text": "ct-01"}, "321"),
    ({"text": "acme"}, "321"),
    ({"text": "gantry"}, "321"),
    ({"text": "drill 50%"}, "2"),
    ({"text": "%"}, "2"),
    ({"text": "192.0.2.9"}, "2"),
    ({"text": "nothing like it"}, ""),
    ({"limit": 1, "offset": 2}, "1"),
]


async def test_sessions_are_searched(granted: Database) -> None:
    await opened(granted, a_session(1), ENDED, a_session(3))
    async with granted.read() as uow:
        for question, numbers in QUESTIONS:
            found = await uow.sessions.search(**question)
            assert (question, "".join(record.id[-1] for record in found)) == (question, numbers)

import contextlib
import sqlite3
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url

from bastion.domain.lock import Lock, LockScope
from bastion.domain.paper import PaperKind, PaperRule
from bastion.domain.review import Campaign, ReviewLine, RightKind
from bastion.domain.roster import Confirmed
from bastion.domain.session_events import EndReason
from bastion.domain.undertaking import SHIPPED, Acceptance, Way
from bastion.store import whole_grant
from bastion.store.database import Database
from bastion.store.whole_grant import There
from tests.store.samples import (
    ACCOUNT,
    ALICE,
    CHU,
    GE,
    NOW,
    SCANNER,
    SECRET,
    a_derogation,
    a_grant,
    a_request,
    a_session,
)

DAY = timedelta(days=1)
HERE = a_session().source
FIRE = Lock("loc-1", LockScope.ALL, "", "Fire", "Eve", NOW)
CAMPAIGN = Campaign("c1", "H1", ("*",), NOW + DAY, "Ruth", NOW)
NOTHING = There(locks=False, rules=False, reviews=False, derogations=False, sessions=False, others=False)


async def test_a_grant_comes_with_everything_around_it(granted: Database) -> None:
    async with granted.write() as uow:
        held = await uow.whole_grants.get("gra-1", HERE)
    async with granted.read() as uow:
        whole = await uow.whole_grants.get("gra-1", HERE)
        assert await uow.whole_grants.get("gra-9", HERE) is None
        assert await uow.whole_grants.get("gra\x00", HERE) is None
    assert whole == held
    assert whole is not None
    assert (whole.grant, whole.technician, whole.supplier) == (a_grant(), ALICE, GE)
    assert (whole.device, whole.facility, whole.account) == (SCANNER, CHU, ACCOUNT)
    assert (whole.reason, whole.work_order) == (a_request().reason, a_request().work_order)


async def test_what_a_writer_gets_he_holds(granted: Database) -> None:
    """As `grants.get`: who reads, decides and saves in one transaction meets no `Conflict`."""
    async with granted.write() as uow:
        whole = await uow.whole_grants.get("gra-1", HERE)
        assert whole is not None
        saved = await uow.grants.save(whole.grant)
    assert saved.version == whole.grant.version + 1


async def _there(records: Database) -> There:
    async with records.read() as uow:
        whole = await uow.whole_grants.get("gra-1", HERE)
    assert whole is not None
    return whole.there


async def test_it_says_whether_there_is_more_to_read(granted: Database) -> None:
    """Of what is nearly always empty the opening of a session reads nothing, and misses nothing."""
    assert await _there(granted) == NOTHING
    async with granted.write() as uow:
        await uow.locks.add(replace(FIRE, lifted_at=NOW, lifted_by="Eve"))
        await uow.sessions.add(a_session(2, ended_at=NOW + DAY, end_reason=EndReason.TECHNICIAN_LEFT))
    assert await _there(granted) == NOTHING
    async with granted.write() as uow:
        await uow.locks.add(replace(FIRE, id="loc-2"))
        await uow.paper_rules.put(PaperRule(PaperKind.CHARTER, NOW, "Ruth", NOW))
    assert await _there(granted) == replace(NOTHING, locks=True, rules=True)
    async with granted.write() as uow:
        await uow.derogations.add(a_derogation())
        await uow.sessions.add(a_session())
        await uow.campaigns.add(CAMPAIGN)
        await uow.review_lines.add(ReviewLine("l1", "c1", RightKind.TECHNICIAN, "tec-1", "", "Alice", "Acme"))
    all_but_others = There(locks=True, rules=True, reviews=True, derogations=True, sessions=True, others=False)
    assert await _there(granted) == all_but_others


async def test_what_has_ended_on_a_device_is_not_walked_through(sqlite_url: str) -> None:
    """An analyser has thousands of past sessions, and each opening asks twice what is live on it."""
    statement = whole_grant._WHOLE.params(this="x", here="x").compile(
        dialect=sqlite.dialect(), compile_kwargs={"render_postcompile": True}
    )
    records = sqlite3.connect(make_url(sqlite_url).database or "")
    with contextlib.closing(records):
        plan = records.execute(f"explain query plan {statement}", [None] * str(statement).count("?")).fetchall()
    looks = [step for *_, step in plan if "sessions" in step]
    assert len(looks) == 2
    assert all("INDEX ix_sessions_live_device" in step for step in looks), looks


@pytest.mark.parametrize("change", [{"source": "192.0.2.99"}, {"frozen_at": NOW, "frozen_by": "Eve"}], ids=str)
async def test_it_says_whether_a_live_session_needs_a_second_look(granted: Database, change: dict[str, Any]) -> None:
    async with granted.write() as uow:
        await uow.sessions.add(a_session())
    assert await _there(granted) == replace(NOTHING, sessions=True)
    async with granted.write() as uow:
        await uow.sessions.add(a_session(2, **change))
    assert await _there(granted) == replace(NOTHING, sessions=True, others=True)


async def test_a_live_session_of_another_grant_needs_a_second_look(granted: Database) -> None:
    async with granted.write() as uow:
        await uow.requests.add(a_request(2))
        await uow.grants.add(a_grant(2))
        await uow.sessions.add(a_session(2, grant_id="gra-2", request_id="req-2"))
    assert await _there(granted) == replace(NOTHING, sessions=True, others=True)


async def test_it_says_what_the_person_owes_and_for_whom_he_works(granted: Database) -> None:
    async with granted.write() as uow:
        whole = await uow.whole_grants.get("gra-1", HERE)
        assert whole is not None
        assert whole.secret == SECRET
        assert whole.owes
        assert await uow.undertakings.owed("tec-1")
        assert whole.employment == await uow.rosters.employment("tec-1")
        await uow.acceptances.add(Acceptance("a1", "tec-1", SHIPPED.version, NOW, Way.WEB, "192.0.2.1"))
        await uow.rosters.put(Confirmed("tec-1", NOW, NOW + DAY, NOW + 2 * DAY, "Ruth", ""))
        whole = await uow.whole_grants.get("gra-1", HERE)
        assert whole is not None
        assert not whole.owes
        assert not await uow.undertakings.owed("tec-1")
        assert whole.employment == await uow.rosters.employment("tec-1")
        assert whole.employment.confirmed is not None

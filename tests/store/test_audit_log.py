import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from bastion.domain.events import Severity
from bastion.domain.parties import Actor, ActorKind, system_actor
from bastion.store import audit_log
from bastion.store.audit_chain import GENESIS, Head
from bastion.store.audit_log import plain
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from tests.store.samples import HOUR, NOW
from tests.store.tampering import tamper

EVE = Actor(ActorKind.STAFF, "stf-2", "eve", "Eve Roux", "192.0.2.1")


async def note(uow: UnitOfWork, tag: str = "session:ending", **fields: Any) -> None:
    await uow.audit.append(tag, actor=EVE, subject=("session", "ses-1"), facility_id="fac-1", at=NOW, **fields)


async def written(database: Database, count: int) -> None:
    async with database.write() as uow:
        for number in range(count):
            await note(uow, reason=f"r{number}", by="Eve", why=f"because {number}")


async def test_an_event_is_kept_with_its_kind_and_its_actor(database: Database) -> None:
    async with database.write() as uow:
        await note(uow, "lock:imposed", scope="all", until=None, why="Fire")
    async with database.read() as uow:
        (event,) = await uow.audit.search()
    assert (event.seq, event.at, event.tag, event.severity) == (1, NOW, "lock:imposed", Severity.ALARM)
    assert (event.actor_kind, event.actor_id, event.actor_name, event.source) == (
        "staff", "stf-2", "Eve Roux", "192.0.2.1",
    )  # fmt: skip
    assert (event.subject_kind, event.subject_id, event.facility_id) == ("session", "ses-1", "fac-1")
    assert event.fields == {"scope": "all", "until": "None", "why": "Fire"}
    assert event.previous == GENESIS


async def test_what_is_not_classed_is_not_written(database: Database) -> None:
    async with database.write() as uow:
        await note(uow, reason="cut", password="hunter2", by="Eve")
    async with database.read() as uow:
        (event,) = await uow.audit.search()
    assert event.fields == {"reason": "cut", "by": "Eve"}


async def test_an_unknown_tag_is_our_own_mistake(database: Database) -> None:
    with pytest.raises(KeyError):
        async with database.write() as uow:
            await note(uow, "session:exploded")


async def test_an_event_is_part_of_its_transaction(database: Database) -> None:
    async def interrupted() -> None:
        async with database.write() as uow:
            await note(uow)
            raise LookupError

    with pytest.raises(LookupError):
        await interrupted()
    async with database.read() as uow:
        assert await uow.audit.search() == []
        assert await uow.audit.head() == Head(0, GENESIS)


async def test_a_reading_transaction_writes_no_event(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.read() as uow:
            await note(uow)


async def test_the_head_moves_with_the_chain(database: Database) -> None:
    await written(database, 3)
    await written(database, 2)
    async with database.read() as uow:
        events = await uow.audit.between(1, 9)
        head = await uow.audit.head()
    assert [event.seq for event in events] == [1, 2, 3, 4, 5]
    assert head == Head(5, events[-1].digest)


async def test_what_was_noted_is_seen_in_its_own_transaction(database: Database) -> None:
    async with database.write() as uow:
        await note(uow)
        assert len(await uow.audit.search()) == 1
        await note(uow)
        assert (await uow.audit.head()).seq == 2
        assert (await uow.audit.verify()).ok


async def test_writers_at_once_make_one_chain(database: Database) -> None:
    await asyncio.gather(*(written(database, 3) for _ in range(8)))
    async with database.read() as uow:
        verdict = await uow.audit.verify()
    assert (verdict.ok, verdict.count) == (True, 24)


async def test_the_chain_is_verified_in_batches(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    await written(database, 7)
    monkeypatch.setattr(audit_log, "_AFTER", audit_log._AFTER.limit(2))
    async with database.read() as uow:
        verdict = await uow.audit.verify()
    assert (verdict.ok, verdict.count) == (True, 7)
    await tamper(database, sa.text("update audit_events set actor_name = 'x' where seq = 6"))
    async with database.read() as uow:
        verdict = await uow.audit.verify()
    assert (verdict.ok, verdict.broken_at, verdict.count) == (False, 6, 5)


@pytest.mark.parametrize(
    ("deed", "broken_at"),
    [
        ("update audit_events set actor_name = 'x' where seq = 3", 3),
        ("update audit_events set fields = '{}' where seq = 5", 5),
        ("update audit_events set severity = 'alarm' where seq = 1", 1),
        ("delete from audit_events where seq = 2", 2),
        ("delete from audit_events where seq = 1", 1),
        ("delete from audit_events where seq > 3", 4),
        ("delete from audit_events", 1),
        ("delete from audit_head", 1),
        ("update audit_head set seq = 3", 4),
        ("update audit_head set digest = previous from audit_events e where e.seq = 5", 6),
    ],
)
async def test_tampering_is_found_and_placed(database: Database, deed: str, broken_at: int) -> None:
    await written(database, 5)
    await tamper(database, sa.text(deed))
    async with database.read() as uow:
        verdict = await uow.audit.verify()
    assert not verdict.ok
    assert verdict.broken_at == broken_at
    assert verdict.why


async def test_a_whole_chain_made_anew_is_found_by_a_noted_head(database: Database) -> None:
    await written(database, 3)
    async with database.read() as uow:
        noted = await uow.audit.head()
        assert (await uow.audit.verify(noted)).ok
    await tamper(
        database,
        sa.text("delete from audit_events"),
        sa.text(f"update audit_head set seq = 0, digest = '{GENESIS}'"),
    )
    async with database.write() as uow:
        for number in range(4):
            await note(uow, why=f"another story {number}")
    async with database.read() as uow:
        assert (await uow.audit.verify()).ok
        assert (await uow.audit.verify(noted)).broken_at == 3


async def test_a_lost_head_stops_writing_with_a_clear_word(database: Database) -> None:
    await tamper(database, sa.text("delete from audit_head"))
    with pytest.raises(RuntimeError, match="head"):
        await written(database, 1)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("plain", "plain"),
        ("Élodie — ça va", "Élodie — ça va"),
        (42, "42"),
        (Severity.ALARM, "alarm"),
        ("\x1b]52;c;QUJD\x07", "\\x1b]52;c;QUJD\\x07"),
        ("\x9b2J", "\\x9b2J"),
        ("a\r\nb\tc", "a\\x0d\\x0ab\\x09c"),
        ("\x7f", "\\x7f"),
        ("\u202eexe.txt", "\\u202eexe.txt"),
        ("\u2066x\u2069\u200b\ufeff", "\\u2066x\\u2069\\u200b\\ufeff"),
        ("\u2028\u2029", "\\u2028\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("nul\x00", "nul\\x00"),
        ("𝕏", "𝕏"),
    ],
)
def test_T39_nothing_hostile_reaches_a_page(value: object, shown: str) -> None:
    assert plain(value) == shown


def test_a_value_has_an_end() -> None:
    assert len(plain("x" * 1001)) == 1000
    assert plain("x" * 1001).endswith("…")
    assert plain("x" * 1000) == "x" * 1000


async def test_T39_hostile_names_are_kept_inert_everywhere(database: Database) -> None:
    hostile = replace(EVE, id="\x1b[2J", name="a\x00b", source="\u202e")
    async with database.write() as uow:
        await uow.audit.append(
            "auth:failed", actor=hostile, subject=("login", "-o\x1b"), at=NOW, login="\ud800\n", door="ssh"
        )
    async with database.read() as uow:
        (event,) = await uow.audit.search()
        assert (await uow.audit.verify()).ok
    assert (event.actor_id, event.actor_name, event.source) == ("\\x1b[2J", "a\\x00b", "\\u202e")
    assert (event.subject_id, event.fields["login"]) == ("-o\\x1b", "\\ud800\\x0a")


@pytest.fixture
async def diary(database: Database) -> Database:
    async with database.write() as uow:
        append = uow.audit.append
        system = system_actor()
        await append("bastion:started", actor=system, subject=("bastion", "b"), at=NOW, node="node_a", version="1")
        await append(
            "auth:failed", actor=system, subject=("login", "x"), at=NOW + HOUR, login='say "50%" \x1b', door="ssh"
        )
        await append(
            "lock:imposed", actor=EVE, subject=("lock", "loc-1"), facility_id="fac-1", at=NOW + 2 * HOUR, why="Été"
        )
        await append(
            "session:cut_asked", actor=EVE, subject=("session", "ses-1"), facility_id="fac-2", at=NOW + 3 * HOUR
        )
    return database


QUESTIONS: list[tuple[dict[str, Any], Any]] = [
    ({}, "4321"),
    ({"tag_prefix": "session:"}, "4"),
    ({"tag_prefix": "%"}, ""),
    ({"severity": "info"}, "4321"),
    ({"severity": "warning"}, "432"),
    ({"severity": "alarm"}, "3"),
    ({"actor": "stf-2"}, "43"),
    ({"actor": "EVE"}, "43"),
    ({"actor": "%"}, ""),
    ({"subject_id": "ses-1"}, "4"),
    ({"facility_ids": frozenset({"fac-1", "fac-2"})}, "43"),
    ({"facility_ids": frozenset({""})}, "21"),
    ({"facility_ids": frozenset()}, ""),
    ({"since": NOW + HOUR, "until": NOW + 3 * HOUR}, "32"),
    ({"before_seq": 3}, "21"),
    ({"limit": 2}, "43"),
    ({"text": 'say "50%" \\x1b'}, "2"),
    ({"text": "%"}, "2"),
    ({"text": "node_a"}, "1"),
    ({"text": "nodeXa"}, ""),
    ({"text": "Été"}, "3"),
    ({"text": "192.0.2.1"}, "43"),
    ({"text": "loc-1"}, "3"),
    ({"text": "cut_asked"}, "4"),
    ({"text": "\x00"}, ""),
]


async def test_events_are_searched(diary: Database) -> None:
    async with diary.read() as uow:
        for question, seqs in QUESTIONS:
            found = await uow.audit.search(**question)
            assert (question, "".join(str(event.seq) for event in found)) == (question, seqs)


async def test_instants_of_events_keep_their_microseconds(database: Database) -> None:
    at = NOW + timedelta(microseconds=1)
    async with database.write() as uow:
        await uow.audit.append("bastion:stopped", actor=EVE, subject=("bastion", "b"), at=at)
    async with database.read() as uow:
        assert (await uow.audit.search())[0].at == at
        assert (await uow.audit.verify()).ok

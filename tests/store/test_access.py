import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bastion.domain.access_request import AccessRequest, InterventionKind, Person, RequestState
from bastion.domain.lock import Lock, LockScope
from bastion.errors import Conflict, Invalid
from bastion.store.database import Database
from tests.store.samples import ALICE, HOUR, NOW, a_grant, a_request

BOB, EVE = Person("stf-1", "Bob Leroy"), Person("stf-2", "Eve Roux")


async def asked(database: Database, *requests: AccessRequest) -> None:
    async with database.write() as uow:
        for request in requests:
            await uow.requests.add(request)


async def test_a_request_comes_back_whole(hospital: Database) -> None:
    request = a_request(start=NOW + HOUR, notice_accepted_at=NOW, created_by=EVE, account_id="", quorum=2)
    await asked(hospital, request)
    async with hospital.read() as uow:
        assert await uow.requests.get("req-1") == request
        assert await uow.requests.all() == [request]


async def test_approvals_come_back_in_order(hospital: Database) -> None:
    request = a_request(quorum=2)
    await asked(hospital, request, a_request(2))
    async with hospital.write() as uow:
        request = await uow.requests.save(request.approve(EVE, HOUR, "once", NOW + HOUR))
    async with hospital.write() as uow:
        request = await uow.requests.save(request.approve(BOB, 2 * HOUR, "", NOW + HOUR))
    async with hospital.read() as uow:
        read = await uow.requests.get("req-1")
        other = await uow.requests.get("req-2")
    assert read == request
    assert read is not None
    assert [approval.staff_name for approval in read.approvals] == ["Eve Roux", "Bob Leroy"]
    assert read.stored_state is RequestState.APPROVED
    assert read.version == 3
    assert other is not None
    assert other.approvals == ()


async def test_whoever_read_an_older_version_gets_a_conflict(hospital: Database) -> None:
    request = a_request(quorum=3)
    await asked(hospital, request)
    async with hospital.write() as uow:
        saved = await uow.requests.save(request.approve(BOB, HOUR, "yes", NOW))
    with pytest.raises(Conflict):
        async with hospital.write() as uow:
            await uow.requests.save(request.approve(EVE, HOUR, "", NOW))
    async with hospital.read() as uow:
        assert await uow.requests.get("req-1") == saved


async def test_saving_what_is_not_there_is_a_conflict(hospital: Database) -> None:
    with pytest.raises(Conflict):
        async with hospital.write() as uow:
            await uow.requests.save(a_request())


async def test_pending_is_undecided_and_not_expired(hospital: Database) -> None:
    denied = a_request(3).deny(BOB, "", NOW)
    await asked(hospital, a_request(1), a_request(2), denied, a_request(4, expires_at=NOW + HOUR))
    async with hospital.read() as uow:
        assert [r.id for r in await uow.requests.pending(NOW)] == ["req-4", "req-2", "req-1"]
        assert [r.id for r in await uow.requests.pending(NOW + HOUR)] == ["req-2", "req-1"]
        assert await uow.requests.pending(NOW, frozenset({"fac-2"})) == []
        assert len(await uow.requests.pending(NOW, frozenset({"fac-1"}))) == 3


async def test_what_that_person_waits_for_on_that_device_is_newest_first(hospital: Database) -> None:
    await asked(hospital, a_request(1), a_request(2), a_request(3).withdraw(BOB, "", NOW))
    async with hospital.read() as uow:
        assert [one.id for one in await uow.requests.open_for("tec-1", "dev-1", NOW)] == ["req-2", "req-1"]
        assert await uow.requests.open_for("tec-1", "dev-2", NOW) == []
        assert await uow.requests.open_for("tec-2", "dev-1", NOW) == []
        assert await uow.requests.open_for("tec-1", "dev-1", NOW + 8 * HOUR) == []


async def test_requests_of_a_technician_are_the_newest(hospital: Database) -> None:
    await asked(hospital, *(a_request(number) for number in range(1, 6)))
    async with hospital.read() as uow:
        assert [r.id for r in await uow.requests.of_technician("tec-1", 2)] == ["req-5", "req-4"]
        assert await uow.requests.of_technician("tec-2") == []


QUESTIONS: list[tuple[dict[str, Any], Any]] = [
    ({}, "321"),
    ({"state": "pending"}, "31"),
    ({"state": "pending", "now": NOW + HOUR}, "1"),
    ({"state": "expired", "now": NOW + HOUR}, "3"),
    ({"state": "expired"}, ""),
    ({"state": "denied"}, "2"),
    ({"state": "unheard of"}, ""),
    ({"text": "gantry"}, "31"),
    ({"text": "WO-9"}, "2"),
    ({"text": "%"}, "2"),
    ({"text": "ALICE"}, "321"),
    ({"text": "CT-01"}, "321"),
    ({"text": "imagerie"}, "321"),
    ({"text": "no budget"}, "2"),
    ({"text": "eq-3"}, "3"),
    ({"text": "\x00"}, ""),
    ({"facility_ids": frozenset({"fac-1"})}, "321"),
    ({"facility_ids": frozenset()}, ""),
    ({"technician_id": "tec-1", "supplier_id": "sup-1", "device_id": "dev-1"}, "321"),
    ({"technician_id": "tec-2"}, ""),
    ({"supplier_id": "sup-2"}, ""),
    ({"device_id": "dev-2"}, ""),
    ({"since": NOW + timedelta(seconds=2)}, "32"),
    ({"limit": 1, "offset": 1}, "2"),
]


async def test_requests_are_searched(hospital: Database) -> None:
    denied = a_request(2, reason="100% dead", work_order="WO-9").deny(BOB, "No budget", NOW)
    await asked(hospital, a_request(1), denied, a_request(3, expires_at=NOW + HOUR))
    async with hospital.read() as uow:
        for question, numbers in QUESTIONS:
            found = await uow.requests.search(**question)
            assert (question, "".join(request.id[-1] for request in found)) == (question, numbers)


@pytest.mark.parametrize("whose", [{"technician_id": "tec-1"}, {"supplier_id": "sup-1"}], ids=str)
async def test_T33_a_supplier_s_search_does_not_tell_what_is_a_name_elsewhere(hospital: Database, whose: dict) -> None:
    """What somebody guesses in a reason of his own is found there, whether it is anybody's name or nobody's."""
    await asked(hospital, a_request(1, reason="Bob Leroy, bob, nobody at all"))
    async with hospital.write() as uow:
        await uow.technicians.add(replace(ALICE, id="tec-9", login="bob", name="Bob Leroy", supplier_id="sup-1"))
    async with hospital.read() as uow:
        for text in ("Bob Leroy", "bob", "nobody"):
            assert [one.id for one in await uow.requests.search(text=text, **whose)] == ["req-1"], text
        assert await uow.requests.search(text="Bob Leroy") == [], "the hospital looks him up, and he asked for nothing"


async def granted_as(database: Database, *grants: Any) -> None:
    async with database.write() as uow:
        for grant in grants:
            number = int(grant.id[-1])
            await uow.requests.add(a_request(number))
            await uow.grants.add(grant)


async def test_a_grant_comes_back_whole(granted: Database) -> None:
    async with granted.read() as uow:
        assert await uow.grants.get("gra-1") == a_grant()
        assert await uow.grants.of_request("req-1") == a_grant()
        assert await uow.grants.of_request("req-2") is None


async def test_live_follows_the_half_open_box(granted: Database) -> None:
    async with granted.read() as uow:
        live = uow.grants.live
        assert await live("tec-1", "dev-1", NOW) == [a_grant()]
        assert await live("tec-1", "dev-1", NOW - timedelta(microseconds=1)) == []
        assert await live("tec-1", "dev-1", NOW + 2 * HOUR - timedelta(microseconds=1)) == [a_grant()]
        assert await live("tec-1", "dev-1", NOW + 2 * HOUR) == []
        assert await live("tec-2", "dev-1", NOW) == []
        assert await live("tec-1", "dev-2", NOW) == []


async def test_live_takes_the_latest_end_and_never_a_revoked_one(hospital: Database) -> None:
    longer, revoked = a_grant(2, end=NOW + 3 * HOUR), a_grant(3, end=NOW + 4 * HOUR).revoke("Eve", "why", NOW)
    await granted_as(hospital, a_grant(1), longer, revoked)
    async with hospital.read() as uow:
        assert await uow.grants.live("tec-1", "dev-1", NOW) == [longer, a_grant(1)]
        assert await uow.grants.get("gra-3") == revoked


async def test_unfinished_are_open_or_scheduled(hospital: Database) -> None:
    scheduled = a_grant(2, start=NOW + HOUR)
    over, revoked = a_grant(3, start=NOW - 2 * HOUR, end=NOW), a_grant(4).revoke("Eve", "", NOW)
    await granted_as(hospital, a_grant(1), scheduled, over, revoked)
    async with hospital.read() as uow:
        assert [grant.id for grant in await uow.grants.unfinished(NOW)] == ["gra-1", "gra-2"]
        assert [grant.id for grant in await uow.grants.of_technician("tec-1", NOW)] == ["gra-1", "gra-2"]
        assert await uow.grants.of_technician("tec-2", NOW) == []


async def test_a_grant_changes_by_version(granted: Database) -> None:
    async with granted.write() as uow:
        extended = await uow.grants.save(a_grant().extend(NOW + 3 * HOUR, NOW))
    assert extended.version == 2
    with pytest.raises(Conflict):
        async with granted.write() as uow:
            await uow.grants.save(replace(extended, version=1, acknowledged_at=NOW))


async def test_one_grant_for_one_request(granted: Database) -> None:
    with pytest.raises(Conflict):
        async with granted.write() as uow:
            await uow.grants.add(a_grant(2, request_id="req-1"))


@pytest.mark.parametrize(
    "nonsense", [{"end": NOW}, {"end": NOW - HOUR}, {"channels": frozenset()}, {"idle_seconds": -1}, {"version": 0}]
)
async def test_a_nonsensical_grant_is_refused(hospital: Database, nonsense: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await granted_as(hospital, a_grant(1, **nonsense))


@pytest.mark.parametrize(
    "nonsense",
    [
        {"wanted": timedelta()},
        {"expires_at": NOW},
        {"quorum": -1},
        {"decided_at": NOW},
        {"stored_state": RequestState.APPROVED},
        {"stored_state": RequestState.EXPIRED, "decided_at": NOW},
        {"grant_id": "gra-1"},
    ],
)
async def test_a_nonsensical_request_is_refused(hospital: Database, nonsense: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        await asked(hospital, a_request(1, **nonsense))


async def test_every_kind_of_intervention_fits(hospital: Database) -> None:
    kinds = list(enumerate(InterventionKind, start=1))
    await asked(hospital, *(a_request(number, kind=kind) for number, kind in kinds))
    async with hospital.read() as uow:
        assert {request.kind for request in await uow.requests.all()} == set(InterventionKind)


async def test_unlifted_locks_are_all_but_the_lifted(hospital: Database) -> None:
    locks = [
        Lock(f"loc-{number}", scope, "" if scope is LockScope.ALL else "x", "Fire", "Eve", NOW)
        for number, scope in enumerate(LockScope)
    ]
    async with hospital.write() as uow:
        for lock in locks:
            await uow.locks.add(lock)
        until = replace(locks[1], until=NOW + HOUR)
        await uow.locks.save(until)
        await uow.locks.save(replace(locks[2], lifted_at=NOW + HOUR, lifted_by="Eve"))
        assert await uow.locks.unlifted() == [locks[0], until, locks[3]]
        assert await uow.locks.get("loc-2") == replace(locks[2], lifted_at=NOW + HOUR, lifted_by="Eve")


@pytest.mark.parametrize(
    "nonsense",
    [
        {"subject_id": ""},
        {"reason": ""},
        {"until": NOW},
        {"lifted_at": NOW},
        {"lifted_by": "Eve"},
    ],
)
async def test_a_nonsensical_lock_is_refused(hospital: Database, nonsense: dict[str, Any]) -> None:
    lock = Lock("loc-1", LockScope.DEVICE, "dev-1", "Fire", "Eve", NOW)
    with pytest.raises(Invalid):
        async with hospital.write() as uow:
            await uow.locks.add(replace(lock, **nonsense))


async def test_of_two_approvers_at_once_one_reads_again(hospital: Database) -> None:
    await asked(hospital, a_request())
    async with hospital.read() as uow:
        request = await uow.requests.get("req-1")
    assert request is not None
    async with hospital.write() as uow:
        await uow.requests.save(request.approve(BOB, HOUR, "", NOW + HOUR))
    with pytest.raises(Conflict):
        async with hospital.write() as uow:
            await uow.requests.save(request.approve(EVE, HOUR, "", NOW + HOUR))


async def test_who_reads_decides_and_saves_in_one_transaction_never_conflicts(granted: Database) -> None:
    async def extend(hours: int) -> None:
        async with granted.write() as uow:
            grant = await uow.grants.get("gra-1")
            assert grant is not None
            await asyncio.sleep(0.01)
            await uow.grants.save(grant.extend(grant.end + hours * HOUR, NOW))

    async def revoke_all() -> None:
        async with granted.write() as uow:
            for grant in await uow.grants.unfinished(NOW):
                await asyncio.sleep(0.01)
                await uow.grants.save(replace(grant, acknowledged_at=NOW))

    await asyncio.gather(extend(1), extend(2), revoke_all(), extend(3))
    async with granted.read() as uow:
        grant = await uow.grants.get("gra-1")
    assert grant is not None
    assert (grant.end, grant.version, grant.acknowledged_at) == (NOW + 8 * HOUR, 5, NOW)


async def test_no_opening_slips_past_a_lock_or_another_opening(granted: Database) -> None:
    order: list[str] = []
    holding = asyncio.Event()

    async def open_one(name: str) -> None:
        async with granted.write() as uow:
            await uow.locks.hold()
            holding.set()
            seen = len(await uow.locks.unlifted())
            await asyncio.sleep(0.05)
            order.append(f"{name} sees {seen}")

    async def impose() -> None:
        await holding.wait()
        async with granted.write() as uow:
            await uow.locks.add(Lock("loc-1", LockScope.ALL, "", "Fire", "Eve", NOW))
            order.append("imposed")

    async def late() -> None:
        await holding.wait()
        await asyncio.sleep(0.02)
        await open_one("late")

    await asyncio.gather(open_one("early"), impose(), late())
    assert order == ["early sees 0", "imposed", "late sees 1"]

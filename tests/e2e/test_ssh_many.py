"""Many sessions at once, and the other event loop and the other database."""

import asyncio

import pytest
import uvloop

from bastion.domain.lock import LockScope
from bastion.store.database import Database
from tests.databases import sqlite_fresh
from tests.e2e.test_ssh_refusals import connect
from tests.e2e.world import World
from tests.pace import seconds_until


async def waits(process):
    process.stdout.write(b"ready\n")
    await process.stdin.read()
    process.exit(0)


async def test_cut_everything_ends_many_sessions_within_a_second(world):
    """Forty here; the bench holds it to one second with two hundred."""
    await world.simulated_device(waits)
    await world.grant()
    first = await connect(world)
    processes = [await first.create_process("wait", encoding=None)]
    await processes[0].stdout.readline()
    others = await asyncio.gather(*(connect(world) for _ in range(39)))
    processes += await asyncio.gather(*(c.create_process("wait", encoding=None) for c in others))
    await asyncio.gather(*(p.stdout.readline() for p in processes[1:]))
    assert len(world.supervisor.lives) == 40
    saying = asyncio.gather(*(p.stderr.read() for p in processes))
    await world.services.locks.impose(world.staff(world.ruth), LockScope.ALL, "", "ransomware suspected")
    took = await seconds_until(saying.done)
    said = await saying
    assert took < 3, f"{took:.2f} s; below one second on a quiet machine"
    assert all(b"ransomware suspected" in text for text in said)
    assert not world.supervisor.lives
    for connection in (first, *others):
        connection.abort()
    await world.settled()
    assert {r.end_reason for r in await world.records()} == {"locked"}


def test_everything_runs_on_uvloop_as_well(migrated_sqlite, tmp_path):
    async def story():
        database = await Database.open(sqlite_fresh(migrated_sqlite, tmp_path))
        world = World(tmp_path, database)
        await world.open()
        await world.simulated_device(waits)
        await world.grant()
        done = await world.ssh("wait", stdin=b"")
        await world.settled()
        assert (done.status, done.out) == (0, b"ready\n")
        assert await world.recorded("o") == b"ready\n"
        await world.close()
        await database.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(story())


@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
async def test_everything_runs_on_postgresql_as_well(database, tmp_path):
    world = World(tmp_path, database)
    await world.open()
    try:
        await world.simulated_device(waits)
        await world.grant()
        done = await world.ssh("wait")
        await world.settled()
        assert (done.status, done.out) == (0, b"ready\n")
        assert [r.end_reason for r in await world.records()] == ["technician_left"]
    finally:
        await world.close()


async def test_a_bastion_that_stops_says_so_and_keeps_every_session(world, screens):
    """At a prompt, in the lobby, and with nothing open at all: nobody is left hanging."""
    await world.simulated_device(waits)
    bob, carl = await world.person("bob"), await world.person("carl")
    await world.grant()
    screen = screens(world.screen("wait"))
    await screen.expect("ready")
    lobby = screens(world.screen(name="bob+sim-01", who=bob))
    await lobby.expect("Reason")
    idle = screens(world.screen(before=["-N"], name="carl+sim-01", who=carl))
    while len(world.door.connections) < 3:
        await asyncio.sleep(0.02)
    await asyncio.sleep(0.2)
    world.listener.close()
    await world.supervisor.stop()
    for one in (screen, lobby):
        await one.expect("The bastion is being stopped. The session is closed.", within=2)
    for one in (screen, lobby, idle):
        await one.ended(within=3)
    assert [r.end_reason for r in await world.records()] == ["shutdown"]
    assert not world.door.connections

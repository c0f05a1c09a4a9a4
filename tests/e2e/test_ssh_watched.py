"""R-34, T10: on the most critical devices somebody of the hospital follows, or nothing passes. Real ssh, real sshd."""

import asyncio
import hashlib
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bastion.domain.parties import Role
from bastion.services.people import StaffForm
from tests.e2e.world import OPERATOR

HERE = "browser"
WAITS = "Somebody of the hospital must follow this session."
HELD = "Nobody of the hospital follows this session now"


@pytest.fixture
async def critical(hospital):
    """The same device, of the highest criticality; two people have agreed."""
    form = StaffForm("pia", "Pia", "pia@chu", frozenset({Role.APPROVER}), (), "en")
    hospital.pia = await hospital.services.people.save_staff(OPERATOR, form)
    await set_criticality(hospital, 4)
    request = await hospital.ask()
    await hospital.approve(request)
    request = (await hospital.services.asked.get(hospital.staff(hospital.pia), request.id)).request
    await hospital.services.approvals.approve(hospital.staff(hospital.pia), request.id, request.version, 60, "ok")
    return hospital


async def set_criticality(hospital, criticality: int) -> None:
    async with hospital.database.read() as uow:
        device = await uow.devices.get(hospital.device.id)
    async with hospital.database.write() as uow:
        await uow.devices.save(replace(device, criticality=criticality))


class Follower:
    """Eve's page: it beats for as long as it is open."""

    def __init__(self, hospital, session_id: str) -> None:
        self._hospital, self._session = hospital, session_id
        self._beating = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        eve = self._hospital.staff(self._hospital.eve)
        while True:
            await self._hospital.services.watching.beat(eve, self._session, HERE)
            await asyncio.sleep(0.2)

    async def close(self) -> None:
        self._beating.cancel()
        await asyncio.gather(self._beating, return_exceptions=True)


@asynccontextmanager
async def following(hospital, *, take: bool = True):
    async with asyncio.timeout(10):
        while not (records := [one for one in await hospital.records() if one.live]):
            await asyncio.sleep(0.05)
    if take:
        await hospital.services.watching.take(hospital.staff(hospital.eve), records[0].id, HERE)
    page = Follower(hospital, records[0].id)
    yield page
    await page.close()


async def test_T10_a_shell_begins_when_somebody_follows_and_stands_still_when_nobody_does(critical, screens, tmp_path):
    screen = screens(critical.screen())
    await screen.expect("Agreed until")
    await screen.expect("Pia")
    await screen.expect(WAITS)
    screen.send(f"touch {tmp_path}/early\r")
    await asyncio.sleep(0.3)
    async with following(critical) as page:
        await screen.expect("Last login")
        await asyncio.sleep(0.5)
        screen.send("PS1='rea''dy> '\r")
        await screen.expect("ready> ")
        screen.send("(sleep 2; echo sec''ret) &\r")
        await screen.expect("ready> ")
        await page.close()
        await asyncio.sleep(1.0)
        screen.send(f"touch {tmp_path}/unseen\r")
        await screen.expect(HELD)
        await asyncio.sleep(2.0)
    async with following(critical, take=False):
        await screen.expect("Eve follows your session; it goes on.")
        screen.send(f"touch {tmp_path}/seen\r")
        shown = await screen.expect("ready> ")
        screen.send("exit\r")
        await screen.ended()
    assert [path.exists() for path in (tmp_path / "early", tmp_path / "unseen", tmp_path / "seen")] == [0, 0, 1]
    assert "secret" not in shown
    assert b"secret" in await critical.recorded("o"), "the recording has what the technician was not shown"
    typed = await critical.recorded("i")
    assert (b"early" in typed, b"/unseen" in typed) == (False, False), "what did not reach the device was not recorded"
    tags = await critical.tags()
    for tag in ("session:unwatched", "watch:taken", "session:watched", "watch:left"):
        assert tag in tags
    assert tags.count("session:unwatched") == 2
    marks = await critical.recorded("m")
    for words in (b"Your session is followed by Eve.", HELD.encode(), b"Eve follows your session"):
        assert words in marks


async def test_T10_a_command_does_not_begin_before_somebody_follows(critical, tmp_path):
    running = asyncio.create_task(critical.ssh(f"touch {tmp_path}/begun; echo do''ne"))
    await asyncio.sleep(2.0)
    assert [one.live for one in await critical.records()] == [True]
    assert "channel:opened" not in await critical.tags("channel")
    assert not (tmp_path / "begun").exists()
    async with following(critical):
        done = await running
    assert (done.status, done.out) == (0, b"done\n")
    assert WAITS.encode() in done.err


async def test_a_technician_who_will_not_wait_leaves(critical, screens):
    screen = screens(critical.screen())
    await screen.expect(WAITS)
    screen.send("\x03")
    await screen.ended(within=5)
    await critical.settled()
    assert "channel:opened" not in await critical.tags("channel")


async def test_a_waiting_technician_reads_that_the_session_was_cut(critical, screens):
    screen = screens(critical.screen())
    await screen.expect(WAITS)
    (record,) = await critical.records()
    await critical.services.supervision.cut(critical.staff(critical.eve), record.id, "wrong device")
    await screen.expect("Eve has ended the session: wrong device.")
    await screen.ended(within=5)


async def test_T10_an_upload_stands_still_unwatched_and_arrives_whole(critical, tmp_path):
    """A byte stream is held, not dropped: what was sent meanwhile arrives once somebody follows again."""
    target, sent = tmp_path / "upload.bin", hashlib.sha256()
    arguments, environment = critical.options()
    command = ["ssh", *arguments, "-p", str(critical.listener.port), f"alice+{critical.device.code}@127.0.0.1"]
    client = await asyncio.create_subprocess_exec(
        *command, f"cat > {target}", env=environment, stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )

    async def feed() -> None:
        for number in range(300):
            piece = number.to_bytes(2, "big") * 8192
            sent.update(piece)
            client.stdin.write(piece)
            await client.stdin.drain()
            await asyncio.sleep(0.01)
        client.stdin.close()

    feeding = asyncio.create_task(feed())
    async with following(critical):
        async with asyncio.timeout(10):
            while not target.exists() or target.stat().st_size < 200_000:
                await asyncio.sleep(0.02)
    await asyncio.sleep(1.0)
    held = target.stat().st_size
    await asyncio.sleep(1.0)
    assert target.stat().st_size == held
    async with following(critical, take=False):
        await feeding
        assert await asyncio.wait_for(client.wait(), 20) == 0
    assert held < 300 * 16384
    assert hashlib.sha256(target.read_bytes()).hexdigest() == sent.hexdigest()

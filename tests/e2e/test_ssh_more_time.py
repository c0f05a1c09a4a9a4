"""More time and a handover, asked for from a second window while a real session goes on (R-35)."""

from datetime import timedelta

from tests.e2e.test_ssh_lobby import PROMPT, pending
from tests.e2e.world import clock_moved


async def at_work(hospital, screens):
    hospital.given = await hospital.grant()
    screen = screens(hospital.screen())
    screen.send("PS1='rea''dy> '\r")
    await screen.expect("ready> ")
    await hospital.forget_codes()
    return screen


async def menu(hospital, screens):
    screen = screens(hospital.screen(name="alice"))
    await screen.expect("More time: “+” and its number.")
    await screen.expect(PROMPT)
    return screen


async def test_R35_more_time_is_agreed_to_and_the_session_never_drops(hospital, screens):
    session = await at_work(hospital, screens)
    beside = await menu(hospital, screens)
    beside.send("+1\r")
    await beside.expect("How much longer")
    beside.send("30\r")
    await beside.expect("Why: ")
    beside.send("the tube is still hot\r")
    await beside.expect("Your session goes on")
    request = await pending(hospital)
    assert (request.extends_grant_id, request.wanted) == (hospital.given.id, timedelta(minutes=30))
    session.send("echo still''here\r")
    await session.expect("stillhere")
    await hospital.approve(request, 30)
    await session.expect("Your time was extended: the session now ends at", timeout=4)
    session.send("echo and''now\r")
    await session.expect("andnow")
    records = await hospital.records()
    assert [record.ended_at for record in records] == [None]


async def test_R35_warnings_come_at_fifteen_five_and_one_minute(hospital, screens):
    session = await at_work(hospital, screens)
    for minutes in (15, 5, 1):
        with clock_moved((60 - minutes) * 60 + 5):
            said = "min left. The session ends at"
            await session.expect(f"{minutes} {said}", timeout=4)


async def test_a_colleague_takes_over_and_the_first_session_ends_with_the_reason(hospital, screens):
    session = await at_work(hospital, screens)
    await hospital.person("carol")
    beside = await menu(hospital, screens)
    beside.send(">\r")
    await beside.expect("Login of the colleague")
    beside.send("carol\r")
    await beside.expect("Why: ")
    beside.send("my shift is over\r")
    await beside.expect("then your colleague takes over")
    request = await pending(hospital)
    await hospital.approve(request, 60)
    await session.expect("Your authorisation for this device was withdrawn: Handed over to", timeout=4)
    await session.ended()

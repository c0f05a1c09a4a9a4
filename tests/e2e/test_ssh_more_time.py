"""More time and a handover, asked for from a second window while a real session goes on (R-35)."""

import asyncio
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


async def wish(beside):
    """Ask for half an hour more, from the menu."""
    beside.send("+1\r")
    await beside.expect("How much longer")
    beside.send("30\r")
    await beside.expect("Why: ")
    beside.send("the tube is still hot\r")


async def test_R35_more_time_is_agreed_to_and_the_session_never_drops(hospital, screens):
    session = await at_work(hospital, screens)
    beside = await menu(hospital, screens)
    await wish(beside)
    await beside.expect("Your session goes on")
    request = await pending(hospital)
    assert (request.extends_grant_id, request.wanted) == (hospital.given.id, timedelta(minutes=30))
    session.send("echo still''here\r")
    await session.expect("stillhere")
    await hospital.approve(request, 30)
    await session.expect("Your time was extended: the session now ends at", within=4)
    session.send("echo and''now\r")
    await session.expect("andnow")
    records = await hospital.records()
    assert [record.ended_at for record in records] == [None]


TWICE = "\x14\x14"


async def test_R35_what_was_asked_from_the_menu_is_asked_back_and_refused_in_the_session(hospital, screens):
    session = await at_work(hospital, screens)
    beside = await menu(hospital, screens)
    await wish(beside)
    await beside.expect("what the hospital answers")
    request, eve = await pending(hospital), hospital.staff(hospital.eve)
    await hospital.services.threads.ask(eve, request.id, "How hot?")
    await session.expect("Eve asks: How hot?")
    session.send(TWICE)
    await session.expect("Your answer: ")
    session.send("90 degrees\r")
    await session.expect("Your answer is with the hospital.")
    request = await pending(hospital)
    await hospital.services.approvals.deny(eve, request.id, request.version, "the room is needed")
    await session.expect("Eve has refused the request: the room is needed")


async def test_R35_what_his_company_asked_for_is_refused_in_the_session(hospital, screens):
    session = await at_work(hospital, screens)
    alice, eve = hospital.alice.actor, hospital.staff(hospital.eve)
    request = await hospital.services.access.extend(alice, hospital.given.id, 30, "asked on the page")
    await hospital.services.approvals.deny(eve, request.id, request.version, "the room is needed")
    await session.expect("Eve has refused the request: the room is needed")


async def warned(hospital, screens):
    """At work, and told that a quarter of an hour is left."""
    screen = await at_work(hospital, screens)
    with clock_moved(45 * 60 + 5):
        await screen.expect("More time: press Ctrl-T", within=4)
    return screen


async def test_R35_more_time_is_asked_from_inside_and_none_of_it_reaches_the_device(hospital, screens):
    session = await warned(hospital, screens)
    session.send(TWICE)
    await session.expect("You write to the hospital now, not to the device.")
    await session.expect("How much longer")
    session.send("25 min\r")
    await session.expect("Why: ")
    session.send("the tube is still hot\r")
    await session.expect("What you type goes to the device again.")
    await session.expect("The hospital has been asked.")
    request = await pending(hospital)
    asked = (request.extends_grant_id, request.wanted, request.reason, request.created_by.name)
    assert asked == (hospital.given.id, timedelta(minutes=25), "the tube is still hot", "Alice Martin")
    session.send("echo still''here\r")
    await session.expect("stillhere")
    eve = hospital.staff(hospital.eve)
    await hospital.services.approvals.approve(eve, request.id, request.version, 20, "the room is needed after that")
    said = await session.expect("Eve: “the room is needed after that”", within=4)
    if "Your time was extended: the session now ends at" not in said:  # the two are told as each is read
        await session.expect("Your time was extended: the session now ends at", within=4)
    assert b"You asked for 25 min; 20 min is what was agreed." in session.seen
    session.send("exit\r")
    await session.ended()
    typed, marks = await hospital.recorded("i"), await hospital.recorded("m")
    assert b"hot" not in typed
    assert b"25" not in typed
    assert b"The technician asks for 25 min more: the tube is still hot" in marks
    assert len(await hospital.records()) == 1


async def test_R35_the_refusal_is_read_in_the_session_and_a_question_is_answered_there(hospital, screens):
    session = await warned(hospital, screens)
    session.send(TWICE)
    await session.expect("How much longer")
    session.send("\r")
    await session.expect("Why: ")
    session.send("it is hot\r")
    await session.expect("The hospital has been asked.")
    request = await pending(hospital)
    eve = hospital.staff(hospital.eve)
    await hospital.services.threads.ask(eve, request.id, "How hot?")
    await session.expect("Eve asks: How hot?")
    session.send(TWICE)
    await session.expect("Your answer: ")
    session.send("90 degrees\r")
    await session.expect("Your answer is with the hospital.")
    thread = await hospital.services.threads.of(eve, request.id)
    assert [remark.text for remark in thread] == ["How hot?", "90 degrees"]
    request = await pending(hospital)
    await hospital.services.approvals.deny(eve, request.id, request.version, "the room is needed")
    await session.expect("Eve has refused the request: the room is needed")
    session.send("echo still''here\r")
    await session.expect("stillhere")


async def test_the_console_of_a_device_loses_no_key_while_a_warning_is_recent(hospital, screens):
    session = await warned(hospital, screens)
    session.send("stty raw -echo; echo rea''dy; cat -v\r")
    await session.expect("ready")
    session.send("\x14")
    await session.expect("^T")  # a press alone, after a second
    session.send("\x14a")
    await session.expect("^Ta")
    session.send(TWICE)
    await session.expect("You write to the hospital now")
    session.send("\x14")  # meant for the device after all
    await session.expect("^T^T")


async def test_what_the_device_says_meanwhile_comes_afterwards(hospital, screens):
    session = await warned(hospital, screens)
    stops = hospital.home / "stops"
    session.send(f"(until [ -e {stops} ]; do sleep .1; done; echo pump''stopped) &\r")
    await session.expect("[1]")
    await session.expect("ready> ")
    session.send(TWICE)
    await session.expect("How much longer")
    stops.touch()
    await asyncio.sleep(1)
    assert b"pumpstopped" not in session.seen
    session.send("\x03")
    await session.expect("What you type goes to the device again.")
    await session.expect("pumpstopped")


async def test_R35_warnings_come_at_fifteen_five_and_one_minute(hospital, screens):
    session = await at_work(hospital, screens)
    for minutes in (15, 5, 1):
        with clock_moved((60 - minutes) * 60 + 5):
            said = "min left. The session ends at"
            await session.expect(f"{minutes} {said}", within=4)


async def test_a_colleague_takes_over_and_the_first_session_ends_with_the_reason(hospital, screens):
    session = await at_work(hospital, screens)
    await hospital.person("carol")
    beside = await menu(hospital, screens)
    beside.send(">\r")
    await beside.expect("Login of the colleague")
    beside.send("carol\r")
    await beside.expect("Why: ")
    beside.send("my shift is over\r")
    await beside.expect("colleague takes over.")
    request = await pending(hospital)
    await hospital.approve(request, 60)
    await session.expect("Your authorisation for this device was withdrawn: Handed over to", within=4)
    await session.ended()

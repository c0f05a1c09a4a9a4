"""A shell on a terminal: size, signals, notices, freeze, cut and the end of the agreed time."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.lock import LockScope
from bastion.services.directory import SupplierForm
from bastion.services.people import TechnicianForm
from bastion.services.subcontractors import SubcontractorForm
from tests.e2e.world import OPERATOR, clock_moved
from tests.pace import seconds_until

OVER = "The agreed time is over. The session is closed."


@pytest.fixture
async def shell(hospital, screens):
    """A technician at her prompt, under an open, acknowledged grant."""
    hospital.given = await hospital.grant()
    screen = screens(hospital.screen(cols=101, rows=33))
    screen.send("PS1='rea''dy> '; stty size\r")
    await screen.expect("33 101")
    await screen.expect("ready> ")
    return screen


async def test_size_and_resize_reach_the_device(shell):
    process = await shell.process()
    shell.resize(132, 50)
    process.send_signal(28)  # SIGWINCH
    await shell.insist("stty size\r", "50 132")


async def test_control_c_interrupts_what_runs_on_the_device(shell):
    shell.send("sleep 60; echo late\r")
    await asyncio.sleep(0.3)
    shell.send("\x03")
    await shell.expect("ready> ", within=3)
    shell.send("exit 5\r")
    assert await shell.ended() == 5


async def test_the_recording_holds_what_was_typed_and_shown(shell, hospital):
    shell.send("echo can''ary\r")
    await shell.expect("canary\r\n")
    shell.send("exit\r")
    await shell.ended()
    assert b"echo can''ary\r" in await hospital.recorded("i")
    assert b"canary\r\n" in await hospital.recorded("o")


@pytest.mark.timed
async def test_an_idle_full_screen_program_leaves_the_screen_as_it_was_when_the_session_is_cut(shell, hospital):
    shell.send("printf '\\033[?1049h\\033[31mfull screen'; sleep 60\r")
    await shell.expect("full screen")
    record = (await hospital.records())[0]
    await hospital.services.supervision.cut(hospital.staff(hospital.eve), record.id, "wrong device")
    left = await shell.expect("Eve has ended the session: wrong device.", within=1)
    assert "\x1b[?1049l" in left
    assert "\x1b[0m" in left
    assert await shell.ended(within=2) == 254
    await hospital.settled()
    record = (await hospital.records())[0]
    assert (record.end_reason, record.end_by, record.end_why) == ("cut", "Eve", "wrong device")


async def test_cut_everything_reaches_the_screen_within_a_second(shell, hospital):
    await hospital.services.locks.impose(hospital.staff(hospital.ruth), LockScope.ALL, "", "ransomware suspected")
    await shell.expect("Remote access is cut at the moment: ransomware suspected. Please call the hospital.", within=1)
    await shell.ended(within=2)


async def test_what_is_given_back_ends_the_session_in_its_own_words(shell, hospital):
    eve = hospital.staff(hospital.eve)
    await hospital.services.taking_back.give_back(eve, hospital.given.id, "the part has not come")
    await shell.expect(f"Your authorisation for this device was given back by {eve.name}.", within=4)
    await shell.ended(within=2)


async def test_a_revoked_grant_ends_the_session_with_its_reason(shell, hospital):
    await hospital.services.approvals.revoke(hospital.staff(hospital.eve), hospital.given.id, "patient in the room")
    await shell.expect("Your authorisation for this device was withdrawn: patient in the room.", within=1)
    await shell.ended(within=2)


async def test_T25_a_leaver_is_shown_out_of_his_running_session(shell, hospital):
    alice = hospital.alice.technician
    form = TechnicianForm(alice.login, alice.name, alice.email, "acme", active=False, id=alice.id)
    await hospital.services.people.save_technician(OPERATOR, form)
    await shell.expect("account suspended or closed", within=4)
    await shell.ended(within=2)


async def test_the_end_of_the_agreed_time_cuts_within_a_second(hospital, screens):
    clock = asyncio.get_running_loop()
    earliest = clock.time() + 6
    await hospital.grant(ends_in=6)
    latest = clock.time() + 6
    screen = screens(hospital.screen())
    await seconds_until(lambda: OVER.encode() in screen.seen or clock.time() > latest)
    assert clock.time() > earliest - 0.1
    await screen.expect(OVER, within=1)
    assert await screen.ended(within=2) == 254


async def test_a_clock_set_forward_ends_the_session_within_a_second_or_two(shell, hospital):
    with clock_moved(2 * 3600):
        await shell.expect(OVER, within=2.5)


async def test_a_clock_set_back_does_not_lengthen_the_session(hospital, screens):
    await hospital.grant(ends_in=6)
    screen = screens(hospital.screen("cat"))
    while not hospital.supervisor.lives:
        await asyncio.sleep(0.02)
    with clock_moved(-3600):
        await screen.expect(OVER, within=8)


async def test_freeze_holds_the_keys_back_and_never_plays_them_later(shell, hospital):
    record = (await hospital.records())[0]
    eve = hospital.staff(hospital.eve)
    shell.send("(sleep 1; echo still running) &\r")
    await shell.expect("ready> ")
    await hospital.services.supervision.freeze(eve, record.id)
    await shell.expect("Eve has frozen your session: nothing you type reaches the device.", within=1)
    shell.send("echo fro''zen\r")
    await shell.expect("still running", within=3)
    await hospital.services.supervision.thaw(eve, record.id)
    await shell.expect("The session goes on.", within=1)
    shell.send("echo tha''wed; exit\r")
    between = await shell.expect("thawed")
    assert "frozen" not in between
    await shell.ended()
    typed = await hospital.recorded("i")
    assert b"tha''wed" in typed
    assert b"fro''zen" not in typed, "what did not reach the device is not recorded as if it had"
    assert await hospital.recorded("w") == b"echo fro''zen\r"
    said = [(code, text) for _, code, text in await hospital.cast() if code in "im"]
    noted = said.index(("m", "typed, not passed on"))
    marks = [text for code, text in said[:noted] if code == "m"]
    assert marks[-1].startswith("Eve has frozen your session")
    goes_on = next(at for at, (_, text) in enumerate(said) if text.startswith("The session goes on."))
    assert "".join(text for _, text in said[noted + 1 : goes_on]) == "echo fro''zen\r"
    assert "".join(text for _, text in said[goes_on + 1 :]).startswith("echo tha''wed; exit\r")


async def test_a_warning_before_the_end_stands_on_the_screen(hospital, screens):
    await hospital.grant(ends_in=302)
    screen = screens(hospital.screen())
    await screen.expect("5 min left.", within=5)


async def test_quitting_the_client_ends_the_session(shell, hospital):
    await shell.close()
    await hospital.settled()
    assert [r.end_reason for r in await hospital.records()] == ["technician_left"]
    shell.close = lambda: asyncio.sleep(0)


async def test_R18_a_contract_that_ends_ends_the_session_and_everything_after_it(shell, hospital):
    """On a real device: the running session is shown out, and no other opens, although its grant stands."""
    (acme,) = [s for s in await hospital.services.directory.suppliers(OPERATOR) if s.code == "acme"]
    end = clock.now() + timedelta(seconds=2)
    await hospital.services.directory.save_supplier(OPERATOR, replace(SupplierForm.of(acme), contract_end=end))
    await shell.expect("account suspended or closed", within=6)
    assert clock.now() >= end
    await shell.ended(within=2)
    await hospital.settled()
    await hospital.forget_codes()
    done = await hospital.ssh("id")
    assert (done.status, done.out) == (254, b"")
    assert "no current contract" in done.says


async def test_R46_an_objection_to_the_employer_ends_the_session(shell, hospital):
    services, alice = hospital.services, hospital.alice.technician
    sub = await services.subcontractors.declare(OPERATOR, alice.supplier_id, SubcontractorForm("Sub"))
    form = replace(TechnicianForm.of(alice, "acme"), employer_id=sub.id)
    await services.people.save_technician(OPERATOR, form)
    await services.subcontractors.object(hospital.staff(hospital.ruth), sub.id, "no attestation")
    await shell.expect("account suspended or closed", within=4)
    await shell.ended(within=2)
    await hospital.settled()
    await hospital.forget_codes()
    done = await hospital.ssh("id")
    assert "the hospital has objected to the employer, the subcontractor Sub." in done.says


async def test_R18_whoever_is_off_boarded_is_out_within_a_second_or_two_and_his_key_is_void(shell, hospital):
    await hospital.services.rosters.leave(hospital.staff(hospital.ruth), hospital.alice.technician.id, "resigned")
    await shell.expect("account suspended or closed", within=2)
    await shell.ended(within=2)
    await hospital.settled()
    await hospital.forget_codes()
    assert "Permission denied" in (await hospital.ssh("id")).says

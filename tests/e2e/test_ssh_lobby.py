"""From arrival to an open session, on a real terminal: menu, request, waiting, recording notice, refusal."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bastion import clock
from bastion.proxy.notices import Words
from tests.e2e.world import OPERATOR

PROMPT = "Number or name of the device"


@pytest.fixture
async def lobby(hospital, screens):
    """A technician without an authorisation, before the first question."""
    screen = screens(hospital.screen())
    await screen.expect("You have no open authorisation for this device.")
    return screen


async def fill_in(screen, reason="replace the tube", length="1h30"):
    await screen.expect("Reason")
    screen.send(f"{reason}\r")
    await screen.expect("Number (Enter for 2):")
    screen.send("1\r")
    await screen.expect("What stays usable")
    screen.send("1\r")
    await screen.expect("Patient data")
    screen.send("1\r")
    await screen.expect("Work order")
    screen.send("WO-7\r")
    await screen.expect("How long")
    screen.send(f"{length}\r")
    await screen.expect("This session is recorded")
    await screen.expect("Do you accept?")
    screen.send("yes\r")


async def pending(hospital):
    async with asyncio.timeout(5):
        while not (waiting := await hospital.services.asked.pending(hospital.staff(hospital.eve))):
            await asyncio.sleep(0.05)
    return waiting[0].request


async def end_of(hospital, request):
    """When the right ends, as the technician reads it."""
    async with hospital.database.read() as uow:
        grant = await uow.grants.get(request.grant_id)
    return Words("en").clock(grant.end)


@pytest.mark.timed
async def test_a_request_is_made_seen_agreed_and_the_session_opens_by_itself(lobby, hospital):
    await fill_in(lobby)
    await lobby.expect("is with the hospital. Asked: Eve")
    request = await pending(hospital)
    asked = (request.reason, request.kind.value, request.work_order, request.wanted.total_seconds())
    assert asked == ("replace the tube", "telediagnostic", "WO-7", 90 * 60)
    lobby.send("typed while waiting\r")
    agreed = await hospital.approve(request, 45)
    await lobby.expect("Agreed until ", within=2)
    assert await lobby.expect(" by Eve: “ok”") == await end_of(hospital, agreed)
    await lobby.expect("You asked for 1 h 30; 45 min is what was agreed.")
    await lobby.expect("# ", within=2)
    lobby.send("echo on''device; exit\r")
    await lobby.expect("ondevice")
    await lobby.ended()
    assert b"typed while waiting" not in await hospital.recorded("i")


async def test_whoever_comes_back_to_an_open_right_reads_until_when(hospital, screens):
    """With no question left to ask: before the device's own first word, and not in front of a command's output."""
    grant = await hospital.grant()
    screen = screens(hospital.screen())
    await screen.expect(f"Agreed until {Words('en').clock(grant.end)} by Eve: “ok”\r\n")
    await screen.expect("# ")
    assert b"You asked for" not in screen.seen
    assert (await hospital.ssh("echo plain")).out == b"plain\n"


async def test_a_refusal_is_read_with_its_reason(lobby, hospital):
    await fill_in(lobby)
    request = await pending(hospital)
    eve = hospital.staff(hospital.eve)
    await hospital.services.approvals.deny(eve, request.id, request.version, "a patient is on the table")
    await lobby.expect("Eve has refused the request: a patient is on the table", within=3)
    await lobby.ended()
    assert not await hospital.records()


async def test_leaving_keeps_the_request_and_coming_back_goes_on_waiting(lobby, hospital, screens):
    await fill_in(lobby)
    request = await pending(hospital)
    await lobby.expect("Ctrl-C leaves")
    lobby.send("\x03")
    await lobby.ended()
    await hospital.forget_codes()
    again = screens(hospital.screen())
    await again.expect(f"Request {request.ref} for 1 h 30 is with the hospital.")
    again.send("w\r")
    await again.expect("The request is withdrawn.", within=3)
    await again.ended()


async def test_a_lock_imposed_while_waiting_ends_the_waiting(lobby, hospital):
    from bastion.domain.lock import LockScope

    await fill_in(lobby)
    await pending(hospital)
    await hospital.services.locks.impose(hospital.staff(hospital.ruth), LockScope.ALL, "", "ransomware suspected")
    await lobby.expect("Remote access is cut at the moment: ransomware suspected", within=2)
    await lobby.expect("hospital.\r\n")
    said = lobby.seen.decode().rpartition("Remote access")[2]
    assert len(said.splitlines()) > 1, "it is broken between words, as all that is read on a terminal"
    await lobby.ended()


async def test_a_reason_that_says_nothing_is_refused_where_it_is_given(lobby):
    await lobby.expect("Reason")
    lobby.send("?\r")
    await lobby.expect("Please say in a few words what you are going to do.")
    await lobby.expect("Reason")
    lobby.send("\x03")
    await lobby.ended()


async def test_a_no_leads_back_to_the_one_answer_it_is_about(hospital, lobby):
    for prompt, answer in (
        ("Reason", "new version"), ("Number (Enter for 2):", "4"), ("What stays usable", "1"), ("Where does", "NAS"),
        ("How long ago", "2090-01-01 10:00"), ("How do you go back", "restore"), ("Patient data", "1"),
        ("Work order", ""), ("How long", "30"), ("Do you accept?", "yes"),
    ):  # fmt: skip
        await lobby.expect(prompt)
        lobby.send(f"{answer}\r")
    await lobby.expect("The backup must be there before the work begins.")
    await lobby.expect("Answer this anew and send the request again?")
    lobby.send("yes\r")
    await lobby.expect("How long ago")
    lobby.send("2h\r")
    await lobby.expect("is with the hospital")
    (view,) = await hospital.services.asked.pending(hospital.staff(hospital.eve))
    assert (view.request.reason, view.request.plan.backup_place) == ("new version", "NAS")


async def test_without_the_notice_accepted_nothing_opens(hospital, screens):
    await hospital.grant(acknowledged=False)
    screen = screens(hospital.screen())
    await screen.expect("Do you accept?")
    screen.send("perhaps\r")
    await screen.expect("Please answer yes or no.")
    screen.send("no\r")
    await screen.expect("Without your agreement no session can be opened.")
    await screen.ended()
    assert not await hospital.records()


async def test_the_notice_is_accepted_once_and_the_prompt_is_there_within_200_ms(hospital, screens):
    await hospital.grant(acknowledged=False)
    screen = screens(hospital.screen())
    await screen.expect("Do you accept?")
    screen.send("oui\r")
    await screen.expect("# ", within=2)  # the bench measures it: acknowledged_to_device_ms
    screen.send("exit\r")
    await screen.ended()
    await hospital.settled()
    assert "notice:acknowledged" in await hospital.tags()
    await hospital.forget_codes()
    again = screens(hospital.screen())
    await again.expect("# ")
    assert b"Do you accept?" not in again.seen


async def test_a_bare_login_gets_the_menu(hospital, screens):
    await hospital.grant()
    screen = screens(hospital.screen(name="alice"))
    await screen.expect("ct-01")
    await screen.expect("open until")
    await screen.expect(PROMPT)
    screen.send("7\r")
    await screen.expect("There is no such device in the list.")
    screen.send("CT-01\r")
    await screen.expect("# ")


async def test_R25_work_for_another_day_is_planned_at_the_terminal(hospital, screens):
    screen = screens(hospital.screen())
    day = clock.now() + timedelta(days=2)
    await fill_in(screen, length=f"1h30 {day:%Y-%m-%d} 22:00")
    request = await pending(hospital)
    assert request.start.astimezone(ZoneInfo("Europe/Paris")).strftime("%Y-%m-%d %H:%M") == f"{day:%Y-%m-%d} 22:00"
    await hospital.services.approvals.approve(hospital.staff(hospital.eve), request.id, request.version, 90, "ok")
    await screen.expect("Your time begins at 22:00 on")


async def test_a_technician_is_spoken_to_in_french(hospital, screens):
    chantal = await hospital.person("chantal", "fr")
    screen = screens(hospital.screen(name="chantal+ct-01", who=chantal))
    await screen.expect("Vous n’avez pas d’autorisation ouverte")
    await screen.expect("Motif")


async def test_without_a_terminal_nobody_waits(hospital):
    done = await hospital.ssh("id")
    assert done.status == 254
    assert "You have no open authorisation for this device. Connect with a terminal to ask for one." in done.says
    request = await hospital.ask()
    await hospital.forget_codes()
    done = await hospital.ssh("id")
    assert f"Your request {request.ref} for this device still waits for the hospital." in done.says
    assert done.status == 254


async def test_R56_without_a_terminal_the_undertaking_stands_for_the_notice(hospital):
    """Whoever asked on the web, or for whom the hospital asked, has accepted in person before that all is recorded."""
    await hospital.grant(acknowledged=False)
    done = await hospital.ssh("id")
    assert done.status == 0
    (event,) = await hospital.events("notice:acknowledged")
    assert event.fields["how"] == "undertaking"


async def test_who_comes_back_after_his_authorisation_was_taken_reads_why(hospital, screens):
    grant = await hospital.grant()
    await hospital.services.approvals.revoke(hospital.staff(hospital.eve), grant.id, "the scanner is needed")
    done = await hospital.ssh("id")
    assert "Your authorisation for this device was withdrawn: the scanner is needed" in done.says
    await hospital.forget_codes()
    screen = screens(hospital.screen())
    await screen.expect("was withdrawn: the scanner is needed")
    await screen.expect("Ask for one")


async def test_the_undertaking_in_force_is_accepted_at_the_terminal_before_anything_opens(hospital, screens):
    """R-47: a grant that is agreed and acknowledged opens nothing while the newest version is not accepted."""
    await hospital.grant()
    await hospital.services.undertakings.publish(OPERATOR, "Je garde le secret.", "I keep the secret.")
    done = await hospital.ssh("id")
    assert (done.status, done.out) == (254, b"")
    assert "accept the hospital's confidentiality undertaking first: sign in once with a terminal." in done.says
    await hospital.forget_codes()
    files = await hospital.ssh("sftp", before=["-s"])
    assert "confidentiality undertaking first" in files.says
    assert not await hospital.records()
    await hospital.forget_codes()
    screen = screens(hospital.screen())
    await screen.expect("I keep the secret.")
    screen.send("accept\r")
    await screen.expect("# ")
    screen.send("exit\r")
    await screen.ended()
    await hospital.settled()
    (event,) = [e for e in await hospital.events("undertaking:accepted") if e.fields["version"] == "2"]
    assert (event.fields["how"], event.fields["technician"]) == ("terminal", "alice")
    await hospital.forget_codes()
    assert (await hospital.ssh("id")).status == 0


async def test_a_bare_login_without_a_terminal_is_told_what_to_say(hospital):
    done = await hospital.ssh("id", name="alice")
    assert "Say which device: log in as alice+device" in done.says


async def test_an_unknown_device_does_not_exist(hospital):
    done = await hospital.ssh("id", name="alice+mri-99")
    assert done.status == 254
    assert "There is nothing here under that name, or it is not yours to see." in done.says
    assert "Your devices are listed without a name behind yours: ssh alice@" in done.says

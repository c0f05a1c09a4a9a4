"""From the menu or straight to a device: the notice, the list, and how one leaves."""

import pytest

from bastion import clock
from bastion.domain.emergency import Emergency
from bastion.errors import Unavailable
from bastion.proxy.lobby import talk
from tests.proxy.lobby.playing import open_grant
from tests.proxy.lobby.test_screens import a_request, item


async def test_an_open_grant_needs_only_the_notice(play):
    play.desk.grant = open_grant()
    play.start(typing="yes\r")
    assert (await play.result()).id == "g1"
    assert play.desk.log[-1] == "acknowledge g1"
    assert "This session is recorded" in play.screen


async def test_a_notice_that_is_accepted_already_is_not_shown_again(play):
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.start()
    assert (await play.result()).id == "g1"
    assert "This session is recorded" not in play.screen


async def test_no_is_no(play):
    play.desk.grant = open_grant()
    play.start(typing="what\rno\r")
    await play.leaves()
    assert "Please answer yes or no." in play.screen
    assert not [line for line in play.desk.log if line.startswith("acknowledge")]


async def test_the_menu_leads_to_the_device(play):
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.start(device="", typing="9\rMRI-2\r")
    await play.result()
    assert play.desk.log[-1] == "enter mri-2"
    assert "There is no such device in the list." in play.screen


async def test_enter_shows_how_far_one_is_with_each_device_now(play):
    play.start(device="")
    await play.shows("(Enter shows the list as it is now, ? commands, Ctrl-C leaves)")
    play.desk.items = (item(state="pending", until=None), item("us-9"))
    play.type("\r")
    await play.shows("us-9")
    assert "waiting for the hospital" in play.screen
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.type("2\r")
    await play.result()
    assert play.desk.log[-1] == "enter us-9"


@pytest.mark.parametrize("keys", ["? 2\r", "?mri-2\r", "?\r2\r"])
async def test_a_question_mark_shows_what_may_be_pasted_for_a_device_and_asks_again(play, keys):
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.start(device="", typing=f"{keys}1\r")
    await play.result()
    assert play.desk.log[0] == "commands mri-2"
    assert play.desk.log[-1] == "enter ct-01"
    assert "sftp -P 2222 alice+mri-2@bastion.chu.example" in play.screen
    assert "SHA256:4bd" in play.screen


async def test_what_has_no_commands_or_none_now_is_said_and_the_menu_stays(play):
    play.desk.grant, play.desk.away = open_grant(acknowledged_at=clock.now()), True
    play.start(device="", typing="?9\r?1\r1\r")
    await play.result()
    assert "There is no such device in the list." in play.screen
    assert Unavailable.sentence in play.screen


async def test_a_question_nobody_answers_is_not_kept_for_ever(play, monkeypatch):
    monkeypatch.setattr(talk, "PATIENCE", 0.05)
    play.start()
    await play.leaves()
    assert "Nobody has answered for a while. Good-bye." in play.screen


async def test_hanging_up_leaves(play):
    play.start()
    await play.shows("Reason")
    play.end.leave("gone")
    await play.leaves()
    assert play.screen.endswith("Reason (what is to be done):"), "nobody is there to read anything more"
    assert not play.desk.drafts


async def test_what_is_wider_than_the_screen_is_broken_between_words(play):
    play.lobby._terminal.cols = 40
    play.start(typing="images\r2+\r1\r3\r")
    await play.shows("Which health professional")
    shown = b"".join(bytes(frame.data) for frame in play.end.got).decode().split("You have no open")[1]
    assert shown.endswith(
        "Which health professional of the\r\nhospital answers for the patient data\r\n(number or name): "
    )


CALLED = Emergency("e1", "s1", "d1", "f1", "Dr Roux", "Alice", "", "", clock.now())


async def test_whoever_works_on_an_emergency_reads_who_called(play):
    play.desk.grant, play.desk.emergency = open_grant(), CALLED
    play.start(typing="yes\r")
    await play.result()
    assert play.screen.count("EMERGENCY. Dr Roux called Alice.") == 1


async def test_whoever_waits_for_the_word_on_one_reads_it_too(play):
    play.desk.pending, play.desk.emergency = a_request(), CALLED
    play.start()
    await play.shows("is with the hospital")
    assert play.screen.count("EMERGENCY. Dr Roux called Alice.") == 1

"""Confidentiality is undertaken before anything opens, in the text that holds now (R-47)."""

from bastion import clock
from bastion.domain.undertaking import SHIPPED, Undertaking
from tests.proxy.lobby.playing import FORM, open_grant


async def test_the_undertaking_is_accepted_with_a_word_before_the_notice(play):
    play.desk.grant, play.desk.undertaking = open_grant(), SHIPPED
    play.start(typing="yes\r")
    await play.shows("Nothing is accepted yet.")
    assert "Confidentiality undertaking, version 1" in play.screen
    assert "to keep confidential whatever I come to know" in play.screen
    assert "This session is recorded" not in play.screen
    play.type("accept\r")
    await play.shows("This session is recorded")
    play.type("yes\r")
    assert (await play.result()).id == "g1"
    assert play.desk.log[-3:] == ["undertake 1", "enter ct-01", "acknowledge g1"]


async def test_without_the_undertaking_nothing_is_asked_and_nothing_opens(play):
    play.desk.undertaking = SHIPPED
    play.start(typing="no\r")
    await play.leaves()
    assert "Without the undertaking nothing can be opened." in play.screen
    assert play.desk.log == ["enter ct-01"]


async def test_a_text_published_while_one_reads_is_read_next(play):
    play.desk.grant, play.desk.undertaking = open_grant(acknowledged_at=clock.now()), SHIPPED
    play.desk.newer = Undertaking(2, "fr", "something \x1b[2Jelse", "Ruth", clock.now())
    play.start(typing="accept\raccept\r")
    await play.result()
    assert "something [2Jelse" in play.screen
    assert [line for line in play.desk.log if "undertake" in line] == ["undertake 1", "undertake 2"]


async def test_a_text_published_while_one_waits_is_accepted_before_the_session(play):
    play.start(typing=FORM)
    await play.shows("is with the hospital")
    play.desk.undertaking = SHIPPED
    play.desk.grant = open_grant(acknowledged_at=clock.now())
    play.news.beat()
    await play.shows("Confidentiality undertaking")
    play.type("accept\r")
    assert (await play.result()).id == "g1"

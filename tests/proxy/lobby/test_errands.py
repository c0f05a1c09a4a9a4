"""More time, or a colleague: asked from the menu while a session goes on elsewhere (R-35)."""

import asyncio
from dataclasses import replace

import pytest

from bastion.domain.grant import Grant
from bastion.errors import IllegalTransition, Invalid
from bastion.services.views import Entry
from tests.proxy.lobby.playing import ACME, ALICE, CHU, Desk, open_grant
from tests.proxy.lobby.test_screens import device, item


class BusyDesk(Desk):
    """One device is open, one is not."""

    grant: Grant | None

    async def enter(self, code, account):
        if code:
            return Entry(ALICE, ACME, device(code), CHU, None, grant=self.grant if code == "ct-01" else None)
        return Entry(
            ALICE, ACME, menu=(item(state="open", until=open_grant().end), item("mri-2", state="none", until=None))
        )

    async def extend(self, grant_id, minutes, reason):
        for trouble in self.troubles:
            raise trouble
        self.log.append(f"extend {grant_id} {minutes} {reason}")

    async def hand_over(self, grant_id, login, reason):
        self.log.append(f"hand over {grant_id} {login} {reason}")

    async def give_back(self, grant_id, reason):
        for trouble in self.troubles:
            raise trouble
        self.log.append(f"give back {grant_id} {reason}")


def later_grant() -> Grant:
    return replace(open_grant(), id="g2")


@pytest.fixture
def play(play):
    play.desk = play.lobby._desk = BusyDesk()
    play.desk.grant = open_grant()
    return play


@pytest.mark.parametrize("asked", ["+", "+1", "+ ct-01"])
async def test_more_time_is_asked_for_and_the_menu_stays(play, asked):
    play.start("", typing=f"{asked}\rsoon\r1h\r\rnot finished\r")
    await play.shows("Your session goes on; what the hospital answers appears in it.")
    assert play.desk.log == ["extend g1 60 not finished"]
    for said in ("Hand over to a colleague", "This is not a length of time.", "This cannot be left empty."):
        assert said in play.screen
    assert not play.task.done()


async def test_half_an_hour_is_usual(play):
    play.start("", typing="+\r\rnot finished\r")
    await play.shows("The hospital has been asked.")
    assert play.desk.log == ["extend g1 30 not finished"]


async def test_a_colleague_takes_over(play):
    play.start("", typing=">1\rcarol\rmy shift is over\r")
    await play.shows("then your colleague takes over")
    assert play.desk.log == ["hand over g1 carol my shift is over"]


async def test_a_colleague_takes_over_what_is_planned_too(play):
    """As on his page in the browser."""
    play.desk.coming_ = later_grant()
    play.start("", typing=">2\rcarol\rI am away that day\r")
    await play.shows("What is planned stays yours until it agrees; then your colleague takes over.")
    assert play.desk.log == ["hand over g2 carol I am away that day"]


async def test_without_an_authorisation_there_is_nothing_to_hand_over(play):
    play.start("", typing=">mri-2\r>nope\r")
    await play.shows("You have no authorisation for this device that a colleague could take over.")
    assert play.desk.log == []


@pytest.mark.parametrize("asked", ["+2", "+nope"])
async def test_without_an_open_authorisation_there_is_nothing_to_prolong(play, asked):
    play.start("", typing=f"{asked}\r")
    await play.shows("You have no open authorisation for this device.")
    assert play.desk.log == []


@pytest.mark.parametrize("asked", ["-", "-1", "- ct-01"])
async def test_what_is_open_is_given_back_with_a_reason_or_none(play, asked):
    play.start("", typing=f"{asked}\ryes\rthe part has not come\r-1\ry\r\r")
    await play.shows("Given back; the hospital is told.")
    await play.shows("Why (Enter to leave it out)")
    while len(play.desk.log) < 2:
        await asyncio.sleep(0.01)
    assert play.desk.log == ["give back g1 the part has not come", "give back g1 "]
    assert not play.task.done()


async def test_what_is_planned_is_given_back_too_and_nothing_by_a_slip_of_the_finger(play):
    play.desk.coming_ = later_grant()
    play.start("", typing="-2\rn\r-2\ry\r\r")
    await play.shows("You keep it.")
    assert (
        "Give back your authorisation for mri-2 (Scanner 1)? A session under it ends at once. (yes/no)" in play.screen
    )
    await play.shows("Given back; the hospital is told.")
    assert play.desk.log == ["give back g2 "]


async def test_enter_is_no_yes(play):
    play.start("", typing="-1\r\rno\r")
    await play.shows("Please answer yes or no.")
    await play.shows("You keep it.")
    assert play.desk.log == []


async def test_without_an_authorisation_there_is_nothing_to_give_back(play):
    play.start("", typing="-2\r-nope\r")
    await play.shows("You have no authorisation for this device that you could give back.")
    assert play.desk.log == []


async def test_that_it_cannot_be_given_back_is_said(play):
    play.desk.troubles = [IllegalTransition("grant g1", state="over")]
    play.start("", typing="-\ry\r\r")
    await play.shows("over")
    assert not play.task.done()


async def test_what_is_planned_is_offered_to_be_handed_over_and_given_back_and_not_to_be_prolonged(play):
    async def enter(code, account):
        return Entry(ALICE, ACME, menu=(item(state="scheduled", until=None),))

    play.desk.enter = enter
    play.start("")
    await play.shows("Number or name of the device")
    assert "Give it back" in play.screen
    assert "Hand over to a colleague" in play.screen
    assert "More time" not in play.screen


async def test_a_refusal_is_said_and_the_menu_stays(play):
    play.desk.troubles = [Invalid(sentence="Choose a duration of at least one minute.")]
    play.start("", typing="+\r\rnot finished\r")
    await play.shows("Choose a duration of at least one minute.")
    assert not play.task.done()


async def test_nobody_is_offered_more_time_before_anything_is_open(play):
    async def enter(code, account):
        return Entry(ALICE, ACME, menu=(item(state="none", until=None),))

    play.desk.enter = enter
    play.start("")
    await play.shows("Number or name of the device")
    assert "More time" not in play.screen

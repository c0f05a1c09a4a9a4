"""What a technician owes is told at his terminal before anything else (R-59)."""

import asyncio
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.report import ReportDue
from bastion.proxy.lobby.owed import told
from bastion.proxy.notices import Words
from bastion.services.reports import Owed
from tests.proxy.fakes import NOW
from tests.proxy.lobby.playing import CHU, Play, open_grant
from tests.proxy.lobby.test_screens import a_request, device

PORTAL = "https://bastion.chu.example"
EN, FR = Words("en"), Words("fr")


@pytest.fixture(autouse=True)
def at_ten(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def owed(due_in: timedelta | None = timedelta(days=3), code: str = "ct-01") -> Owed:
    due = ReportDue("r1", "t1", "s1", "f1", NOW, NOW + due_in if due_in else None)
    return Owed(due, a_request(), device(code), CHU)


def lines(words: Words, *found: Owed, portal: str = PORTAL) -> list[str]:
    return told(words, found, portal, NOW, 80).splitlines()


def test_which_report_by_when_and_where():
    ref = a_request().ref
    assert lines(EN, owed()) == [
        "", "You owe the hospital a report on your work:",
        f"  {ref}, ct-01: by {EN.clock(NOW + timedelta(days=3))}",
        "Write in a browser: https://bastion.chu.example/supplier/",
    ]  # fmt: skip
    said = "\n".join(lines(FR, owed()))
    assert "Vous devez un compte rendu d’intervention" in said
    assert f"{ref}, ct-01 : avant {FR.clock(NOW + timedelta(days=3))}" in said


def test_what_is_overdue_says_what_it_blocks():
    said = "\n".join(lines(EN, owed(timedelta(days=-1))))
    assert f"ct-01: overdue since {EN.clock(NOW - timedelta(days=1))}" in said
    assert "your company asks for nothing new but emergencies" in said
    assert "asks for nothing new" not in "\n".join(lines(EN, owed()))


def test_a_report_without_a_term_names_none_and_a_bastion_without_a_portal_no_address():
    ref = a_request().ref
    assert lines(EN, owed(None), portal="") == ["", "You owe the hospital a report on your work:", f"  {ref}, ct-01"]


def test_of_many_the_first_are_named():
    said = lines(EN, *[owed(code=f"ct-{n}") for n in range(5)])
    assert said[1] == "You owe the hospital 5 reports on your work:"
    assert [line.split(":")[0].split(", ")[-1].strip() for line in said[2:6]] == ["ct-0", "ct-1", "ct-2", "…"]


def test_nothing_owed_is_nothing_said():
    assert told(EN, (), PORTAL, NOW, 80) == ""


def test_T39_a_hostile_name_cannot_steer_the_screen():
    assert "\x1b" not in told(EN, [owed(code="ct\x1b[2J")], PORTAL, NOW, 80)


@pytest.mark.parametrize("device", ["", "ct-01"])
async def test_whoever_comes_in_reads_it_first(monkeypatch, device):
    play = Play(monkeypatch)
    play.desk.owes = (owed(),)
    play.desk.grant = open_grant()
    play.start(device)
    await play.shows("You owe the hospital a report on your work")
    await play.shows("Do you accept?" if device else "Number or name of the device")
    assert play.screen.startswith("You owe")
    play.task.cancel()
    await asyncio.gather(play.task, return_exceptions=True)

from datetime import timedelta

import pytest

from bastion.domain.session_effects import Notice
from bastion.domain.session_events import EndReason
from bastion.proxy import notices
from bastion.proxy.notices import Words, folded, last_on_screen, on_screen, plain
from tests.proxy.fakes import NOW

PARAMS = {"minutes": 5, "seconds": 60, "by": "Eve", "end": NOW, "reason": "cut", "why": "wrong device"}


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("notice", list(Notice))
def test_every_notice_has_words(notice, language):
    assert Words(language).notice(notice, PARAMS, NOW)


@pytest.mark.parametrize("reason", list(EndReason))
def test_every_ending_has_words(reason):
    assert Words("fr").ending(reason, "Eve", "raison") != Words("en").ending(reason, "Eve", "reason")


@pytest.fixture
def at_ten(monkeypatch):
    monkeypatch.setattr(notices.clock, "now", lambda: NOW)


def test_the_time_is_the_hospital_s_and_says_so(at_ten):
    extended = Words("en", "Europe/Paris").notice(Notice.EXTENDED, {"end": NOW}, NOW)
    assert extended.endswith("ends at 10:00 (Europe/Paris).")
    assert Words("en", "America/Cayenne").clock(NOW) == "06:00 (America/Cayenne)"


def test_a_time_that_is_not_today_has_its_date(at_ten):
    assert Words("en").clock(NOW + timedelta(hours=13, minutes=59)) == "23:59 (Europe/Paris)"
    assert Words("en").clock(NOW + timedelta(hours=14)) == "00:00 on 23/11 (Europe/Paris)"
    assert Words("fr").clock(NOW + timedelta(days=1)) == "10:00 le 23/11 (Europe/Paris)"


def test_words_of_people_cannot_steer_the_terminal():
    told = Words("en").ending(EndReason.CUT, "E\x1b]52;c;x\x07ve", "stop\x9b2J\r\nnow")
    assert told.isprintable()
    assert "\x1b" not in on_screen(told, 500).decode().removeprefix("\r\n\x1b[0;7m").removesuffix("\x1b[0m\r\n")


@pytest.mark.parametrize("width", range(12, 40))
def test_no_line_begins_with_a_colon_nor_ends_with_an_opening_quote(width):
    said = "Accordé par Claire : « Salle libre ! » ; attendez ?"
    lines = folded(said, width)
    assert not [line for line in lines if line[0] in ":;!?»" or line.endswith("«")]
    assert " ".join(lines) == said


def test_a_device_that_refuses_the_account_has_words_of_its_own():
    said = Words("fr").ending(EndReason.DEVICE_LOST, why="device_login_failed")
    assert said == "Le dispositif a refusé le compte. La session est close."


def test_a_reason_ends_as_a_sentence():
    assert Words("en").ending(EndReason.CUT, "Eve", "wrong device") == "Eve has ended the session: wrong device."
    assert Words("en").ending(EndReason.CUT, "Eve", "why?") == "Eve has ended the session: why?"


@pytest.mark.parametrize("cols", [20, 40, 80, 132])
def test_a_notice_breaks_between_words_where_the_screen_ends(cols):
    told = Words("fr").notice(Notice.TIME_LEFT, PARAMS, NOW)
    shown = on_screen(told, cols).decode().replace("\x1b[0;7m", "").replace("\x1b[0m", "")
    assert all(len(line) < cols for line in shown.split("\r\n"))
    assert shown.split() == told.split(), "no word is broken"
    last = last_on_screen(told, cols).removeprefix(notices.LEAVE_SCREEN).decode()
    assert all(len(line) < cols for line in last.split("\r\n"))
    assert last.split() == told.split()


def test_a_screen_of_no_width_is_read_all_the_same():
    assert b"The session goes on" in on_screen(Words("en").notice(Notice.THAWED, PARAMS, NOW), 0)


def test_a_screen_is_left_before_the_last_words():
    text = last_on_screen("The session is closed.", 80)
    assert text.index(b"\x1b[?1049l") < text.index(b"The session is closed.")
    for undone in (b"\x1b[0m", b"\x1b[?25h", b"\x1b[?1000l", b"\x1b[?2004l"):
        assert undone in text


def test_plain_keeps_words_and_drops_control():
    assert plain(" a\tb\x07c\u202ed é ") == "a b c d é"


def test_nothing_is_said_that_has_no_entry():
    assert set(notices._NOTICES) == set(Notice) - {Notice.ENDED}
    assert set(notices._ENDINGS) == set(EndReason)

from datetime import UTC, date, datetime, timedelta

import pytest
from babel.dates import format_datetime, format_time
from markupsafe import Markup

from bastion.domain.parties import Facility
from tests.web.scenery import HOSTILE
from web import views
from web.render import words
from web.views import Clockface

NOON = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)  # 12:00 in Paris
FR = Clockface("fr", NOON)
EN = Clockface("en", NOON)
REUNION = Facility("1", "chr", "CHU Réunion", "", "Indian/Reunion")


def test_today_is_a_time_and_another_day_is_named():
    assert FR.time(NOON) == "12:00"
    assert FR.time(NOON + timedelta(days=1)) == "23 nov. 12:00"
    assert FR.time(datetime(2025, 1, 2, 3, 4, tzinfo=UTC)) == "2 janv. 2025 04:04"


def test_today_is_judged_on_the_wall_of_the_hospital():
    late = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # 0:30 on the 23rd in Paris
    assert FR.time(late) == "23 nov. 00:30"


@pytest.mark.parametrize(
    ("text", "dialled"),
    [
        ("+33 (1) 40.00-45/12", "+33140004512"), ("4512", "4512"), ("DECT 4512", ""), ("1;ext=2", ""), ("", ""),
        ("\u0664\u0665\u0661", ""), ("javascript:1", ""),
    ],
)  # fmt: skip
def test_only_a_number_is_dialled(text, dialled):
    assert views.dialled(text) == dialled


def test_another_hospital_has_another_wall():
    assert FR.at(REUNION).time(NOON) == "15:00"
    assert FR.at(None).zone == "Europe/Paris"


def test_the_hour_that_happens_twice_is_told_apart():
    first, second = datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert FR.full(first) == "25 octobre 2026 02:30:00 (heure d’été d’Europe centrale)"
    assert FR.full(second) == "25 octobre 2026 02:30:00 (heure normale d’Europe centrale)"
    assert FR.full(NOON) == "22 novembre 2026 12:00:00", "no offset that only an engineer reads"
    assert FR.at(REUNION).full(NOON) == "22 novembre 2026 15:00:00 (heure de La Réunion)"


def test_french_sets_its_marks_with_a_narrow_space_and_counts_none_as_one():
    set_ = views.typeset("« Coupé » : pourquoi ? Non ; jamais !", "fr")
    assert set_ == "«\u202fCoupé\u202f»\u202f: pourquoi\u202f? Non\u202f; jamais\u202f!"
    assert views.typeset("why ?", "en") == "why ?"
    assert [views.is_one(count, "fr") for count in (0, 1, 2)] == [True, True, False]
    assert [views.is_one(count, "en") for count in (0, 1, 2)] == [False, True, False]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (5400, "1 h 30 min"), (7200, "2 h"), (86400, "24 h")],
)
def test_spans_are_exact_to_the_minute(seconds, words):
    assert FR.span(timedelta(seconds=seconds)) == words


def test_ago_and_ahead():
    assert FR.ago(NOON - timedelta(minutes=5)) == "il y a 5\xa0min"
    assert EN.ago(NOON + timedelta(minutes=12)) == "in 12 min."
    assert FR.ago(NOON + timedelta(minutes=119, seconds=59)) == "dans 119\xa0min", "1 h and 2 h were both wrong"
    assert FR.ago(NOON + timedelta(hours=3, minutes=59)) == "dans 3\xa0h", "what is left for certain"
    assert EN.ago(NOON - timedelta(hours=30)) == "1 day ago"


@pytest.mark.parametrize(
    ("count", "fr", "en"), [(0, "0 o", "0 B"), (999, "999 o", "999 B"), (3400, "3,4 Ko", "3.4 kB")]
)
def test_sizes(count, fr, en):
    assert (FR.size(count), EN.size(count)) == (fr, en)


def test_big_sizes_stop_at_the_largest_unit():
    assert EN.size(5 * 10**15) == "5,000 TB"


def test_T39_control_and_direction_characters_are_spelt_out():
    shown = str(views.visible(HOSTILE))
    assert "\\x1b]52;" in shown
    assert "\\x9b31m" in shown
    assert "\\u202egnp" in shown
    assert not any(ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0 or c == "\u202e" for c in shown)


def test_T39_plain_text_markup_and_numbers_stay_as_they_are():
    assert views.visible("é\tligne\nsuivante") == "é\tligne\nsuivante"
    drawn = Markup("<svg></svg>")
    assert views.visible(drawn) is drawn
    assert views.visible(7) == 7


def test_long_digests_are_cut_to_their_beginning_and_texts_to_their_length():
    assert views.brief("ab" * 32) == "abababababab…"
    assert views.brief("x y " * 100, 20) == "x y x y x y x y x y…"
    assert views.brief("short") == "short"


def test_part_gone_stays_within_its_box():
    end = NOON + timedelta(hours=2)
    assert views.part_gone(NOON, end, NOON + timedelta(minutes=30)) == 25
    assert views.part_gone(NOON, end, NOON - timedelta(hours=1)) == 0
    assert views.part_gone(NOON, end, end + timedelta(hours=1)) == 100
    assert views.part_gone(NOON, NOON, NOON) == 100


def test_an_approver_may_choose_shorter_only():
    assert views.shorter_than(60) == [15, 30]
    assert views.shorter_than(10) == []


def test_days_in_words_and_as_a_field_wants_them():
    assert FR.days(90) == "90\xa0jours"
    assert views.local_day(datetime(2026, 11, 22, 23, 30, tzinfo=UTC)) == "2026-11-23"
    assert EN.number(1234.5) == "1,234.5"


def test_a_planned_time_is_said_on_both_clocks_where_they_differ():
    moment = datetime(2026, 11, 23, 10, tzinfo=UTC)
    home = Clockface("en", moment)
    assert home.both(moment) == "11:00"
    assert home.on("Indian/Reunion").both(moment) == "14:00 (11:00 Europe/Paris)"


@pytest.mark.parametrize(
    ("day", "english", "said"),
    [
        (25, "until {time}", "jusqu’à 12:00"), (26, "until {time}", "jusqu’au 26 nov. 12:00"),
        (26, "due by {time}", "à rendre avant le 26 nov. 12:00"), (25, "due by {time}", "à rendre avant 12:00"),
        (26, "since {time}", "depuis le 26 nov. 12:00"), (31, "until {time}", "jusqu’au 1er déc. 12:00"),
        (25, "from {time}", "à partir de 12:00"), (31, "from {time}", "à partir du 1er déc. 12:00"),
        (25, "planned for {time}", "prévue pour 12:00"), (31, "planned for {time}", "prévue pour le 1er déc. 12:00"),
        (25, "Session of {time}", "Session de 12:00"), (31, "Session of {time}", "Session du 1er déc. 12:00"),
        (25, "lifts itself {time}", "levée automatique à 12:00"),
        (26, "lifts itself {time}", "levée automatique le 26 nov. 12:00"),
    ],
)  # fmt: skip
def test_in_french_a_day_has_its_article_and_the_first_of_a_month_its_ordinal(day, english, said):
    morning = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    moment = datetime(2026, 11, 25, 11, 0, tzinfo=UTC) + timedelta(days=day - 25)
    assert words("fr")(english, time=Clockface("fr", morning).time(moment)) == said


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ((25, 22), (25, 23), "de 22:00 à 23:00"), ((25, 22), (26, 6), "de 22:00 au 26 nov. 06:00"),
        ((24, 22), (25, 6), "du 24 nov. 22:00 à 06:00"), ((27, 9), (27, 10), "du 27 nov. 09:00 au 27 nov. 10:00"),
        ((30, 22), (31, 6), "du 30 nov. 22:00 au 1er déc. 06:00"),
    ],
)  # fmt: skip
def test_in_french_a_span_has_the_article_of_each_of_its_ends(first, last, said):
    face = Clockface("fr", datetime(2026, 11, 25, 8, 0, tzinfo=UTC))
    start, end = (datetime(2026, 10, 31, hour - 1, tzinfo=UTC) + timedelta(days=day) for day, hour in (first, last))
    ends = {"start": face.time(start), "end": face.time(end)}
    assert words("fr")("from {start} to {end}", **ends) == said
    assert words("fr")("from {start} to {end}", **dict(reversed(ends.items()))) == said
    authorised = "{who} ({company}) is authorised on this device from {start} to {end}."
    sentence = words("fr")(authorised, who="A", company="B", **ends)
    assert sentence == f"A (B) a une autorisation sur cet équipement {said}."


@pytest.mark.parametrize(
    ("who", "said"),
    [("Alice", "Session d’Alice"), ("Élodie", "Session d’Élodie"), ("Bob", "Session de Bob"), ("", "Session de ")],
)
def test_in_french_a_vowel_is_dropped_before_a_name_that_begins_with_one(who, said):
    assert words("fr")("Session of {who}", who=who) == said


def test_what_a_person_wrote_is_left_as_it_is():
    assert words("fr")("until {time}", time="demain, 26 nov.") == "jusqu’à demain, 26 nov."
    assert Clockface("en", datetime(2026, 11, 30, 8, 0, tzinfo=UTC)).dated(date(2026, 12, 1)) == "1 Dec"


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_is_written_is_what_the_language_s_own_tables_say(language):
    face = Clockface(language, NOON, "UTC")
    for number in range(0, 800, 37):
        at = NOON - timedelta(days=number, minutes=number * 13, seconds=number)
        assert face.clock(at) == format_time(at, "HH:mm", locale=language)
        assert face.seconds(at) == format_time(at, "HH:mm:ss", locale=language)
        assert face.full(at).startswith(format_datetime(at, "d MMMM y HH:mm:ss", locale=language))
        planned = "EEE d MMM HH:mm" if at.year == NOON.year else "EEE d MMM y HH:mm"
        assert face.moment(at).replace("1er ", "1 ") == format_datetime(at, planned, locale=language)


def test_a_list_asks_for_the_words_of_a_day_once():
    views._written.cache_clear()
    said = {FR.time(NOON + timedelta(days=1, minutes=minute)) for minute in range(50)}
    assert len(said) == 50
    assert views._written.cache_info().misses == 1

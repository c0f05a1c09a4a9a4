from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import AccessRequest, Approval, InterventionKind, Person, RequestState
from bastion.domain.conditions import Condition, Terms
from bastion.domain.device import Device
from bastion.domain.emergency import Emergency
from bastion.domain.parties import Facility
from bastion.i18n import yes
from bastion.proxy.lobby import screens
from bastion.proxy.notices import Words
from bastion.services.views import MenuItem
from tests.proxy.fakes import NOW

EN, FR = Words("en"), Words("fr")
CHU = Facility("f1", "chu", "CHU Demo", "750000001")


@pytest.fixture(autouse=True)
def at_ten(monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)


def device(code="ct-01", name="Scanner 1"):
    return Device("d1", code, name, "f1", frozenset({"s1"}), ward="Imaging", location="B12")


def item(code="ct-01", state="open", until=NOW, **facts):
    return MenuItem(device(code, **facts), CHU, state, until)


def a_request(**changes):
    facts = {
        "id": "0" * 24 + "abcdef12", "technician_id": "t1", "technician_name": "Alice", "supplier_id": "s1",
        "device_id": "d1", "facility_id": "f1", "account_id": "a1", "kind": InterventionKind.TELEMAINTENANCE,
        "reason": "tube", "work_order": "", "wanted": timedelta(minutes=90), "created_at": NOW,
        "expires_at": NOW + timedelta(hours=2), "created_by": Person("t1", "Alice", "s1"), "quorum": 2,
        "max_duration": timedelta(hours=4), "policy_hash": "p", "policy_ids": (),
    }  # fmt: skip
    return AccessRequest(**(facts | changes))


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("90", 90), ("90 min", 90), ("90m", 90), ("2h", 120), ("2 h", 120), ("1h30", 90), ("1 h 5", 65), ("1H30", 90),
        ("", None), ("h", None), ("-5", None), ("1.5h", None), ("soon", None), ("1h300", None), ("99999", None),
    ],
)  # fmt: skip
def test_lengths_of_time_are_read_as_people_write_them(text, minutes):
    assert screens.minutes_of(text) == minutes


@pytest.mark.parametrize(
    ("text", "meant"), [("y", True), ("Oui ", True), ("no", False), ("NON", False), ("", None), ("yep", None)]
)
def test_yes_and_no_in_both_languages(text, meant):
    assert yes(text) is meant


def test_lengths_are_shown():
    shown = [screens.length(timedelta(minutes=m)) for m in (45, 60, 90)]
    assert shown == ["45 min", "1 h", "1 h 30"]


def test_the_menu_numbers_devices_and_says_how_far_one_is_with_each():
    text = screens.menu(EN, [item(), item("mri-2", "pending", None), item("us-3", "none", None)], 120)
    assert "1  ct-01  Scanner 1 · Imaging · CHU Demo  [open until 10:00 (Europe/Paris)]" in text
    assert "2  mri-2" in text
    assert "[waiting for the hospital]" in text
    assert "[ask for access]" in text


def test_the_menu_says_in_words_that_nothing_opens_under_what_was_agreed_to():
    assert "[nobody answers for its patient data: nothing opens]" in screens.menu(EN, [item(state="unanswered")], 120)
    said = screens.menu(FR, [item(state="unanswered")], 120).replace("\u00a0", " ")
    assert "[plus personne ne répond des données de patients : rien ne s’ouvre]" in said


def test_on_a_narrow_screen_the_menu_breaks_between_words_below_the_name():
    text = screens.menu(EN, [item(name="Reconstruction of the interventional suite")], 40)
    assert max(map(len, text.splitlines())) < 40
    assert "\n             interventional suite" in text


def test_in_the_menu_each_hospital_has_its_own_time():
    there = replace(item(), facility=replace(CHU, timezone="America/Cayenne"))
    assert "[open until 06:00 (America/Cayenne)]" in screens.menu(EN, [there], 80)


def test_what_does_not_fit_beside_a_device_stands_below_it():
    text = screens.menu(FR, [item(name="Scanner 1, poste de reconstruction")], 80)
    first, second = text.strip("\n").splitlines()[-2:]
    assert first == "   1  ct-01  Scanner 1, poste de reconstruction · Imaging · CHU Demo"
    assert second == "             [ouvert jusqu’à 10:00 (Europe/Paris)]"


def test_an_empty_menu_says_so():
    assert "no device here for your company" in screens.menu(EN, [], 80)


def agreement(who="Claire", note="bay is free until then", minutes=90):
    return Approval(who, who, NOW, timedelta(minutes=minutes), note)


HALF_PAST_ELEVEN = NOW + timedelta(minutes=90)


@pytest.mark.parametrize(
    ("words", "note", "text"),
    [
        (EN, "bay is free", "Agreed until 11:30 (Europe/Paris) by Claire: “bay is free”"),
        (EN, "", "Agreed until 11:30 (Europe/Paris) by Claire."),
        (FR, "salle libre", "Accordé jusqu’à 11:30 (Europe/Paris) par Claire : « salle libre »"),
    ],
)
def test_the_approver_s_word_and_the_agreed_end_are_read(words, note, text):
    request = a_request(approvals=(agreement(note=note),))
    assert screens.agreed(words, request, HALF_PAST_ELEVEN, 80).strip() == text


def test_every_approver_has_his_own_word():
    request = a_request(approvals=(agreement(), agreement("Paul", "")))
    assert screens.agreed(EN, request, HALF_PAST_ELEVEN, 80).strip().splitlines() == [
        "Agreed until 11:30 (Europe/Paris) by:",
        "- Claire: “bay is free until then”",
        "- Paul.",
    ]


def test_less_than_was_asked_is_said():
    request = a_request(approvals=(agreement(), agreement("Paul", "", 45)))
    end = NOW + timedelta(minutes=45)
    assert screens.agreed(EN, request, end, 80).endswith("You asked for 1 h 30; 45 min is what was agreed.\n")
    whole = a_request(approvals=(agreement(minutes=240), agreement("Paul")))
    assert "You asked for" not in screens.agreed(EN, whole, end, 80)


def test_in_french_what_was_agreed_fits_every_length_of_time():
    for minutes, length in ((30, "30 min"), (60, "1 h"), (61, "1 h 01")):
        request = a_request(approvals=(agreement(), agreement("Paul", "", minutes)))
        said = " ".join(screens.agreed(FR, request, NOW, 80).split())
        assert said.endswith(f"Vous aviez demandé 1 h 30 ; durée accordée : {length}.")


def test_an_example_is_never_broken():
    text = "Pour plus tard, ajoutez le jour et l’heure de l’établissement : " + screens.whole("45 min 2026-12-01 22:00")
    assert "45 min 2026-12-01 22:00" in screens.wrap(text, 80).splitlines()
    assert "\u00a0" not in screens.wrap(text, 80)


@pytest.mark.parametrize(
    ("answer", "code"), [("1", "ct-01"), ("2", "mri-2"), ("MRI-2", "mri-2"), ("3", None), ("0", None), ("x", None)]
)
def test_a_device_is_chosen_by_number_or_name(answer, code):
    assert screens.choice(answer, [item(), item("mri-2")]) == code


def test_T39_names_and_reasons_cannot_steer_the_screen():
    evil = "x\x1b]0;owned\x07\x9b2J\r\n"
    texts = [
        screens.menu(EN, [item(name=evil)], 80),
        screens.heading(device(name=evil), evil, 80),
        screens.not_agreed(EN, a_request(decided_by=evil, decision_note=evil), RequestState.DENIED),
        screens.waiting(EN, a_request(), [evil], 80),
        screens.agreed_so_far(EN, a_request(approvals=(Approval("e", evil, NOW, timedelta(hours=1)),))),
        screens.agreed(EN, a_request(approvals=(agreement(evil, evil),)), NOW, 80),
    ]
    for text in texts:
        assert "\x1b]" not in text
        assert "\x9b" not in text
        assert "\x07" not in text
        assert "\r" not in text


def test_the_waiting_screen_says_who_was_asked_for_what_and_how_long_it_stands():
    text = screens.waiting(EN, a_request(), ["Eve", "Max"], 80)
    assert "Request ABCDEF12 for 1 h 30 is with the hospital. Asked: Eve · Max." in text
    assert "Agreements still needed: 2. It lapses at 12:00 (Europe/Paris)." in text


def test_a_request_that_waits_for_nobody_names_nobody():
    text = screens.waiting(EN, a_request(), [], 80)
    assert "is with the hospital." in text
    assert "Asked" not in text


def test_no_line_is_wider_than_a_narrow_window():
    text = screens.notice(EN, 40) + screens.agreed(EN, a_request(approvals=(agreement(note="x " * 50),)), NOW, 40)
    assert max(len(line) for line in text.splitlines()) <= 40


def test_the_heading_breaks_between_words_and_its_code_is_bold():
    first, second = screens.heading(device(name="Scanner 3, interventional"), "CHU Demo", 40).strip().splitlines()
    assert first == "\x1b[1mct-01\x1b[0m  Scanner 3, interventional"
    assert second == "(Imaging, B12, CHU Demo)"


def test_the_conditions_of_an_agreement_are_read_before_the_work():
    demanded = replace(agreement("Eve"), terms=Terms(frozenset(Condition)))
    text = " ".join(screens.agreed(EN, a_request(approvals=(demanded,)), NOW, 80).split())
    for words in ("no file is sent to the device", "you begin together", "somebody of the hospital looks on"):
        assert words in text
    assert "On condition" not in screens.agreed(EN, a_request(approvals=(agreement("Eve"),)), NOW, 80)


@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_kinds_of_work_fit_the_screen(language):
    text = screens.kinds(Words(language), 60)
    assert all(len(line) < 60 for line in text.splitlines())
    assert [line[:5] for line in text.splitlines() if line[2:3].isdecimal()] == [f"  {n}  " for n in range(1, 5)]


def test_a_request_that_was_asked_together_with_others_says_so():
    words = Words("en")
    together = screens.waiting(words, a_request(batch_id="0" * 24 + "00ab12cd"), (), 80)
    assert "under the reference 00AB12CD" in " ".join(together.split())
    assert "reference" not in screens.waiting(words, a_request(), (), 80)


def test_an_emergency_is_marked_in_the_menu_and_says_who_called():
    urgent = replace(item("mri-2", "pending", None), urgent=True)
    assert "[EMERGENCY: waiting for the hospital]" in screens.menu(EN, [item(), urgent], 80)
    assert screens.menu(FR, [item(), urgent], 80).count("URGENCE") == 1
    one = Emergency("e1", "s1", "d1", "f1", "Dr Roux\x1b[2J", "Alice", "4512", "", NOW)
    said = screens.urgent(EN, one, 80)
    assert said == "EMERGENCY. Dr Roux [2J called Alice.\nTelephone number to call back: 4512\n"
    assert screens.urgent(FR, replace(one, call_back=""), 80) == "URGENCE. Dr Roux [2J a appelé Alice.\n"

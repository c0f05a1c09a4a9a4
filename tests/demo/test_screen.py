"""The newcomer's screen: everything needed, whole on a terminal of 24 lines and 80 columns, in both languages."""

import ast
from pathlib import Path

import pyotp
import pytest

from bastion.demo import screen
from bastion.demo.facts import Account, Facts
from bastion.i18n import catalogue

ROLES = {
    "claire": "approver",
    "paul": "approver",
    "samir": "security",
    "aude": "auditor",
    "denis": "admin",
    "alice": "technician",
    "bob": "technician",
}


@pytest.fixture
def facts(tmp_path):
    accounts = [
        Account(login, role, pyotp.random_base32(), None if role == "technician" else f"{'pass-' + login:x<16}")
        for login, role in ROLES.items()
    ]
    accounts[-2].private_key_path = str(tmp_path / "technicians" / "alice")
    return Facts(2222, "http://127.0.0.1:8080", accounts)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_it_fits_and_names_everything(facts, language):
    lines = screen.draw(facts, Path("var/demo"), real=True, language=language)
    assert len(lines) <= 23
    assert max(map(len, lines)) <= 80, max(lines, key=len)
    text = "\n".join(lines)
    assert all(f"pass-{login}" in text for login, role in ROLES.items() if role != "technician")
    assert "make code WHO=alice" in text


@pytest.mark.parametrize("language", ["en", "fr"])
def test_what_is_needed_first_stands_last(facts, language):
    last = screen.draw(facts, Path("var/demo"), real=True, language=language)[-11:]
    assert last[0] == ""
    assert last[1] == " Console  http://127.0.0.1:8080"
    assert last[2] == " 1  ssh -F var/demo/ssh.conf alice+ct-01@bastion"
    assert "Ctrl-C" in last[-1]


def test_every_sentence_of_it_is_said_in_french():
    calls = [node for node in ast.walk(ast.parse(Path(screen.__file__).read_text())) if isinstance(node, ast.Call)]
    said = {c.args[0].value for c in calls if getattr(c.func, "id", "") == "t" and isinstance(c.args[0], ast.Constant)}
    assert len(said) >= 10
    assert (said | set(screen.DUTIES.values())) - set(catalogue("fr")) == set()


def test_whoever_came_later_still_stands_before_the_technicians(facts):
    facts.accounts.append(Account("zoe", "approver", pyotp.random_base32(), "pass-zoe"))
    people = [line.split()[0] for line in screen.draw(facts, Path("var/demo"), real=True)[: len(facts.accounts)]]
    assert people[-2:] == ["alice", "bob"]


def test_a_qr_code_with_its_two_lines_fits_the_smallest_terminal(facts):
    drawn = screen.qr_code(facts.account("claire"))
    assert len(drawn) + 2 <= 23
    assert max(map(len, drawn)) <= 80


def test_it_says_when_a_device_is_this_very_machine(facts):
    assert "a shell on this machine" in "\n".join(screen.draw(facts, Path("var/demo"), real=True))
    assert "a shell on this machine" not in "\n".join(screen.draw(facts, Path("var/demo"), real=False))


def test_the_code_shown_is_the_one_the_app_shows(facts):
    account = facts.account("claire")
    assert pyotp.TOTP(account.totp_secret).verify(screen.code(account), valid_window=1)


def test_ssh_finds_port_and_key_in_the_config(facts, tmp_path):
    text = screen.ssh_config(facts, tmp_path)
    assert "Port 2222" in text
    assert (
        f'Match originalhost bastion user alice,alice+*\n  IdentityFile "{tmp_path / "technicians" / "alice"}"' in text
    )


def test_where_there_is_room_each_role_has_its_qr_code_above(facts):
    lines = screen.codes(facts, 200, 30)
    assert lines[0].split() == ["alice", "claire", "samir", "aude", "denis"], "one of each role, in turn"
    assert len(lines) == 20
    assert max(map(len, lines)) <= 200
    first = [line[: len(screen.qr_code(facts.account("alice"))[0])].rstrip() for line in lines[1:]]
    assert first == [line.rstrip() for line in screen.qr_code(facts.account("alice"))]
    two_shelves = screen.codes(facts, 120, 40)
    assert len(two_shelves) == 40


@pytest.mark.parametrize(
    ("columns", "rows", "logins"),
    [
        (80, 20, ["alice", "claire"]), (80, 39, ["alice", "claire"]), (120, 39, ["alice", "claire", "samir"]),
        (80, 40, ["alice", "claire", "samir", "aude"]), (40, 20, ["alice"]),
    ],
)  # fmt: skip
def test_where_not_all_fit_those_stand_there_whom_one_plays_first(facts, columns, rows, logins):
    lines = screen.codes(facts, columns, rows)
    assert [word for line in lines[::20] for word in line.split()] == logins
    assert max(map(len, lines)) <= columns


@pytest.mark.parametrize(("columns", "rows"), [(200, 19), (20, 500)])
def test_where_there_is_none_they_are_drawn_when_asked_for(facts, columns, rows):
    assert screen.codes(facts, columns, rows) == []

"""`bastion demo --code`, which `make code` runs."""

import pyotp
import pytest
import structlog

from bastion.cli.exits import Exit
from bastion.demo.facts import Account, Facts

SECRET = pyotp.random_base32()


@pytest.fixture
def demo(tmp_path):
    (tmp_path / "home").mkdir()
    Facts(2222, "", [Account("claire", "approver", SECRET), Account("alice", "technician", SECRET)]).write(
        tmp_path / "home"
    )
    structlog.reset_defaults()  # as a fresh process finds it


def test_a_script_gets_the_six_digits_alone(bastion, demo):
    shown = bastion("demo", "--code", "claire")
    assert (shown.code, shown.err) == (0, "")
    assert pyotp.TOTP(SECRET).verify(shown.out.strip(), valid_window=1)


def test_a_person_gets_the_qr_code_too_and_the_code_last(bastion, demo, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    shown = bastion("demo", "--code", "claire").out.splitlines()
    assert len(shown) <= 23
    assert "█" in shown[0]
    assert shown[-2].startswith("Scan this as claire, or type the code. It works once; the next one comes in ")
    assert len(shown[-1]) == 6
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    assert bastion("demo", "--code", "claire").out.splitlines()[-2].startswith("Scannez ceci pour claire")


def test_somebody_the_demo_does_not_know_gets_one_sentence(bastion, demo):
    shown = bastion("demo", "--code", "nobody")
    assert (shown.code, shown.out) == (Exit.NOT_FOUND, "")
    assert shown.err == "The demo knows no “nobody”. It knows: claire, alice.\n"


def test_before_the_first_start_one_sentence_says_how_to_start(bastion):
    structlog.reset_defaults()
    shown = bastion("demo", "--code", "claire")
    assert (shown.code, shown.out) == (Exit.NOT_FOUND, "")
    assert shown.err == "There is no demo yet; start it with `make demo`.\n"


def test_whoever_wants_the_log_gets_it(bastion, demo, monkeypatch):
    monkeypatch.setenv("BASTION_LOG_LEVEL", "debug")
    assert "code=not_found" in bastion("demo", "--code", "nobody").err

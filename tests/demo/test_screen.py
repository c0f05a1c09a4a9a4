"""The newcomer's screen: everything needed, within 40 lines of 100 columns."""

from pathlib import Path

import pyotp
import pytest

from bastion.demo import screen
from bastion.demo.facts import Account, Facts

ROLES = {"claire": "approver", "samir": "security", "aude": "auditor", "denis": "admin", "alice": "technician"}


@pytest.fixture
def facts(tmp_path):
    accounts = [
        Account(login, role, pyotp.random_base32(), None if role == "technician" else "pass-" + login)
        for login, role in ROLES.items()
    ]
    accounts[-1].private_key_path = str(tmp_path / "technicians" / "alice")
    return Facts(2222, "http://127.0.0.1:8080", accounts)


def test_it_fits_and_names_everything(facts):
    lines = screen.draw(facts, Path("var/demo"), real=True)
    assert len(lines) <= screen.HEIGHT
    assert max(map(len, lines)) <= screen.WIDTH
    text = "\n".join(lines)
    assert "http://127.0.0.1:8080" in text
    assert "ssh -F var/demo/ssh.conf alice+ct-01@bastion" in text
    assert all(f"pass-{login}" in text for login, role in ROLES.items() if role != "technician")


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

"""The command as a whole: every name is there, and none waits for what only another one needs."""

import os
import subprocess
import sys
from pathlib import Path

import pyotp
import pytest

from bastion.cli import main
from bastion.cli.exits import Exit
from bastion.demo.facts import Account, Facts

ROOT = Path(__file__).parent.parent.parent
SLOW = {"asyncssh", "asyncpg", "alembic", "sqlalchemy.orm", "segno", "babel", "fastapi", "uvicorn", "bastion.proxy"}
"""Hundredths of a second each; together as long again as the kill switch may take."""


def test_the_help_names_everything(bastion):
    shown = bastion("--help")
    assert shown.code == 0
    assert [name for name in main.COMMANDS if f"\n  {name} " not in shown.out] == []
    registers = bastion("admin", "--help").out
    assert [name for name in main.REGISTERS if f"\n  {name} " not in registers] == []


@pytest.mark.parametrize("name", sorted(set(main.COMMANDS) - {"admin"}))
def test_every_command_explains_itself(bastion, name):
    shown = bastion(name, "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"Usage: bastion {name} ")


@pytest.mark.parametrize("name", sorted(main.REGISTERS))
def test_every_register_explains_itself(bastion, name):
    shown = bastion("admin", name, "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"Usage: bastion admin {name} ")


def test_a_misspelt_command_is_asked_back(bastion):
    shown = bastion("lokc")
    assert shown.code == Exit.USAGE
    assert "Did you mean 'lock'" in shown.err


def loaded(home: Path, *words: str) -> set[str]:
    """What a process of its own has loaded once it has carried out a command."""
    program = f"import sys; from bastion.cli.main import run; assert run({list(words)!r}) == 0; print(*sys.modules)"
    environment = {"PATH": os.environ["PATH"], "BASTION_HOME": str(home), "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_kill_switch_waits_for_nothing_it_does_not_need(home):
    assert loaded(home, "lock", "--all", "--reason", "drill") & SLOW == set()


def test_neither_does_a_code(home):
    Facts(0, "", [Account("alice", "technician", pyotp.random_base32())]).write(home)
    assert loaded(home, "demo", "--code", "alice") & (SLOW | {"sqlalchemy", "cedarpy", "cryptography"}) == set()

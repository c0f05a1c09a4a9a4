"""The import contracts of `pyproject.toml` are no decoration: one offence against each, in a copy, and each breaks."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
OFFENCES = {
    "1": ("bastion/domain/grant.py", "import web.app"),
    "1b": ("bastion/stray.py", "import bastion.cli.main"),
    "2": ("bastion/proxy/relay.py", "import bastion.proxy.ssh.server"),
    "3": ("policies/engine.py", "import socket"),
    "4": ("bastion/proxy/steady.py", "import asyncssh"),
    "5": ("bastion/limits.py", "import sqlalchemy"),
    "6": ("bastion/services/access.py", "import fastapi"),
    "7": ("web/live.py", "import bastion.store.database"),
    "8": ("bastion/proxy/notes.py", "import migrations"),
}
"""By the number of the contract: a file, and what it may not import."""


def test_one_offence_against_each_contract_and_each_is_broken(tmp_path):
    for package in ("bastion", "policies", "recordings", "web", "migrations"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=lambda folder, names: [
            name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()
        ])  # fmt: skip
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for file, line in OFFENCES.values():
        with (tmp_path / file).open("a") as source:
            source.write(f"\n{line}\n")
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=200)
    verdicts = dict(re.findall(r"^(\d+b?)\. .* (KEPT|BROKEN)", done.stdout, re.MULTILINE))
    assert verdicts == dict.fromkeys(OFFENCES, "BROKEN"), done.stdout + done.stderr
    assert done.returncode == 1

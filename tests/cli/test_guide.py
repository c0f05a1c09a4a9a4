"""The commands of the guides do what they say: whoever types them has a device on which somebody decides."""

import io
import json
import os
import re
import shlex
import shutil
import sqlite3
import subprocess
import tomllib
from contextlib import closing
from pathlib import Path

import pytest
import typer

from bastion.cli.main import command
from bastion.config import MailServer, Settings
from bastion.domain.importing import Register
from bastion.services.address import setup_link
from bastion.services.import_columns import column_of, columns

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README*.md"), *(ROOT / "docs").glob("*.md")])
GUIDE = ROOT / "docs" / "operator.en.md"
FENCED = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BY_PAGE = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)


def commands() -> list[list[str]]:
    """What stands under “Commission a device”, a command each, without `bastion` and without notes behind a `#`."""
    chapter = GUIDE.read_text().partition("## Commission a device")[2]
    return [words[1:] for words in typed(re.search(r"```\n(.*?)```", chapter, re.DOTALL)[1])]


def typed(block: str) -> list[list[str]]:
    """The commands of a block that are ours, in words."""
    return [
        shlex.split(one.partition(" < ")[0], comments=True)
        for line in block.replace("\\\n", " ").splitlines()
        for one in line.split(" && ")
        if one.startswith("bastion ")
    ]


def said(page: Path) -> list[list[str]]:
    """Every `bastion …` a page names, in a block or in a line, without `bastion`."""
    text = page.read_text()
    blocks = [words for kind, block in FENCED.findall(text) if not kind for words in typed(block)]
    lines = [shlex.split(one) for one in re.findall(r"`(bastion [^`]+)`", FENCED.sub("", text))]
    return [words[1:] for words in blocks + lines]


def problem(words: list[str]) -> str:
    """Why the command knows nothing of this; empty if it does. A line may leave out what has to follow."""
    part = typer.main.get_command(command(words))
    while words and words[0] in getattr(part, "commands", {}):
        part, words = part.commands[words[0]], words[1:]
    options = {name for one in part.params for name in (*one.opts, *one.secondary_opts)}
    if unknown := [word for word in words if word.startswith("-") and word not in options]:
        return f"no such option: {unknown}"
    lost = words[:1] if hasattr(part, "commands") and words and not words[0].startswith("-") else []
    return f"no such command: {lost}" if lost else ""


def test_a_device_commissioned_as_the_guide_says_is_one_on_which_somebody_decides(bastion, home, monkeypatch):
    for words in commands():
        if words[1:3] == ["endpoint", "pin"]:
            continue  # no device is there to show its identity
        monkeypatch.setattr("sys.stdin", io.StringIO("canary-s3cret"))
        made = bastion(*words)
        assert made.code == 0, (words, made.err)
    (row,) = json.loads(bastion("who-decides", "alice", "ct-01", "--json").out)
    assert row["approvers"] == "Claire Dubois"
    assert "Nobody" not in row["why"]


@BY_PAGE
def test_every_command_a_page_names_is_one(page):
    assert {" ".join(words): why for words in said(page) if (why := problem(words))} == {}


def test_the_guide_names_commands():
    assert len(said(GUIDE)) > 60


@BY_PAGE
def test_every_setting_a_page_shows_is_one(page):
    for kind, block in FENCED.findall(page.read_text()):
        shown = tomllib.loads(block) if kind == "toml" else {}
        assert shown.keys() <= Settings.model_fields.keys()


def test_the_settings_under_which_the_guide_installs_hold_together(monkeypatch):
    monkeypatch.delenv("BASTION_TEST_NETWORKS")
    installed, *_ = [tomllib.loads(block) for kind, block in FENCED.findall(GUIDE.read_text()) if kind == "toml"]
    assert setup_link(Settings(**installed), "s3cret") == "https://bastion.hospital.example/setup#s3cret"
    shown = "".join(block for kind, block in FENCED.findall(GUIDE.read_text()) if kind == "toml")
    assert MailServer.read(Settings(**tomllib.loads(shown)).smtp_url.get_secret_value()).security == "starttls"


@pytest.mark.parametrize("language", ["en", "fr"])
def test_an_import_reads_the_headings_the_guide_names(language):
    text = (ROOT / "docs" / f"operator.{language}.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", text, re.MULTILINE)
    assert {name for name, *_ in rows} == {register.value for register in Register}
    for name, needed, others in rows:
        headings = re.sub(r" \([^)]*\)", "", f"{needed}, {others}").split(", ")
        assert {column_of(Register(name), one) for one in headings} == {*columns(Register(name))}


def test_the_command_of_the_guide_runs_from_anywhere_and_says_how_to_lift_a_cut(home, tmp_path):
    """As installed, but for the account, which only root could become, and for the folders."""
    script = next(block for kind, block in FENCED.findall(GUIDE.read_text()) if kind == "sh")
    assert "sudo -u bastion " in script
    script = script.replace("sudo -u bastion ", "env ").replace("/var/lib/bastion", str(home))
    file = tmp_path / "bastion"
    file.write_text(script.replace("/opt/bastion", str(ROOT)))
    file.chmod(0o755)
    done = subprocess.run(
        [file, "lock", "--all", "--reason", "drill"], cwd=tmp_path, env=os.environ, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert "Lift it with: bastion unlock all --reason …" in done.stdout


def test_what_was_backed_up_is_restored_as_the_guide_says(bastion, home, tmp_path, monkeypatch):
    """Also how a further node joins: `keys` first, then `init`, which makes what is missing and replaces nothing."""
    monkeypatch.setattr("sys.stdin", io.StringIO("canary-s3cret"))
    for words in commands()[:-2]:
        assert bastion(*words).code == 0, words
    back = tmp_path / "back"
    shutil.copytree(home / "keys", back / "keys")
    shutil.copytree(home / "recordings", back / "recordings")
    with closing(sqlite3.connect(home / "bastion.db")) as runs, closing(sqlite3.connect(back / "bastion.db")) as copy:
        runs.backup(copy)
    (back / "bastion.db").chmod(0o600)
    back.chmod(0o700)
    monkeypatch.setenv("BASTION_HOME", str(back))
    again = bastion("init")
    assert (again.code, again.out) == (5, "")
    assert "set up already" in again.err
    for words in (["migrate"], ["check"], ["verify", "--all", "--audit"]):
        assert bastion(*words).code == 0, words
    assert re.match(r"[1-9]\d* secrets are wrapped", bastion("vault", "rotate").out)

"""What goes to the browser besides the pages: typed, locked without addresses, and nothing inline."""

import json
import re
import subprocess
from pathlib import Path

import pytest

from web.render import HERE, STATIC, manifest

ROOT = HERE.parent
INLINE = re.compile(
    r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)|javascript:|hx-on|<link[^>]*href=\"http", re.IGNORECASE
)


@pytest.mark.slow
def test_the_scripts_are_sound_in_their_types():
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", "--noEmit", "-p", "web/assets"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def test_the_lock_names_no_registry():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_what_the_templates_ask_for_is_built_and_licensed():
    asked = {name for path in templates() for name in re.findall(r"asset\('([^']+)'\)", path.read_text())}
    assert asked == set(manifest())
    assert all((STATIC / built).exists() for built in manifest().values())
    assert "Apache License" in (STATIC / "licenses.txt").read_text()


def templates() -> list[Path]:
    return sorted((HERE / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", templates(), ids=lambda path: path.name)
def test_T35_a_template_holds_no_style_script_or_handler_of_its_own(path):
    assert INLINE.findall(path.read_text()) == []


def test_T47_no_template_switches_escaping_off():
    allowed = {"sprite.html"}
    unsafe = [p.name for p in templates() if re.search(r"\|\s*safe|autoescape|Markup", p.read_text())]
    assert set(unsafe) <= allowed

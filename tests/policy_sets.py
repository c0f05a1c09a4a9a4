"""Sets of policies that tests and measurements put in force beside the shipped one."""

import shutil
from pathlib import Path

from policies.loader import LIBRARY


def straight_through(folder: Path) -> Path:
    """The shipped policies, but files pass without the release desk."""
    shutil.copytree(LIBRARY, folder, ignore=shutil.ignore_patterns("*.cedarschema"))
    for file in folder.iterdir():
        text = file.read_text(encoding="utf-8").replace('@sas("rule")', '@sas("free")')
        file.write_text(text.replace('sas = "rule"', 'sas = "free"'), encoding="utf-8")
    return folder

"""The commands of the operator's guide do what it says: whoever types them has a device on which somebody decides."""

import io
import json
import re
import shlex
from pathlib import Path

GUIDE = Path(__file__).parents[2] / "docs" / "operator.md"


def commands() -> list[list[str]]:
    """What stands under “Commission a device”, a command each, without `bastion` and without notes behind a `#`."""
    chapter = GUIDE.read_text().partition("## Commission a device")[2]
    block = re.search(r"```\n(.*?)```", chapter, re.DOTALL)[1]
    return [
        shlex.split(one.partition(" < ")[0], comments=True)[1:]
        for line in block.splitlines()
        for one in line.split(" && ")
    ]


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

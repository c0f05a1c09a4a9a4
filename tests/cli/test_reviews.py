"""`bastion admin review` (R-19)."""

import json
from datetime import UTC, datetime, timedelta

from bastion.cli.exits import Exit


def listed(bastion, *words):
    return json.loads(bastion("admin", "review", *words, "--json").out)


def test_a_review_from_the_command_line(bastion, home):
    due = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    assert bastion("admin", "facility", "add", "chu", "CHU").code == 0
    assert bastion("admin", "staff", "add", "eve", "Eve", "--role", "approver").code == 0
    made = bastion("admin", "review", "start", "H2", "--due", due)
    assert made.code == 0, made.err
    (one,) = listed(bastion, "list")
    assert one["id"] in made.out
    assert (one["name"], one["confirmed"]) == ("H2", 0)
    lines = listed(bastion, "show", one["id"])
    mine = [line for line in lines if line["name"] == "Eve"]
    assert [(line["right"], line["state"]) for line in mine] == [("approver", "open")]
    assert bastion("admin", "review", "confirm", one["id"], mine[0]["id"]).code == 0
    assert listed(bastion, "list")[0]["confirmed"] == 1
    assert bastion("admin", "review", "start", "H2", "--due", "2020-01-01").code == Exit.REFUSED_VALUE
    assert bastion("admin", "review", "show", "0" * 32).code == Exit.NOT_FOUND

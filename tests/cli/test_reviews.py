"""`bastion admin review` (R-19)."""

import json
import re
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
    assert [(line["right"], line["facility"], line["state"]) for line in mine] == [("approver", "*", "open")]
    assert bastion("admin", "review", "confirm", one["id"], mine[0]["id"]).code == 0
    assert listed(bastion, "list")[0]["confirmed"] == 1
    assert bastion("admin", "review", "sign", one["id"]).code == Exit.REFUSED_VALUE
    rest = [line["id"] for line in lines if line["state"] == "open" and line["name"] != "Eve"]
    assert not rest or bastion("admin", "review", "confirm", one["id"], *rest).code == 0
    assert listed(bastion, "list")[0]["state"] == "to_sign"
    signed = bastion("admin", "review", "sign", one["id"], "--remark", "seen")
    assert signed.code == 0, signed.err
    assert re.search(r"[0-9a-f]{64}", signed.out)
    assert bastion("export", "audit", "--output", str(home / "trail.jsonl")).code == 0
    trail = [json.loads(line) for line in (home / "trail.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [one["fields"]["note"] for one in trail if one.get("tag") == "review:signed"] == ["seen"]
    (one,) = listed(bastion, "list")
    assert (one["state"], bool(one["signed_by"])) == ("signed", True)
    again = bastion("admin", "review", "sign", one["id"])
    assert (again.code, one["signed_by"] in again.err) == (Exit.REFUSED_VALUE, True)
    assert bastion("admin", "review", "start", "H2", "--due", "2020-01-01").code == Exit.REFUSED_VALUE
    assert bastion("admin", "review", "show", "0" * 32).code == Exit.NOT_FOUND


def test_where_a_role_is_held_and_who_speaks_for_a_supplier_is_listed(bastion, home):
    due = f"{datetime.now(UTC) + timedelta(days=30):%Y-%m-%d}"
    for command in (
        ("facility", "add", "chu", "CHU"), ("staff", "add", "eve", "Eve", "--duty", "approver@chu"),
        ("supplier", "add", "acme", "Acme", "--network", "127.0.0.0/8"),
        ("technician", "add", "alice", "Alice", "--supplier", "acme"),
        ("technician", "add", "zed", "Zed", "--supplier", "acme"), ("technician", "correspondent", "alice"),
        ("review", "start", "H2", "--due", due),
    ):  # fmt: skip
        done = bastion("admin", *command)
        assert done.code == 0, done.err
    (one,) = listed(bastion, "list")
    assert one["facilities"] == ["*"]
    lines = {line["name"]: line for line in listed(bastion, "show", one["id"])}
    assert (lines["Eve"]["facility"], lines["Alice"]["facility"]) == ("chu", "")
    assert [name for name, line in lines.items() if line["correspondent"]] == ["Alice"]

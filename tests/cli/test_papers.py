"""`bastion admin paper` (R-67)."""

import json

from bastion.cli.exits import Exit


def listed(bastion, *words):
    return json.loads(bastion("admin", "paper", *words, "--json").out)


def test_papers_from_the_command_line(bastion, home):
    assert bastion("admin", "supplier", "add", "acme", "Acme").code == 0
    assert bastion("admin", "paper", "require", "charter", "--since", "2026-01-01").code == 0
    assert listed(bastion, "missing") == [{"supplier": "acme", "blocked_by": ["charter"], "soon_by": []}]
    made = bastion("admin", "paper", "add", "acme", "charter", "CH-7", "--since", "2026-01-01", "--until", "2040-01-01")
    assert made.code == 0, made.err
    assert listed(bastion, "missing") == []
    (paper,) = listed(bastion, "list", "acme")
    assert (paper["reference"], paper["valid_to"]) == ("CH-7", "2040-01-01")
    assert paper["id"] in made.out
    assert bastion("admin", "paper", "withdraw", paper["id"]).code == 0
    assert bastion("admin", "paper", "withdraw", paper["id"]).code == Exit.REFUSED_VALUE
    assert [row["supplier"] for row in listed(bastion, "missing")] == ["acme"]
    assert bastion("admin", "paper", "require", "charter").code == 0
    assert listed(bastion, "missing") == []
    assert bastion("admin", "paper", "add", "acme", "attestation", "ATT-1").code == Exit.REFUSED_VALUE
    assert bastion("admin", "paper", "list", "nobody").code == Exit.REFUSED_VALUE

"""`bastion admin subcontractor`, `roster` and `technician leave` (R-46, R-18)."""

import json

from bastion.cli.exits import Exit


def listed(bastion, *words):
    return json.loads(bastion("admin", *words, "--json").out)


def test_subcontractors_and_lists_from_the_command_line(bastion, home):
    assert bastion("admin", "supplier", "add", "acme", "Acme", "--country", "FR", "--country", "MA").code == 0
    made = bastion("admin", "subcontractor", "declare", "acme", "Sub & Co", "--country", "MA")
    assert made.code == 0, made.err
    (sub,) = listed(bastion, "subcontractor", "list", "acme")
    assert (sub["name"], sub["state"], sub["country"]) == ("Sub & Co", "waiting", "MA")
    assert sub["id"] in made.out
    words = ("admin", "technician", "add", "alice", "Alice", "--supplier", "acme", "--country", "MA")
    assert bastion(*words, "--employer", "nobody").code == Exit.REFUSED_VALUE
    assert bastion(*words, "--employer", sub["id"]).code == 0
    assert bastion("admin", "subcontractor", "object", sub["id"], "--reason", "no papers").code == 0
    assert bastion("admin", "subcontractor", "end", sub["id"]).code == Exit.REFUSED_VALUE
    assert listed(bastion, "subcontractor", "list", "acme")[0]["objection"] == "no papers"
    assert [row["state"] for row in listed(bastion, "roster", "show", "acme")] == ["confirmed"]
    said = bastion("admin", "roster", "confirm", "acme", "alice", "--reference", "L-7")
    assert (said.code, "1" in said.out) == (0, True), said.err
    assert bastion("admin", "roster", "confirm", "acme", "bob", "--reference", "L-7").code == Exit.REFUSED_VALUE
    assert bastion("admin", "technician", "disable", "alice").code == 0
    assert bastion("admin", "technician", "enable", "alice").code == 0
    assert bastion("admin", "technician", "leave", "alice", "--why", "resigned").code == 0
    assert listed(bastion, "roster", "show", "acme") == []

"""`bastion admin professional` (R-38)."""

import json

from bastion.cli.exits import Exit


def listed(bastion, *words):
    return json.loads(bastion("admin", "professional", "list", *words, "--json").out)


def test_the_list_from_the_command_line(bastion, home):
    assert bastion("admin", "facility", "add", "chu", "CHU Demo").code == 0
    days = ("--since", "2026-01-01", "--until", "2040-12-31")
    made = bastion("admin", "professional", "add", "chu", "Dr Anne Roy", "radiologue", *days)
    assert made.code == 0, made.err
    (one,) = listed(bastion)
    assert one["id"] in made.out
    assert (one["facility"], one["name"], one["starts"], one["ends"]) == (
        "chu",
        "Dr Anne Roy",
        "2026-01-01",
        "2040-12-31",
    )
    again = bastion("admin", "professional", "add", "chu", "Dr Anne Roy", "radiologue")
    assert again.code == Exit.REFUSED_VALUE, again.err
    assert bastion("admin", "professional", "add", "nowhere", "Dr X", "x").code == Exit.REFUSED_VALUE
    assert bastion("admin", "professional", "retire", one["id"]).code == 0
    assert listed(bastion) == []
    assert [row["name"] for row in listed(bastion, "--retired")] == ["Dr Anne Roy"]

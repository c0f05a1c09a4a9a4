"""`bastion admin undertaking` (R-47)."""

import json

from bastion.cli.exits import Exit


def test_the_undertaking_from_the_command_line(bastion, home, tmp_path):
    french, english = tmp_path / "fr.txt", tmp_path / "en.txt"
    french.write_text("Je garde le secret.\n")
    english.write_text("I keep the secret.\n")
    assert "version 1" in bastion("admin", "undertaking", "show").out.lower()
    made = bastion("admin", "undertaking", "publish", str(french), str(english))
    assert (made.code, made.err) == (0, "")
    assert "secret" in bastion("admin", "undertaking", "show").out
    listed = json.loads(bastion("admin", "undertaking", "list", "--json").out)
    assert [row["version"] for row in listed] == [2, 1]
    again = bastion("admin", "undertaking", "publish", str(french), str(english))
    assert again.code == Exit.REFUSED_VALUE
    assert bastion("admin", "supplier", "add", "acme", "Acme").code == 0
    assert bastion("admin", "technician", "add", "alice", "Alice", "--supplier", "acme").code == 0
    owing = json.loads(bastion("admin", "undertaking", "owing", "--json").out)
    assert owing == [{"login": "alice", "name": "Alice"}]

"""`bastion admin rota`, `delegation`, and the duties of staff."""

import json

from bastion.cli.exits import Exit


def test_in_french_a_vowel_is_dropped_before_a_name_on_the_command_line_too(bastion, home, monkeypatch):
    assert bastion("admin", "facility", "add", "chu", "CHU").code == 0
    monkeypatch.setenv("LC_ALL", "fr_FR.UTF-8")
    for login, said in (("eve", "Les rôles d’eve sont enregistrés."), ("max", "Les rôles de max sont enregistrés.")):
        assert bastion("admin", "staff", "add", login, login.title(), "--duty", "approver@chu").code == 0
        assert said in bastion("admin", "staff", "duties", login, "--duty", "auditor@chu").out


def test_duties_and_rota_from_the_command_line(bastion, home, tmp_path):
    assert bastion("admin", "facility", "add", "chu", "CHU").code == 0
    assert bastion("admin", "staff", "add", "eve", "Eve", "--duty", "approver@chu:Imagerie,Bloc").code == 0
    rows = {row["login"]: row for row in json.loads(bastion("admin", "staff", "list", "--json").out)}
    assert rows["eve"]["duties"] == ["approver@chu:Bloc,Imagerie"]
    assert bastion("admin", "staff", "duties", "eve", "--duty", "king@chu").code == Exit.REFUSED_VALUE
    night = ("2090-10-28 18:00", "2090-10-29 08:00")
    assert bastion("admin", "rota", "add", "eve", "chu", *night).code == Exit.REFUSED_VALUE
    assert bastion("admin", "rota", "add", "eve", "chu", *night, "--ward", "bloc").code == 0
    assert bastion("admin", "staff", "duties", "eve", "--duty", "approver@chu").code == 0
    file = tmp_path / "rota.csv"
    file.write_text("login;from;to;facility\neve;2090-10-28 18:00;2090-10-29 08:00;chu\neve;x;y;chu\n")
    assert bastion("admin", "rota", "import", str(file)).code == 2
    file.write_text("login;from;to;facility\neve;2090-10-28 18:00;2090-10-29 08:00;chu\n")
    assert "Entries it would make: 1" in bastion("admin", "rota", "import", str(file), "--dry-run").out
    assert bastion("admin", "rota", "import", str(file)).code == 0
    taken = tmp_path / "taken.csv"
    assert bastion("admin", "rota", "export", str(taken)).code == 0
    assert taken.read_text("utf-8-sig").splitlines() == ["login,name,from,to,facility,ward,line"], "none in a week"
    assert json.loads(bastion("admin", "rota", "list", "--json").out) == []
    assert json.loads(bastion("admin", "delegation", "list", "--json").out) == []
    assert bastion("admin", "rota", "withdraw", "0" * 32).code == Exit.NOT_FOUND
    assert bastion("admin", "delegation", "revoke", "0" * 32).code == Exit.NOT_FOUND

"""`bastion import`: shows without writing, writes what it showed, and leaves with a code that scripts understand."""

import json

import pytest

from bastion.cli.exits import Exit

DATA = "code;nom;etablissement;fournisseurs\nct-01;Scanner 1;chu;acme\nus-11;=cmd;chu;acme\n"


@pytest.fixture
def file(bastion, home, tmp_path):
    assert bastion("admin", "facility", "add", "chu", "CHU").code == 0
    assert bastion("admin", "supplier", "add", "acme", "Acme").code == 0
    path = tmp_path / "gmao.csv"
    path.write_text(DATA)
    return path


def codes(bastion):
    return [device["code"] for device in json.loads(bastion("admin", "device", "list", "--json").out)]


def test_a_dry_run_writes_nothing_and_says_how_to_go_on(bastion, file):
    shown = bastion("import", "devices", str(file))
    assert shown.code == 0, shown.err
    assert "us-11" in shown.out
    assert "2 new, 0 changed, 0 as they are, 0 line(s) that cannot be used." in shown.out
    assert codes(bastion) == []
    words = shown.err.split("just this: ")[1].split()
    done = bastion("import", "devices", str(file), *words)
    assert done.code == 0, done.err
    assert codes(bastion) == ["ct-01", "us-11"]
    again = bastion("import", "devices", str(file), *words)
    assert again.code == Exit.REFUSED_VALUE
    assert "has changed since you looked" in again.err


def test_a_bad_line_is_named_and_nothing_is_applied_unless_asked(bastion, file):
    file.write_text(DATA + "x;X;nowhere;acme\n")
    refused = bastion("import", "devices", str(file), "--apply")
    assert refused.code == Exit.REFUSED_VALUE
    assert "line 4, facility: There is no facility “nowhere”. Register it first, or name one" in refused.err
    assert codes(bastion) == []
    assert bastion("import", "devices", str(file)).code == Exit.REFUSED_VALUE
    done = bastion("import", "devices", str(file), "--apply", "--skip-bad")
    assert done.code == 0, done.err
    assert codes(bastion) == ["ct-01", "us-11"]


def test_json_for_scripts(bastion, file):
    (plan,) = json.loads(bastion("import", "devices", str(file), "--json").out)
    assert plan["changes"][0] == {"line": 2, "entry": "ct-01", "new": True, "field": "code", "old": "", "to": "ct-01"}
    assert plan["bad"] == []


def test_suppliers_and_technicians(bastion, file):
    file.write_text("code;contract_end\nacme;2030-01-01\n")
    assert bastion("import", "suppliers", str(file), "--apply").code == 0
    file.write_text("login;name;supplier\nzoe;Zoé;acme\n")
    assert bastion("import", "technicians", str(file), "--apply").code == 0
    assert "zoe" in bastion("admin", "technician", "list").out


def test_staff_with_their_roles(bastion, file):
    file.write_text("login;nom;roles\nzoe;Zoé;approbateur@chu:Bloc,Imagerie | auditor@*\n")
    done = bastion("import", "staff", str(file), "--apply")
    assert done.code == 0, done.err
    found = {one["login"]: one for one in json.loads(bastion("admin", "staff", "list", "--json").out)}
    assert found["zoe"]["duties"] == ["approver@chu:Bloc,Imagerie", "auditor@*"]


def test_professionals_who_answer_for_patient_data(bastion, file):
    file.write_bytes(
        "\ufeffnom;fonction;établissement\nDr Roux;radiologue;chu\nDr Roux;radiologue;nulle-part\n".encode()
    )
    refused = bastion("import", "professionals", str(file), "--apply")
    assert refused.code == Exit.REFUSED_VALUE
    assert "line 3, facility: There is no facility “nulle-part”. Register it first, or name one" in refused.err
    assert bastion("import", "professionals", str(file), "--apply", "--skip-bad").code == 0
    found = json.loads(bastion("admin", "professional", "list", "--json").out)
    assert [(one["facility"], one["name"], one["title"]) for one in found] == [("chu", "Dr Roux", "radiologue")]

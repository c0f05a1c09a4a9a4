"""The kill switch from the machine itself."""

import json

import pytest

from bastion.cli.exits import Exit


def test_everything_is_cut_listed_and_restored(bastion, home):
    assert bastion("lock", "list").out == "Nothing.\n"
    cut = bastion("lock", "--all", "--reason", "ransomware next door")
    assert cut.code == 0
    (lock,) = json.loads(bastion("lock", "list", "--json").out)
    assert (lock["scope"], lock["reason"], lock["until"]) == ("all", "ransomware next door", None)
    assert "Sessions ended: 0. Authorisations withdrawn: 0, 0 of them for planned work." in cut.out
    assert "bastion unlock all --reason" in cut.out
    assert bastion("unlock", lock["id"], "--reason", "all clear").code == 0
    assert bastion("lock", "list", "--json").out == "[]\n"


def test_a_supplier_alone(bastion, home):
    bastion("admin", "supplier", "add", "acme", "Acme")
    assert bastion("lock", "--supplier", "acme", "--reason", "stolen laptop", "--until", "2090-01-01").code == 0
    (lock,) = json.loads(bastion("lock", "list", "--json").out)
    assert (lock["scope"], lock["subject"], lock["until"]) == ("supplier", "acme", "2090-01-01T23:00:00+00:00")
    assert bastion("unlock", "all", "--reason", "found again").out == "Lifted: 1.\n"


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--all", "--supplier", "acme", "--reason", "both"),
        ("--all",),
        ("--all", "--reason", "x"),
        ("--supplier", "nobody", "--reason", "who is that"),
    ],
)
def test_what_is_not_clear_cuts_nothing(bastion, home, words):
    assert bastion("lock", *words).code == Exit.REFUSED_VALUE
    assert bastion("lock", "list", "--json").out == "[]\n"


def test_unlocking_nothing(bastion, home):
    for ident in ("nothing", "all"):
        done = bastion("unlock", ident, "--reason", "why not")
        assert (done.code, done.out) == (Exit.REFUSED_VALUE, "")
        assert "Nothing is cut: there is nothing to lift." in done.err


def test_what_lifts_a_cut_lifts_no_other(bastion, home):
    bastion("admin", "supplier", "add", "acme", "Acme")
    one = bastion("lock", "--supplier", "acme", "--reason", "stolen laptop").out
    everything = bastion("lock", "--all", "--reason", "ransomware next door").out
    ids = {lock["scope"]: lock["id"] for lock in json.loads(bastion("lock", "list", "--json").out)}
    assert f"bastion unlock {ids['supplier']} --reason" in one
    assert f"bastion unlock {ids['all']} --reason" in everything
    assert bastion("unlock", "other", "--reason", "why not").code == Exit.REFUSED_VALUE

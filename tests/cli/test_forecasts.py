"""`bastion who-decides`."""

import io
import json

from bastion.cli.exits import Exit


def test_who_would_have_to_agree_is_told(bastion, home, monkeypatch):
    for words in (
        ("facility", "add", "chu", "CHU Demo"),
        ("supplier", "add", "acme", "Acme Imaging", "--network", "127.0.0.0/8", "--contract-end", "2090-01-01"),
        ("technician", "add", "alice", "Alice Martin", "--supplier", "acme"),
        ("device", "add", "ct-01", "Scanner 1", "--facility", "chu", "--supplier", "acme"),
    ):
        made = bastion("admin", *words)
        assert made.code == 0, made.err
    assert bastion("who-decides", "alice", "ct-01").code == Exit.REFUSED_VALUE, "nothing to log in with yet"
    monkeypatch.setattr("sys.stdin", io.StringIO("canary-s3cret"))
    made = bastion("admin", "account", "add", "ct-01", "service", "--password-stdin")
    assert made.code == 0, made.err
    shown = bastion("who-decides", "alice", "ct-01", "--minutes", "30", "--json")
    (row,) = json.loads(shown.out)
    assert (row["allowed"], row["quorum"], row["minutes"], row["approvers"]) == (True, 1, 30, "")
    assert "Nobody at this hospital can decide on this device" in row["why"]
    assert row["rules"]
    for options, said in (
        (("--start", "2001-01-01T08:00+01:00"), "The start lies in the past."),
        (("--patient-data", "needed", "--professional", "Dr Nemo"), "Nobody of CHU Demo is authorised to answer"),
    ):
        (row,) = json.loads(bastion("who-decides", "alice", "ct-01", *options, "--json").out)
        assert said in row["why"]
    assert bastion("who-decides", "nobody", "ct-01").code == Exit.REFUSED_VALUE
    assert bastion("who-decides", "alice", "ct-02").code == Exit.NOT_FOUND

"""Lists and exports."""

import json

from bastion.cli.exits import Exit


def test_an_empty_bastion_lists_nothing(bastion, home):
    assert bastion("sessions", "--json").out == "[]\n"
    assert bastion("requests", "--state", "pending").out == "Nothing.\n"


def test_the_trail_is_exported_and_says_so(bastion, home, tmp_path):
    target = tmp_path / "trail.jsonl"
    done = bastion("export", "audit", "--output", str(target))
    assert done.code == 0, done.err
    events = [json.loads(line) for line in target.read_text().splitlines()]
    assert events[0]["tag"] == "audit:exported"
    assert events[-1]["tag"] == "bastion:initialised"
    assert [e["seq"] for e in events] == list(range(len(events), 0, -1))


def test_an_export_overwrites_nothing(bastion, home, tmp_path):
    target = tmp_path / "trail.jsonl"
    target.write_text("evidence")
    refused = bastion("export", "audit", "--output", str(target))
    assert refused.code == Exit.UNEXPECTED
    assert str(target) in refused.err
    assert target.read_text() == "evidence"


def test_R55_a_recording_leaves_only_with_a_reason(bastion, home, tmp_path):
    target = tmp_path / "x.cast"
    assert bastion("export", "recording", "x").code == Exit.USAGE
    refused = bastion("export", "recording", "x", "--reason", "complaint 17", "--output", str(target))
    assert refused.code == Exit.NOT_FOUND
    assert not target.exists()

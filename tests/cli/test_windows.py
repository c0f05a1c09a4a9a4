"""`bastion admin window`."""

import json

from bastion.cli.exits import Exit


def test_windows_are_listed_and_one_that_is_not_there_cannot_be_ended(bastion, home):
    shown = bastion("admin", "window", "list", "--json")
    assert (shown.code, json.loads(shown.out)) == (0, [])
    assert bastion("admin", "window", "end", "0" * 32, "--reason", "the device is replaced").code == Exit.NOT_FOUND

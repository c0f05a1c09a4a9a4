"""`bastion admin template`."""

import json

from bastion.cli.exits import Exit


def test_they_are_listed_and_one_that_is_not_there_cannot_be_retired(bastion, home):
    shown = bastion("admin", "template", "list", "--retired", "--json")
    assert (shown.code, json.loads(shown.out)) == (0, [])
    assert bastion("admin", "template", "retire", "0" * 32).code != Exit.DONE

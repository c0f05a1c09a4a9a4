"""`bastion admin emergency` (R-26)."""

import json


def test_what_waits_for_a_review_is_listed(bastion, home):
    for more in ((), ("--all",)):
        shown = bastion("admin", "emergency", "list", "--json", *more)
        assert (shown.code, json.loads(shown.out)) == (0, [])

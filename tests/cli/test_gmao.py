"""`bastion admin gmao`."""

import json

from bastion.cli.exits import Exit

URL = "https://gmao.chu.example/api"


def test_a_gmao_from_the_command_line(bastion, home):
    assert bastion("admin", "facility", "add", "chu", "CHU").code == 0
    made = bastion("admin", "gmao", "set", "chu", URL, "--rule", "require")
    assert made.code == 0, made.err
    secret = made.out.strip().rpartition(" ")[2]
    assert len(secret) > 40
    again = bastion("admin", "gmao", "set", "chu", URL)
    assert secret not in again.out
    listed = bastion("admin", "gmao", "list", "--json")
    assert json.loads(listed.out) == [{"facility": "chu", "url": URL, "rule": "warn"}]
    assert bastion("admin", "gmao", "set", "chu", "http://gmao").code == Exit.REFUSED_VALUE
    assert bastion("admin", "gmao", "look", "WO-1", "ct-01", "acme").code == Exit.NOT_FOUND
    assert bastion("admin", "gmao", "remove", "chu").code == 0
    assert bastion("admin", "gmao", "remove", "chu").code == Exit.REFUSED_VALUE
    assert json.loads(bastion("admin", "gmao", "list", "--json").out) == []

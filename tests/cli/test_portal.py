"""`bastion admin technician invite` and `correspondent`."""

import json

from bastion.cli.exits import Exit


def test_a_link_and_a_correspondent_from_the_command_line(bastion, home):
    assert bastion("admin", "supplier", "add", "acme", "Acme").code == 0
    assert bastion("admin", "technician", "add", "alice", "Alice", "--supplier", "acme").code == 0
    first = bastion("admin", "technician", "invite", "alice")
    second = bastion("admin", "technician", "invite", "alice")
    links = [said.out.strip().splitlines()[-1] for said in (first, second)]
    assert all("/supplier/welcome#" in link and len(link.partition("#")[2]) == 43 for link in links)
    assert links[0] != links[1]
    assert bastion("admin", "technician", "correspondent", "alice").code == 0
    assert bastion("admin", "technician", "correspondent", "alice", "--no").code == 0
    assert bastion("admin", "technician", "invite", "nobody").code != 0


def test_tokens_of_a_technician_from_the_command_line(bastion, home):
    assert bastion("admin", "supplier", "add", "acme", "Acme").code == 0
    assert bastion("admin", "technician", "add", "alice", "Alice", "--supplier", "acme").code == 0
    assert json.loads(bastion("admin", "technician", "tokens", "alice", "--json").out) == []
    assert bastion("admin", "technician", "revoke-token", "alice", "0" * 32).code == Exit.NOT_FOUND

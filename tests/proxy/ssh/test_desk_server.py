"""What must hold whatever a client or a device does; the way of whole files stands in e2e/test_ssh_desk.py."""

import re

import asyncssh
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.i18n import catalogue
from bastion.proxy.files.wire import text
from bastion.proxy.ssh import deliveries, desk, desk_server
from bastion.proxy.ssh.deliveries import raw
from bastion.proxy.ssh.desk_server import DeskServer
from bastion.proxy.ssh.scp_server import Asked, asked
from bastion.services import files

OURS = {"channel", "connection", "env", "logger", "convert_attrs", "format_longname"}
"""What asyncssh's server has that touches no file."""


def test_T42_nothing_of_the_library_s_own_file_server_is_left():
    theirs = {name for name in vars(asyncssh.SFTPServer) if not name.startswith("_")} - OURS
    assert theirs <= set(vars(DeskServer)), theirs - set(vars(DeskServer))


@given(st.binary(max_size=60))
def test_a_path_that_was_kept_as_text_is_the_same_path_again(path):
    assert raw(text(path)) == path


@pytest.mark.parametrize(("command", "meant"), [
    ("scp -t /fw", Asked(False, b"/fw")),
    ("scp -f -- -x", Asked(True, b"-x")),
    ("scp -r -p -d -t 'a b'", Asked(False, b"a b", recursive=True, preserve=True, folder=True)),
    ("scp -prf /log", Asked(True, b"/log", recursive=True, preserve=True)),
    ("scp -v -f /log/*.txt", Asked(True, b"/log/*.txt")),
    ("scp /a /b", None), ("scp -t", None), ("scp -t a b", None), ("scp -ft a", None), ("scp -S sh -t a", None),
    ("scp -t 'a", None), ("cat scp -t a", None), ("", None), ("/bin/scp -t a", None),
])  # fmt: skip
def test_only_the_plain_far_side_of_scp_is_taken_for_it(command, meant):
    assert asked(command) == meant


def test_what_the_desk_says_it_says_in_french_with_the_same_facts():
    said = [desk.HELD_IN, desk.HELD_OUT, desk_server.FAILED, desk_server.SILENT]
    said += [deliveries.DELIVERED, deliveries.RELEASED, deliveries.REFUSED, deliveries.NOT_DELIVERED, files.CHANGED]
    for english in said:
        french = catalogue("fr")[english]
        assert set(re.findall(r"{\w+}", french)) == set(re.findall(r"{\w+}", english))

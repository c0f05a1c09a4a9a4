"""Every error of the product has an answer in SSH."""

import re

import asyncssh
import pytest

from bastion import errors
from bastion.errors import BastionError, GrantRevoked, IllegalTransition, Locked
from bastion.proxy.live_session import REFUSED
from bastion.proxy.ssh.errors import ANSWERS, TEMPORARY, answer


def all_kinds(kind: type[BastionError] = BastionError) -> list[type[BastionError]]:
    return [kind, *(grandchild for child in kind.__subclasses__() for grandchild in all_kinds(child))]


KINDS = [kind for kind in all_kinds() if kind.__module__ == errors.__name__]
BY_CODE = {kind.code: kind for kind in KINDS}


def test_every_error_has_a_code_of_its_own():
    assert len(BY_CODE) == len(KINDS)


def test_the_table_has_every_code_and_no_other():
    assert set(ANSWERS) == set(BY_CODE)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.code)
def test_every_error_is_answered(kind):
    needed = {IllegalTransition: {"state": "open"}, Locked: {"why": "x"}, GrantRevoked: {"why": "x"}}.get(kind, {})
    assert answer(kind("detail for the log", **needed)) == ANSWERS[kind.code]


def known(prefix: str) -> set[int]:
    names = [name for name in dir(asyncssh) if re.fullmatch(prefix + "[A-Z_]+", name)]
    return {int(getattr(asyncssh, name)) for name in names}


@pytest.mark.parametrize("code", sorted(ANSWERS))
def test_the_answers_are_numbers_ssh_knows(code):
    told = ANSWERS[code]
    assert told.disconnect in known("DISC_")
    assert told.channel in known("OPEN_")
    assert told.exit_status in {REFUSED, TEMPORARY}  # never 0, and never a status of the device's own commands


def test_a_script_is_told_to_try_again_only_where_that_can_help():
    temporary = {code for code, told in ANSWERS.items() if told.exit_status == TEMPORARY}
    assert temporary == {"device_busy", "device_unreachable", "no_room", "recording_unavailable", "unavailable"}


def test_a_stranger_cannot_tell_one_failure_from_another():
    assert ANSWERS["authentication_failed"] == ANSWERS["too_many_attempts"]


def test_a_device_with_another_identity_is_named_as_such():
    assert ANSWERS["host_key_changed"].disconnect == asyncssh.DISC_HOST_KEY_NOT_VERIFIABLE

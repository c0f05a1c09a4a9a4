"""Every error of the product has an answer in SSH."""

import re

import asyncssh
import pytest

from bastion import errors
from bastion.errors import BastionError, ChannelRefused, GrantRevoked, IllegalTransition, Locked, Phrase, PolicyRefused
from bastion.proxy.live_session import REFUSED
from bastion.proxy.ssh.errors import ANSWERS, TEMPORARY, answer, in_ascii


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


@pytest.mark.parametrize(
    ("problem", "said"),
    [
        (ChannelRefused(kind=Phrase("X11")), "This kind of access (X11) is not allowed here."),
        (
            PolicyRefused("Not from there.", why="Pas d’ici, à l’évidence."),
            "The hospital's policy does not allow this: Not from there.",
        ),
        (
            Locked(why="Réseau coupé par « l’œil »\x1b[2J 漢"),
            'Remote access is cut at the moment: Reseau coupe par " l\'oeil "?[2J ?. Please call the hospital.',
        ),
    ],
    ids=["ours", "of a rule", "of a person"],
)
def test_where_openssh_spells_octal_everything_is_english_and_ascii(problem, said):
    assert " ".join(in_ascii(problem).split()) == " ".join(said.split())

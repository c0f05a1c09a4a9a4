"""R-10: a derogation names what it allows, has an owner and an end, and covers nothing else."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bastion.domain import derogation as module
from bastion.domain.derogation import LEGACY, LONGEST, PROTOCOLS, Derogation, DerogationKind, DerogationStatus, checked
from bastion.domain.device import SESSIONS, Protocol
from bastion.errors import IllegalTransition, Invalid

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
OLD = Derogation(
    "d1", "ct", DerogationKind.SSH_LEGACY, ("aes128-cbc", "ssh-rsa"), "Dr Vasseur", "no update from the maker",
    NOW, NOW + 90 * DAY, "Ruth", NOW,
)  # fmt: skip
TELNET = replace(OLD, id="d2", kind=DerogationKind.TELNET, algorithms=())


@pytest.mark.parametrize(
    ("when", "status"),
    [
        (NOW - DAY, DerogationStatus.SCHEDULED),
        (NOW, DerogationStatus.ACTIVE),
        (OLD.ends - timedelta(microseconds=1), DerogationStatus.ACTIVE),
        (OLD.ends, DerogationStatus.OVER),
    ],
)
def test_the_clock_opens_and_closes_it(when, status):
    assert OLD.status(when) is status
    assert OLD.active(when) is (status is DerogationStatus.ACTIVE)


def test_withdrawn_is_withdrawn_once():
    gone = OLD.withdraw("Ruth", NOW + DAY)
    assert gone.status(NOW + DAY) is DerogationStatus.WITHDRAWN
    assert not gone.active(NOW + DAY)
    with pytest.raises(IllegalTransition):
        gone.withdraw("Max", NOW + 2 * DAY)
    assert OLD.withdraw("Ruth", OLD.ends + DAY).status(NOW) is DerogationStatus.WITHDRAWN


def test_the_end_is_near_in_its_last_thirty_days():
    assert not OLD.ends_soon(OLD.ends - 31 * DAY)
    assert OLD.ends_soon(OLD.ends - 30 * DAY)
    assert not OLD.ends_soon(OLD.ends)
    assert not OLD.withdraw("Ruth", NOW).ends_soon(OLD.ends - DAY)


def test_what_is_allowed_is_put_in_order():
    assert checked(OLD).algorithms == ("ssh-rsa", "aes128-cbc")
    assert checked(TELNET) == TELNET


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithms": ()},
        {"algorithms": ("ssh-dss",)},
        {"algorithms": ("ssh-rsa", "none")},
        {"algorithms": ("hmac-md5",)},
        {"kind": DerogationKind.TELNET},
        {"ends": NOW},
        {"ends": NOW - DAY},
        {"ends": NOW + LONGEST + DAY},
        {"starts": NOW - 30 * DAY, "ends": NOW},
        {"starts": NOW + 2 * DAY, "ends": NOW + DAY},
    ],
    ids=str,
)
def test_R10_what_nobody_may_allow(wrong):
    with pytest.raises(Invalid):
        checked(replace(OLD, **wrong))


def test_nothing_is_allowed_that_is_broken_beyond_use():
    assert not [name for name in LEGACY if any(bad in name for bad in ("dss", "md5", "arcfour", "none", "blowfish"))]


def test_ssh_needs_no_derogation_and_the_other_sessions_do():
    assert PROTOCOLS.keys() == SESSIONS - {Protocol.SSH}


def test_the_algorithms_of_several_are_named_once():
    other = replace(OLD, algorithms=("hmac-sha1", "ssh-rsa"))
    assert module.algorithms([OLD, other]) == ("ssh-rsa", "aes128-cbc", "hmac-sha1")
    assert module.active([OLD, TELNET], DerogationKind.TELNET, NOW) == (TELNET,)


@pytest.mark.parametrize(
    ("in_force", "stands"),
    [
        ([OLD], True),
        ([], False),
        ([OLD.withdraw("Ruth", NOW)], False),
        ([replace(OLD, ends=NOW)], False),
        ([TELNET], False),
        ([replace(OLD, id="new", algorithms=("ssh-rsa", "aes128-cbc", "hmac-sha1"))], True),
        ([replace(OLD, id="new", algorithms=("ssh-rsa",))], False),
        ([replace(OLD, id="a", algorithms=("ssh-rsa",)), replace(OLD, id="b", algorithms=("aes128-cbc",))], True),
    ],
    ids=["same", "none", "withdrawn", "over", "another kind", "renewed", "renewed with less", "renewed in two"],
)
def test_work_goes_on_under_what_covers_it(in_force, stands):
    assert module.still_stand([OLD], in_force, NOW) is stands


def test_work_that_needs_none_always_goes_on():
    assert module.still_stand([], [], NOW)


def test_one_line_says_what_until_when_and_who():
    assert OLD.words == "ssh_legacy (aes128-cbc, ssh-rsa) until 2026-05-30T12:00+00:00, owner Dr Vasseur"
    assert TELNET.words == "telnet until 2026-05-30T12:00+00:00, owner Dr Vasseur"

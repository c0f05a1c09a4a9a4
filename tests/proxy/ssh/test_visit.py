"""The small decisions of a visit. The visits themselves are made by real clients in tests/e2e."""

from datetime import timedelta

import asyncssh
import pytest

from bastion import clock
from bastion.domain.parties import Supplier, Technician
from bastion.errors import BastionError, NoGrant, NotAcknowledged
from bastion.proxy.ssh.names import LoginName
from bastion.proxy.ssh.visit import ASK_FIRST, MOST_CHANNELS, STILL_WAITING, WHICH_DEVICE, Visit, _nobody_to_ask
from bastion.services.views import Entry
from tests.proxy.fakes import a_grant
from tests.proxy.lobby.test_screens import a_request

ALICE, ACME = Technician("t1", "alice", "Alice", "a@acme", "s1"), Supplier("s1", "acme", "Acme", ())
NAME = LoginName("alice", "ct-01")


def entry(**facts):
    return Entry(ALICE, ACME, **facts)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [(None, WHICH_DEVICE), (entry(), ASK_FIRST), (entry(pending=a_request()), STILL_WAITING)],
    ids=["no device", "nothing asked", "waiting"],
)
def test_without_a_terminal_one_sentence_says_why_not(found, sentence):
    with pytest.raises(NoGrant) as refused:
        _nobody_to_ask(NAME, found, has_terminal=False)
    assert refused.value.msgid == sentence
    assert "{" not in refused.value.public


def turned_away(found, *, has_terminal):
    """The error a channel without a shell on a terminal meets, or `None` if it goes on."""
    try:
        _nobody_to_ask(NAME, found, has_terminal=has_terminal)
    except BastionError as problem:
        return type(problem)
    return None


def test_the_notice_cannot_be_accepted_without_a_terminal():
    grant = a_grant(start=clock.now(), end=clock.now() + timedelta(hours=1))
    assert turned_away(entry(grant=grant), has_terminal=False) is NotAcknowledged
    assert turned_away(entry(grant=grant), has_terminal=True) is None


def test_an_open_and_acknowledged_grant_goes_on():
    now = clock.now()
    grant = a_grant(start=now, end=now + timedelta(hours=1), acknowledged_at=now)
    assert turned_away(entry(grant=grant), has_terminal=False) is None


def test_one_connection_has_a_measure_of_channels():
    visit = Visit.__new__(Visit)
    visit._ends, visit._tunnels = set(), set()
    for _ in range(MOST_CHANNELS):
        visit.new_channel()
    with pytest.raises(asyncssh.ChannelOpenError) as refused:
        visit.new_channel()
    assert refused.value.code == asyncssh.OPEN_RESOURCE_SHORTAGE
    visit.channel_gone(next(iter(visit._ends)))
    assert visit.new_channel() in visit._ends, "where one has gone there is room again"

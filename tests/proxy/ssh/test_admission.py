"""The small decisions on the way to a session. Sessions themselves are opened by real clients in tests/e2e."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bastion import clock
from bastion.domain.parties import Supplier, Technician
from bastion.domain.undertaking import SHIPPED
from bastion.errors import BastionError, GrantOver, GrantRevoked, NoGrant, Unavailable, UndertakingOwed
from bastion.proxy.ssh.admission import ASK_FIRST, STILL_WAITING, WHICH_DEVICE, Admission, nobody_to_ask
from bastion.proxy.ssh.names import LoginName
from bastion.services.answering import NO_MORE
from bastion.services.opening import Connection
from bastion.services.views import Entry
from tests.proxy.fakes import a_grant
from tests.proxy.lobby.test_screens import a_request

ALICE, ACME = Technician("t1", "alice", "Alice", "a@acme", "s1"), Supplier("s1", "acme", "Acme", ())
NAME = LoginName("alice", "ct-01")
SILENT = NoGrant("professional", sentence=NO_MORE, professional="Dr Roux")


def entry(**facts):
    return Entry(ALICE, ACME, **facts)


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (None, WHICH_DEVICE),
        (entry(), ASK_FIRST),
        (entry(pending=a_request(), unanswered=SILENT), STILL_WAITING),
        (entry(unanswered=SILENT), NO_MORE),
    ],
    ids=["no device", "nothing asked", "waiting", "nobody answers"],
)
def test_without_a_terminal_one_sentence_says_why_not(found, sentence):
    with pytest.raises(NoGrant) as refused:
        nobody_to_ask(NAME, found, has_terminal=False)
    assert refused.value.msgid == sentence
    assert "{" not in refused.value.public


def turned_away(found, *, has_terminal):
    """The error a channel without a shell on a terminal meets, or `None` if it goes on."""
    try:
        nobody_to_ask(NAME, found, has_terminal=has_terminal)
    except BastionError as problem:
        return type(problem)
    return None


def test_the_undertaking_cannot_be_accepted_without_a_terminal():
    grant = a_grant(start=clock.now(), end=clock.now() + timedelta(hours=1))
    assert turned_away(entry(grant=grant, undertaking=SHIPPED), has_terminal=False) is UndertakingOwed
    assert turned_away(entry(grant=grant, undertaking=SHIPPED), has_terminal=True) is None


def test_the_undertaking_once_accepted_stands_for_the_notice():
    grant = a_grant(start=clock.now(), end=clock.now() + timedelta(hours=1))
    assert turned_away(entry(grant=grant), has_terminal=False) is None


def test_what_became_of_the_last_authorisation_is_said():
    now = clock.now()
    past = a_grant(start=now - timedelta(hours=2), end=now - timedelta(hours=1))
    assert turned_away(entry(over=past), has_terminal=False) is GrantOver
    assert turned_away(entry(over=past.revoke("eve", "not today", past.start)), has_terminal=True) is GrantRevoked
    assert turned_away(entry(over=past, pending=a_request()), has_terminal=False) is NoGrant


def test_an_open_and_acknowledged_grant_goes_on():
    now = clock.now()
    grant = a_grant(start=now, end=now + timedelta(hours=1), acknowledged_at=now)
    assert turned_away(entry(grant=grant), has_terminal=False) is None


@dataclass
class Records:
    """Stands for the services of sessions: `trouble` is what opening one runs into."""

    trouble: Exception | None
    told: list = field(default_factory=list)

    async def open(self, _actor, _grant_id, connection):
        self.told.append(connection.new)
        if self.trouble:
            raise self.trouble
        return "opened"


@pytest.mark.parametrize(
    ("trouble", "still"), [(Unavailable("gone"), True), (NoGrant("over"), False), (None, False)], ids=str
)
async def test_a_sign_in_is_kept_once_and_not_lost_while_the_records_are_away(trouble, still):
    admission, records = Admission.__new__(Admission), Records(trouble)
    admission._actor, admission._facts = None, Connection("n1", "ssh", "SHA256:x", "key proof", new=True)
    admission._supervisor = SimpleNamespace(services=SimpleNamespace(sessions=records))
    with suppress(BastionError):
        await admission._open_records("g1")
    assert admission._facts.new is still
    records.trouble = None
    await admission._open_records("g1")
    assert records.told == [True, still]

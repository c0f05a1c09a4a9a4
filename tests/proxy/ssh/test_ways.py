from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from bastion import clock
from bastion.domain.device import Protocol
from bastion.domain.session_events import EndReason, Frozen, Killed
from bastion.proxy.live_session import LiveSession
from bastion.proxy.notices import Words
from bastion.proxy.ssh.ways import Way, Ways
from bastion.secret import Secret
from bastion.services.views import DeviceCredential
from tests.proxy.fakes import FakeRecorder, a_grant, a_record
from tests.store.samples import DOOR, SCANNER, a_derogation

WAY = Way("ct-01", "192.0.2.1", 22, ("ssh-ed25519 A",), "svc", "password")


class NoJournal:
    def add(self, fact) -> None:
        """What is noted is of no concern here."""


def a_live_session(ident="x1"):
    now = clock.now()
    grant = a_grant(start=now, end=now + timedelta(hours=1))
    return LiveSession(a_record(ident), grant, FakeRecorder(), Words("en"), NoJournal(), lambda live: None)


@pytest.fixture
async def known():
    ways, live = Ways(), a_live_session()
    ways.learn(live, WAY)
    return ways, live


async def test_the_way_is_known_while_a_session_under_the_grant_is_live(known):
    ways, _ = known
    assert ways.to("g1") == WAY
    assert ways.to("g2") is None


@pytest.mark.parametrize("event", [Killed(EndReason.LOCKED, "Ruth", "x"), Killed(EndReason.REVOKED), Frozen("Eve")])
async def test_T01_nothing_is_dialled_ahead_once_something_stands_against_it(known, event):
    ways, live = known
    live.feed(event)
    assert ways.to("g1") is None


async def test_T01_nor_after_the_end_of_the_agreed_time(known, monkeypatch):
    ways, live = known
    monkeypatch.setattr(type(live), "now", lambda self: self.end)
    assert ways.to("g1") is None


async def test_a_session_forgets_its_own_way_only(known):
    ways, first = known
    second = a_live_session("x2")
    ways.learn(second, WAY)
    ways.forget(first)
    assert ways.to("g1") == WAY
    ways.forget(second)
    assert ways.to("g1") is None


def opened(**changes):
    """What opening a session gives, as far as a way needs it."""
    facts = {
        "device": SCANNER, "endpoint": DOOR, "credential": DeviceCredential("svc", "password", Secret.of("x")),
        "derogations": (),
    }  # fmt: skip
    return SimpleNamespace(**(facts | changes))


def test_R10_a_way_is_another_with_a_derogation_another_protocol_or_other_options():
    ways = [
        Way.of(opened()),
        Way.of(opened(derogations=(a_derogation(),))),
        Way.of(opened(endpoint=replace(DOOR, protocol=Protocol.TELNET))),
        Way.of(opened(endpoint=replace(DOOR, protocol=Protocol.SERIAL, options={"baud": "300"}))),
    ]
    assert len(set(ways)) == 4
    assert [way.legacy for way in ways] == [(), ("ssh-rsa", "aes128-cbc"), (), ()]
    assert ways[3].options == (("baud", "300"),)


async def test_what_was_agreed_is_asked_for_once_while_sessions_live(known):
    ways, live = known
    asked = []

    async def ask(request_id):
        asked.append(request_id)
        return f"request {len(asked)}"

    assert [await ways.agreed(live, ask) for _ in range(3)] == ["request 1"] * 3
    ways.forget(live)
    assert [await ways.agreed(live, ask) for _ in range(2)] == ["request 2", "request 3"], "nobody would forget it"
    assert asked == [live.grant.request_id] * 3

"""Who is let in, decided on one connection; the services are played. Real clients meet it in tests/e2e."""

import asyncio
from dataclasses import dataclass, field

import asyncssh
import pytest

from bastion.domain.parties import Actor, ActorKind
from bastion.errors import AuthenticationFailed, TooManyAttempts, Unavailable
from bastion.i18n import catalogue, sentence
from bastion.proxy.half_open import Complaints
from bastion.proxy.ssh import caller as module
from bastion.proxy.ssh.caller import BANNER, MOST_CODES, MOST_TRIES, WRONG_CODES, Caller, Door
from bastion.services.authentication import WRONG_CODE, KeyOutcome

ALICE = Actor(ActorKind.TECHNICIAN, "t1", "alice", "Alice")


@dataclass
class Authentication:
    """Knows one key, `ssh-ed25519 A`, one code, `123456`, and what it was told of failures."""

    needs_code: bool = True
    trouble: Exception | None = None
    refusals: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    came: list = field(default_factory=list)
    counted: list = field(default_factory=list)

    async def known_key(self, login, public):
        self._maybe()
        return public == "ssh-ed25519 A"

    async def key_proved(self, login, public, source, device_code):
        self._maybe()
        if public != "ssh-ed25519 A":
            raise AuthenticationFailed("key is not registered")
        return KeyOutcome("SHA256:A") if self.needs_code else KeyOutcome("SHA256:A", ALICE, "g1")

    async def came_in(self, actor, sign_in):
        self.came.append((actor.login, sign_in.factors))

    async def technician_code(self, login, fingerprint, code, source, client=""):
        self.asked.append((login, code))
        self._maybe()
        if code != "123456":
            raise AuthenticationFailed("code")
        return ALICE

    async def unproved(self, counts, door):
        self.counted.append((counts, door))

    async def refused(self, login, source, door, stage, why, client=""):
        self.refusals.append((login, stage, why))

    def _maybe(self):
        if self.trouble:
            raise self.trouble


class Wire:
    """Stands for asyncssh's connection."""

    def __init__(self, source: str = "192.0.2.7") -> None:
        self.banners, self.aborted, self.source = [], False, source

    def get_extra_info(self, name, default=None):
        return {"peername": (self.source, 50000), "client_version": "SSH-2.0-Mallory\x1b[31m"}.get(name, default)

    def send_auth_banner(self, text):
        self.banners.append(text)

    def abort(self):
        self.aborted = True


class Supervisor:
    node = "n1"

    def spawn(self, work, _name):
        return asyncio.ensure_future(work)


@dataclass
class Services:
    authentication: Authentication = field(default_factory=Authentication)


@pytest.fixture
async def caller():
    services = Services()
    made = Caller(Door(services, Supervisor(), "en"))
    made.wire, made.service = Wire(), services.authentication
    made.connection_made(made.wire)
    yield made
    made.connection_lost(None)


async def half_way(caller):
    caller.begin_auth("alice+ct-01")
    assert await caller.key_proved("ssh-ed25519 A")


async def test_key_and_then_code(caller):
    caller.begin_auth("alice+ct-01")
    assert (caller.public_key_auth_supported(), caller.kbdint_auth_supported()) == (True, False)
    assert await caller.key_proved("ssh-ed25519 A")
    assert (caller.half_way, caller.let_in) == (True, False)
    assert (caller.public_key_auth_supported(), caller.kbdint_auth_supported()) == (False, True)
    assert await caller.validate_kbdint_response("", ["123 456 ".replace(" ", "")])
    assert (caller.half_way, caller.let_in) == (False, True)
    assert caller.service.asked == [("alice", "123456")]


async def test_a_standing_proof_stands_for_the_code(caller):
    caller.service.needs_code = False
    await half_way(caller)
    assert caller.let_in


async def test_who_is_let_in_by_proof_and_leaves_before_there_is_a_visit_stands_in_the_trail(caller):
    caller.service.needs_code = False
    await half_way(caller)
    caller.connection_lost(None)
    await asyncio.sleep(0)
    assert caller.service.came == [("alice", "key proof")]


async def test_who_leaves_after_a_code_is_kept_already(caller):
    await half_way(caller)
    await caller.validate_kbdint_response("", ["123456"])
    caller.connection_lost(None)
    await asyncio.sleep(0)
    assert caller.service.came == []


async def test_T14_who_says_a_name_and_then_nothing_stands_in_the_trail_by_that_name(caller):
    caller.begin_auth("alice+ct-01")
    caller.time_is_up()
    caller.connection_lost(None)
    await asyncio.sleep(0)
    assert caller.service.refusals == [("alice+ct-01", "key", module.NO_KEY)]


async def test_who_offers_a_foreign_key_and_then_idles_is_one_line(caller):
    caller.begin_auth("alice")
    assert not await caller.key_offered("ssh-ed25519 B")
    caller.time_is_up()
    caller.connection_lost(None)
    await asyncio.sleep(0)
    assert caller.service.refusals == [("alice", "key", module.NO_KEY)]


async def test_who_has_the_key_and_brings_no_code_is_told_apart(caller):
    """A key alone, and somebody who cannot go on: perhaps it was stolen."""
    await half_way(caller)
    caller.time_is_up()
    caller.connection_lost(None)
    await asyncio.sleep(0)
    assert caller.service.refusals == [("alice", "code", module.NO_CODE)]


async def test_who_has_the_key_and_leaves_at_the_question_stands_in_the_trail_too(caller):
    await half_way(caller)
    caller.connection_lost(None)
    await asyncio.sleep(0)
    assert caller.service.refusals == [("alice", "code", module.LEFT)]


async def test_when_the_bastion_stops_or_has_said_why_nobody_is_said_to_have_left(caller):
    await half_way(caller)
    caller.service.trouble = Unavailable("database")
    with pytest.raises(asyncssh.DisconnectError):
        await caller.validate_kbdint_response("", ["123456"])
    caller.connection_lost(None)
    caller.service.trouble = None
    other = Caller(caller._door)
    other.connection_made(Wire())
    await half_way(other)
    caller._door.drop_all()
    other.connection_lost(None)
    await asyncio.sleep(0)
    assert caller.service.refusals == []


async def test_T14_a_crowd_that_says_names_and_idles_is_a_few_lines_and_a_count(caller, monkeypatch):
    monkeypatch.setattr(module, "TOLD_EVERY", 0)
    caller._door.idle = Complaints(module.MOST_IDLE, monotonic=lambda: 0.0)
    crowd = []
    for number in range(100):
        one = Caller(caller._door)
        one.connection_made(Wire(f"192.0.2.{number}"))
        one.begin_auth(f"name-{number}")
        crowd.append(one)
    for one in crowd:
        one.time_is_up()
        one.connection_lost(None)
    for _ in range(3):
        await asyncio.sleep(0)
    assert [login for login, *_ in caller.service.refusals] == [f"name-{n}" for n in range(module.MOST_IDLE)]
    ((counts, door),) = caller.service.counted
    assert (sum(counts.values()), door) == (100 - module.MOST_IDLE, "ssh")


async def test_no_password_ever(caller):
    assert not caller.password_auth_supported()


async def test_T04_an_offer_changes_nothing(caller):
    caller.begin_auth("alice+ct-01")
    assert await caller.key_offered("ssh-ed25519 A")
    assert not caller.half_way
    assert not await caller.validate_kbdint_response("", ["123456"])
    assert not caller.let_in


@pytest.mark.parametrize("answers", [[], [""], ["  "], ["9" * 33], ["123456", "123456"]])
async def test_T05_odd_answers_do_not_even_reach_the_service(caller, answers):
    await half_way(caller)
    assert not await caller.validate_kbdint_response("", answers)
    assert caller.service.asked == []
    assert caller.service.refusals == [("alice", "code", "wrong number or length of answers")]


@pytest.mark.parametrize("answers", [["000000"], [], ["9" * 33]], ids=["wrong", "none", "oversize"])
async def test_T28_a_wrong_code_is_said_in_one_sentence_for_every_cause(caller, answers):
    await half_way(caller)
    assert not await caller.validate_kbdint_response("", answers)
    assert caller.wire.banners[1:] == [f"{WRONG_CODE}\n{catalogue('fr')[WRONG_CODE]}\n"]


async def test_after_the_last_code_the_connection_ends_and_says_why(caller):
    await half_way(caller)
    for _ in range(MOST_CODES - 1):
        assert not await caller.validate_kbdint_response("", ["000000"])
    with pytest.raises(asyncssh.DisconnectError) as left:
        await caller.validate_kbdint_response("", ["000000"])
    assert caller.wire.banners[-1] == f"{WRONG_CODES}\n{catalogue('fr')[WRONG_CODES]}\n"
    assert left.value.reason == WRONG_CODES


async def test_another_name_has_its_own_tries(caller):
    await half_way(caller)
    for _ in range(MOST_CODES - 1):
        await caller.validate_kbdint_response("", ["000000"])
    caller.begin_auth("alice")
    assert await caller.key_proved("ssh-ed25519 A")
    assert not await caller.validate_kbdint_response("", ["000000"])


async def test_T12_a_hostile_name_ends_the_connection(caller):
    with pytest.raises(asyncssh.DisconnectError) as left:
        caller.begin_auth("-oProxyCommand=id\x00")
    assert left.value.reason.startswith("Sign-in failed.")
    await asyncio.sleep(0)
    assert caller.service.refusals == [("-oProxyCommand=id?", "login", "login name is not plain")]


async def test_another_name_starts_from_nothing_and_the_banner_is_shown_once(caller):
    await half_way(caller)
    caller.begin_auth("bob")
    assert not caller.half_way
    assert caller.wire.banners == [BANNER]


async def test_a_wrong_key_is_audited_under_the_name_that_was_said(caller):
    caller.begin_auth("alice+ct-01")
    assert not await caller.key_proved("ssh-ed25519 B")
    assert caller.service.refusals == [("alice+ct-01", "key", "key is not registered")]


async def test_leaving_after_unknown_keys_only_is_audited_once(caller):
    caller.begin_auth("alice+ct-01")
    for _ in range(3):
        await caller.key_offered("ssh-ed25519 B")
    caller.connection_lost(None)
    await asyncio.sleep(0)
    assert caller.service.refusals == [("alice+ct-01", "key", "no key offered is registered")]


async def test_T01_breaking_the_protocol_before_sign_in_is_audited(caller):
    caller.connection_lost(asyncssh.ProtocolError("Invalid request before authentication was complete"))
    await asyncio.sleep(0)
    assert caller.service.refusals == [("", "protocol", "Invalid request before authentication was complete")]


async def test_a_flood_of_failures_is_audited_up_to_a_measure(caller):
    caller._door.complaints = Complaints(a_minute=2)
    caller.begin_auth("alice")
    for _ in range(5):
        await caller.key_proved("ssh-ed25519 B")
    assert len(caller.service.refusals) == 2


async def test_one_try_too_many_ends_the_connection(caller):
    for _ in range(MOST_TRIES):
        caller.count_failure()
    with pytest.raises(asyncssh.DisconnectError):
        caller.count_failure()


@pytest.mark.parametrize("trouble", [Unavailable("gone"), TooManyAttempts("x", minutes=15)])
async def test_what_a_person_can_do_something_about_is_said_in_both_languages(caller, trouble):
    await half_way(caller)
    caller.service.trouble = trouble
    with pytest.raises(asyncssh.DisconnectError) as left:
        await caller.validate_kbdint_response("", ["123456"])
    assert left.value.reason == trouble.public
    assert caller.wire.banners[-1] == f"{trouble.public}\n{sentence(trouble, 'fr')}\n"


async def test_records_that_are_away_are_said_at_the_key_too(caller):
    caller.begin_auth("alice")
    caller.service.trouble = Unavailable("gone")
    for step in (caller.key_offered, caller.key_proved):
        with pytest.raises(asyncssh.DisconnectError):
            await step("ssh-ed25519 A")


async def test_T14_a_caller_that_says_no_name_is_dropped(monkeypatch):
    monkeypatch.setattr(module, "HANDSHAKE", 0.02)
    caller, wire = Caller(Door(Services(), Supervisor())), Wire()
    caller.connection_made(wire)
    await asyncio.sleep(0.1)
    assert wire.aborted
    caller.connection_lost(None)


async def test_what_the_client_calls_itself_is_harmless(caller):
    assert caller.client == "Mallory?[31m"


async def test_nobody_opens_a_channel_before_he_is_in(caller):
    with pytest.raises(asyncssh.ChannelOpenError):
        caller.new_channel()
    with pytest.raises(PermissionError):
        caller.auth_completed()


async def test_T14_whoever_says_no_name_is_counted_and_told_once_a_minute(monkeypatch):
    monkeypatch.setattr(module, "HANDSHAKE", 0)
    monkeypatch.setattr(module, "TOLD_EVERY", 0.05)
    services = Services()
    door = Door(services, Supervisor())
    callers = [Caller(door) for _ in range(3)]
    for caller in callers:
        caller.connection_made(Wire())
    async with asyncio.timeout(5):
        while not services.authentication.counted:
            await asyncio.sleep(0.01)
    assert services.authentication.counted == [({"192.0.2.7": 3}, "ssh")]
    for caller in callers:
        caller.connection_lost(None)

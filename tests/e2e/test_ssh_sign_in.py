"""Key and then code, at the door, with real clients and with hostile ones."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import asyncssh
import pyotp
import pytest
from asyncssh.packet import Boolean, String, UInt32

from bastion import clock
from bastion.errors import ConfigurationError
from bastion.proxy.ssh import server
from tests.e2e.clients import Screen, run
from tests.e2e.raw import FAILURE, INFO_REQUEST, PK_OK, SUCCESS, RawClient, packet, partial
from tests.e2e.world import make_key


@pytest.fixture
async def alice_key(world):
    return asyncssh.read_private_key(world.alice.key)


@pytest.fixture
def tap(world):
    return lambda username="alice+ct-01": RawClient(world.listener.port, username)


async def proved(t, key):
    """Bring a raw client to the question for the code."""
    assert (await t.next())[0] == "ready"
    t.prove(key)
    kind, rest = await t.answer()
    assert (kind, partial(rest)) == (FAILURE, ([b"keyboard-interactive"], True))
    t.ask("keyboard-interactive", String(""), String(""))
    assert (await t.answer())[0] == INFO_REQUEST


# -- the two steps -----------------------------------------------------------------------------------------------------
async def test_the_key_alone_is_half_the_way_and_the_code_the_rest(tap, alice_key, world):
    async with tap() as t:
        await proved(t, alice_key)
        t.send(61, UInt32(1), String(pyotp.TOTP(world.alice.totp).now()))
        assert (await t.answer())[0] == SUCCESS
    assert "auth:succeeded" in await world.tags("auth")


async def test_T01_nothing_is_served_before_sign_in(tap, world):
    for kind, parts in (
        (90, (String("session"), UInt32(0), UInt32(1 << 20), UInt32(1 << 15))),
        (80, (String("tcpip-forward"), Boolean(True), String("127.0.0.1"), UInt32(0))),
        (98, (UInt32(0), String("shell"), Boolean(True))),
        (52, ()),
    ):
        async with tap() as t:
            assert (await t.next())[0] == "ready"
            t.send(kind, *parts)
            async with asyncio.timeout(5):
                await t.closed.wait()
            seen = [t.got.get_nowait()[0] for _ in range(t.got.qsize())]
            assert 91 not in seen
            assert 81 not in seen
            assert 52 not in seen
    await asyncio.sleep(0.2)
    refused = await world.events("auth:failed")
    assert len(refused) >= 3
    assert {e.fields["stage"] for e in refused} == {"protocol"}
    assert not await world.records()


async def test_T04_an_offered_key_is_not_a_proved_one(tap, world, alice_key):
    """A stranger shows Alice's public key, then signs with his own: he is nobody."""
    own = asyncssh.generate_private_key("ssh-ed25519")
    async with tap() as t:
        assert (await t.next())[0] == "ready"
        t.offer(alice_key)
        assert (await t.answer())[0] == PK_OK
        t.ask("keyboard-interactive", String(""), String(""))
        kind, rest = await t.answer()
        assert (kind, partial(rest)) == (FAILURE, ([b"publickey"], False))
        t.prove(own)
        kind, rest = await t.answer()
        assert (kind, partial(rest)) == (FAILURE, ([b"publickey"], False))
    assert not await world.events("auth:succeeded")


async def test_T04_a_signature_by_another_key_under_the_name_of_a_known_one_fails(tap, world, alice_key):
    own = asyncssh.generate_private_key("ssh-ed25519")

    class Forged:
        algorithm, public_data = alice_key.algorithm, alice_key.public_data
        sign = staticmethod(own.sign)

    async with tap() as t:
        assert (await t.next())[0] == "ready"
        t.prove(Forged())
        kind, rest = await t.answer()
        assert (kind, partial(rest)) == (FAILURE, ([b"publickey"], False))
    await asyncio.sleep(0.1)
    assert [e.fields["why"] for e in await world.events("auth:failed")] == ["signature does not match the key"]


async def test_T04_another_name_on_the_same_connection_starts_from_nothing(tap, world, alice_key):
    await world.person("bob")
    async with tap() as t:
        await proved(t, alice_key)
        t.username = "bob+ct-01"
        t.ask("keyboard-interactive", String(""), String(""))
        kind, rest = await t.answer()
        assert (kind, partial(rest)) == (FAILURE, ([b"publickey"], False))


@pytest.mark.parametrize(
    "answers",
    [[], [""], ["   "], ["x" * 10_000], ["000000", "000000"], ["\x00" * 6], ["１２３４５６"]],
    ids=["none", "empty", "blank", "oversize", "two", "nul", "full-width"],
)
async def test_T05_odd_answers_to_the_code_fail(tap, alice_key, answers, world):
    async with tap() as t:
        await proved(t, alice_key)
        t.send(61, UInt32(len(answers)), *(String(a) for a in answers))
        kind, rest = await t.answer()
        assert (kind, partial(rest)) == (FAILURE, ([b"keyboard-interactive"], False))
    assert not await world.events("auth:succeeded")
    assert [e.fields["stage"] for e in await world.events("auth:failed")] == ["code"]


async def test_T05_no_method_but_the_two_is_ever_offered(tap, alice_key):
    async with tap() as t:
        assert (await t.next())[0] == "ready"
        for method, parts in (
            ("none", ()), ("password", (Boolean(False), String(""))), ("hostbased", ()), ("gssapi-with-mic", ()),
        ):  # fmt: skip
            t.ask(method, *parts)
            kind, rest = await t.answer()
            assert (kind, partial(rest)) == (FAILURE, ([b"publickey"], False)), method


async def test_T07_certificates_are_not_trusted(tap, world, alice_key):
    authority = asyncssh.generate_private_key("ssh-ed25519")
    certificate = authority.generate_user_certificate(alice_key, "alice", principals=["alice"])
    async with tap() as t:
        assert (await t.next())[0] == "ready"
        t.ask("publickey", Boolean(False), String(certificate.algorithm), String(certificate.public_data))
        kind, rest = await t.answer()
        assert (kind, partial(rest)) == (FAILURE, ([b"publickey"], False))


HOSTILE = [
    "-oProxyCommand=touch /tmp/x", "alice\x00", "alice\n", "alice+ct-01\nroot", "a" * 201, "alice+-oX", "+ct-01",
    "alice+ct-01+svc+more", "alice+ct%2d01", "alice;id", "$(id)", "\u202eecila", "álice", "alice ct", "a" * 10_000,
]  # fmt: skip
"""Some of them the protocol lets nobody be called (RFC 4252, SASLprep); nobody can tell from the answer."""


async def noted(world):
    """The one failure in the trail, as soon as it stands there."""
    async with asyncio.timeout(10):
        while not (events := await world.events("auth:failed")):
            await asyncio.sleep(0.02)
    (event,) = events
    return event


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
async def test_T12_hostile_names_are_refused_before_any_use(tap, world, name, monkeypatch):
    asked = []
    monkeypatch.setattr(type(world.services.authentication), "known_key", lambda *a: asked.append(a))
    async with tap(name) as t:
        assert (await t.next())[0] == "ready"
        t.offer(asyncssh.generate_private_key("ssh-ed25519"))
        async with asyncio.timeout(5):
            await t.closed.wait()
    event = await noted(world)
    assert not asked
    assert (event.fields["stage"], event.fields["why"]) == ("login", "login name is not plain")
    login = event.fields["login"]
    assert login == "".join(c if c.isascii() and c.isprintable() else "?" for c in name[:64])


@pytest.mark.parametrize(
    "name", ["a" * 10_000, "\u202eecila", "alice ct", "alice+-oX"], ids=["long", "turned", "blank", "option"]
)
async def test_T12_a_real_client_with_a_hostile_name_reads_one_sentence_and_not_the_library_s(world, name):
    arguments, environment = world.options()
    port = str(world.listener.port)
    done = await run(["ssh", *arguments, "-l", name, "-p", port, "127.0.0.1", "id"], environment)
    assert (done.status, done.out) == (255, b"")
    assert "Sign-in failed." in done.says
    assert "La connexion a échoué." in done.says
    assert "Username" not in done.says
    assert "rohibited" not in done.says
    assert "login name" not in done.says
    assert (await noted(world)).fields["why"] == "login name is not plain"


async def test_T12_a_name_nobody_may_have_after_a_good_one_starts_from_nothing(tap, world, alice_key):
    async with tap() as t:
        await proved(t, alice_key)
        t.username = "alice\x00"
        t.ask("keyboard-interactive", String(""), String(""))
        async with asyncio.timeout(5):
            await t.closed.wait()
    assert (await noted(world)).fields["login"] == "alice?"


async def test_T12_no_name_at_all_is_nobody(tap, alice_key):
    async with tap("") as t:
        assert (await t.next())[0] == "ready"
        t.prove(alice_key)
        kind, rest = await t.answer()
        assert (kind, partial(rest)) == (FAILURE, ([b"publickey"], False))


# -- with a real client ------------------------------------------------------------------------------------------------
async def test_a_wrong_key_gets_one_sentence_that_gives_nothing_away(hospital):
    other = hospital.home / "other_key"
    make_key(other)
    mallory = replace(hospital.alice, key=other)
    known = await hospital.ssh("id", who=mallory, name="alice+ct-01")
    unknown = await hospital.ssh("id", who=mallory, name="nobody+ct-01")
    assert known.status == unknown.status == 255
    told = [d.says.replace("alice", "X").replace("nobody", "X").split("Permission")[-1] for d in (known, unknown)]
    assert told[0] == told[1]


async def test_a_wrong_code_is_refused_and_audited(hospital):
    await hospital.grant()
    done = await hospital.ssh("id", code="000000")
    assert (done.status, done.out) == (255, b"")
    assert [e.fields["stage"] for e in await hospital.events("auth:failed")] == ["code"]


async def test_a_wrong_code_is_said_before_the_next_question_and_why_after_the_last(hospital, screens):
    """As a person sees it: an OpenSSH that asks on the terminal, three times as it does by default."""
    arguments, environment = hospital.options()
    arguments[arguments.index("NumberOfPasswordPrompts=1")] = "NumberOfPasswordPrompts=3"
    environment = {name: value for name, value in environment.items() if "ASKPASS" not in name}
    address = ["-p", str(hospital.listener.port), "alice+ct-01@127.0.0.1"]
    screen = screens(Screen(["setsid", "--ctty", "--wait", "ssh", *arguments, *address], environment))
    assert "wrong" not in await screen.expect("Code (TOTP): ")
    screen.send("000000\r")
    await screen.expect("This code is wrong or was used already. Wait for the next one, then type it.\r\n")
    await screen.expect("Ce code est faux ou a déjà servi.")
    await screen.expect("Code (TOTP): ")
    screen.send("000000\r")
    await screen.expect("This code is wrong or was used already.")
    await screen.expect("Code (TOTP): ")
    screen.send("000000\r")
    await screen.expect("Three codes were wrong or used. Check your phone's clock, then connect again.")
    await screen.expect("Trois codes faux ou déjà servis.")
    assert await screen.ended() == 255
    assert [e.fields["stage"] for e in await hospital.events("auth:failed")] == ["code"] * 3


async def test_T21_one_code_opens_one_connection(hospital):
    """The same code at two connections at once: one is let in (to a door that stays shut), the other is not."""
    code = pyotp.TOTP(hospital.alice.totp).now()
    both = await asyncio.gather(*(hospital.ssh("echo in", code=code, name="alice+ct-01") for _ in range(2)))
    assert [d.status for d in both].count(255) == 1
    assert sum("no open authorisation" in d.says for d in both) == 1
    assert (await hospital.tags("auth:succeeded")) == ["auth:succeeded"]


async def test_parallel_connections_of_an_open_session_need_no_second_code(hospital, screens):
    await hospital.grant()
    screen = screens(hospital.screen())
    await screen.expect("# ")
    many = await asyncio.gather(*(hospital.ssh(f"echo {n}", code="000000") for n in range(3)))
    assert [d.out for d in many] == [b"0\n", b"1\n", b"2\n"]
    screen.send("exit\r")
    await screen.ended()
    await hospital.settled()
    done = await hospital.ssh("id", code="000000")
    assert done.status == 255, "the proof ends with the session"


async def test_an_expired_account_is_a_stranger(hospital):
    await hospital.grant()
    async with hospital.database.write() as uow:
        alice = await uow.technicians.get(hospital.alice.technician.id)
        await uow.technicians.save(replace(alice, valid_until=clock.now() - timedelta(days=1)))
    done = await hospital.ssh("id")
    assert (done.status, done.out) == (255, b"")


async def test_too_many_wrong_codes_close_the_door_for_a_while(hospital):
    await hospital.grant()
    for _ in range(5):
        await hospital.ssh("id", code="000000")
    done = await hospital.ssh("id")
    assert done.status == 255
    assert "Wait 15 minutes" in done.says
    assert "auth:locked_out" in await hospital.tags("auth")


# -- the key exchange --------------------------------------------------------------------------------------------------
async def test_T02_a_message_injected_into_the_first_key_exchange_ends_it(world):
    """Terrapin's way in: an IGNORE between the version and the key exchange of a client that asks for strict kex."""
    reader, writer = await asyncio.open_connection("127.0.0.1", world.listener.port)
    await reader.readuntil(b"\n")
    names = [
        b"curve25519-sha256,kex-strict-c-v00@openssh.com", b"ssh-ed25519", b"aes128-gcm@openssh.com",
        b"aes128-gcm@openssh.com", b"hmac-sha2-256-etm@openssh.com", b"hmac-sha2-256-etm@openssh.com", b"none",
        b"none", b"", b"",
    ]  # fmt: skip
    kexinit = b"\x14" + bytes(16) + b"".join(String(n) for n in names) + bytes(5)
    ignore = b"\x02" + String(b"injected")
    writer.write(b"SSH-2.0-Mallory\r\n" + packet(kexinit) + packet(ignore))
    async with asyncio.timeout(5):
        rest = await reader.read()
    assert b"Strict key exchange violation" in rest
    writer.close()


async def test_T02_an_asyncssh_with_known_weaknesses_does_not_start(monkeypatch):
    monkeypatch.setattr(asyncssh, "__version__", "2.13.2")
    with pytest.raises(ConfigurationError) as refused:
        server._require_version()
    assert "asyncssh 2.13.2 has known weaknesses" in refused.value.public

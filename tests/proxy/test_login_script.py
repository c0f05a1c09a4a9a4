"""Logging in with words: behind a real telnetd, and against devices that say all kinds of things."""

import asyncio
import time

import pytest

from bastion.errors import DeviceLoginFailed, DeviceNotReady, DeviceUnreachable, Invalid
from bastion.proxy import login_script, tcp, telnet
from bastion.proxy.frames import Data, Eof
from bastion.proxy.login_script import COMMON, HIDDEN, SERIAL, LoginScript, Prompts, redacted
from bastion.secret import Secret
from tests.proxy.old_device import LOGIN, PASSWORD
from tests.proxy.peers import DEVICE, LOOPBACK, Ear, appears, served, telnetd


def script(password=PASSWORD, prompts=COMMON, login=LOGIN) -> LoginScript:
    return LoginScript(prompts, login, Secret(password.encode()), DEVICE)


# -- a real telnetd ----------------------------------------------------------------------------------------------------
async def logged_in(port, *, patience=8.0, **changes):
    end = await telnet.dial("127.0.0.1", port, LOOPBACK, 5, device=DEVICE, term="vt100")
    return await script(**changes).run(end, patience)


@pytest.mark.parametrize(
    "words", [(), ("french",), ("echo",), ("stars", "french"), ("banner", "echo"), ("password-only",)]
)
async def test_telnetd_lets_us_in_and_the_technician_sees_only_what_came_after_the_password(words):
    async with telnetd(*words) as port:
        end = await logged_in(port)
        end.attach(ear := Ear())
        await ear.hears("old$ ")
        end.write(Data(b"term\r"))
        await ear.hears("<vt100>")
        end.write(Data(b"exit\r"))
        await ear.end()
    shown = ear.text.removeprefix(HIDDEN.decode())
    assert shown.strip().startswith("Last login:")
    assert PASSWORD not in ear.text
    assert not {"login: ", "Password", "Identifiant", "Mot de passe", LOGIN} & set(ear.text.split("\r\n"))


@pytest.mark.parametrize("words", [(), ("french",), ("echo",)])
async def test_a_wrong_password_is_found_out_and_nothing_of_it_is_told(words):
    async with telnetd(*words) as port:
        with pytest.raises(DeviceLoginFailed) as failed:
            await logged_in(port, password="wr0ng-secret")
    assert "wr0ng" not in f"{failed.value} {failed.value.public} {failed.value.params}"


@pytest.mark.timed
async def test_a_device_that_never_asks_is_given_up():
    async with telnetd("mute") as port:
        begun = time.monotonic()
        with pytest.raises((DeviceUnreachable, DeviceLoginFailed)):
            await logged_in(port, patience=0.6)
        assert time.monotonic() - begun < 3


# -- devices played by hand --------------------------------------------------------------------------------------------
class Played:
    """A device that says its lines in turn, and waits for a typed line between them. `heard` is what was typed."""

    def __init__(self, *lines, close=False) -> None:
        self.lines, self.close, self.heard = lines, close, []

    async def __call__(self, reader, writer) -> None:
        for number, line in enumerate(self.lines, 1):
            for piece in line if isinstance(line, tuple) else (line,):
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    writer.write(piece if isinstance(piece, bytes) else piece.encode())
                    await writer.drain()
            if number < len(self.lines):
                self.heard.append((await reader.readuntil(b"\r")).rstrip(b"\r"))
        if not self.close:
            self.heard.append(await reader.read())


async def run(device, *, patience=5.0, **changes):
    async with served(device) as port:
        end = await tcp.dial("127.0.0.1", port, LOOPBACK, 5, device=DEVICE)
        end = await script(**changes).run(end, patience)
        end.attach(ear := Ear())
        await asyncio.sleep(0.05)
        end.close()
        await ear.end()
        return ear


TYPED = [LOGIN.encode(), PASSWORD.encode()]
ASK = ("login: ", "Password: ")


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("\r\nUsername: ", "Password:"), ("ct01 login: ", "service's Password: "), ("User>", "Password>"),
        ("Identifiant :", "Mot de passe\u00a0: "), ("NOM D'UTILISATEUR : ", "MOT DE PASSE : "),
        ("login:\r\n", "Password for service: "),
        ("\x1b[2J\x1b[1mlogin\x1b[0m: ", "\x1b[31mPassword:\x1b[0m "), ("User name:", "passwd: "),
    ],
)  # fmt: skip
async def test_prompts_as_devices_write_them(login, password):
    ear = await run(device := Played(login, password, "\r\nct01# "))
    assert (device.heard[:2], ear.text) == (TYPED, "\r\nct01# ")


async def test_a_prompt_within_a_banner_is_no_prompt():
    banner = (
        "Password: ",
        0.03,
        "ask the ward.\r\nLast login:",
        0.03,
        " yesterday\r\n",
        "login:",
        0.03,
        " only staff\r\n",
        "login: ",
    )
    ear = await run(device := Played(banner, ASK[1], "$ "))
    assert (device.heard[:2], ear.text) == (TYPED, "$ ")


async def test_a_prompt_that_comes_haltingly_is_understood():
    ear = await run(device := Played(("log", 1.3, "in: "), ASK[1], "$ "))
    assert (device.heard[:2], ear.text) == (TYPED, "$ ")


async def test_what_sounds_like_a_last_login_is_no_prompt():
    ear = await run(Played(*ASK, ("Last login: ", 0.4, "Tue\r\n", "2 failed logins\r\n", 0.3, "$ ")))
    assert ear.text == "Last login: Tue\r\n2 failed logins\r\n$ "


@pytest.mark.parametrize(
    "answer",
    ["Login incorrect\r\nlogin: ", "\r\nPassword: ", ("\r\n", 1.5, "Login incorrect\r\nlogin: "), "Access denied.\r\n",
     "Identifiant ou mot de passe incorrect", "Échec de l'authentification\r\n", "% Authentication failed",
     "\x1b[31mInvalid password\x1b[0m"],
)  # fmt: skip
async def test_refusals_as_devices_write_them(answer):
    with pytest.raises(DeviceLoginFailed):
        await run(device := Played(*ASK, answer))
    assert device.heard[:2] == TYPED


async def test_a_device_that_hangs_up_after_the_password_has_refused():
    with pytest.raises(DeviceLoginFailed, match="closed by the device"):
        await run(Played(*ASK, "\r\n", close=True))


async def test_a_device_that_hangs_up_before_is_unreachable():
    with pytest.raises(DeviceUnreachable, match="closed by the device"):
        await run(Played("go away", close=True))


async def test_a_device_that_says_nothing_after_the_password_has_not_let_us_in():
    with pytest.raises(DeviceLoginFailed, match="no answer"):
        await run(Played(*ASK, "\r\n"), patience=2.0)


async def test_a_device_that_asks_for_something_else_gets_nothing():
    with pytest.raises(DeviceLoginFailed, match="no known prompt") as failed:
        await run(device := Played("Enter licence key: ", "never"), patience=0.8)
    assert device.heard in ([], [b""])
    assert failed.value.public.startswith("The device ct-01 does not ask for its login")


async def test_the_login_is_given_once_and_the_password_only_to_a_password_prompt():
    with pytest.raises(DeviceLoginFailed, match="again"):
        await run(device := Played("login: ", "login: ", "login: "))
    assert device.heard[0] == LOGIN.encode()
    assert PASSWORD.encode() not in device.heard


@pytest.mark.parametrize("password", ["two\rlines", "two\nlines", "a\x03", "del\x7f"])
async def test_what_cannot_be_typed_is_not_typed(password):
    with pytest.raises(DeviceNotReady):
        await run(device := Played(*ASK, "$ "), password=password)
    assert device.heard in ([], [b""])


async def test_a_device_that_says_what_it_likes_after_the_login_is_joined_when_it_pauses():
    ear = await run(Played(*ASK, "Welcome to the main menu\r\n 1 Service\r\n 2 Quit\r\n"))
    assert "main menu" in ear.text


async def test_a_device_that_never_stops_talking_neither_fills_the_memory_nor_gets_the_password(monkeypatch):
    async def talk(_reader, writer) -> None:
        while True:
            writer.write(b"login: " * 5000)
            await writer.drain()

    async with served(talk) as port:
        end = await tcp.dial("127.0.0.1", port, LOOPBACK, 5, device=DEVICE)
        written = []
        monkeypatch.setattr(end, "write", written.append)
        with pytest.raises(DeviceLoginFailed):
            await script().run(end, 0.5)
        assert written == []
        assert len(end._outlet._sink._said) < 512 * 1024


async def test_a_device_that_floods_after_the_login_is_joined_meanwhile():
    async def talk(reader, writer) -> None:
        for prompt in ASK:
            writer.write(prompt.encode())
            await reader.readuntil(b"\r")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()

    async with served(talk) as port:
        end = await script().run(await tcp.dial("127.0.0.1", port, LOOPBACK, 5, device=DEVICE), 3)
        end.attach(ear := Ear())
        await ear.until(lambda: len(ear.data) > 1024 * 1024)
        end.close()
        await ear.end()


async def test_what_comes_between_login_and_joining_is_not_lost():
    async def talk(reader, writer) -> None:
        for prompt in ASK:
            writer.write(prompt.encode())
            await reader.readuntil(b"\r")
        writer.write(b"$ ")
        await asyncio.sleep(0.3)
        writer.write(b"broadcast\r\n")
        writer.write_eof()
        await reader.read()

    async with served(talk) as port:
        end = await script().run(await tcp.dial("127.0.0.1", port, LOOPBACK, 5, device=DEVICE), 5)
        await asyncio.sleep(0.5)
        end.attach(ear := Ear())
        await ear.eof()
        assert ear.text == "$ broadcast\r\n"
        end.write(Eof())
        await ear.end()


async def test_a_joined_technician_may_pause_at_once():
    async with served(Played(*ASK, ("$ ", 0.3, "more"))) as port:
        end = await script().run(await tcp.dial("127.0.0.1", port, LOOPBACK, 5, device=DEVICE), 5)
        ear = Ear()
        end.pause()
        end.attach(ear)
        await asyncio.sleep(0.5)
        assert "more" not in ear.text
        end.resume()
        await ear.hears("more")
        end.close()
        await ear.end()


async def test_giving_up_closes_the_device():
    async with served(device := Played("wait")) as port:
        end = await tcp.dial("127.0.0.1", port, LOOPBACK, 5, device=DEVICE)
        task = asyncio.create_task(script().run(end, 5))
        await asyncio.sleep(0.1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.1)
        assert device.heard == [b""]


# -- serial consoles ---------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("first", ["", "Press RETURN to get started.\r\n"])
async def test_a_silent_line_is_woken_once(first):
    ear = await run(device := Played(first, "\r\nlogin: ", "Password: ", "\r\nrouter>"), prompts=SERIAL)
    assert (device.heard[:3], ear.text) == ([b"", *TYPED], "\r\nrouter>")


async def test_a_line_that_stays_silent_is_unreachable():
    with pytest.raises(DeviceUnreachable, match="nothing"):
        await run(Played("", "", ""), prompts=SERIAL, patience=1.5)


async def test_a_line_that_wakes_to_say_something_else_is_not_woken_again():
    with pytest.raises(DeviceLoginFailed, match="no known prompt"):
        await run(device := Played("", "calibrating\r\n", "calibrating\r\n", "login: "), prompts=SERIAL, patience=4)
    await appears(lambda: device.heard)
    assert b"".join(device.heard) == b""
    assert len(device.heard) == 1


# -- the model's own prompts -------------------------------------------------------------------------------------------
async def test_a_models_own_prompts_and_line_end():
    prompts = COMMON.with_options(
        {
            "prompt_login": r"operator\?",
            "prompt_password": r"key\?",
            "prompt_ready": r"READY",
            "prompt_enter": r"\n\r",
            "baud": "9600",
        }
    )
    ear = await run(device := Played("OPERATOR?", "KEY?", "READY"), prompts=prompts)
    assert device.heard[:2] == [LOGIN.encode() + b"\n", PASSWORD.encode() + b"\n"]
    assert ear.text == "READY"


def test_a_pattern_that_is_none_is_refused():
    with pytest.raises(Invalid) as error:
        COMMON.with_options({"prompt_login": "(["})
    assert error.value.field == "prompt_login"


def test_an_empty_pattern_is_never_found():
    assert login_script._at_the_end("").search("login: ") is None
    assert Prompts(login="").login == ""


# -- the password ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "said",
    [b"x s3cret-Pass y", b"S3CRET-PASS", b"s3cr\r\net-Pass", b"s3c\0ret-\r\nPass\r\n", b"s3cret-Passs3cret-Pass"],
)
def test_the_password_is_taken_out_however_it_is_echoed(said):
    left = redacted(said, PASSWORD.encode())
    assert HIDDEN in left
    assert b"s3c" not in left.lower()


def test_the_length_of_the_password_is_taken_out_too():
    assert redacted(b"***********\r\n* WELCOME *\r\n", b"s3cret-Pass") == HIDDEN + b"\r\n* WELCOME *\r\n"
    assert redacted(b"nothing to hide *** ", b"s3cret-Pass") == b"nothing to hide *** "
    assert redacted(b"as it is", b"") == b"as it is"


async def test_an_echo_in_pieces_is_taken_out():
    echo = tuple(piece for letter in PASSWORD for piece in (letter, 0.02))
    ear = await run(Played(*ASK, (*echo, "\r\nct01> ")))
    assert ear.data == HIDDEN + b"\r\nct01> "

"""T49: what is pasted does what it says and nothing else, whatever the names are made of."""

import subprocess

import pytest

from bastion.domain.device import ChannelKind, Endpoint, FileRight, Protocol
from bastion.services.address import Address
from bastion.services.commands import Client, Shell, Use, at_the_menu, local_ports, ready, written
from bastion.services.decisions import Scope
from policies.model import Sas
from tests.services import shells

ALL = Scope(frozenset(ChannelKind), frozenset(FileRight), Sas.FREE, Sas.FREE)
HERE = Address("bastion.chu.example", 2222)
DICOM = Endpoint("e2", "d1", Protocol.DICOM, "10.0.0.7", 104)
HTTPS = Endpoint("e3", "d1", Protocol.HTTPS, "10.0.0.7", 443)
HOSTILE = (
    "o'brien", 'say "hi"', "two words", "$(touch canary)", "`touch canary`", "%PATH%", "%CD:~0,1%", "!!", "!touch",
    "a;touch canary", "a&touch canary", "a|touch canary", "a>canary", "${IFS}", "$HOME", "~", "*", "?", "{a,b}", "#x",
    "a\nexit", "touch\rcanary", "\x1b[201~touch canary\n", "\t", "-oProxyCommand=touch", "--help", "-V", "=ls", "@args",
    "été", "\u202egnp.exe", "\u2019;touch canary;\u2019", "\uff02 & touch canary", "\u201c$(touch canary)", "a\\",
    "a\\b", "\\\\", "^", "a^b", "a,b", "(touch canary)", "<canary", "'; touch canary; '", "';touch canary;#", "a\x7fb",
)  # fmt: skip


@pytest.fixture
def bash(tmp_path):
    return shells.Bash(tmp_path)


def texts(shell, **names):
    found = ready(**{"address": HERE, "technician": "alice", "device": "ct-01", "holds": ALL, "endpoints": ()} | names)
    return {v.text: c for c in found for v in c.variants if shell in v.shells}


def of(client, use, shell=Shell.BASH, **names):
    return [text for text, c in texts(shell, **names).items() if (c.client, c.use) == (client, use)]


def test_without_a_device_there_is_a_terminal_and_nothing_else():
    assert [(c.client, c.use, c.text) for c in at_the_menu(HERE, "alice")] == [
        (Client.OPENSSH, Use.TERMINAL, "ssh -p 2222 alice@bastion.chu.example"),
        (Client.PUTTY, Use.TERMINAL, "putty -ssh -P 2222 alice@bastion.chu.example"),
    ]
    assert at_the_menu(HERE, "-oProxyCommand=touch") == ()


# -- what is offered ---------------------------------------------------------------------------------------------------
def test_usual_names_give_one_short_line_for_every_shell():
    found = ready(HERE, "alice", "ct-01", ALL, (DICOM,))
    assert [(c.client, c.use, c.text) for c in found] == [
        (Client.OPENSSH, Use.TERMINAL, "ssh -p 2222 alice+ct-01@bastion.chu.example"),
        (Client.OPENSSH, Use.FILES, "sftp -P 2222 alice+ct-01@bastion.chu.example"),
        (Client.OPENSSH, Use.UPLOAD, "scp -P 2222 FILE alice+ct-01@bastion.chu.example:"),
        (Client.OPENSSH, Use.DOWNLOAD, "scp -P 2222 alice+ct-01@bastion.chu.example:FILE ."),
        (Client.OPENSSH, Use.SERVICE, "ssh -N -p 2222 -L 10104:ct-01:104 alice+ct-01@bastion.chu.example"),
        (Client.PUTTY, Use.TERMINAL, "putty -ssh -P 2222 alice+ct-01@bastion.chu.example"),
        (Client.PUTTY, Use.FILES, "psftp -P 2222 alice+ct-01@bastion.chu.example"),
        (Client.PUTTY, Use.UPLOAD, "pscp -P 2222 FILE alice+ct-01@bastion.chu.example:"),
        (Client.PUTTY, Use.DOWNLOAD, "pscp -P 2222 alice+ct-01@bastion.chu.example:FILE ."),
        (Client.PUTTY, Use.SERVICE, "plink -ssh -N -P 2222 -L 10104:ct-01:104 alice+ct-01@bastion.chu.example"),
        (Client.WINSCP, Use.FILES, "sftp://alice%2Bct-01@bastion.chu.example:2222/"),
        (Client.WINSCP, Use.FILES, "winscp.exe sftp://bastion.chu.example:2222/ /username=alice+ct-01"),
    ]
    assert all(len(c.variants) == 1 for c in found)


@pytest.mark.parametrize(
    ("channels", "files", "uses"),
    [
        ({ChannelKind.SHELL}, set(FileRight), {Use.TERMINAL}),
        ({ChannelKind.SFTP}, {FileRight.DOWNLOAD}, {Use.FILES, Use.DOWNLOAD}),
        ({ChannelKind.SFTP}, {FileRight.UPLOAD}, {Use.FILES, Use.UPLOAD}),
        ({ChannelKind.FORWARD}, set(), {Use.SERVICE}),
        ({ChannelKind.EXEC}, set(), set()),
    ],
)
def test_only_what_the_authorisation_holds_is_offered(channels, files, uses):
    holds = Scope(frozenset(channels), frozenset(files), Sas.FREE, Sas.FREE)
    assert {c.use for c in ready(HERE, "alice", "ct-01", holds, (DICOM,))} == uses


def test_each_service_is_met_on_a_port_of_its_own():
    high = [Endpoint(f"e{n}", "d1", Protocol.TCP, "10.0.0.7", port) for n, port in enumerate((60_000, 50_000, 104))]
    assert list(local_ports((DICOM, HTTPS, *high)).values()) == [10_104, 10_443, 60_000, 60_001]


def test_an_address_of_six_bytes_is_bracketed_where_a_colon_ends_it():
    six = Address("2001:db8::7", 22)
    assert of(Client.OPENSSH, Use.TERMINAL, address=six) == ["ssh -p 22 alice+ct-01@2001:db8::7"]
    assert of(Client.OPENSSH, Use.FILES, address=six) == ["sftp -P 22 'alice+ct-01@[2001:db8::7]'"]
    assert of(Client.WINSCP, Use.FILES, Shell.ADDRESS, address=six) == ["sftp://alice%2Bct-01@[2001:db8::7]:22/"]
    assert of(Client.WINSCP, Use.FILES, Shell.CMD, address=six) == [
        'winscp.exe "sftp://[2001:db8::7]:22/" /username=alice+ct-01'
    ]


# -- T49 ---------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", HOSTILE)
def test_T49_bash_hands_any_name_over_as_it_is(bash, name):
    words = ["ssh", "-p", "2222", name, f"a{name}", f"{name}@h"]
    text = written(words, Shell.BASH)
    assert text.isprintable()
    assert bash.pasted(text) == [words]
    assert not bash.canary.exists()
    assert not list(bash._folder.glob("canary"))


@pytest.mark.parametrize("name", HOSTILE)
def test_T49_windows_hands_a_name_over_as_it_is_or_has_no_command(name):
    for word in (name, f"a{name}", f"{name}@h"):
        words = ["ssh", "-p", "2222", word]
        for shell, read in ((Shell.CMD, shells.cmd), (Shell.POWERSHELL, shells.powershell)):
            text = written(words, shell)
            assert text is None or read(text) == words, (shell, text)


@pytest.mark.parametrize("name", ["o'brien", "two words", "a;b", "a&b", "a|b", "$HOME", "`b`", "a^b", "(b)", "a\\b"])
def test_T49_what_windows_can_quote_it_does(name):
    assert written([name], Shell.CMD) == f'"{name}"'
    assert shells.powershell(written([name], Shell.POWERSHELL)) == [name]


@pytest.mark.parametrize("name", ['"', "%", "!", "é", "\n", "a\\", "\uff02"])
def test_T49_what_windows_cannot_quote_is_not_offered_to_it(name):
    assert written(["ssh", name], Shell.CMD) is None
    assert (written(["ssh", name], Shell.POWERSHELL) is None) is (name not in "%!")


@pytest.mark.parametrize("name", HOSTILE)
def test_T49_every_command_with_a_hostile_name_is_inert(bash, name):
    for names in ({"technician": name}, {"device": name}, {"address": Address(name, 22)}):
        for text, command in texts(Shell.BASH, endpoints=(DICOM,), **names).items():
            (words,) = bash.pasted(text)
            assert words[0] in shells.PROGRAMS
            assert {word for word in words if word.startswith("-")} <= {"-p", "-P", "-N", "-L", "-ssh"}, command
        for shell, read in ((Shell.CMD, shells.cmd), (Shell.POWERSHELL, shells.powershell)):
            for text in texts(shell, endpoints=(DICOM,), **names):
                assert read(text)[0] in shells.PROGRAMS
        for text in texts(Shell.ADDRESS, **names):
            assert not set(text) - set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789%-._~:/@[]")
    assert not bash.canary.exists()
    assert not list(bash._folder.glob("canary"))


@pytest.mark.parametrize("code", ["a:22", "[a]", "a/b", "a b", "a\\:b", "\n"])
def test_T49_a_code_that_parts_a_forwarding_makes_none(code):
    assert of(Client.OPENSSH, Use.SERVICE, device=code, endpoints=(DICOM,)) == []


@pytest.mark.parametrize("host", ["", "-oProxyCommand=x", "a b", "a/b", "a@b", "h%1", "é.example", "a\nb"])
def test_T49_without_an_address_that_is_one_there_is_no_command(host):
    assert ready(Address(host, 22), "alice", "ct-01", ALL, (DICOM,)) == ()


# -- real programs -----------------------------------------------------------------------------------------------------
def parsed(text: str) -> dict[str, str]:
    """What OpenSSH understands of a command, which it then does not carry out."""
    line = text.replace("ssh ", "ssh -G -F none ", 1)
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=10, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


@pytest.mark.parametrize("name", ["-oProxyCommand=touch canary", "-V", "a:b", "a/b", "[a]"])
def test_T49_a_name_that_would_be_something_else_makes_no_command(name):
    assert ready(HERE, name, "ct-01", ALL, (DICOM,)) == ()


@pytest.mark.parametrize("name", ["alice", "two words", "été", "a#b"])
def test_T49_openssh_takes_a_name_for_a_name(name):
    for use in (Use.TERMINAL, Use.SERVICE):
        (text,) = of(Client.OPENSSH, use, technician=name, endpoints=(DICOM,))
        told = parsed(text)
        assert (told["user"], told["hostname"], told["port"]) == (f"{name}+ct-01", HERE.host, "2222")
        assert told.get("localforward", "") == ("10104 [ct-01]:104" if use is Use.SERVICE else "")


@pytest.mark.parametrize("name", ["alice", "o'brien", "two words"])
def test_T49_putty_takes_the_command_for_a_command(name):
    """Nobody listens there: what is refused is the connection, not what was said."""
    (text,) = of(Client.PUTTY, Use.SERVICE, technician=name, endpoints=(DICOM,), address=Address("127.0.0.1", 1))
    line = text.replace("plink ", "plink -batch ", 1)
    done = subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=20, check=False)
    assert "Connection refused" in done.stderr, done.stderr
    assert "unknown option" not in done.stderr

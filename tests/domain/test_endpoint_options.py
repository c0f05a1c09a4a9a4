import pytest

from bastion.domain import endpoint_options as options
from bastion.domain.device import Protocol
from bastion.errors import Invalid


def test_what_was_said_stays_and_what_is_empty_goes():
    said = {"baud": "19200", "bits": "7", "parity": "even", "stop": "2", "server": "rfc2217", "login": "asked"}
    assert options.checked(Protocol.SERIAL, said | {"prompt_login": "", "prompt_wake": r"\r"}) == said | {
        "prompt_wake": r"\r"
    }
    prompts = {"prompt_login": "Benutzer:", "prompt_password": "Kennwort:", "prompt_enter": r"\r\n"}
    assert options.checked(Protocol.TELNET, prompts) == prompts


@pytest.mark.parametrize("protocol", sorted(set(Protocol) - {Protocol.TELNET, Protocol.SERIAL}))
def test_other_services_have_none(protocol):
    assert options.checked(protocol, {"baud": ""}) == {}
    with pytest.raises(Invalid) as refused:
        options.checked(protocol, {"baud": "9600"})
    assert refused.value.field == "baud"


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        (Protocol.TELNET, {"baud": "9600"}),
        (Protocol.SERIAL, {"baud": "fast"}),
        (Protocol.SERIAL, {"baud": "0"}),
        (Protocol.SERIAL, {"bits": "9"}),
        (Protocol.SERIAL, {"parity": "maybe"}),
        (Protocol.SERIAL, {"stop": "3"}),
        (Protocol.SERIAL, {"server": "carrier pigeon"}),
        (Protocol.SERIAL, {"login": "never"}),
        (Protocol.TELNET, {"prompt_login": "("}),
        (Protocol.TELNET, {"prompt_login": "x" * 401}),
        (Protocol.TELNET, {"prompt_enter": "\r"}),
        (Protocol.TELNET, {"shell": "/bin/sh"}),
    ],
    ids=str,
)
def test_T12_bad_ones_are_named(protocol, said):
    with pytest.raises(Invalid) as refused:
        options.checked(protocol, said)
    assert refused.value.field == next(iter(said))

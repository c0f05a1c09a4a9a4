"""What has to be known of a service besides its address: the speed of a serial line, the prompts of a login."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.device import Protocol
from bastion.errors import Invalid

LONGEST: Final = 400
LINE: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "baud": ("300", "1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200", "230400"),
        "bits": ("8", "7", "6", "5"),
        "parity": ("none", "even", "odd", "mark", "space"),
        "stop": ("1", "2", "1.5"),
        "server": ("rfc2217", "tcp"),  # a port server that speaks neither telnet nor RFC 2217 is plain TCP
    }
)
"""How bits pass on a serial line. What is not said is 9600 8N1; `baud` may be any other number."""
PROMPTS: Final = ("prompt_login", "prompt_password", "prompt_refused", "prompt_ready")
"""Regular expressions for a device that asks in its own words."""
TYPED: Final = ("prompt_wake", "prompt_enter")
"""What is typed, with `\\r` and `\\n` for the keys."""
LOGIN: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType({"login": ("asked", "none")})
"""`none`: the line is open to whoever has it, and nothing is asked."""
_OF: Final[Mapping[Protocol, frozenset[str]]] = MappingProxyType(
    {
        Protocol.TELNET: frozenset({*LOGIN, *PROMPTS, *TYPED}),
        Protocol.SERIAL: frozenset({*LINE, *LOGIN, *PROMPTS, *TYPED}),
    }
)
EVERY: Final = tuple(dict.fromkeys((*LINE, *LOGIN, *PROMPTS, *TYPED)))
_BAUD: Final = re.compile("[1-9][0-9]{1,6}")


def names(protocol: Protocol) -> frozenset[str]:
    """Return the options a service of this protocol can have."""
    return _OF.get(protocol, frozenset())


def checked(protocol: Protocol, options: Mapping[str, str]) -> dict[str, str]:
    """Return what was said, without what is empty. Raises `Invalid`, its field named like the option."""
    said = {name: value for name, value in options.items() if value != ""}
    for name, value in said.items():
        if name not in names(protocol):
            raise Invalid(name, field=name, sentence="This service has no such option.")
        if len(value) > LONGEST or not value.isprintable():
            raise Invalid(name, field=name)
        _check(name, value)
    return said


def _check(name: str, value: str) -> None:
    if name in PROMPTS:
        _check_pattern(name, value)
    elif name == "baud":
        if not _BAUD.fullmatch(value):
            raise Invalid(value, field=name, sentence="Give the speed of the line in baud, such as 9600.")
    elif name not in TYPED and value not in {**LINE, **LOGIN}[name]:
        raise Invalid(value, field=name, sentence="Choose one of the list.")


def _check_pattern(name: str, value: str) -> None:
    try:
        re.compile(value)
    except re.error as error:
        raise Invalid(
            f"{name}: {error}", field=name,
            sentence="A prompt is a regular expression, and this is none. Please correct it.",
        ) from error  # fmt: skip

"""Terminal modes a technician's client may ask of the device's terminal: those RFC 4254, section 8 (and 8160) name.

An opcode nobody knows is four bytes to the device that no recording could explain, so it goes no further.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_FROM: Final = {
    1: "VINTR VQUIT VERASE VKILL VEOF VEOL VEOL2 VSTART VSTOP VSUSP VDSUSP VREPRINT VWERASE VLNEXT VFLUSH VSWTCH"
    " VSTATUS VDISCARD",
    30: "IGNPAR PARMRK INPCK ISTRIP INLCR IGNCR ICRNL IUCLC IXON IXANY IXOFF IMAXBEL IUTF8",
    50: "ISIG ICANON XCASE ECHO ECHOE ECHOK ECHONL NOFLSH TOSTOP IEXTEN ECHOCTL ECHOKE PENDIN",
    70: "OPOST OLCUC ONLCR OCRNL ONOCR ONLRET",
    90: "CS7 CS8 PARENB PARODD",
    128: "TTY_OP_ISPEED TTY_OP_OSPEED",
}
NAMES: Final[Mapping[int, str]] = MappingProxyType(
    {first + place: name for first, names in _FROM.items() for place, name in enumerate(names.split())}
)


def known(modes: Mapping[int, int]) -> dict[int, int]:
    return {opcode: value for opcode, value in modes.items() if opcode in NAMES}


def named(modes: Mapping[int, int]) -> dict[str, int]:
    """Return known modes by name, as the recording keeps them."""
    return {NAMES[opcode]: value for opcode, value in modes.items()}

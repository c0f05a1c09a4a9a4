"""Error code → what SSH is told: the reason code of a disconnect, of a refused channel, and an exit status.

The words of a disconnect and of a refused channel are in English and ASCII, whoever reads them: OpenSSH spells all else
in them as octal.
"""

import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import asyncssh

from bastion.errors import BastionError, PolicyRefused
from bastion.proxy.live_session import REFUSED

TEMPORARY: Final = 75
"""EX_TEMPFAIL of sysexits.h: the same command may work later, so a script may try again."""

_MARKS: Final = str.maketrans(
    {
        "\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "«": '"', "»": '"', "\u2013": "-", "\u2014": "-",
        "œ": "oe", "Œ": "Oe", "æ": "ae", "Æ": "Ae", "ß": "ss",
    }
)  # fmt: skip
"""What people type that is no letter with an accent, and how it is spelt without."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`disconnect` and `channel` are codes of RFC 4253, 11.1 and RFC 4254, 5.1."""

    disconnect: int = asyncssh.DISC_BY_APPLICATION
    channel: int = asyncssh.OPEN_ADMINISTRATIVELY_PROHIBITED
    exit_status: int = REFUSED


_REFUSED = Answer()
_AWAY = Answer(asyncssh.DISC_SERVICE_NOT_AVAILABLE, asyncssh.OPEN_CONNECT_FAILED, TEMPORARY)
_STRANGER = Answer(asyncssh.DISC_NO_MORE_AUTH_METHODS_AVAILABLE)
_SHORT = Answer(asyncssh.DISC_BY_APPLICATION, asyncssh.OPEN_RESOURCE_SHORTAGE, TEMPORARY)

ANSWERS: Final = MappingProxyType(
    {
        "error": Answer(asyncssh.DISC_BY_APPLICATION, asyncssh.OPEN_CONNECT_FAILED),
        "invalid": _REFUSED,
        "weak_password": _REFUSED,
        "not_found": _REFUSED,
        "forbidden": _REFUSED,
        "self_approval": _REFUSED,
        "self_review": _REFUSED,
        "fresh_factor_needed": _REFUSED,
        "authentication_failed": _STRANGER,
        "too_many_attempts": _STRANGER,
        "conflict": _REFUSED,
        "link_spent": _REFUSED,
        "decision_link_spent": _REFUSED,
        "already_agreed": _REFUSED,
        "already_exists": _REFUSED,
        "already_used": _REFUSED,
        "illegal_transition": _REFUSED,
        "policy_refused": _REFUSED,
        "locked": _REFUSED,
        "suspended": _REFUSED,
        "no_grant": _REFUSED,
        "grant_over": _REFUSED,
        "grant_revoked": _REFUSED,
        "not_acknowledged": _REFUSED,
        "undertaking_owed": _REFUSED,
        "channel_refused": _REFUSED,
        "device_busy": _SHORT,
        "device_not_ready": _REFUSED,
        "device_unreachable": _AWAY,
        "address_refused": _REFUSED,
        "host_key_changed": Answer(asyncssh.DISC_HOST_KEY_NOT_VERIFIABLE, asyncssh.OPEN_CONNECT_FAILED),
        "device_login_failed": Answer(asyncssh.DISC_BY_APPLICATION, asyncssh.OPEN_CONNECT_FAILED),
        "recording_unavailable": _AWAY,
        "no_room": _SHORT,
        "file_held": _REFUSED,
        "recording_damaged": _REFUSED,
        "reason_needed": _REFUSED,
        "unavailable": _AWAY,
        "configuration": _REFUSED,
    }
)


def answer(error: BastionError) -> Answer:
    return ANSWERS[error.code]


def in_ascii(problem: BastionError) -> str:
    """The sentence of an error for a disconnect or a refused channel."""
    if isinstance(problem, PolicyRefused):  # what the rules say is in the reader's language; its detail is not
        return plain_ascii(problem.msgid.format(why=problem.detail))
    return plain_ascii(problem.public)


def plain_ascii(text: str) -> str:
    """English text for a disconnect or a refused channel; what a person wrote in it loses its accents."""
    letters = unicodedata.normalize("NFKD", text.translate(_MARKS))
    bare = (c for c in letters if not unicodedata.combining(c))
    return "".join(c if c.isascii() and c.isprintable() else "?" for c in bare)

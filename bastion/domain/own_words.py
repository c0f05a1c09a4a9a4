"""Reasons that the bastion writes itself, where a person would have written his: kept in English, read in anybody's
language.

What a person wrote is shown as he wrote it. What stands here was written by nobody: somebody off-boarded, a contract
over, an authorisation that ended with what was asked about it. It is kept as English text beside the others, so that
the trail and the programs read one text, and each reader of a page, a terminal or a mail reads his language.
"""

import re
from collections.abc import Callable
from typing import Final

from bastion.errors import Phrase

LEFT_SUPPLIER: Final = "The person no longer works for the supplier."
CONTRACT_OVER: Final = "The supplier's contract is over."
ITS_GRANT_OVER: Final = "The authorisation that this was about has ended."
NOBODY_ANSWERS: Final = "Nobody answers any more for the patient data of the authorisation that this was about."
REVIEWED_MEANWHILE: Final = "The emergency that this was part of has been reviewed."
HANDED_OVER: Final = "Handed over to {name}."
AGREED_BEFORE: Final = "Agreed to beforehand: maintenance window {ref}."
ENDED_BEFORE: Final = "account or contract ended"
"""What `NOT_WELCOME` was called up to version 0.2."""
NOT_WELCOME: Final = "account suspended or closed, or contract ended"
DEROGATION_OVER: Final = "the derogation for this device has ended"
UNKNOWN_SESSION: Final = "the records do not know this session any more"
ALL: Final = (
    LEFT_SUPPLIER, CONTRACT_OVER, ITS_GRANT_OVER, REVIEWED_MEANWHILE, HANDED_OVER, AGREED_BEFORE, NOT_WELCOME,
    DEROGATION_OVER, UNKNOWN_SESSION, ENDED_BEFORE, NOBODY_ANSWERS,
)  # fmt: skip
_SHAPES: Final = tuple(
    (text, re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(text)), re.DOTALL)) for text in ALL
)


def recognised(text: str) -> str:
    """Return `text` as a `Phrase` if it is one of the bastion's own; else as it is."""
    for msgid, shape in _SHAPES:
        if met := shape.fullmatch(text):
            return Phrase(msgid, **met.groupdict())
    return text


def told(text: str, translate: Callable[[str], str]) -> str:
    """Return the bastion's own words in the reader's language, and a person's as they stand."""
    own = recognised(text)
    return translate(own.msgid).format(**own.facts) if isinstance(own, Phrase) else text

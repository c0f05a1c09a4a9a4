"""Why: whoever stops, refuses or looks at something says so in words that another person reads (R-55, R-64).

The faces check it before they take a code, so that a code is not used up by a form that cannot be accepted.
"""

from typing import Final

from bastion.errors import Invalid, ReasonNeeded

LEAST: Final = 3
MOST: Final = 2000
TOO_SHORT: Final = "The reason is too short: {least} characters at least. Write a few words."
TOO_LONG: Final = "This text is too long: {limit} characters at most."


def for_the_record(text: str, field: str) -> str:
    return _needed(text, field, sentence=ReasonNeeded.sentence)


def for_the_technician(text: str, field: str) -> str:
    return _needed(text, field, sentence="The reason is missing. Write a few words; the technician will read them.")


def for_everyone(text: str, field: str) -> str:
    return _needed(
        text, field, sentence="The reason is missing. Write a few words; everyone who is stopped will read them."
    )


def note(text: str, field: str = "note") -> str:
    """Return what may be left unsaid, without the space around it."""
    said = text.strip()
    if len(said) > MOST:
        raise Invalid(field, field=field, sentence=TOO_LONG, limit=MOST)
    return said


def lacking(said: str, field: str, sentence: str = ReasonNeeded.sentence) -> ReasonNeeded:
    """What is wrong with a reason that is none: it is missing, which `sentence` says, or it is too short."""
    return ReasonNeeded(field, field=field, sentence=TOO_SHORT if said.strip() else sentence, least=LEAST)


def _needed(text: str, field: str, *, sentence: str) -> str:
    """Return the reason without the space around it."""
    said = note(text, field)
    if len(said) < LEAST:
        raise lacking(said, field, sentence)
    return said

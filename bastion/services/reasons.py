"""Why: whoever stops, refuses or looks at something says so in words that another person reads (R-55, R-64).

The faces check it before they take a code, so that a code is not used up by a form that cannot be accepted.
"""

from typing import Final

from bastion.errors import ReasonNeeded

LEAST: Final = 3


def for_the_record(text: str, field: str) -> str:
    return _needed(text, field, sentence=ReasonNeeded.sentence)


def for_the_technician(text: str, field: str) -> str:
    return _needed(text, field, sentence="The reason is missing. Write a few words; the technician will read them.")


def for_everyone(text: str, field: str) -> str:
    return _needed(
        text, field, sentence="The reason is missing. Write a few words; everyone who is stopped will read them."
    )


def _needed(text: str, field: str, *, sentence: str) -> str:
    """Return the reason without the space around it."""
    said = text.strip()
    if len(said) < LEAST:
        raise ReasonNeeded(field, field=field, sentence=sentence)
    return said

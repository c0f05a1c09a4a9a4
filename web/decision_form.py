"""What somebody types beside a decision: every button of that form sends all of it, and a form that comes back has it
all, whichever button was refused.
"""

from typing import Annotated, Any, Final

from fastapi import Form
from pydantic import BaseModel, Field

_PROOFS: Final = frozenset({"version", "versions", "code", "password", "secret"})


class DecisionForm(BaseModel):
    """The form as it was typed: every field is text, and none is missing. `not_caller` is not empty when ticked."""

    version: str = ""
    note: str = ""
    minutes: str = ""
    start: str = ""
    conditions: tuple[str, ...] = ()
    not_caller: str = ""
    code: str = Field("", repr=False)

    @property
    def typed(self) -> dict[str, Any]:
        """All but what he read and what proves who he is: these are not typed anew into a form that comes back."""
        return self.model_dump(exclude=set(_PROOFS))


class BatchForm(DecisionForm):
    """The same for several that were asked for at once: `versions` has each with the version that was read."""

    versions: tuple[str, ...] = ()


class LinkForm(DecisionForm):
    """The same behind a mail's link: beside a code with a password, and with a question in its place."""

    secret: str = Field("", repr=False)
    password: str = Field("", repr=False)
    question: str = ""


Decision = Annotated[DecisionForm, Form()]
BatchDecision = Annotated[BatchForm, Form()]
LinkDecision = Annotated[LinkForm, Form()]

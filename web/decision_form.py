"""What somebody types beside a decision: every button of that form sends all of it, and a form that comes back has it
all, whichever button was refused.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import Depends, Form

Text = Annotated[str, Form()]


@dataclass(frozen=True, slots=True)
class DecisionForm:
    """`minutes` and `start` as typed; `not_caller` is not empty when it is ticked."""

    note: Text = ""
    minutes: Text = ""
    start: Text = ""
    conditions: Annotated[tuple[str, ...], Form()] = ()
    not_caller: Text = ""

    @property
    def typed(self) -> dict[str, Any]:
        return asdict(self)


Decision = Annotated[DecisionForm, Depends()]

"""The words for how a device was left, as English msgids, and what reads the form of a report. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Final

from fastapi import Form
from pydantic import BaseModel

from bastion import clock
from bastion.domain.report import After, ReportForm, checked
from bastion.errors import Faults
from bastion.i18n import N_
from web import fields

AFTER: Final[Mapping[str, str]] = MappingProxyType(
    {
        After.IN_SERVICE: N_("in service"),
        After.LIMITED: N_("in service, with limits"),
        After.OUT_OF_SERVICE: N_("out of service"),
    }
)
STATES: Final[Mapping[str, str]] = MappingProxyType(
    {After.IN_SERVICE: "ok", After.LIMITED: "wait", After.OUT_OF_SERVICE: "stop"}
)


class Written(BaseModel):
    """The form as it was typed."""

    done: str = ""
    after: str = ""
    taken: str = ""
    erased_by: str = ""

    def form(self, zone: str) -> ReportForm:
        """`erased_by` is a day on the hospital's own clock, to its end."""
        faults = Faults()
        by = faults.check(fields.day_end, self.erased_by, "erased_by", zone)
        after = faults.check(fields.choice, self.after, After, "after")
        form = ReportForm(self.done, after or After.OUT_OF_SERVICE, self.taken, by)
        faults.check(checked, form, 0, clock.now())
        faults.settle()
        return form

    def typed(self) -> dict[str, Any]:
        return self.model_dump()


Said = Annotated[Written, Form()]

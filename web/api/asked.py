"""What a program asks for, at either door: the hospital's names the technician, a supplier's own asks for oneself."""

from pydantic import Field

from bastion.domain.access_request import InterventionKind
from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.emergency import Call
from bastion.domain.work_plan import WorkPlan
from bastion.services.drafts import RequestDraft
from web.api.request_shapes import AnnouncedShape, CallShape, PlanShape
from web.api.shapes import Instant, Minutes, Reason, Shape


class NewWork(Shape):
    """What is asked for, for oneself. Without `start` the work may begin as soon as it is agreed."""

    device: str
    kind: InterventionKind
    reason: Reason
    minutes: Minutes
    work_order: str = ""
    account: str = ""
    start: Instant | None = None
    announced: tuple[AnnouncedShape, ...] = ()
    plan: PlanShape | None = None
    emergency: CallShape | None = None
    template: str = Field("", max_length=64, description="Id of the usual request it was made from.")

    def draft(self, technician: str = "") -> RequestDraft:
        return RequestDraft(
            device_code=self.device, kind=self.kind, reason=self.reason, minutes=self.minutes,
            work_order=self.work_order, account=self.account, start=self.start, technician_login=technician,
            announced=tuple(AnnouncedFile(one.name, one.size, one.sha256.lower()) for one in self.announced),
            plan=self.plan.plan() if self.plan else WorkPlan(),
            emergency=Call(**self.emergency.model_dump()) if self.emergency else None, template=self.template,
        )  # fmt: skip

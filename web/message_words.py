"""The words for what people and programs are told, as English msgids. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType

from bastion.domain.telling import Channel, DeliveryState, Topic
from bastion.i18n import N_
from bastion.services.standby import Ring

TOPICS: Mapping[str, str] = MappingProxyType(
    {
        Topic.REQUEST_WAITING: N_("A request waits for a decision"),
        Topic.EMERGENCY_WAITING: N_("An emergency waits for a decision"),
        Topic.REQUEST_UNANSWERED: N_("A request is left without an answer"),
        Topic.REQUEST_DECIDED: N_("A request is agreed to or refused"),
        Topic.REQUEST_WITHDRAWN: N_("A request is taken back"),
        Topic.GRANT_REVOKED: N_("An authorisation is withdrawn"),
        Topic.GRANT_GIVEN_BACK: N_("An authorisation is given back"),
        Topic.GRANT_UNANSWERED: N_("Nobody answers for the patient data of an authorisation any more"),
        Topic.QUESTION_ASKED: N_("A question is asked on a request"),
        Topic.QUESTION_ANSWERED: N_("A question on a request is answered"),
        Topic.REVIEW_DUE: N_("An emergency is to be reviewed"),
        Topic.REVIEW_OVERDUE: N_("An emergency was not reviewed in time"),
        Topic.REPORT_DUE: N_("A report on an intervention is due soon"),
        Topic.REPORT_OVERDUE: N_("A report on an intervention is overdue"),
        Topic.REPORT_WRITTEN: N_("An intervention is reported on"),
        Topic.WINDOW_WAITING: N_("A maintenance window waits for an agreement"),
        Topic.WINDOW_ENDED: N_("A maintenance window has ended before its day"),
        Topic.RIGHTS_DUE: N_("Access rights are to be reviewed"),
        Topic.PAPER_ENDING: N_("A supplier’s paper ends soon"),
        Topic.ROSTER_OVERDUE: N_("A supplier has not confirmed its people"),
        Topic.SUBCONTRACTOR_DECLARED: N_("A supplier has declared a subcontractor"),
        Topic.TECHNICIAN_INVITED: N_("A link to set up an access was made"),
        Topic.TECHNICIAN_ENROLLED: N_("Somebody has set up his access"),
        Topic.ADDRESS_CHANGED: N_("A mail address of a person was changed"),
        Topic.FILE_HELD: N_("A file waits in the release desk"),
        Topic.SESSION_BEGUN: N_("A session begins"),
        Topic.SESSION_ENDED: N_("A session ends"),
        Topic.ACCESS_CUT: N_("Access is cut, or a cut lifted"),
        Topic.DEVICE_CHANGED: N_("A device shows another identity"),
        Topic.RECORDING_TROUBLE: N_("Recordings are in trouble"),
        Topic.DIGEST: N_("The day in numbers"),
    }
)
CHANNELS: Mapping[str, str] = MappingProxyType({Channel.MAIL: N_("by mail"), Channel.WEBHOOK: N_("to a program")})
STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        DeliveryState.WAITING: ("wait", N_("On its way")),
        DeliveryState.SENT: ("ok", N_("Handed over")),
        DeliveryState.FAILED: ("stop", N_("Not delivered")),
        DeliveryState.DROPPED: ("off", N_("No longer needed")),
    }
)
RINGS: Mapping[str, str] = MappingProxyType(
    {
        Ring.ON_CALL: N_("on call"),
        Ring.NEXT: N_("next on call"),
        Ring.APPROVERS: N_("approver"),
        Ring.SECURITY: N_("security"),
    }
)

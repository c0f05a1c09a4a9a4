"""Every audit event there is: its tag, how grave it is, and how each of its fields is classed.

Grammar: `subject:action`, both lower case, the action in the past tense. A field that is not classed is secret,
and what is secret is not written: forgetting to class a field loses it, and never leaks it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"
    ALARM = "alarm"


class FieldClass(StrEnum):
    PUBLIC = "public"
    PERSONAL = "personal"


@dataclass(frozen=True, slots=True)
class EventKind:
    tag: str
    severity: Severity
    fields: MappingProxyType[str, FieldClass]


def _kind(tag: str, severity: Severity, public: str = "", personal: str = "") -> EventKind:
    fields = dict.fromkeys(public.split(), FieldClass.PUBLIC) | dict.fromkeys(personal.split(), FieldClass.PERSONAL)
    return EventKind(tag, severity, MappingProxyType(fields))


_HELD = "session direction size sha256"
_RULES = "policy because"
"""Which rules let somebody do it, and what they said then."""
_ASKED = f"kind minutes work_order {_RULES} quorum device supplier emergency template batch"
_PLANNED = "technician keeps professional patient_why rollback people caller"
_GRANTED = "device supplier start end kind"
_OF_A_GRANT = f"request {_GRANTED} channels files hash {_RULES} emergency conditions"
_DEROGATION = "device derogation kind algorithms start end"
_TEMPLATE = "template name maker model edition kind"
_I, _N, _W, _A = Severity.INFO, Severity.NOTICE, Severity.WARNING, Severity.ALARM
KINDS = MappingProxyType(
    {
        kind.tag: kind
        for kind in (
            _kind("bastion:initialised", _N),
            _kind("bastion:started", _I, "node version"),
            _kind("bastion:stopped", _I, "node"),
            _kind("enrolment:invited", _N, "expires", "login"),
            _kind("enrolment:completed", _W, "", "login"),
            _kind("auth:succeeded", _I, "door factors fingerprint client"),
            _kind("auth:failed", _W, "door stage why fingerprint client", "login"),
            _kind("auth:unproved", _W, "door count"),
            _kind("auth:locked_out", _A, "door minutes", "login"),
            _kind("auth:signed_out", _I, "door"),
            _kind("auth:factor_refreshed", _I),
            _kind("auth:password_changed", _N),
            _kind("auth:totp_enrolled", _N, "who"),
            _kind("portal:invited", _W, "expires again", "login"),
            _kind("portal:enrolled", _W, "again", "login invited_by"),
            _kind("portal:session_ended", _N, "why"),
            _kind("portal:correspondent_named", _W, "supplier", "login"),
            _kind("portal:correspondent_dismissed", _N, "supplier", "login"),
            _kind("token:created", _N, "token label expires roles facilities writes manages"),
            _kind("token:revoked", _N, "token label"),
            _kind("request:created", _I, f"{_ASKED} patient_data software_change backup", f"{_PLANNED} reason"),
            _kind("request:refused", _W, "kind minutes device supplier policy why", "technician reason"),
            _kind(
                "request:approved",
                _N,
                f"minutes agreed missing {_RULES} delegation window conditions start emergency disowned",
                "note in_name_of",
            ),
            _kind("request:denied", _N, f"{_RULES} delegation", "note in_name_of"),
            _kind("request:escalated", _W, "step ring minutes", "who"),
            _kind("request:withdrawn", _I, "", "note"),
            _kind("request:expired", _W, "device supplier missing emergency", "technician"),
            _kind("request:question", _I, _RULES, "note"),
            _kind("request:answer", _I, "", "note"),
            _kind("request:reported", _N, "after late erased_by", "note taken"),
            _kind("link:made", _I, "expires", "who"),
            _kind("link:opened", _N, "", "who"),
            _kind("link:asked", _N, "", "who"),
            _kind("link:used", _N, "outcome", "who"),
            _kind("notice:acknowledged", _I, "grant how"),
            _kind("grant:created", _N, _OF_A_GRANT, "technician"),
            _kind("window:proposed", _N, f"{_GRANTED} minutes window quorum {_RULES}", "reason"),
            _kind("window:agreed", _N, f"device window missing {_RULES}"),
            _kind("window:ended", _W, f"device window contract {_RULES}", "why"),
            _kind("emergency:agreed", _W, "device until own", "caller"),
            _kind("emergency:overdue", _W, "device until supplier"),
            _kind("report:due", _I, "device until supplier"),
            _kind("report:overdue", _W, "device until supplier"),
            _kind("emergency:reviewed", _N, f"device verdict late {_RULES}", "note"),
            _kind("grant:extended", _N, f"end request {_RULES}"),
            _kind("grant:handed_over", _N, "grant request", "technician"),
            _kind("grant:revoked", _W, _RULES, "why"),
            _kind("grant:unanswered", _W, "request", "professional"),
            _kind("grant:given_back", _N, f"behalf {_RULES}", "why"),
            _kind("session:opened", _N, "grant device supplier account node client factors derogations", "technician"),
            _kind("session:refused", _W, f"device why door {_RULES}", "technician"),
            _kind("session:second_source", _W, "other", "technician"),
            _kind("session:frozen", _W, "", "by"),
            _kind("session:thawed", _N, "", "by"),
            _kind("session:unwatched", _W, "", "by"),
            _kind("session:watched", _N, "", "by"),
            _kind("watch:taken", _N, "session grant"),
            _kind("watch:left", _N, "session grant how"),
            _kind("session:freeze_asked", _W, _RULES),
            _kind("session:thaw_asked", _N, _RULES),
            _kind("session:cut_asked", _W, _RULES, "why"),
            _kind("session:ending", _I, "reason", "by why"),
            _kind("session:differed", _N, "request aspects acts"),
            _kind("session:closed", _N, "reason digest bytes seconds"),
            _kind("channel:opened", _I, "channel kind", "detail"),
            _kind("channel:refused", _W, "channel kind why", "detail"),
            _kind("channel:closed", _I, "channel kind outcome"),
            _kind("file:passed", _I, "op direction size sha256 pieces seconds outcome", "path target detail"),
            _kind("file:refused", _W, "op why count", "path target"),
            _kind("file:held", _W, f"{_HELD} scan signature announced", "path technician findings"),
            _kind("file:released", _N, f"{_HELD} how {_RULES}", "path technician note"),
            _kind("file:rejected", _W, f"{_HELD} {_RULES}", "path technician note"),
            _kind("file:delivered", _I, _HELD, "path technician"),
            _kind("file:broken", _W, f"{_HELD} why", "path technician"),
            _kind("file:purged", _N, _HELD, "path technician"),
            _kind("device:unreachable", _W, "device why"),
            _kind("device:host_key_changed", _A, "device expected seen"),
            _kind("device:login_failed", _W, "device account"),
            _kind("recording:failed", _A, "detail session"),
            _kind("recording:sealed", _I, "digest bytes"),
            _kind("recording:findings", _N, "findings"),
            _kind("recording:viewed", _N, "session how reach", "why"),
            _kind("recording:damaged", _A, "session where"),
            _kind("recording:held", _N, "session", "why"),
            _kind("recording:released", _W, "session", "why"),
            _kind("recording:erased", _N, "session digest due"),
            _kind("lock:imposed", _A, f"scope subject_code until {_RULES}", "why"),
            _kind("lock:lifted", _N, f"scope subject_code {_RULES}", "why"),
            _kind("rota:added", _I, "start end ward line", "who"),
            _kind("rota:withdrawn", _I, "start end ward line", "who"),
            _kind("absence:noted", _I, "start end", "who"),
            _kind("absence:withdrawn", _I, "start end", "who"),
            _kind("delegation:made", _W, "start end lender", "to why"),
            _kind("delegation:revoked", _N, "start end lender", "to"),
            _kind("directory:facility_saved", _N, "entry changed"),
            _kind("directory:supplier_saved", _N, "entry changed"),
            _kind("directory:technician_saved", _N, "changed", "login"),
            _kind("directory:key_added", _N, "fingerprint", "login"),
            _kind("directory:key_removed", _N, "fingerprint", "login"),
            _kind("directory:address_changed", _W, "", "login"),
            _kind("directory:staff_saved", _N, "changed assignments", "login"),
            _kind("directory:device_saved", _N, "entry changed"),
            _kind("directory:endpoint_saved", _N, "device host port protocol options"),
            _kind("directory:endpoint_withdrawn", _N, "device host port protocol"),
            _kind("directory:host_key_pinned", _W, "device fingerprints"),
            _kind("directory:account_saved", _N, "device account replaced"),
            _kind("directory:account_withdrawn", _N, "device account"),
            _kind("paper:added", _N, "supplier paper reference start end"),
            _kind("paper:withdrawn", _W, "supplier paper reference start end"),
            _kind("paper:ending", _W, "supplier paper reference start end"),
            _kind("paper:required", _W, "paper start"),
            _kind("template:added", _N, _TEMPLATE),
            _kind("template:replaced", _N, f"{_TEMPLATE} changed"),
            _kind("template:retired", _N, _TEMPLATE),
            _kind("professional:added", _N, "entry start end", "professional"),
            _kind("professional:retired", _W, "entry start end", "professional"),
            _kind("subcontractor:declared", _W, "supplier employer start"),
            _kind("subcontractor:objected", _A, "supplier employer start", "why"),
            _kind("subcontractor:ended", _N, "supplier employer start"),
            _kind("roster:confirmed", _W, "supplier count left_out reference"),
            _kind("roster:overdue", _W, "supplier count end"),
            _kind("technician:left", _W, "grants requests", "login why"),
            _kind("review:started", _W, "name count due"),
            _kind("review:ending", _W, "name count due"),
            _kind("review:decided", _W, "name answer count", "who note"),
            _kind("review:settled", _N, "name count", "who"),
            _kind("review:signed", _N, "name confirmed withdrawn suspended sha256", "note"),
            _kind("review:exported", _N, "name count"),
            _kind("undertaking:published", _W, "version"),
            _kind("undertaking:accepted", _N, "version how", "technician"),
            _kind("directory:imported", _W, "register created changed unchanged bad", "file"),
            _kind("derogation:made", _W, _DEROGATION, "owner reason"),
            _kind("derogation:withdrawn", _N, _DEROGATION, "owner"),
            _kind("derogation:ending", _W, _DEROGATION, "owner"),
            _kind("delivery:failed", _W, "topic channel attempts why"),
            _kind("delivery:retried", _I, "topic channel"),
            _kind("delivery:chosen", _I, "muted"),
            _kind("webhook:registered", _W, "name host topics"),
            _kind("webhook:removed", _N, "name host"),
            _kind("gmao:saved", _W, "host rule"),
            _kind("gmao:removed", _N, "host"),
            _kind("order:checked", _I, "work_order finding device supplier refused"),
            _kind("vault:released", _I, "account grant session"),
            _kind("vault:rotated", _W, "secrets"),
            _kind("policy:loaded", _N, "hash"),
            _kind("audit:exported", _N, "first last count"),
            _kind("audit:verified", _I, "outcome count"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One link of the audit chain. `digest` covers every other field and the digest before it."""

    seq: int
    at: datetime
    tag: str
    severity: Severity
    actor_kind: str
    actor_id: str
    actor_name: str
    source: str
    subject_kind: str
    subject_id: str
    facility_id: str
    fields: dict[str, str]
    previous: str
    digest: str

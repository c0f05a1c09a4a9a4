"""The tables, as queries see them: columns stand in the order of the dataclass's fields, so a row makes the object.

The schema itself is made by `migrations/`, which also holds the CHECKs and the triggers that mirror the domain's
state machines; a test compares the two. Foreign keys are checked at commit, so a transaction may write in any order.
"""

from typing import Any

import sqlalchemy as sa

from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.announced_file import Announced, AnnouncedFile
from bastion.domain.conditions import Condition
from bastion.domain.derogation import DerogationKind
from bastion.domain.device import ChannelKind, FileRight, Protocol, SecretKind
from bastion.domain.events import Severity
from bastion.domain.held_file import Direction, FileState, Scan
from bastion.domain.importing import Register
from bastion.domain.lock import LockScope
from bastion.domain.paper import PaperKind
from bastion.domain.parties import Role, assignment
from bastion.domain.remark import Side
from bastion.domain.report import After
from bastion.domain.review import RightKind, Verdict
from bastion.domain.session_events import EndReason
from bastion.domain.telling import DeliveryState, RecipientKind, Topic
from bastion.domain.undertaking import Way
from bastion.domain.watch import Left
from bastion.domain.work_order import Finding, OrderRule
from bastion.domain.work_plan import PatientData, Question
from bastion.store.columns import BigId, Closed, Fields, Instant, Records, Ref, Several, Span, Text
from policies.model import Sas

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


def _id(name: str = "id") -> "sa.Column[str]":
    return sa.Column(name, Text, primary_key=True)


def _text(name: str) -> "sa.Column[str]":
    return sa.Column(name, Text, nullable=False)


def _to(target: str, name: str, *, nullable: bool = False, index: bool = True, back: bool = False) -> "sa.Column[str]":
    """`back`: the other table points here too, so this key is the one that comes later."""
    key = sa.ForeignKey(f"{target}.id", deferrable=True, initially="DEFERRED", use_alter=back)
    return sa.Column(name, Ref if nullable else Text, key, nullable=nullable, index=index)


def _at(name: str, *, nullable: bool = False) -> "sa.Column[Any]":
    return sa.Column(name, Instant, nullable=nullable)


def _flag(name: str) -> "sa.Column[bool]":
    return sa.Column(name, sa.Boolean, nullable=False)


def _number(name: str) -> "sa.Column[int]":
    return sa.Column(name, sa.Integer, nullable=False)


def _of(
    name: str, kind: "sa.types.TypeEngine[Any]", *, nullable: bool = False, default: str | None = None
) -> "sa.Column[Any]":
    """`default`: what rows have that are older than the column."""
    return sa.Column(name, kind, nullable=nullable, server_default=default)


def _plan(said: str) -> "tuple[sa.Column[Any], ...]":
    """A work plan, within the row of its request; `said` is what older rows are taken to have answered."""
    texts = ("keeps", "procedure", "professional", "patient_why", "backup_place", "rollback")
    return (
        *(sa.Column(name, Text, nullable=False, server_default=sa.text("''")) for name in texts),
        _of("people", Several(tuple), default="[]"),
        _of("patient_data", Closed(PatientData), default="none"),
        sa.Column("software_change", sa.Boolean, nullable=False, server_default=sa.false()),
        _at("backup_at", nullable=True),
        _of("said", Several(frozenset, Question), default=said),
    )  # fmt: skip


def _later(name: str) -> "sa.Column[str]":
    """Text that is empty in rows older than the column."""
    return sa.Column(name, Text, nullable=False, server_default=sa.text("''"))


# -- who takes part ----------------------------------------------------------------------------------------------------
facilities = sa.Table(
    "facilities", metadata, _id(), _text("code"), _text("name"), _text("finess"), _text("timezone"),
)  # fmt: skip
suppliers = sa.Table(
    "suppliers", metadata, _id(), _text("code"), _text("name"), _of("networks", Several(tuple)),
    _at("contract_end", nullable=True), _flag("active"), _text("contact"),
    _of("countries", Several(tuple), default='["FR"]'), _later("contract_number"),
    _at("contract_start", nullable=True), _later("security_contact"),
)  # fmt: skip
technicians = sa.Table(
    "technicians", metadata, _id(), _text("login"), _text("name"), _text("email"), _to("suppliers", "supplier_id"),
    _text("language"), _at("valid_until", nullable=True), _flag("active"), _later("employer_id"),
    _of("country", Text(), default="FR"),
)  # fmt: skip
technician_keys = sa.Table(
    "technician_keys", metadata, _id(), _to("technicians", "technician_id"), _text("public"), _text("fingerprint"),
    _text("label"), _at("added_at"), sa.UniqueConstraint("fingerprint"),
)  # fmt: skip
staff = sa.Table(
    "staff", metadata, _id(), _text("login"), _text("name"), _text("email"),
    _of("assignments", Records(assignment), default="[]"), _text("language"), _flag("active"),
)  # fmt: skip

shifts = sa.Table(
    "shifts", metadata, _id(), _to("facilities", "facility_id", index=False), _text("ward"),
    _to("staff", "staff_id", index=False), _at("starts"), _at("ends"), _number("line"), _text("created_by"),
    _at("created_at"), _at("withdrawn_at", nullable=True), _text("withdrawn_by"),
    sa.Index("ix_shifts_facility", "facility_id", "ends"), sa.Index("ix_shifts_ends", "ends"),
)  # fmt: skip
professionals = sa.Table(
    "professionals", metadata, _id(), _to("facilities", "facility_id", index=False), _text("name"), _text("title"),
    _text("rpps"), _at("starts"), _at("ends", nullable=True), _text("created_by"), _at("created_at"),
    _at("retired_at", nullable=True), _text("retired_by"),
    sa.Index("ix_professionals_facility", "facility_id", "name"),
)  # fmt: skip
absences = sa.Table(
    "absences", metadata, _id(), _to("staff", "staff_id", index=False), _at("starts"), _at("ends"),
    _text("created_by"), _at("created_at"), _at("withdrawn_at", nullable=True), _text("withdrawn_by"),
    sa.Index("ix_absences_ends", "ends"),
)  # fmt: skip
delegations = sa.Table(
    "delegations", metadata, _id(), _to("staff", "from_id", index=False), _to("staff", "to_id", index=False),
    _text("facility_id"), _at("starts"), _at("ends"), _text("reason"), _at("created_at"),
    _at("revoked_at", nullable=True), _text("revoked_by"), sa.Index("ix_delegations_ends", "ends"),
    sa.Index("ix_delegations_to", "to_id", "ends"),
)  # fmt: skip

# -- devices -----------------------------------------------------------------------------------------------------------
devices = sa.Table(
    "devices", metadata, _id(), _text("code"), _text("name"), _to("facilities", "facility_id"),
    _number("criticality"), _text("ward"), _text("location"), _text("maker"), _text("model"), _text("serial"),
    _flag("active"), sa.Index("ix_devices_register", "code", "id"),
)  # fmt: skip
device_suppliers = sa.Table(
    "device_suppliers", metadata,
    sa.Column("device_id", Text, sa.ForeignKey("devices.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    sa.Column(
        "supplier_id", Text, sa.ForeignKey("suppliers.id", deferrable=True, initially="DEFERRED"), primary_key=True,
        index=True,
    ),
)  # fmt: skip
endpoints = sa.Table(
    "endpoints", metadata, _id(), _to("devices", "device_id"), _of("protocol", Closed(Protocol)), _text("host"),
    _number("port"), _of("host_keys", Several(tuple)), _at("pinned_at", nullable=True), _text("pinned_by"),
    _of("options", Fields(), default="{}"), _at("used_at", nullable=True),
)  # fmt: skip
secrets = sa.Table(
    "secrets", metadata, _id(), sa.Column("sealed", sa.LargeBinary, nullable=False), _text("key_id"),
    _at("created_at"), _text("fingerprint"),
)  # fmt: skip
device_accounts = sa.Table(
    "device_accounts", metadata, _id(), _to("devices", "device_id", index=False), _text("login"),
    _of("kind", Closed(SecretKind)), _to("secrets", "secret_id"), _at("refused_at", nullable=True),
    _at("sealed_at", nullable=True), _later("sealed_by"),
    sa.UniqueConstraint("device_id", "login"),
)  # fmt: skip
derogations = sa.Table(
    "derogations", metadata, _id(), _to("devices", "device_id"), _of("kind", Closed(DerogationKind)),
    _of("algorithms", Several(tuple)), _text("owner"), _text("reason"), _at("starts"), _at("ends"), _text("created_by"),
    _at("created_at"), _at("withdrawn_at", nullable=True), _text("withdrawn_by"), _at("warned_at", nullable=True),
    sa.Index("ix_derogations_ends", "ends"),
)  # fmt: skip
papers = sa.Table(
    "papers", metadata, _id(), _to("suppliers", "supplier_id"), _of("kind", Closed(PaperKind)), _text("reference"),
    _at("valid_from"), _at("valid_to", nullable=True), _text("note"), _text("created_by"), _at("created_at"),
    _at("withdrawn_at", nullable=True), _text("withdrawn_by"), _at("warned_at", nullable=True),
)  # fmt: skip
paper_rules = sa.Table(
    "paper_rules", metadata, sa.Column("kind", Closed(PaperKind), primary_key=True),
    _at("required_from", nullable=True), _text("set_by"), _at("set_at"),
)  # fmt: skip
subcontractors = sa.Table(
    "subcontractors", metadata, _id(), _to("suppliers", "supplier_id"), _text("name"), _text("registration"),
    _text("country"), _text("declared_by"), _at("declared_at"), _at("objected_at", nullable=True),
    _text("objected_by"), _text("objection"), _at("ended_at", nullable=True), _text("ended_by"),
)  # fmt: skip
rosters = sa.Table(
    "rosters", metadata,
    sa.Column(
        "technician_id", Text, sa.ForeignKey("technicians.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    _at("at"), _at("due_at"), _at("suspended_at"), _text("by"), _text("reference"),
)  # fmt: skip
confirmations = sa.Table(
    "confirmations", metadata, _id(), _to("suppliers", "supplier_id"), _at("at"), _text("by"), _text("reference"),
    _of("people", Several(tuple)), _number("left_out"),
)  # fmt: skip
review_campaigns = sa.Table(
    "review_campaigns", metadata, _id(), _text("name"), _of("facilities", Several(tuple)), _at("due_at"),
    _text("created_by"), _at("created_at"),
)  # fmt: skip
review_lines = sa.Table(
    "review_lines", metadata, _id(), _to("review_campaigns", "campaign_id", index=False),
    _of("kind", Closed(RightKind)), _text("subject_id"), _text("right"), _text("name"), _text("company"),
    _of("verdict", Closed(Verdict), nullable=True), _at("decided_at", nullable=True), _text("decided_by"),
    _text("note"), _later("place"), sa.Index("ix_review_lines_subject", "subject_id", "kind", "verdict"),
    sa.Index("ix_review_lines_campaign", "campaign_id", "verdict", "kind", "place", "subject_id"),
)  # fmt: skip
review_signatures = sa.Table(
    "review_signatures", metadata,
    sa.Column(
        "campaign_id", Text, sa.ForeignKey("review_campaigns.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    _text("signed_by"), _at("signed_at"), _number("confirmed"), _number("withdrawn"), _number("suspended"),
    _text("digest"), _text("remark"), _text("statement"),
)  # fmt: skip
undertakings = sa.Table(
    "undertakings", metadata, sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    _text("text_fr"), _text("text_en"), _text("published_by"), _at("published_at"),
)  # fmt: skip
undertaking_acceptances = sa.Table(
    "undertaking_acceptances", metadata, _id(), _to("technicians", "technician_id", index=False), _number("version"),
    _at("accepted_at"), _of("way", Closed(Way)), _text("source"),
    sa.Index("uq_undertaking_acceptances_technician", "technician_id", "version", unique=True),
)  # fmt: skip
import_drafts = sa.Table(
    "import_drafts", metadata, _id(), _of("register", Closed(Register)), _text("file_name"),
    sa.Column("content", sa.LargeBinary, nullable=False), _text("created_by"), _at("created_at"),
    sa.Index("ix_import_drafts_created", "created_at"), sa.Index("ix_import_drafts_created_by", "created_by"),
)  # fmt: skip

request_templates = sa.Table(
    "request_templates", metadata, _id(), _text("facility_id"), _text("maker"), _text("model"), _text("model_key"),
    _text("name"), _of("kind", Closed(InterventionKind)), _text("reason"), _of("wanted", Span()),
    _text("created_by_id"), _text("created_by"), _at("created_at"),
    *_plan('["patient_data", "software_change"]'),
    _of("conditions", Several(frozenset, Condition)),
    _to("request_templates", "replaces_id", nullable=True, index=False), _number("edition"),
    _at("retired_at", nullable=True), _text("retired_by"),
    sa.Index("ix_request_templates_model", "model_key", "created_at"),
    sa.Index("uq_request_templates_replaces", "replaces_id", unique=True),
)  # fmt: skip

# -- access ------------------------------------------------------------------------------------------------------------
access_requests = sa.Table(
    "access_requests", metadata, _id(), _to("technicians", "technician_id", index=False), _text("technician_name"),
    _to("suppliers", "supplier_id", index=False), _to("devices", "device_id", index=False),
    _to("facilities", "facility_id", index=False),
    _to("device_accounts", "account_id", nullable=True, index=False), _of("kind", Closed(InterventionKind)),
    _text("reason"), _text("work_order"), _of("wanted", Span()), _at("created_at"), _at("expires_at"),
    _text("created_by_id"), _text("created_by_name"), _text("created_by_company"), _number("quorum"),
    _of("max_duration", Span()), _text("policy_hash"), _of("policy_ids", Several(tuple)), _text("source"),
    _at("start", nullable=True), _to("grants", "extends_grant_id", nullable=True, back=True),
    _at("notice_accepted_at", nullable=True), _of("stored_state", Closed(RequestState)),
    _at("decided_at", nullable=True), _text("decided_by"), _text("decision_note"),
    _to("grants", "grant_id", nullable=True, index=False, back=True),
    _of("announced", Records(AnnouncedFile), default="[]"), *_plan("[]"),
    _later("template_id"), _later("batch_id"), _later("first_id"),
    _of("earlier_askers", Several(frozenset), default="[]"), _number("version"),
    sa.Index("ix_access_requests_technician", "technician_id", "device_id", "stored_state"),
    sa.Index("ix_access_requests_state", "stored_state", "created_at"),
    sa.Index("ix_access_requests_waiting", "stored_state", "expires_at"),
    sa.Index("ix_access_requests_facility", "facility_id", "created_at"),
    sa.Index("ix_access_requests_supplier", "supplier_id", "created_at"),
    sa.Index("ix_access_requests_device", "device_id", "created_at"),
    sa.Index("ix_access_requests_whose", "technician_id", "created_at"),
    sa.Index("ix_access_requests_created", "created_at"), sa.Index("ix_access_requests_first", "first_id"),
)  # fmt: skip
approvals = sa.Table(
    "approvals", metadata,
    sa.Column(
        "request_id", Text, sa.ForeignKey("access_requests.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    sa.Column("staff_id", Text, sa.ForeignKey("staff.id", deferrable=True, initially="DEFERRED"), primary_key=True),
    _text("staff_name"), _at("at"), _of("duration", Span()), _text("note"), _number("position"),
    _of("conditions", Several(frozenset, Condition), default="[]"), _at("start", nullable=True),
    _of("for_id", Ref(), nullable=True), _of("for_name", Ref(), nullable=True),
)  # fmt: skip
grants = sa.Table(
    "grants", metadata, _id(), _to("access_requests", "request_id", index=False),
    _to("technicians", "technician_id", index=False), _to("suppliers", "supplier_id"),
    _to("devices", "device_id", index=False),
    _to("facilities", "facility_id", index=False), _to("device_accounts", "account_id", index=False),
    _of("kind", Closed(InterventionKind)), _of("channels", Several(frozenset, ChannelKind)), _at("start"), _at("end"),
    _number("idle_seconds"), _flag("watcher"), _text("policy_hash"), _of("approved_by", Several(tuple)),
    _of("files", Several(frozenset, FileRight), default="[]"), _of("uploads", Closed(Sas), default="person"),
    _of("downloads", Closed(Sas), default="person"), _of("conditions", Several(frozenset, Condition), default="[]"),
    _of("emergency", sa.Boolean(), default="false"), _at("due", nullable=True), _of("slack", Span(), default="0"),
    _of("spent", Span(), default="0"),
    _at("first_used_at", nullable=True),
    _at("acknowledged_at", nullable=True), _at("revoked_at", nullable=True), _text("revoked_by"),
    _text("revoke_reason"), _of("given_back", sa.Boolean(), default="false"), _number("version"),
    sa.UniqueConstraint("request_id"),
    sa.Index("ix_grants_technician", "technician_id", "device_id", "end"), sa.Index("ix_grants_end", "end", "start"),
    sa.Index("ix_grants_start", "start"), sa.Index("ix_grants_device", "device_id", "start"),
)  # fmt: skip
emergencies = sa.Table(
    "emergencies", metadata,
    sa.Column(
        "id", Text, sa.ForeignKey("access_requests.id", deferrable=True, initially="DEFERRED"), primary_key=True,
    ),
    _to("suppliers", "supplier_id", index=False), _to("devices", "device_id", index=False),
    _to("facilities", "facility_id", index=False), _text("caller"), _text("callee"), _text("call_back"),
    _to("staff", "caller_id", nullable=True, index=False), _at("created_at"), _at("agreed_at", nullable=True),
    _of("agreed_ids", Several(tuple)), _flag("agreed_by_caller"), _at("review_due_at", nullable=True),
    _at("reviewed_at", nullable=True), _text("reviewed_by"), _text("outcome"), _text("review_note"),
    _number("version"), sa.Index("ix_emergencies_supplier", "supplier_id", "reviewed_at"),
    sa.Index("ix_emergencies_due", "reviewed_at", "review_due_at"), sa.Index("ix_emergencies_created", "created_at"),
)  # fmt: skip
handovers = sa.Table(
    "handovers", metadata,
    sa.Column(
        "id", Text, sa.ForeignKey("access_requests.id", deferrable=True, initially="DEFERRED"), primary_key=True,
    ),
    _to("grants", "grant_id"), _text("from_name"), _text("by_name"), _at("created_at"),
)  # fmt: skip
maintenance_windows = sa.Table(
    "maintenance_windows", metadata, _id(), _to("facilities", "facility_id", index=False),
    _to("devices", "device_id", index=False), _to("suppliers", "supplier_id", nullable=True, index=False),
    _of("kind", Closed(InterventionKind)), _number("week"), _number("weekday"), _number("begins"), _number("minutes"),
    _at("starts"), _at("ends"), _text("reason"), _text("created_by_id"), _text("created_by"), _at("created_at"),
    _number("quorum"), _of("agreed_ids", Several(tuple)), _of("agreed_names", Several(tuple)),
    _at("agreed_at", nullable=True), _at("ended_at", nullable=True), _text("ended_by"), _text("end_reason"),
    _number("version"), sa.Index("ix_maintenance_windows_device", "device_id", "ends"),
    sa.Index("ix_maintenance_windows_ends", "ended_at", "ends"),
    sa.Index("ix_maintenance_windows_created", "created_at"),
)  # fmt: skip
window_uses = sa.Table(
    "window_uses", metadata,
    sa.Column(
        "id", Text, sa.ForeignKey("access_requests.id", deferrable=True, initially="DEFERRED"), primary_key=True,
    ),
    _to("maintenance_windows", "window_id", index=False), _at("starts"), _at("ends"),
    sa.Index("ix_window_uses_window", "window_id", "starts"),
)  # fmt: skip
HEALTH_DATA = "screen_findings not in ('[]', '[\"too_large\"]')"
"""Of sessions: patients stood on a screen. As text, so that the partial index and whoever uses it say the same."""
DIFFERS = "differences <> '[]'"
"""Of sessions: what was observed is not what was declared."""
sessions = sa.Table(
    "sessions", metadata, _id(), _to("grants", "grant_id"), _to("access_requests", "request_id", index=False),
    _to("technicians", "technician_id", index=False), _text("technician_name"),
    _to("suppliers", "supplier_id", index=False), _to("devices", "device_id", index=False),
    _to("facilities", "facility_id", index=False), _text("account_login"), _text("source"), _text("client"),
    _text("node"), _at("started_at"), _at("ended_at", nullable=True),
    _of("end_reason", Closed(EndReason), nullable=True), _text("end_by"), _text("end_why"),
    _at("frozen_at", nullable=True), _text("frozen_by"), _at("cut_at", nullable=True), _text("cut_by"),
    _text("cut_why"), _text("recording_digest"), sa.Column("recording_bytes", sa.BigInteger, nullable=False),
    sa.Column("recording_seconds", sa.Double, nullable=False), _of("country", Text(), default="FR"),
    _of("screen_findings", Several(tuple), default="[]"), _of("acts", Several(tuple), default="[]"),
    _of("differences", Several(tuple), default="[]"), _number("version"),
    sa.Index("ix_sessions_country", "country", "started_at"),
    sa.Index("ix_sessions_request", "request_id"), sa.Index("ix_sessions_reason", "end_reason", "started_at"),
    sa.Index("ix_sessions_live", "ended_at", "node"), sa.Index("ix_sessions_started", "started_at"),
    sa.Index("ix_sessions_device", "device_id", "started_at"),
    sa.Index(
        "ix_sessions_live_device", "device_id", "grant_id", "source", "frozen_at",
        sqlite_where=sa.text("ended_at is null"), postgresql_where=sa.text("ended_at is null"),
    ),
    sa.Index("ix_sessions_technician", "technician_id", "started_at"),
    sa.Index("ix_sessions_supplier", "supplier_id", "started_at"),
    sa.Index("ix_sessions_facility", "facility_id", "started_at"),
    sa.Index(
        "ix_sessions_health", "started_at",
        sqlite_where=sa.text(HEALTH_DATA), postgresql_where=sa.text(HEALTH_DATA),
    ),
    sa.Index(
        "ix_sessions_differs", "started_at", sqlite_where=sa.text(DIFFERS), postgresql_where=sa.text(DIFFERS),
    ),
)  # fmt: skip
gmaos = sa.Table(
    "gmaos", metadata, _id(), _to("facilities", "facility_id", index=False), _text("url"),
    _of("rule", Closed(OrderRule)), _to("secrets", "secret_id"), _at("created_at"), _text("created_by"),
    sa.Index("uq_gmaos_facility", "facility_id", unique=True),
)  # fmt: skip
order_looks = sa.Table(
    "order_looks", metadata, _id(), _to("access_requests", "request_id"),
    _to("facilities", "facility_id", index=False), _text("number"), _of("finding", Closed(Finding)), _at("checked_at"),
    _text("title"), _text("state"), _text("asked_by"), _text("detail"), _text("looked_by"),
)  # fmt: skip
remarks = sa.Table(
    "remarks",
    metadata,
    _id(),
    _to("access_requests", "request_id"),
    _of("side", Closed(Side)),
    _text("author_id"),
    _text("author_name"),
    _at("at"),
    _text("text"),
)
report_dues = sa.Table(
    "report_dues", metadata,
    sa.Column(
        "id", Text, sa.ForeignKey("access_requests.id", deferrable=True, initially="DEFERRED"), primary_key=True,
    ),
    _to("technicians", "technician_id", index=False), _to("suppliers", "supplier_id", index=False),
    _to("facilities", "facility_id", index=False), _at("owed_since", nullable=True), _at("due_at", nullable=True),
    sa.Index("ix_report_dues_technician", "technician_id", "owed_since"),
    sa.Index("ix_report_dues_supplier", "supplier_id", "owed_since"),
    sa.Column("reminders", sa.Integer, nullable=False, server_default="0"),
    sa.Index("ix_report_dues_overdue", "supplier_id", "due_at"), sa.Index("ix_report_dues_due", "due_at", "reminders"),
)  # fmt: skip
reports = sa.Table(
    "reports", metadata, _id(), _to("access_requests", "request_id"), _text("author_id"), _text("author_name"),
    _text("author_company"), _at("at"), _text("done"), _of("after", Closed(After)), _text("taken"),
    _at("erased_by", nullable=True),
)  # fmt: skip
watches = sa.Table(
    "watches", metadata, _id(), _to("grants", "grant_id", index=False), _to("sessions", "session_id", index=False),
    _to("staff", "staff_id", index=False), _text("staff_name"), _text("holder"), _at("taken_at"), _number("beats"),
    _flag("present"), _at("left_at", nullable=True), _of("left_why", Closed(Left), nullable=True),
    sa.Index("ix_watches_open", "grant_id", "left_at"),
)  # fmt: skip
held_files = sa.Table(
    "held_files", metadata, _id(), _to("sessions", "session_id"), _to("grants", "grant_id", index=False),
    _to("access_requests", "request_id", index=False), _to("devices", "device_id", index=False),
    _to("facilities", "facility_id", index=False), _to("suppliers", "supplier_id", index=False),
    _to("technicians", "technician_id", index=False), _text("technician_name"), _text("node"),
    _of("direction", Closed(Direction)), _text("path"), _of("sas", Closed(Sas)), _at("arrived_at"), _at("expires_at"),
    sa.Column("size", sa.BigInteger, nullable=False), _text("sha256"), _of("scan", Closed(Scan)), _text("scan_name"),
    _of("announced", Closed(Announced)), _of("findings", Several(tuple)), _of("stored_state", Closed(FileState)),
    _at("decided_at", nullable=True), _text("decided_by"), _text("note"), _at("delivered_at", nullable=True),
    _number("version"), sa.Index("ix_held_files_state", "stored_state", "expires_at"),
    sa.Index("ix_held_files_technician", "technician_id", "device_id", "stored_state"),
    sa.Index("ix_held_files_grant", "grant_id", "path"), sa.Index("ix_held_files_arrived", "arrived_at"),
    sa.Index("ix_held_files_facility", "facility_id", "arrived_at"),
    sa.Index("ix_held_files_state_arrived", "stored_state", "arrived_at"),
    sa.Index("ix_held_files_node", "node", "stored_state"), sa.Index("ix_held_files_sha256", "sha256"),
)  # fmt: skip
locks = sa.Table(
    "locks", metadata, _id(), _of("scope", Closed(LockScope)), _text("subject_id"), _text("reason"),
    _text("imposed_by"), _at("imposed_at"), _at("until", nullable=True), _at("lifted_at", nullable=True),
    _text("lifted_by"), sa.Index("ix_locks_lifted", "lifted_at"),
)  # fmt: skip

# -- proofs ------------------------------------------------------------------------------------------------------------
credentials = sa.Table(
    "credentials", metadata, _id("subject_id"), _text("password_hash"),
    sa.Column("totp_sealed", sa.LargeBinary, nullable=False), _at("totp_enrolled_at", nullable=True),
    _at("password_changed_at", nullable=True), _at("totp_proved_at", nullable=True),
)  # fmt: skip
totp_uses = sa.Table(
    "totp_uses", metadata, _id("subject_id"), sa.Column("timestep", sa.BigInteger, primary_key=True),
)  # fmt: skip
auth_failures = sa.Table(
    "auth_failures", metadata, sa.Column("id", BigId, primary_key=True), _text("subject"), _text("source"), _at("at"),
    sa.Index("ix_auth_failures_subject", "subject", "source", "at"),
    sa.Index("ix_auth_failures_source", "source", "at"), sa.Index("ix_auth_failures_at", "at"),
)  # fmt: skip
api_tokens = sa.Table(
    "api_tokens", metadata, _id(), _to("staff", "staff_id"), _text("label"), _text("hash"), _at("created_at"),
    _at("expires_at"), _at("revoked_at", nullable=True), _of("roles", Several(frozenset, Role)),
    _of("facilities", Several(frozenset), default='["*"]'), sa.UniqueConstraint("hash"),
)  # fmt: skip
web_sessions = sa.Table(
    "web_sessions", metadata, _id(), _to("staff", "staff_id"), _at("created_at"), _at("expires_at"),
    _at("factor_at", nullable=True), _text("source"), _at("ended_at", nullable=True),
    sa.Index("ix_web_sessions_expires", "expires_at"),
)  # fmt: skip
factor_proofs = sa.Table(
    "factor_proofs", metadata, _id(), _to("technicians", "technician_id", index=False), _text("fingerprint"),
    _text("source"), _to("grants", "grant_id"), _at("expires_at"),
    sa.Index("ix_factor_proofs_technician", "technician_id", "grant_id"),
)  # fmt: skip

# -- the suppliers' web door -------------------------------------------------------------------------------------------
portal_sessions = sa.Table(
    "portal_sessions", metadata, _id(), _to("technicians", "technician_id"), _at("created_at"), _at("expires_at"),
    _at("factor_at", nullable=True), _text("source"), _at("ended_at", nullable=True),
    sa.Index("ix_portal_sessions_expires", "expires_at"),
)  # fmt: skip
portal_invitations = sa.Table(
    "portal_invitations", metadata, _id(), _to("technicians", "technician_id"), _to("secrets", "secret_id"),
    _text("made_by"), _at("created_at"), _at("expires_at"), _at("used_at", nullable=True),
    _at("void_at", nullable=True),
)  # fmt: skip
supplier_tokens = sa.Table(
    "supplier_tokens", metadata, _id(), _to("technicians", "technician_id"), _to("suppliers", "supplier_id"),
    _text("label"), _text("hash"), _flag("writes"), _at("created_at"), _at("expires_at"),
    _at("revoked_at", nullable=True), sa.Column("people", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Index("uq_supplier_tokens_hash", "hash", unique=True),
)  # fmt: skip
correspondents = sa.Table(
    "correspondents", metadata,
    sa.Column(
        "technician_id", Text, sa.ForeignKey("technicians.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
    ),
    _to("suppliers", "supplier_id"), _text("named_by"), _at("named_at"),
)  # fmt: skip

# -- telling people ----------------------------------------------------------------------------------------------------
outbox = sa.Table(
    "outbox", metadata, sa.Column("seq", BigId, primary_key=True, autoincrement=False), _of("topic", Closed(Topic)),
    _at("at"),
)  # fmt: skip
deliveries = sa.Table(
    "deliveries", metadata, _id(), _text("key"), _of("topic", Closed(Topic)),
    _of("recipient_kind", Closed(RecipientKind)), _text("recipient_id"), _text("facility_id"), _of("facts", Fields()),
    _text("path"), _at("at"), _at("due_at"), _number("attempts"), _of("state", Closed(DeliveryState)),
    _at("ended_at", nullable=True), _text("trouble"),
    sa.Index("uq_deliveries_key", "key", "recipient_id", unique=True),
    sa.Index("ix_deliveries_due", "state", "due_at"), sa.Index("ix_deliveries_at", "at", "id"),
)  # fmt: skip
decision_links = sa.Table(
    "decision_links", metadata, _id(), _to("staff", "staff_id"), _to("access_requests", "request_id"),
    _at("created_at"), _at("expires_at"), _number("tries"), _text("opened_from"), _at("used_at", nullable=True),
    _at("void_at", nullable=True), sa.Index("ix_decision_links_expires", "expires_at"),
)  # fmt: skip
webhooks = sa.Table(
    "webhooks", metadata, _id(), _text("name"), _text("url"), _of("topics", Several(frozenset, Topic)),
    _to("facilities", "facility_id", nullable=True), _to("secrets", "secret_id"), _at("created_at"),
    _text("created_by"), sa.Index("uq_webhooks_name", "name", unique=True),
)  # fmt: skip
former_addresses = sa.Table(
    "former_addresses", metadata, _id(), _text("person_id"), _text("address"), _flag("by_company"), _at("changed_at"),
    sa.Index("ix_former_addresses_person", "person_id", "changed_at"),
    sa.Index("ix_former_addresses_changed", "changed_at"),
)  # fmt: skip
mail_choices = sa.Table("mail_choices", metadata, _id("person_id"), _of("muted", Several(frozenset, Topic)))

# -- the house ---------------------------------------------------------------------------------------------------------
settings = sa.Table("settings", metadata, _id("key"), _text("value"))
leases = sa.Table("leases", metadata, _id("name"), _text("node"), _at("until"))
audit_events = sa.Table(
    "audit_events", metadata, sa.Column("seq", BigId, primary_key=True, autoincrement=False), _at("at"), _text("tag"),
    _of("severity", Closed(Severity)), _text("actor_kind"), _text("actor_id"), _text("actor_name"), _text("source"),
    _text("subject_kind"), _text("subject_id"), _text("facility_id"), _of("fields", Fields()), _text("previous"),
    _text("digest"), sa.Index("ix_audit_events_tag", "tag", "seq"), sa.Index("ix_audit_events_at", "at", "seq"),
    sa.Index("ix_audit_events_actor", "actor_id", "seq"), sa.Index("ix_audit_events_subject", "subject_id", "seq"),
    sa.Index("ix_audit_events_facility", "facility_id", "seq"),
    sa.Index("ix_audit_events_severity", "severity", "seq"),
)  # fmt: skip
audit_head = sa.Table(
    "audit_head", metadata, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("seq", sa.BigInteger, nullable=False), _text("digest"),
)  # fmt: skip

for table in (facilities, suppliers, devices):
    sa.Index(f"uq_{table.name}_code", sa.func.lower(table.c.code), unique=True)
for table in (technicians, staff):
    sa.Index(f"uq_{table.name}_login", sa.func.lower(table.c.login), unique=True)
sa.Index("ix_suppliers_name", sa.func.lower(suppliers.c.name))
sa.Index("ix_technicians_name", sa.func.lower(technicians.c.name))
sa.Index("ix_technicians_register", technicians.c.name, technicians.c.id)
sa.Index(
    "ix_review_lines_page", review_lines.c.campaign_id, review_lines.c.verdict.is_not(None),
    *(review_lines.c[name] for name in ("kind", "company", "name", "right", "place", "id")),
)  # fmt: skip
sa.Index("ix_access_requests_order", sa.func.lower(access_requests.c.work_order))
sa.Index(
    "ix_access_requests_batch", sa.func.substr(access_requests.c.batch_id, sa.literal_column("25")),
    sqlite_where=access_requests.c.batch_id != "", postgresql_where=access_requests.c.batch_id != "",
)  # fmt: skip
sa.Index("ix_held_files_ref", sa.func.substr(held_files.c.id, sa.literal_column("25")))
sa.Index("ix_access_requests_ref", sa.func.substr(access_requests.c.id, sa.literal_column("25")))

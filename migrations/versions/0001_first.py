"""The first schema. The CHECKs mirror the closed sets and the rules of `bastion/domain/` as they are at this version;
the state machines follow in 0002.

Instants: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite. Durations: microseconds. Lists and sets of
strings: JSON. Foreign keys are checked at commit, so a use case may write in any order.
"""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Kind: TypeAlias = "sa.types.TypeEngine[Any]"
Column: TypeAlias = "sa.Column[Any]"

TEXT = sa.String()
INT = sa.Integer()
BIG = sa.BigInteger()
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")
FLAG = sa.Boolean()
BYTES = sa.LargeBinary()


def col(name: str, kind: Kind = TEXT, *, null: bool = False) -> Column:
    return sa.Column(name, kind, nullable=null)


def table(
    name: str,
    *parts: Column,
    key: Sequence[str] = ("id",),
    refs: Sequence[str] = (),
    checks: Mapping[str, str] | None = None,
    unique: Sequence[Sequence[str]] = (),
    indexes: Mapping[str, Sequence[str]] | None = None,
) -> sa.Table:
    """`refs`: "column>table"; `checks` and `indexes`: name → rule or columns."""
    made = op.create_table(
        name,
        *parts,
        sa.PrimaryKeyConstraint(*key, name=f"pk_{name}"),
        *(foreign_key(name, *ref.split(">")) for ref in refs),
        *(sa.UniqueConstraint(*columns, name=f"uq_{name}_{columns[0]}") for columns in unique),
        *(sa.CheckConstraint(rule, name=f"ck_{name}_{short}") for short, rule in (checks or {}).items()),
    )
    for short, columns in (indexes or {}).items():
        op.create_index(f"ix_{name}_{short}", name, list(columns))
    return made


def foreign_key(name: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{target}.id"], name=f"fk_{name}_{column}", deferrable=True, initially="DEFERRED"
    )


def one_of(column: str, *values: str) -> str:
    return f"{column} in ({', '.join(repr(value) for value in values)})"


def unique_whatever_case(name: str, column: str) -> None:
    op.create_index(f"uq_{name}_{column}", name, [sa.text(f"lower({column})")], unique=True)


def upgrade() -> None:
    parties()
    devices()
    access()
    sessions()
    proofs()
    house()


def parties() -> None:
    filled = {"code": "length(code) > 0", "name": "length(name) > 0"}
    table("facilities", col("id"), col("code"), col("name"), col("finess"), col("timezone"), checks=filled)
    unique_whatever_case("facilities", "code")
    table(
        "suppliers", col("id"), col("code"), col("name"), col("networks"), col("contract_end", AT, null=True),
        col("active", FLAG), col("contact"), checks=filled,
    )  # fmt: skip
    unique_whatever_case("suppliers", "code")
    named = {"login": "length(login) > 0", "name": "length(name) > 0"}
    table(
        "technicians", col("id"), col("login"), col("name"), col("email"), col("supplier_id"), col("language"),
        col("valid_until", AT, null=True), col("active", FLAG),
        refs=["supplier_id>suppliers"], checks=named, indexes={"supplier_id": ["supplier_id"]},
    )  # fmt: skip
    unique_whatever_case("technicians", "login")
    table(
        "technician_keys", col("id"), col("technician_id"), col("public"), col("fingerprint"), col("label"),
        col("added_at", AT), refs=["technician_id>technicians"], unique=[("fingerprint",)],
        checks={"public": "length(public) > 0"}, indexes={"technician_id": ["technician_id"]},
    )  # fmt: skip
    table(
        "staff", col("id"), col("login"), col("name"), col("email"), col("roles"), col("facilities"),
        col("language"), col("active", FLAG), checks=named,
    )  # fmt: skip
    unique_whatever_case("staff", "login")


def devices() -> None:
    table(
        "devices", col("id"), col("code"), col("name"), col("facility_id"), col("criticality", INT), col("ward"),
        col("location"), col("maker"), col("model"), col("serial"), col("active", FLAG),
        refs=["facility_id>facilities"], indexes={"facility_id": ["facility_id"]},
        checks={"code": "length(code) > 0", "criticality": "criticality between 1 and 4"},
    )  # fmt: skip
    unique_whatever_case("devices", "code")
    table(
        "device_suppliers", col("device_id"), col("supplier_id"), key=("device_id", "supplier_id"),
        refs=["device_id>devices", "supplier_id>suppliers"], indexes={"supplier_id": ["supplier_id"]},
    )  # fmt: skip
    table(
        "endpoints", col("id"), col("device_id"), col("protocol"), col("host"), col("port", INT), col("host_keys"),
        col("pinned_at", AT, null=True), col("pinned_by"), refs=["device_id>devices"],
        indexes={"device_id": ["device_id"]},
        checks={
            "protocol": one_of("protocol", "ssh"),
            "host": "length(host) > 0",
            "port": "port between 1 and 65535",
            "pinned": "host_keys = '[]' or pinned_at is not null",
        },
    )  # fmt: skip
    table(
        "secrets", col("id"), col("sealed", BYTES), col("key_id"), col("created_at", AT), col("fingerprint"),
        checks={"sealed": "length(sealed) > 0"},
    )  # fmt: skip
    table(
        "device_accounts", col("id"), col("device_id"), col("login"), col("kind"), col("secret_id"),
        refs=["device_id>devices", "secret_id>secrets"], unique=[("device_id", "login")],
        indexes={"secret_id": ["secret_id"]}, checks={"kind": one_of("kind", "password", "private_key")},
    )  # fmt: skip


KIND = one_of("kind", "telediagnostic", "telemaintenance", "teleassistance")


def access() -> None:
    """Requests and grants point at each other. PostgreSQL wants the second table first; SQLite cannot add a foreign
    key later, and does not mind."""
    altered = op.get_bind().dialect.name == "postgresql"
    to_grants = ("extends_grant_id>grants", "grant_id>grants")
    requests(() if altered else to_grants)
    grants()
    for ref in to_grants if altered else ():
        column, target = ref.split(">")
        op.create_foreign_key(
            f"fk_access_requests_{column}", "access_requests", target, [column], ["id"], deferrable=True,
            initially="DEFERRED",
        )  # fmt: skip
    locks()


def requests(to_grants: Sequence[str]) -> None:
    table(
        "access_requests", col("id"), col("technician_id"), col("technician_name"), col("supplier_id"),
        col("device_id"), col("facility_id"), col("account_id", null=True), col("kind"), col("reason"),
        col("work_order"), col("wanted", BIG), col("created_at", AT), col("expires_at", AT), col("created_by_id"),
        col("created_by_name"), col("created_by_company"), col("quorum", INT), col("max_duration", BIG),
        col("policy_hash"), col("policy_ids"), col("source"), col("start", AT, null=True),
        col("extends_grant_id", null=True), col("notice_accepted_at", AT, null=True), col("stored_state"),
        col("decided_at", AT, null=True), col("decided_by"), col("decision_note"), col("grant_id", null=True),
        col("version", INT),
        refs=[
            "technician_id>technicians", "supplier_id>suppliers", "device_id>devices", "facility_id>facilities",
            "account_id>device_accounts", *to_grants,
        ],
        checks={
            "kind": KIND,
            "wanted": "wanted > 0 and max_duration > 0",
            "expires": "expires_at > created_at",
            "quorum": "quorum >= 0",
            "state": one_of("stored_state", "pending", "approved", "denied", "withdrawn"),
            "decided": "(stored_state = 'pending') = (decided_at is null)",
            "granted": "grant_id is null or stored_state = 'approved'",
            "version": "version >= 1",
        },
        indexes={
            "technician": ["technician_id", "device_id", "stored_state"],
            "state": ["stored_state", "created_at"],
            "created": ["created_at"],
            "supplier_id": ["supplier_id"],
            "device_id": ["device_id"],
            "facility_id": ["facility_id"],
            "extends_grant_id": ["extends_grant_id"],
        },
    )  # fmt: skip
    table(
        "approvals", col("request_id"), col("staff_id"), col("staff_name"), col("at", AT), col("duration", BIG),
        col("note"), col("position", INT), key=("request_id", "staff_id"),
        refs=["request_id>access_requests", "staff_id>staff"],
        checks={"duration": "duration > 0", "position": "position >= 0"},
    )  # fmt: skip


def grants() -> None:
    table(
        "grants", col("id"), col("request_id"), col("technician_id"), col("supplier_id"), col("device_id"),
        col("facility_id"), col("account_id"), col("kind"), col("channels"), col("start", AT), col("end", AT),
        col("idle_seconds", INT), col("watcher", FLAG), col("policy_hash"), col("approved_by"),
        col("acknowledged_at", AT, null=True), col("revoked_at", AT, null=True), col("revoked_by"),
        col("revoke_reason"), col("version", INT),
        refs=[
            "request_id>access_requests", "technician_id>technicians", "supplier_id>suppliers", "device_id>devices",
            "facility_id>facilities", "account_id>device_accounts",
        ],
        unique=[("request_id",)],
        checks={
            "kind": KIND,
            "box": '"end" > start',
            "channels": "channels <> '[]'",
            "idle": "idle_seconds >= 0",
            "revoked": "revoked_at is not null or (revoked_by = '' and revoke_reason = '')",
            "version": "version >= 1",
        },
        indexes={
            "technician": ["technician_id", "device_id", "end"],
            "end": ["end"],
            "supplier_id": ["supplier_id"],
            "device_id": ["device_id"],
        },
    )  # fmt: skip


def locks() -> None:
    table(
        "locks", col("id"), col("scope"), col("subject_id"), col("reason"), col("imposed_by"), col("imposed_at", AT),
        col("until", AT, null=True), col("lifted_at", AT, null=True), col("lifted_by"),
        checks={
            "scope": one_of("scope", "all", "supplier", "technician", "device"),
            "subject": "scope = 'all' or subject_id <> ''",
            "until": "until is null or until > imposed_at",
            "reason": "length(reason) > 0",
            "lifted": "(lifted_at is null) = (lifted_by = '')",
        },
        indexes={"lifted": ["lifted_at"]},
    )  # fmt: skip


def sessions() -> None:
    ends = (
        "technician_left", "time_over", "idle", "cut", "locked", "revoked", "device_lost", "recording_failed",
        "records_lost", "shutdown", "crashed",
    )  # fmt: skip
    table(
        "sessions", col("id"), col("grant_id"), col("request_id"), col("technician_id"), col("technician_name"),
        col("supplier_id"), col("device_id"), col("facility_id"), col("account_login"), col("source"), col("client"),
        col("node"), col("started_at", AT), col("ended_at", AT, null=True), col("end_reason", null=True),
        col("end_by"), col("end_why"), col("frozen_at", AT, null=True), col("frozen_by"), col("cut_at", AT, null=True),
        col("cut_by"), col("cut_why"), col("recording_digest"), col("recording_bytes", BIG),
        col("recording_seconds", sa.Double()), col("version", INT),
        refs=[
            "grant_id>grants", "request_id>access_requests", "technician_id>technicians", "supplier_id>suppliers",
            "device_id>devices", "facility_id>facilities",
        ],
        checks={
            "box": "ended_at is null or ended_at >= started_at",
            "reason": "(ended_at is null) = (end_reason is null)",
            "ends": f"end_reason is null or {one_of('end_reason', *ends)}",
            "recording": "recording_bytes >= 0 and recording_seconds >= 0",
            "version": "version >= 1",
        },
        indexes={
            "grant_id": ["grant_id"],
            "live": ["ended_at", "node"],
            "started": ["started_at"],
            "device": ["device_id", "started_at"],
            "technician": ["technician_id", "started_at"],
            "supplier": ["supplier_id", "started_at"],
            "facility": ["facility_id", "started_at"],
        },
    )  # fmt: skip


def proofs() -> None:
    table(
        "credentials", col("subject_id"), col("password_hash"), col("totp_sealed", BYTES),
        col("totp_enrolled_at", AT, null=True), col("password_changed_at", AT, null=True), key=("subject_id",),
        checks={"hash": "password_hash = '' or password_hash like '$argon2id$%'"},
    )  # fmt: skip
    table("totp_uses", col("subject_id"), col("timestep", BIG), key=("subject_id", "timestep"))
    table(
        "auth_failures", col("id", BIG_ID), col("subject"), col("source"), col("at", AT),
        indexes={"subject": ["subject", "source", "at"], "source": ["source", "at"], "at": ["at"]},
    )  # fmt: skip
    table(
        "api_tokens", col("id"), col("staff_id"), col("label"), col("hash"), col("created_at", AT),
        col("expires_at", AT), col("revoked_at", AT, null=True), col("roles"), refs=["staff_id>staff"],
        unique=[("hash",)], indexes={"staff_id": ["staff_id"]},
        checks={"expires": "expires_at > created_at", "hash": "length(hash) = 64"},
    )  # fmt: skip
    table(
        "web_sessions", col("id"), col("staff_id"), col("created_at", AT), col("expires_at", AT),
        col("factor_at", AT, null=True), col("source"), col("ended_at", AT, null=True), refs=["staff_id>staff"],
        indexes={"staff_id": ["staff_id"], "expires": ["expires_at"]},
        checks={"expires": "expires_at > created_at", "id": "length(id) = 64"},
    )  # fmt: skip
    table(
        "factor_proofs", col("id"), col("technician_id"), col("fingerprint"), col("source"), col("grant_id"),
        col("expires_at", AT), refs=["technician_id>technicians", "grant_id>grants"],
        indexes={"technician": ["technician_id", "grant_id"], "grant_id": ["grant_id"]},
    )  # fmt: skip


def house() -> None:
    table("settings", col("key"), col("value"), key=("key",))
    table("leases", col("name"), col("node"), col("until", AT), key=("name",))
    table(
        "audit_events", sa.Column("seq", BIG_ID, nullable=False, autoincrement=False), col("at", AT), col("tag"),
        col("severity"), col("actor_kind"), col("actor_id"), col("actor_name"), col("source"), col("subject_kind"),
        col("subject_id"), col("facility_id"), col("fields"), col("previous"), col("digest"), key=("seq",),
        checks={
            "severity": one_of("severity", "info", "notice", "warning", "alarm"),
            "digest": "length(digest) = 64 and length(previous) = 64",
            "seq": "seq > 0",
        },
        indexes={
            "tag": ["tag", "seq"],
            "at": ["at"],
            "actor": ["actor_id", "seq"],
            "subject": ["subject_id", "seq"],
            "facility": ["facility_id", "seq"],
            "severity": ["severity", "seq"],
        },
    )  # fmt: skip
    head = table(
        "audit_head", sa.Column("id", INT, nullable=False, autoincrement=False), col("seq", BIG), col("digest"),
        checks={"single": "id = 1", "seq": "seq >= 0"},
    )  # fmt: skip
    op.bulk_insert(head, [{"id": 1, "seq": 0, "digest": "0" * 64}])

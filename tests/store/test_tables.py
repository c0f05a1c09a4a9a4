"""What the queries rely on: columns in the dataclass's order, and an index behind every finder."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite as dialect
from sqlalchemy.engine import make_url

from bastion.domain.events import AuditEvent
from bastion.domain.review import Campaign, LineState, Remit, RightKind, Sought
from bastion.store import (
    access,
    audit_log,
    decision_links,
    directory,
    drafts,
    emergencies,
    former_addresses,
    handovers,
    held_files,
    looking,
    maintenance,
    outbox,
    papers,
    portal,
    proofs,
    repository,
    review_pages,
    reviews,
    sessions,
    sqlite,
    watches,
    whole_grant,
    work_orders,
)
from bastion.store import tables as t
from tests.store.samples import HOUR, NOW

REPOSITORIES = [
    handovers.Handovers, emergencies.Emergencies, maintenance.MaintenanceWindows, maintenance.WindowUses,
    drafts.Drafts, former_addresses.FormerAddresses, papers.Papers, papers.PaperRules,
    directory.Facilities, directory.Suppliers, directory.Technicians, directory.Keys, directory.StaffMembers,
    directory.Devices, directory.Endpoints, directory.Accounts, access.Grants, access.Locks, sessions.Sessions,
    watches.Watches, work_orders.Gmaos, work_orders.OrderLooks,
    held_files.HeldFiles, outbox.Outbox, outbox.Deliveries, outbox.Webhooks, outbox.MailChoices,
    decision_links.DecisionLinks, portal.PortalSessions, portal.PortalInvitations, portal.Correspondents,
    proofs.Credentials, proofs.Tokens, proofs.WebSessions, proofs.Proofs, proofs.Secrets,
]  # fmt: skip


@pytest.mark.parametrize("noun", REPOSITORIES)
def test_columns_stand_in_the_order_of_the_fields(noun: type[repository.Repository[Any]]) -> None:
    columns = [getattr(column, "name", "supplier_ids") for column in noun.columns()]
    names = [field.name for field in fields(noun.kind)]
    assert ["supplier_ids" if name is None or name.startswith("anon") else name for name in columns] == names


def test_columns_of_an_audit_event_stand_in_the_order_of_its_fields() -> None:
    assert [column.name for column in t.audit_events.c] == [field.name for field in fields(AuditEvent)]


NOWHERE = sa.literal("x")
A_REVIEW = Campaign("c1", "H2", ("*",), NOW, "Ruth", NOW)
A_REMIT = Remit("me", frozenset({RightKind.TECHNICIAN}), frozenset({"f1"}), frozenset({("f1", "Labo")}))
FINDERS = {
    "facilities.by_code": directory._FACILITY_BY_CODE,
    "suppliers.by_code": directory._SUPPLIER_BY_CODE,
    "devices.by_code": directory._DEVICE_BY_CODE,
    "technicians.by_login": directory._TECHNICIAN_BY_LOGIN,
    "staff.by_login": directory._STAFF_BY_LOGIN,
    "keys.of": directory._KEYS_OF,
    "keys.holder": directory._HOLDER,
    "endpoints.of": directory._ENDPOINTS_OF,
    "accounts.of": directory._ACCOUNTS_OF,
    "handovers.of_several": handovers.OF_SEVERAL,
    "windows.of_device": maintenance.OF_DEVICE,
    "windows.standing": maintenance.STANDING,
    "windows.left_to, their own": maintenance.NAMED_OF.params(ids=["s1"]),
    "windows.left_to": maintenance.LEFT_TO.params(ids=["s1"]),
    "windows.between": maintenance.COMING,
    "windows.between on a device": maintenance.COMING.where(t.maintenance_windows.c.device_id == NOWHERE),
    "windows.search": maintenance.NEWEST.limit(50),
    "window_uses.of_window": maintenance.OF_WINDOW,
    "emergencies.of_several": emergencies.OF_SEVERAL,
    "emergencies.overdue": emergencies.OVERDUE,
    "emergencies.to_review": emergencies.TO_REVIEW,
    "emergencies.search": emergencies.NEWEST.limit(50),
    "sessions.of_grant": sessions.OF_GRANT,
    "sessions.of_grants": sessions.OF_GRANTS,
    "papers.of_several": papers.OF_SUPPLIERS,
    "requests.pending": access.WAITING,
    "requests.lapsed": access.LAPSED,
    "requests.of_technician": access.OF_TECHNICIAN,
    "requests.open_for": access.OPEN_FOR,
    "requests.awaited": access.AWAITED,
    "requests.search": access.NEWEST_REQUESTS.limit(50),
    "requests, approvals": access.APPROVALS_OF,
    "audit.about": audit_log.ABOUT.params(ids=["t1"], tags=["technician:left"]),
    "grants.over": access.GRANTS_OVER.limit(50),
    "grants.starting": access.GRANTS_STARTING.limit(50),
    "grants.starting on a device": access.GRANTS_STARTING.where(t.grants.c.device_id == NOWHERE).limit(50),
    "grants.live": access.LIVE_GRANTS,
    "whole_grants.get": whole_grant._WHOLE,
    "grants.of_technician": access.GRANTS_OF_TECHNICIAN,
    "grants.of_request": access.GRANT_OF_REQUEST,
    "grants.of_requests": access.GRANTS_OF_REQUESTS,
    "grants.unfinished": access.UNFINISHED,
    "grants.with_patient_data": access.WITH_PATIENT_DATA,
    "locks.unlifted": access.UNLIFTED,
    "gmaos.of": work_orders.OF_FACILITY,
    "watches.open_on": watches.OPEN_ON,
    "grants.of_device": access.GRANTS_OF_DEVICE.limit(7),
    "sessions.live": sessions.LIVE,
    "sessions.live on a node": sessions.LIVE_ON,
    "sessions.some": sessions.Sessions.sql_some,
    "sessions.live_on_device": sessions.LIVE_ON_DEVICE,
    "sessions.from_abroad": sessions.ABROAD,
    "sessions.count_live": sessions.COUNT_LIVE,
    "sessions.search": sessions.NEWEST.limit(50),
    "sessions.search of a facility": sessions.NEWEST.where(t.sessions.c.facility_id == NOWHERE).limit(50),
    "sessions.search of a device": sessions.NEWEST.where(t.sessions.c.device_id == NOWHERE).limit(50),
    "held_files.search": held_files.NEWEST.limit(50),
    "held_files.search of a facility": held_files.NEWEST.where(t.held_files.c.facility_id == NOWHERE).limit(50),
    "held_files.search in a state": held_files.NEWEST.where(t.held_files.c.stored_state == NOWHERE).limit(50),
    "held_files.search of a session": held_files.NEWEST.where(t.held_files.c.session_id == NOWHERE).limit(50),
    "held_files.search of a SHA-256": sa.select(t.held_files.c.id).where(t.held_files.c.sha256 == NOWHERE),
    "held_files.search of a reference": sa.select(t.held_files.c.id).where(held_files.REF == NOWHERE),
    "held_files.count_held": held_files.COUNT_HELD,
    "held_files.released": held_files.RELEASED_IN,
    "held_files.fetched": held_files.FETCHED,
    "held_files.over": held_files.OVER,
    "held_files.unfinished": held_files.UNFINISHED,
    "held_files.some": held_files.HeldFiles.sql_some,
    "keys.of_several": directory._KEYS_OF_SEVERAL,
    "endpoints.of_several": directory._ENDPOINTS_OF_SEVERAL,
    "accounts.of_several": directory._ACCOUNTS_OF_SEVERAL,
    "deliveries.due": outbox.DUE,
    "deliveries.count": outbox.COUNT,
    "deliveries.search": outbox.NEWEST.limit(50),
    "deliveries.search in a state": outbox.NEWEST.where(t.deliveries.c.state == NOWHERE).limit(50),
    "mail_choices.of": outbox.CHOICES_OF,
    "former_addresses.of": former_addresses.OF_PERSON,
    "portal_invitations.open_of_several": portal.OPEN_OF_SEVERAL,
    "correspondents.of": portal.CORRESPONDENTS_OF,
    "audit.counted": audit_log._COUNTED,
    "failures.count": proofs.COUNT_FAILURES.where(t.auth_failures.c.subject == NOWHERE),
    "failures.count from a source": proofs.COUNT_FAILURES.where(t.auth_failures.c.source == NOWHERE),
    "tokens.by_hash": proofs.TOKEN_BY_HASH,
    "tokens.of": proofs.TOKENS_OF,
    "web_sessions.of": proofs.WEB_SESSIONS_OF,
    "web_sessions.seen": proofs.WebSessions.sql_seen,
    "portal_sessions.seen": portal.PortalSessions.sql_seen,
    "review_lines.counts": reviews.COUNTS,
    "review_lines.count_since": reviews.COUNT_SINCE,
    "review_pages.page": review_pages._lines(A_REVIEW, A_REMIT).limit(50),
    "review_pages.whole": review_pages._lines(A_REVIEW, A_REMIT),
    "review_lines.words": reviews.WORDS,
    "review_lines.decided": reviews.DECIDED,
    "review_lines.withdrawn": reviews.WITHDRAWN,
    "devices.wards_of": directory._WARDS_OF,
    "proofs.standing": proofs.STANDING_PROOF,
    "audit.search": sa.select(t.audit_events).order_by(t.audit_events.c.seq.desc()).limit(100),
    "audit.verify": audit_log._AFTER,
    "audit.between": audit_log._BETWEEN,
} | {f"what is called so, {number}": part for number, part in enumerate((*looking.PARTS, *looking.PARTS_AT))}


def plan_of(statement: "sa.Select[Any]", path: Path) -> list[str]:
    """The steps by which SQLite would find what is asked."""
    compiled = statement.compile(dialect=dialect.dialect(), compile_kwargs={"render_postcompile": True})
    connection = sqlite.connect(path)
    values = [0] * len(compiled.positiontup or ())
    steps = [row[3] for row in connection.execute(f"explain query plan {compiled}", values)]
    connection.close()
    return steps


@pytest.mark.parametrize("name", FINDERS)
def test_no_finder_reads_a_whole_table(name: str, migrated_sqlite: Path) -> None:
    statement = FINDERS[name]
    binds = statement.compile(dialect=dialect.dialect()).binds.items()
    plan = plan_of(
        statement.params({key: [""] if bind.expanding else "" for key, bind in binds if bind.required}), migrated_sqlite
    )
    scans = [step for step in plan if step.startswith("SCAN") and "USING" not in step and step != "SCAN audit_events"]
    assert not scans, plan


def test_how_far_the_reviews_are_is_read_from_the_index_alone(migrated_sqlite: Path) -> None:
    """Of a list of reviews each has thousands of lines, and none of them is looked at."""
    waits = review_pages.counting(
        A_REVIEW, replace(A_REMIT, wards=frozenset()), Sought(state=LineState.OPEN, mine=True), NOW - HOUR
    )
    for statement in (reviews.COUNTS, waits):
        filled = statement.params(ids=["c1"]) if statement is reviews.COUNTS else statement
        plan = plan_of(filled, migrated_sqlite)
        of_lines = [step for step in plan if "review_lines" in step]
        assert of_lines
        assert all(
            step.startswith("SEARCH") and "USING COVERING INDEX ix_review_lines_campaign " in step for step in of_lines
        ), plan


def test_a_page_of_a_review_is_read_in_its_order(migrated_sqlite: Path) -> None:
    """It is not sorted: of five thousand lines fifty are looked at."""
    plan = plan_of(review_pages.paging(A_REVIEW, A_REMIT, Sought(), NOW).limit(50), migrated_sqlite)
    assert "SEARCH review_lines USING INDEX ix_review_lines_page (campaign_id=?)" in plan, plan
    assert not [step for step in plan if "ORDER BY" in step], plan


def test_the_template_is_where_the_tests_think(sqlite_url: str) -> None:
    assert Path(make_url(sqlite_url).database or "").exists()

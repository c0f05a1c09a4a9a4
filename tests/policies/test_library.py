"""The shipped rules, against the hospital's requirements said once more in Python."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.engine import PolicyEngine
from policies.loader import load
from policies.model import (
    NO_RULE,
    SESSION_ACTIONS,
    Action,
    ContextFacts,
    DeviceFacts,
    PrincipalFacts,
    Query,
    Sas,
    SupplierFacts,
    each,
)

By = Callable[..., Query]
ROLES = ("approver", "security", "auditor", "admin")
KINDS = ("telediagnostic", "telemaintenance", "teleassistance")
FILES = (Action.SFTP, Action.UPLOAD, Action.DOWNLOAD, Action.DELETE, Action.RENAME, Action.FORWARD)
ON_FILES = {
    "telemaintenance": set(FILES),
    "telediagnostic": {Action.SFTP, Action.DOWNLOAD, Action.FORWARD},
    "teleassistance": set(),
}
ON_DEVICE = (Action.REQUEST, Action.STANDING, Action.CONNECT, Action.SHELL, Action.EXEC)
STAFF_ACTIONS = (
    Action.APPROVE, Action.DECIDE_BY_LINK, Action.REVIEW, Action.RELEASE, Action.REPLAY, Action.WATCH,
    Action.INTERRUPT, Action.LOCK,
)  # fmt: skip

HOUR = timedelta(hours=1)
LIKELY = st.sampled_from([True, True, True, False])
"""Mostly true: a query with everything drawn evenly would hardly ever be allowed."""


@st.composite
def technician_queries(draw: st.DrawFn) -> Query:
    company = draw(st.sampled_from(["acme", "acme", "other"]))
    return Query(
        action=draw(st.sampled_from(Action)),
        principal=PrincipalFacts("technician", "alice", supplier_id=draw(st.sampled_from(["acme", "acme", "other"]))),
        supplier=SupplierFacts(
            company,
            company,
            ("192.0.2.0/24", "203.0.113.0/24"),
            contract_active=draw(LIKELY),
            papers_in_order=draw(LIKELY),
        ),
        device=DeviceFacts(
            "d", "D", "nord", frozenset({"acme"}) if draw(LIKELY) else frozenset(), draw(st.integers(1, 4))
        ),
        context=ContextFacts(
            now=datetime(2026, 11, 23, tzinfo=UTC),
            source_ip="203.0.113.9" if draw(LIKELY) else "10.0.0.1",
            kind=draw(st.sampled_from([*KINDS, *KINDS, "telepathy"])),
            duration=draw(st.sampled_from([HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR + timedelta(microseconds=1)])),
            factors=draw(st.sampled_from([2, 2, 3, 1])),
            approvals=draw(st.integers(0, 3)),
            emergency=draw(st.booleans()),
            is_requester=draw(st.booleans()),
            review_overdue=draw(st.booleans()),
            report_overdue=draw(st.booleans()),
            country_declared=draw(LIKELY),
            outside_eea=draw(st.booleans()),
        ),
    )


def technician_may(query: Query) -> bool:
    """R-5, R-15, R-17, R-18, R-20, R-22, R-24, R-26, R-45, R-59 in one breath; a maintenance window is for looking."""
    context, device, supplier = query.context, query.device, query.supplier
    if query.action is Action.ENTER:
        mine = query.principal.supplier_id == supplier.id
        return mine and supplier.contract_active and context.source_ip == "203.0.113.9"
    works = (
        query.action in {*ON_DEVICE, *ON_FILES.get(context.kind, set())}
        and query.principal.supplier_id == supplier.id
        and supplier.id in device.supplier_ids
        and supplier.contract_active
        and supplier.papers_in_order
        and context.country_declared
        and context.source_ip == "203.0.113.9"
        and context.kind in KINDS
        and context.duration <= 4 * HOUR
    )
    works = works and not (query.action is Action.REQUEST and context.emergency and context.review_overdue)
    works = works and not (query.action is Action.REQUEST and context.report_overdue and not context.emergency)
    looks_only = context.kind == "telediagnostic" and not context.emergency and device.criticality < 4
    works = works and (query.action is not Action.STANDING or looks_only)
    needed = 2 if device.criticality == 4 else 1
    agreed = context.factors >= 2 and context.approvals >= needed
    return works and (agreed or query.action not in SESSION_ACTIONS)


@given(technician_queries())
def test_a_technician_may_do_exactly_what_the_requirements_say(library: PolicyEngine, query: Query):
    decision = library.decide(query)
    assert decision.errors == ()
    assert decision.allowed == technician_may(query)
    if decision.allowed and query.action is not Action.ENTER:
        highest = query.device.criticality == 4
        obligations = decision.obligations
        assert obligations.approvals == (2 if highest else 1)
        urgent = query.context.emergency and query.action not in FILES
        assert obligations.max_duration == (HOUR if urgent else 2 * HOUR if highest else 4 * HOUR)
        assert obligations.watcher is (highest or urgent)
        assert obligations.idle == timedelta(minutes=15)
        assert obligations.record
        if query.action in FILES:
            assert obligations.sas is (Sas.PERSON if highest else Sas.RULE)


def staff_may(action: Action, roles: frozenset[str], *, covers: bool, mine: bool, called: bool) -> bool:
    """R-23, R-26, R-27, R-28, R-34, R-41, R-55, R-64, R-70."""
    if action in {Action.APPROVE, Action.RELEASE}:
        return covers and not mine and roles == {"approver"} and not (called and action is Action.APPROVE)
    if action is Action.DECIDE_BY_LINK:
        return True  # beside the right to decide, which is judged by itself
    who = {
        Action.REVIEW: {"approver", "security"},
        Action.REPLAY: {"security", "auditor"},
        Action.WATCH: {"approver", "security"},
        Action.INTERRUPT: {"approver", "security"},
        Action.LOCK: {"security", "admin"},
    }[action]
    return covers and bool(roles & who) and not (mine and action is Action.WATCH)


@given(
    action=st.sampled_from(STAFF_ACTIONS),
    roles=st.frozensets(st.sampled_from(ROLES)),
    facilities=st.sampled_from([("nord",), ("sud",), ("sud", "nord"), ("*",), ()]),
    mine=st.booleans(),
    called=st.booleans(),
    criticality=st.integers(1, 4),
)
def test_staff_may_do_exactly_what_the_requirements_say(
    library: PolicyEngine,
    action: Action,
    roles: frozenset[str],
    facilities: tuple[str, ...],
    mine: bool,
    called: bool,
    criticality: int,
):
    query = Query(
        action,
        PrincipalFacts("staff", "bruno", duties=each(roles, facilities)),
        None,
        DeviceFacts("d", "D", "nord", frozenset({"acme"}), criticality),
        ContextFacts(now=datetime(2026, 11, 23, tzinfo=UTC), is_requester=mine, emergency=called, is_caller=called),
    )
    decision = library.decide(query)
    assert decision.errors == ()
    covers = bool({"nord", "*"} & set(facilities))
    assert decision.allowed == staff_may(action, roles, covers=covers, mine=mine, called=called)


@pytest.mark.parametrize("role", ["admin", "security", "auditor"])
def test_R23_who_administers_secures_or_audits_does_not_approve(library: PolicyEngine, query: Query, by: By, role: str):
    for roles in ([role], [role, "approver"]):
        decision = library.decide(by(query, Action.APPROVE, *roles, facilities="*"))
        assert not decision.allowed
        assert [reason.policy_id for reason in decision.reasons] == ["separate-duties"]


def test_R23_nobody_approves_his_own_request(library: PolicyEngine, query: Query, by: By):
    asked = by(query, Action.APPROVE, "approver")
    assert library.decide(asked).allowed
    own = library.decide(replace(asked, context=replace(asked.context, is_requester=True)))
    assert [reason.policy_id for reason in own.reasons] == ["own-request"]


@pytest.mark.parametrize("kind", ON_FILES)
@pytest.mark.parametrize("action", FILES)
def test_each_kind_of_intervention_has_its_own_rights_on_files(
    library: PolicyEngine, query: Query, action: Action, kind: str
):
    """R-20, R-21: diagnosis reads, maintenance also writes, assistance does neither; what passes is checked (R-41)."""
    decision = library.decide(replace(query, action=action, context=replace(query.context, kind=kind)))
    assert decision.allowed == (action in ON_FILES[kind])
    if decision.allowed:
        assert decision.obligations.sas is Sas.RULE
    else:
        assert decision.reasons == (NO_RULE,)


@pytest.mark.parametrize("action", [Action.CONNECT, Action.SHELL, Action.EXEC, *FILES])
def test_staff_never_work_on_a_device(library: PolicyEngine, query: Query, by: By, action: Action):
    assert not library.decide(by(query, action, *ROLES, facilities="*")).allowed


@pytest.mark.parametrize("action", STAFF_ACTIONS)
def test_technicians_have_none_of_the_hospitals_rights(library: PolicyEngine, query: Query, action: Action):
    pretending = replace(query.principal, duties=each(ROLES, "*"))
    context = replace(query.context, is_requester=False)
    for device in (query.device, None):
        asked = replace(query, action=action, principal=pretending, device=device, context=context)
        assert library.decide(asked).reasons == (NO_RULE,)


@pytest.mark.parametrize(
    ("role", "may"), [("security", True), ("admin", True), ("approver", False), ("auditor", False)]
)
def test_R64_the_red_button_is_in_reach_of_security_and_administrators(
    library: PolicyEngine, query: Query, by: By, role: str, may: bool
):
    everything = replace(by(query, Action.LOCK, role, facilities="sud"), device=None)
    assert library.decide(everything).allowed is may


@pytest.mark.parametrize(("criticality", "quorum"), [(1, 1), (3, 1), (4, 2)])
def test_staff_may_ask_for_a_supplier_and_others_agree(
    library: PolicyEngine, query: Query, by: By, criticality: int, quorum: int
):
    asked = by(query, Action.REQUEST, "approver")
    asked = replace(
        asked,
        device=replace(asked.device, criticality=criticality),
        context=replace(asked.context, source_ip="10.0.0.1"),
    )
    decision = library.decide(asked)
    assert decision.allowed
    assert decision.obligations.approvals == quorum
    assert decision.obligations.watcher is (criticality == 4)
    assert not library.decide(replace(asked, supplier=replace(asked.supplier, contract_active=False))).allowed
    assert not library.decide(
        replace(asked, principal=replace(asked.principal, duties=frozenset({("approver", "sud")})))
    ).allowed


def test_every_refusal_of_a_technician_says_all_that_is_amiss(library: PolicyEngine, query: Query):
    spoilt = replace(
        query,
        supplier=replace(query.supplier, contract_active=False),
        context=ContextFacts(now=query.context.now, source_ip="10.0.0.1", duration=5 * HOUR),
    )
    decision = library.decide(spoilt)
    expected = ["source-network", "contract-over", "country-undeclared", "kind-unknown", "too-long", "two-factors"]
    assert [reason.policy_id for reason in decision.reasons] == expected


def test_every_rule_speaks_good_english_and_french():
    for rule in load(None).rules.values():
        english, french = rule.reason.sentence_en, rule.reason.sentence_fr
        assert english != french
        for sentence in (english, french):
            assert re.fullmatch(r"[A-ZÀÉ].*\.", sentence)
            assert "'" not in sentence  # typographic apostrophes only

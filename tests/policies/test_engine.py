import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from cedarpy import AuthzResult
from hypothesis import given
from hypothesis import strategies as st

from policies import engine as engine_module
from policies.engine import PolicyEngine
from policies.loader import load
from policies.model import (
    APPROVALS_MISSING,
    NO_RULE,
    POLICY_ERROR,
    SESSION_ACTIONS,
    Action,
    ContextFacts,
    Decision,
    DeviceFacts,
    PrincipalFacts,
    Query,
    SupplierFacts,
    each,
)
from policies.obligations import DENIED
from tests.services.in_turn import engine as in_turn

EngineOf = Callable[..., PolicyEngine]
PERMIT_ALL = "permit (principal, action, resource);"
OVERFLOWS = "context.approvals + 9223372036854775807 > 0"
"""Passes the schema, and fails when it is asked as soon as somebody has agreed."""


def rule_ids(decision: Decision) -> list[str]:
    return [reason.policy_id for reason in decision.reasons]


@pytest.mark.parametrize("action", list(Action))
def test_T17_empty_policy_denies_everything(engine_of: EngineOf, query: Query, action: Action):
    engine = engine_of()
    staff = PrincipalFacts("staff", "x", duties=each(["approver", "admin"], "*"))
    for principal in (query.principal, staff):
        for device in (query.device, None):
            decision = engine.decide(replace(query, action=action, principal=principal, device=device))
            assert not decision.allowed
            assert decision.reasons == (NO_RULE,)
            assert decision.errors == ()


def test_default_deny_says_so_in_both_languages(engine_of: EngineOf, query: Query):
    reason = engine_of().decide(query).reasons[0]
    assert reason.sentence_en == "No rule allows this."
    assert reason.sentence_fr == "Aucune règle n’autorise cela."


def test_a_permit_allows_and_says_why(engine_of: EngineOf, query: Query):
    engine = engine_of('@id("yes") @sentence_en("You may.") @sentence_fr("Vous pouvez.") ' + PERMIT_ALL)
    decision = engine.decide(query)
    assert decision.allowed
    assert rule_ids(decision) == ["yes"]
    assert decision.reasons[0].sentence("fr") == "Vous pouvez."
    assert decision.policy_hash == engine.policy_hash
    assert len(decision.policy_hash) == 64


def test_a_forbid_stops_what_a_permit_allows_and_is_the_reason(engine_of: EngineOf, query: Query):
    decision = engine_of(PERMIT_ALL, "forbid (principal, action, resource);").decide(query)
    assert not decision.allowed
    assert rule_ids(decision) == ["rule-1"]
    assert decision.obligations == DENIED


def test_a_forbid_that_fails_is_a_no(engine_of: EngineOf, query: Query):
    """Cedar itself skips it and would allow."""
    decision = engine_of(PERMIT_ALL, f"forbid (principal, action, resource) when {{ {OVERFLOWS} }};").decide(query)
    assert not decision.allowed
    assert decision.reasons == (POLICY_ERROR,)
    assert "rule-1" in decision.errors[0]


def test_a_permit_that_fails_is_a_no_even_beside_one_that_allows(engine_of: EngineOf, query: Query):
    decision = engine_of(PERMIT_ALL, f"permit (principal, action, resource) when {{ {OVERFLOWS} }};").decide(query)
    assert not decision.allowed
    assert decision.reasons == (POLICY_ERROR,)


@pytest.mark.parametrize("action", ["erase", "", "Shell", "session", "supplierWork", 'x"; permit'])
def test_an_unknown_action_is_denied(engine_of: EngineOf, query: Query, action: str):
    decision = engine_of(PERMIT_ALL).decide(replace(query, action=action))
    assert not decision.allowed
    assert decision.reasons == (POLICY_ERROR,)
    assert decision.errors


@pytest.mark.parametrize(
    "spoilt",
    [
        {"principal": PrincipalFacts("ghost", "x")},
        {"principal": PrincipalFacts("staff", "x", duties=frozenset({("emperor", "f")}))},
        {"principal": None},
        {"device": DeviceFacts("d", "D", "f", frozenset(), criticality="high")},
        {"context": ContextFacts(now=datetime(2026, 11, 23, 10, 0))},  # noqa: DTZ001 - what is tested
        {"context": None},
    ],
    ids=["kind", "role", "nobody", "criticality", "naive", "no context"],
)
def test_facts_that_cannot_be_meant_are_a_no(engine_of: EngineOf, query: Query, spoilt: dict):
    decision = engine_of(PERMIT_ALL).decide(replace(query, **spoilt))
    assert not decision.allowed
    assert decision.reasons == (POLICY_ERROR,)
    assert decision.errors


def test_no_decision_is_a_no_even_without_an_error(engine_of: EngineOf, query: Query, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(engine_module, "is_authorized", lambda *_: AuthzResult({"decision": "NoDecision"}))
    decision = engine_of(PERMIT_ALL).decide(query)
    assert not decision.allowed
    assert decision.reasons == (POLICY_ERROR,)


def test_a_panic_in_cedar_is_a_no(engine_of: EngineOf, query: Query, monkeypatch: pytest.MonkeyPatch):
    class Panic(BaseException):
        """As pyo3 raises it: no `Exception`."""

    def panic(*_arguments: object) -> None:
        raise Panic("index out of bounds")

    monkeypatch.setattr(engine_module, "is_authorized", panic)
    decision = engine_of(PERMIT_ALL).decide(query)
    assert not decision.allowed
    assert decision.errors == ("Panic: index out of bounds",)


def test_somebody_who_stops_the_program_is_heard(engine_of: EngineOf, query: Query, monkeypatch: pytest.MonkeyPatch):
    def interrupted(*_arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(engine_module, "is_authorized", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engine_of(PERMIT_ALL).decide(query)


def test_all_deciding_permits_are_named_in_order_and_combined_to_the_strictest(engine_of: EngineOf, query: Query):
    engine = engine_of(
        '@max_duration("PT1H") @approvals("0") ' + PERMIT_ALL,
        '@approvals("3") @idle("PT2M") ' + PERMIT_ALL,
        '@watcher("required") @approvals("1") ' + PERMIT_ALL,
        '@approvals("9") permit (principal is Staff, action, resource);',
    )
    decision = engine.decide(replace(query, context=replace(query.context, approvals=3)))
    assert rule_ids(decision) == ["rule-0", "rule-1", "rule-2"]
    obligations = decision.obligations
    assert (obligations.approvals, obligations.max_duration) == (3, timedelta(hours=1))
    assert (obligations.idle, obligations.watcher, obligations.record) == (timedelta(minutes=2), True, True)


@pytest.mark.parametrize("action", sorted(SESSION_ACTIONS))
def test_no_session_with_fewer_approvals_than_the_rules_ask_for(engine_of: EngineOf, query: Query, action: Action):
    engine = engine_of('@approvals("3") ' + PERMIT_ALL)
    asked = replace(query, action=action)
    enough, too_few = (replace(asked, context=replace(asked.context, approvals=count)) for count in (3, 2))
    assert engine.decide(enough).allowed
    decision = engine.decide(too_few)
    assert not decision.allowed
    assert decision.reasons == (APPROVALS_MISSING,)


def test_a_request_needs_no_approvals_yet(engine_of: EngineOf, query: Query):
    asked = replace(query, action=Action.REQUEST, context=replace(query.context, approvals=0))
    decision = engine_of('@approvals("3") ' + PERMIT_ALL).decide(asked)
    assert decision.allowed
    assert decision.obligations.approvals == 3


@pytest.mark.parametrize("criticality", [4, 5])
def test_R22_no_rule_opens_the_highest_criticality_with_fewer_than_two(
    engine_of: EngineOf, query: Query, criticality: int
):
    engine = engine_of('@approvals("0") ' + PERMIT_ALL)
    critical = replace(query, device=replace(query.device, criticality=criticality))
    asked = engine.decide(replace(critical, action=Action.REQUEST))
    assert asked.obligations.approvals == 2
    assert engine.decide(critical).reasons == (APPROVALS_MISSING,)
    assert engine.decide(replace(query, action=Action.REQUEST)).obligations.approvals == 0


def test_reasons_of_earlier_decisions_can_be_read_again(engine_of: EngineOf):
    engine = engine_of(PERMIT_ALL)
    known = engine.reason("rule-0")
    assert known is not None
    assert known.sentence_en == "English."
    assert engine.reason("no_rule") is NO_RULE
    assert engine.reason("rule-of-last-year") is None


def test_hostile_names_are_names_and_nothing_else(engine_of: EngineOf, query: Query):
    hostile = 'x", "type": "Staff\n\\u0000'
    engine = engine_of('permit (principal == Technician::"alice", action, resource);', PERMIT_ALL)
    decision = engine.decide(replace(query, principal=replace(query.principal, id=hostile)))
    assert rule_ids(decision) == ["rule-1"]


ANY_QUERY = st.builds(
    Query,
    action=st.sampled_from(Action) | st.text(),
    principal=st.builds(
        PrincipalFacts,
        kind=st.sampled_from(["technician", "staff"]) | st.text(),
        id=st.text(),
        supplier_id=st.text(),
        duties=st.frozensets(st.tuples(st.sampled_from(["approver", "security"]) | st.text(), st.text()), max_size=3),
    ),
    supplier=st.none()
    | st.builds(
        SupplierFacts,
        id=st.text(),
        code=st.text(),
        networks=st.lists(st.text()).map(tuple),
        contract_active=st.booleans(),
        papers_in_order=st.booleans(),
    ),
    device=st.none()
    | st.builds(
        DeviceFacts,
        id=st.text(),
        code=st.text(),
        facility_id=st.text(),
        supplier_ids=st.frozensets(st.text(), max_size=3),
        criticality=st.integers(),
    ),
    context=st.builds(
        ContextFacts,
        now=st.datetimes(timezones=st.none() | st.just(UTC)),
        source_ip=st.text() | st.ip_addresses().map(str),
        kind=st.text(),
        duration=st.timedeltas(),
        factors=st.integers(),
        approvals=st.integers(),
        emergency=st.booleans(),
        is_requester=st.booleans(),
    ),
)


@given(ANY_QUERY)
def test_whatever_is_asked_there_is_an_answer(library: PolicyEngine, asked: Query):
    decision = library.decide(asked)
    assert decision.reasons
    assert decision.policy_hash == library.policy_hash
    assert decision.allowed == (decision.obligations != DENIED)
    if decision.errors:
        assert decision.reasons == (POLICY_ERROR,)


def test_a_decision_takes_less_than_a_millisecond(library: PolicyEngine, query: Query):
    """The best of many, so that a busy machine does not decide it."""

    def once() -> float:
        start = time.perf_counter()
        assert library.decide(query).allowed
        return time.perf_counter() - start

    assert min(once() for _ in range(200)) < 0.001


# -- what is remembered ------------------------------------------------------------------------------------------------
MORNING = 'context.now < datetime("2026-11-23T12:00:00Z")'


@pytest.mark.parametrize(
    "clock",
    [
        f"when {{ {MORNING} }}",
        f"unless {{ !({MORNING}) }}",
        f"when {{ context.factors == 2 && (if context.approvals > 0 then {MORNING} else false) }}",
        'when { context["now"].toTime() < duration("12h") }',
    ],
)
def test_a_rule_that_looks_at_the_clock_is_asked_at_every_time(engine_of, query, clock):
    engine = engine_of(f"permit(principal, action, resource) {clock};")
    answers = [
        engine.decide(
            replace(query, context=replace(query.context, now=query.context.now + timedelta(hours=hours)))
        ).allowed
        for hours in (0, 3, 0, 3)
    ]
    assert answers == [True, False, True, False]


@pytest.mark.parametrize(
    ("when", "asked"),
    [("true", 1), ("context.factors == 2", 1), ("context has source", 1), ("context has now", 2), (MORNING, 2)],
)
def test_where_no_rule_looks_at_the_clock_the_same_is_asked_once(engine_of, query, monkeypatch, when, asked):
    engine = engine_of(f"permit(principal, action, resource) when {{ {when} }};")
    questions = []
    real = engine_module.is_authorized
    monkeypatch.setattr(engine_module, "is_authorized", lambda *of: questions.append(of) or real(*of))
    for minutes in (0, 1, 0, 1):
        moment = query.context.now + timedelta(minutes=minutes)
        assert engine.decide(replace(query, context=replace(query.context, now=moment))).allowed
    assert len(questions) == asked


def test_every_other_fact_is_part_of_the_question(library, query):
    assert library.decide(query).allowed
    spoilt = {
        "approvals": replace(query, context=replace(query.context, approvals=0)),
        "address": replace(query, context=replace(query.context, source_ip="192.0.2.1")),
        "contract": replace(query, supplier=replace(query.supplier, contract_active=False)),
        "device": replace(query, device=replace(query.device, supplier_ids=frozenset({"other"}))),
        "person": replace(query, principal=replace(query.principal, supplier_id="other")),
        "time": replace(query, context=replace(query.context, now=query.context.now.replace(tzinfo=None))),
    }
    assert [what for what, one in spoilt.items() if library.decide(one).allowed] == []
    assert library.decide(query).allowed


def test_the_shipped_rules_do_not_look_at_the_clock():
    """Those of a hospital may; then every question is asked anew, and open pages cost more."""
    assert not load(None).read_the_clock


def test_the_shipped_rules_let_several_agree_in_any_order(tmp_path):
    assert not load(None).count_agreements
    assert in_turn(tmp_path / "rules").in_turn

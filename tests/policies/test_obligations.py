from dataclasses import fields, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.model import Counted, DeviceFacts, Obligations, Sas
from policies.obligations import DEFAULT, DENIED, NAMES, parse, parse_duration, raise_to_floor, strictest
from policies.problems import Fault

DURATIONS = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=2))
OBLIGATIONS = st.builds(
    Obligations,
    approvals=st.integers(0, 9),
    max_duration=DURATIONS,
    idle=DURATIONS,
    watcher=st.booleans(),
    record=st.booleans(),
    sas=st.sampled_from(Sas),
)


def at_least_as_strict(one: Obligations, other: Obligations) -> bool:
    return (
        one.approvals >= other.approvals
        and one.max_duration <= other.max_duration
        and one.idle <= other.idle
        and one.watcher >= other.watcher
        and one.record >= other.record
        and one.sas.rank >= other.sas.rank
    )


def device(criticality: int) -> DeviceFacts:
    return DeviceFacts("d", "D", "f", frozenset(), criticality)


@given(st.lists(OBLIGATIONS, min_size=1))
def test_the_combination_is_as_strict_as_each_part(every: list[Obligations]):
    combined = strictest(every)
    assert all(at_least_as_strict(combined, one) for one in every)


@given(st.lists(OBLIGATIONS, min_size=1))
def test_the_combination_invents_nothing(every: list[Obligations]):
    combined = strictest(every)
    for name in NAMES:
        assert getattr(combined, name) in {getattr(one, name) for one in every}


@given(st.lists(OBLIGATIONS, min_size=1), OBLIGATIONS)
def test_one_more_permit_can_only_tighten(every: list[Obligations], further: Obligations):
    assert at_least_as_strict(strictest([*every, further]), strictest(every))


@given(st.lists(OBLIGATIONS, min_size=1), st.randoms())
def test_neither_order_nor_grouping_matters(every: list[Obligations], chance):
    shuffled = every.copy()
    chance.shuffle(shuffled)
    assert strictest(shuffled) == strictest(every)
    assert strictest([strictest(every[:1]), strictest(every)]) == strictest(every)


def test_nothing_to_combine_is_an_error_and_not_a_free_pass():
    with pytest.raises(ValueError, match="empty"):
        strictest([])


@given(OBLIGATIONS, st.integers(-10, 10))
def test_no_rule_lowers_the_floor(obligations: Obligations, criticality: int):
    raised = raise_to_floor(obligations, device(criticality))
    assert raised.record
    assert raised.approvals == (max(obligations.approvals, 2) if criticality >= 4 else obligations.approvals)
    assert at_least_as_strict(raised, obligations)
    assert replace(raised, approvals=0, record=True) == replace(obligations, approvals=0, record=True)


@given(OBLIGATIONS)
def test_without_a_device_only_recording_has_a_floor(obligations: Obligations):
    assert raise_to_floor(obligations, None) == replace(obligations, record=True)


@given(OBLIGATIONS)
def test_a_no_grants_no_time_and_is_stricter_than_anything(obligations: Obligations):
    assert at_least_as_strict(DENIED, obligations)
    assert DENIED.max_duration == DENIED.idle == timedelta()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("PT4H", timedelta(hours=4)),
        ("PT90M", timedelta(minutes=90)),
        ("PT1H30M", timedelta(hours=1, minutes=30)),
        ("PT45S", timedelta(seconds=45)),
        ("P1D", timedelta(days=1)),
        ("P1DT2H3M4S", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_durations_are_read(text: str, expected: timedelta):
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "P1DT", "4h", "PT4", "PT0S", "-PT4H", "PT4H ", "PT4.5H", "PT٤H", "P1M", "pt4h", "PT1M1H"]
)
def test_what_is_no_duration_is_refused(text: str):
    with pytest.raises(ValueError, match=r"duration like|no time"):
        parse_duration(text)


@given(st.text())
def test_any_text_is_a_duration_or_a_value_error(text: str):
    try:
        assert parse_duration(text) > timedelta()
    except ValueError as error:
        assert "PT" in str(error) or "no time" in str(error)  # noqa: PT017 - the property is about both outcomes


def test_what_is_not_said_is_the_default():
    assert parse({}) == (DEFAULT, [])
    quarter, four_hours = timedelta(minutes=15), timedelta(hours=4)
    assert Obligations(1, four_hours, quarter, watcher=False, record=True, sas=Sas.RULE) == DEFAULT


def test_everything_can_be_said():
    annotations = {"approvals": "3", "max_duration": "PT1H", "idle": "PT5M", "watcher": "required", "record": "true"}
    expected = Obligations(3, timedelta(hours=1), timedelta(minutes=5), watcher=True, record=True, sas=Sas.PERSON)
    annotations |= {"sas": "person", "counted": "connection", "early": "PT15M", "late": "PT30M"}
    quarter = timedelta(minutes=15)
    expected = replace(expected, counted=Counted.CONNECTION, early=quarter, late=2 * quarter)
    assert parse(annotations) == (expected, [])


@pytest.mark.parametrize(
    ("annotation", "value", "fault"),
    [
        ("approvals", "two", Fault.BAD_APPROVALS),
        ("approvals", "-1", Fault.BAD_APPROVALS),
        ("approvals", "10", Fault.BAD_APPROVALS),
        ("approvals", "", Fault.BAD_APPROVALS),
        ("approvals", "٢", Fault.BAD_APPROVALS),
        ("max_duration", "4h", Fault.BAD_DURATION),
        ("idle", "PT0S", Fault.BAD_DURATION),
        ("counted", "sometimes", Fault.BAD_COUNTED),
        ("early", "soon", Fault.BAD_DURATION),
        ("late", "PT0M", Fault.BAD_DURATION),
        ("watcher", "maybe", Fault.BAD_WATCHER),
        ("watcher", "", Fault.BAD_WATCHER),
        ("record", "false", Fault.BAD_RECORD),
        ("record", "", Fault.BAD_RECORD),
        ("sas", "loose", Fault.BAD_SAS),
        ("sas", "", Fault.BAD_SAS),
    ],
)
def test_a_value_that_cannot_be_meant_is_a_fault(annotation: str, value: str, fault: Fault):
    obligations, problems = parse({annotation: value})
    assert [found.fault for found in problems] == [fault]
    assert obligations.record


def test_every_obligation_has_its_annotation():
    assert [one.name for one in fields(Obligations)] == list(NAMES)


def test_from_when_time_counts_and_how_far_one_may_stray_is_as_the_strictest_says():
    quarter = timedelta(minutes=15)
    loose = replace(DEFAULT, counted=Counted.CONNECTION, early=2 * quarter, late=quarter)
    assert strictest([loose, replace(loose, early=quarter)]) == replace(loose, early=quarter)
    assert strictest([loose, DEFAULT]) == DEFAULT

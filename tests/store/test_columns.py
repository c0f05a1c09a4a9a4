from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql, sqlite

from bastion.domain.device import ChannelKind
from bastion.errors import Invalid
from bastion.store.columns import Closed, CommaSet, Fields, Instant, Ref, Several, Span, Text, storable

SQLITE, POSTGRES = sqlite.dialect(), postgresql.dialect()
INSTANTS = st.datetimes(timezones=st.just(UTC))


@given(INSTANTS)
def test_an_instant_comes_back_to_the_microsecond(at: datetime) -> None:
    kept = Instant().process_bind_param(at, SQLITE)
    assert isinstance(kept, int)
    assert Instant().process_result_value(kept, SQLITE) == at


@given(INSTANTS, INSTANTS)
def test_instants_sort_as_they_are_kept(one: datetime, other: datetime) -> None:
    kept = [Instant().process_bind_param(at, SQLITE) for at in (one, other)]
    assert (kept[0] < kept[1]) == (one < other)


def test_an_instant_comes_back_in_utc_whatever_zone_it_had() -> None:
    at = datetime(2026, 10, 25, 2, 30, tzinfo=timezone(timedelta(hours=2)))
    for dialect in (SQLITE, POSTGRES):
        back = Instant().process_result_value(Instant().process_bind_param(at, dialect), dialect)
        assert back == at
        assert back is not None
        assert back.tzinfo is UTC


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        Instant().process_bind_param(datetime(2026, 1, 1), SQLITE)  # noqa: DTZ001 - the very mistake


@given(st.timedeltas(timedelta(days=-3650), timedelta(days=3650)))
def test_a_span_comes_back(span: timedelta) -> None:
    assert Span().process_result_value(Span().process_bind_param(span, SQLITE), SQLITE) == span


def test_nothing_stays_nothing() -> None:
    for column in (Instant(), Span(), Text(), Closed(ChannelKind), Fields(), Several(tuple)):
        assert column.process_bind_param(None, SQLITE) is None
    for column in (Instant(), Span(), Closed(ChannelKind)):
        assert column.process_result_value(None, SQLITE) is None
    assert Fields().process_result_value(None, SQLITE) == {}
    assert Several(tuple).process_result_value(None, SQLITE) == ()


@pytest.mark.parametrize("text", ["a\x00b", "\x00", "\ud800"])
def test_what_cannot_be_kept_is_refused(text: str) -> None:
    assert not storable(text)
    with pytest.raises(Invalid):
        Text().process_bind_param(text, SQLITE)


@pytest.mark.parametrize("text", ["", "é", "\x1b[2J", "\n", "𝕏"])
def test_other_text_is_kept_as_it_is(text: str) -> None:
    assert storable(text)
    assert Text().process_bind_param(text, SQLITE) == text


def test_a_missing_reference_is_null() -> None:
    assert Ref().process_bind_param("", SQLITE) is None
    assert Ref().process_result_value(None, SQLITE) == ""
    assert Ref().process_bind_param("x", SQLITE) == "x"


def test_a_set_is_kept_sorted_and_a_tuple_in_order() -> None:
    several = Several(frozenset, ChannelKind)
    kept = several.process_bind_param(frozenset(ChannelKind), SQLITE)
    assert kept == '["exec", "forward", "sftp", "shell"]'
    assert several.process_result_value(kept, SQLITE) == frozenset(ChannelKind)
    assert Several(tuple).process_bind_param(("b", "a"), SQLITE) == '["b", "a"]'


def test_a_member_of_a_closed_set_is_a_member_again() -> None:
    assert Closed(ChannelKind).process_result_value("sftp", SQLITE) is ChannelKind.SFTP
    with pytest.raises(ValueError, match="unheard"):
        Closed(ChannelKind).process_result_value("unheard", SQLITE)


def test_what_is_not_one_value_of_a_closed_set_is_refused_when_it_is_read() -> None:
    for kept in ('["unheard"]', '["sftp"] ["shell"]', '["sftp"', ""):
        with pytest.raises(ValueError):  # noqa: PT011 - each in its own words
            Several(frozenset, ChannelKind).process_result_value(kept, SQLITE)


def test_ids_strung_together_come_apart() -> None:
    assert CommaSet().process_result_value("a,b", SQLITE) == {"a", "b"}
    assert CommaSet().process_result_value(None, SQLITE) == frozenset()


def test_the_types_are_those_of_each_database() -> None:
    assert isinstance(Instant().load_dialect_impl(SQLITE), sa.BigInteger)
    impl = Instant().load_dialect_impl(POSTGRES)
    assert isinstance(impl, sa.DateTime)
    assert impl.timezone

"""What a GMAO says of an order, read with distrust, and what follows."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bastion.domain.work_order import (
    REACHED_NOT,
    Finding,
    OrderLook,
    OrderRule,
    clean,
    judge,
    read,
    refuses,
)

GOOD = {"number": "WO-1", "open": True, "device": "ct-01", "supplier": "acme", "title": "Tube"}


def said(**changes):
    return read(json.dumps(GOOD | changes).encode())


def test_what_fits_is_compared_as_people_write_it():
    assert judge(said(number=" wo-1 ", device="CT-01", supplier="ACME"), "WO-1", "ct-01", "acme") is Finding.FITS


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"open": False}, Finding.CLOSED), ({"device": "ct-02"}, Finding.OTHER_DEVICE),
        ({"device": ""}, Finding.OTHER_DEVICE),
        ({"supplier": "other"}, Finding.OTHER_SUPPLIER), ({"number": "WO-2"}, Finding.ODD),
        ({"supplier": "other", "open": False}, Finding.OTHER_SUPPLIER),
    ],
)  # fmt: skip
def test_what_does_not_fit(changes, finding):
    assert judge(said(**changes), "WO-1", "ct-01", "acme") is finding


JSON = st.recursive(st.none() | st.text(), st.lists).map(lambda said: json.dumps(said).encode())


@given(st.binary(max_size=200) | JSON)
def test_whatever_comes_is_read_or_refused(content):
    try:
        read(content)
    except (ValueError, RecursionError):
        pass
    else:
        assert b'"open"' in content


@given(st.text(max_size=2000))
def test_kept_texts_are_one_harmless_line(text):
    kept = clean(text)
    assert len(kept) <= 200
    assert not {"\n", "\r", "\x1b", "\u202e", "\x00"} & set(kept)
    kept.encode()


@pytest.mark.parametrize("emergency", [True, False])
@pytest.mark.parametrize("rule", OrderRule)
@pytest.mark.parametrize("finding", Finding)
def test_only_a_rule_that_requires_refuses_and_never_an_emergency_nor_for_a_gmao_that_is_unwell(
    rule, finding, emergency
):
    check = OrderLook("", "", "f", "WO-1", finding, datetime(2026, 1, 1, tzinfo=UTC))
    expected = (
        rule is OrderRule.REQUIRE and not emergency and finding is not Finding.FITS and finding not in REACHED_NOT
    )  # fmt: skip
    assert refuses(rule, check, emergency=emergency) is expected

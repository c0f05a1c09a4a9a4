"""Names, instants and the one JSON form."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.model import (
    Fault,
    RecordingError,
    RecordingMeta,
    Verification,
    canonical,
    instant,
    printable,
    safe_name,
)

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()))


UNFIT = [
    "../../x", "..", ".", "", "a/b", "a\\b", ".x", "-x", "x.", "a..b", "CON", "nul", "Com1.txt", "lpt9", "x" * 101,
    "x" * 300, "a b", "é", "a\0", "a\n", "٣",
]  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_T40_what_may_not_name_a_file(name):
    with pytest.raises(RecordingError):
        safe_name(name)


@pytest.mark.parametrize("name", ["0195f3a1", "r-1", "track-0.zst", "seal.json", "x" * 100, "console", "a_b"])
def test_what_may_name_a_file(name):
    assert safe_name(name) == name


@given(st.dictionaries(ANY_TEXT, ANY_TEXT | st.integers() | st.lists(ANY_TEXT) | st.none()))
def test_T39_canonical_json_is_plain_ascii_and_strict_readers_take_it(value):
    raw = canonical(value)
    assert all(32 <= byte < 127 for byte in raw)
    json.dumps(json.loads(raw), ensure_ascii=False).encode("utf-8", "strict")
    assert canonical(json.loads(raw)) == raw


def test_canonical_json_has_one_form():
    assert canonical({"b": [1, "é"], "a": None}) == b'{"a":null,"b":[1,"\\u00e9"]}'
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical(float("nan"))


@given(ANY_TEXT, st.integers(0, 20))
def test_T39_printable_text_steers_nothing(text, limit):
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit


def test_meta_round_trip_and_later_fields():
    meta = RecordingMeta(
        recording_id="r", started_at="2026-01-01T00:00:00+00:00", clock={"offset_seconds": 0.5}, derogations=("telnet",)
    )
    values = json.loads(canonical(meta.as_json()))
    assert RecordingMeta.from_json(values | {"of_a_later_version": 1}) == meta


@pytest.mark.parametrize("text", ["", "now", "2026-01-01", "2026-01-01T00:00:00", None])
def test_an_instant_has_a_zone(text):
    with pytest.raises(RecordingError):
        instant(text)


def test_a_verification_names_its_first_fault():
    faults = (Fault("a\x1b[2J", "broken", 3), Fault("b", "missing"))
    verdict = Verification("r", "", 1, faults)
    assert (verdict.ok, verdict.where) == (False, "a [2J, chunk 3: broken")
    assert str(faults[1]) == "b: missing"
    assert (Verification("r", "", 1).ok, Verification("r", "", 1).where) == (True, "")

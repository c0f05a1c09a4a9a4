"""The .cast file: valid asciicast v3, nothing lost, nothing that can do harm when it is printed."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.frames import Frame, resize
from recordings.model import RecordingMeta, TrackHead, TrackKind
from recordings.terminal import Cast, cast, exit_status

META = RecordingMeta(
    recording_id="r-1", started_at="2026-03-02T08:00:00.500000+00:00", technician_name="Alice", device_name="CT"
)
SHELL = TrackHead(0, 0, TrackKind.SHELL, 80, 24, "xterm-256color", "", pty=True)
EXEC = TrackHead(0, 0, TrackKind.EXEC, 0, 0, "", "uptime", pty=False)


def read(lines):
    """Parse as a strict reader would: NDJSON, UTF-8, header first."""
    rows = [json.loads(row) for row in b"".join(lines).decode("utf-8", "strict").splitlines()]
    return rows[0], rows[1:]


def played(frames, head=SHELL, meta=META, began=0.0):
    return read(list(cast(meta, head, began, frames)))


def text_of(events, codes="o"):
    return "".join(data for _, code, data in events if code in codes)


@given(st.lists(st.tuples(st.integers(0, 10**7), st.sampled_from("io"), st.binary(max_size=50)), max_size=20))
def test_every_byte_is_shown_once_whatever_the_cuts(writes):
    at, frames = 0, []
    for elapsed, code, data in writes:
        at += elapsed
        frames.append(Frame(at, code, data, 0))
    _, events = played(frames)
    for code in "io":
        whole = b"".join(data for _, c, data in writes if c == code)
        assert text_of(events, code) == whole.decode("utf-8", "replace")


@given(st.text(max_size=60), st.data())
def test_text_survives_frames_that_split_its_characters(text, data):
    raw = text.encode("utf-8", "replace")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    frames = [Frame(i, "o", raw[a:b], 0) for i, (a, b) in enumerate(zip([0, *cuts], [*cuts, len(raw)], strict=True))]
    _, events = played(frames)
    assert text_of(events) == raw.decode()


@given(st.lists(st.integers(0, 10**10), min_size=1, max_size=20))
def test_intervals_are_relative_and_add_up_to_the_microsecond(times):
    times.sort()
    lines = list(cast(META, SHELL, 0.0, [Frame(t, "o", b"x", 0) for t in times]))
    digits = [re.match(rb"\[(\d+)\.(\d{6}), ", line) for line in lines[1:]]
    assert sum(int(m[1]) * 10**6 + int(m[2]) for m in digits) == times[-1]


def test_the_header_says_what_a_player_needs():
    header, events = played([Frame(2_600_000, "o", b"hi", 0)], began=2.5)
    assert header["version"] == 3
    assert header["term"] == {"cols": 80, "rows": 24, "type": "xterm-256color"}
    assert header["timestamp"] == 1772438403
    assert header["title"] == "Alice · CT · r-1"
    assert "command" not in header
    assert events == [[0.1, "o", "hi"]]


def test_the_older_form_says_the_same_as_players_before_three_read_it():
    frames = [
        Frame(2_600_000, "o", b"hi", 0),
        Frame(3_100_001, "r", resize(120, 40), 0),
        Frame(4_000_000, "x", b"signal KILL", 0),
    ]
    raw = list(cast(META, SHELL, 2.5, frames, 2))
    header, events = json.loads(raw[0]), [json.loads(line) for line in raw[1:]]
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert header["env"] == {"TERM": "xterm-256color"}
    assert "term" not in header
    assert events == [[0.1, "o", "hi"], [0.600001, "r", "120x40"], [1.5, "m", "exit 137"]], "since the start"


def test_a_command_without_terminal_has_a_size_a_name_and_new_lines():
    frames = [Frame(1, "o", b"one\ntwo\n", 0), Frame(2, "x", b"0", 0)]
    header, events = played(frames, EXEC)
    assert (header["term"], header["command"]) == ({"cols": 80, "rows": 24, "type": "dumb"}, "uptime")
    assert [e[1:] for e in events] == [["o", "one\r\ntwo\r\n"], ["x", "0"]]


def test_stderr_is_shown_as_output_with_one_marker_at_its_first():
    frames = [
        Frame(i, code, data, 0) for i, (code, data) in enumerate([("o", b"a"), ("e", b"b"), ("o", b"c"), ("e", b"d")])
    ]
    _, events = played(frames, EXEC)
    assert [e[1:] for e in events] == [["o", "a"], ["m", "stderr"], ["o", "b"], ["o", "c"], ["o", "d"]]


def test_what_was_typed_in_a_freeze_is_typed_with_one_marker_at_the_first_of_each():
    codes = [("i", b"a"), ("w", b"b\xc3"), ("o", b"c"), ("w", b"\xa9d"), ("i", b"e"), ("w", b"f")]
    _, events = played([Frame(at, code, data, 0) for at, (code, data) in enumerate(codes)])
    noted = ["m", "typed, not passed on"]
    assert [e[1:] for e in events] == [
        ["i", "a"], noted, ["i", "b"], ["o", "c"], ["i", "\u00e9d"], ["i", "e"], noted, ["i", "f"],
    ]  # fmt: skip


def test_a_character_split_between_stdout_and_stderr_is_not_mixed_up():
    snow = "☃".encode()
    frames = [Frame(0, "o", snow[:1], 0), Frame(1, "e", b"E", 0), Frame(2, "o", snow[1:], 0)]
    _, events = played(frames, EXEC)
    assert text_of(events) == "E☃"


def test_an_unfinished_character_is_shown_at_the_end():
    _, events = played([Frame(0, "o", "é".encode()[:1], 0)])
    assert [e[1:] for e in events] == [["o", "\ufffd"]]


def test_resize_and_hostile_sizes():
    frames = [Frame(0, "r", resize(132, 43), 0), Frame(1, "r", resize(2**32 - 1, 0), 0)]
    header, events = played(frames, TrackHead(0, 0, TrackKind.SHELL, 10**9, 10**9, "x", "", pty=True))
    assert header["term"]["cols"] == 1000
    assert header["term"]["rows"] == 500
    assert [e[1:] for e in events] == [["r", "132x43"], ["r", "1000x24"]]


def test_a_marker_is_shown_as_one_and_cannot_steer_a_terminal():
    _, events = played([Frame(0, "m", b"signal INT", 0), Frame(1, "m", "gel\u00e9\x1b[2J\n".encode(), 0)])
    assert [e[1:] for e in events] == [["m", "signal INT"], ["m", "gel\u00e9 [2J"]]


@pytest.mark.parametrize(
    ("outcome", "status"),
    [("0", 0), ("exit status 3", 3), ("TERM", 143), ("signal SIGKILL", 137), ("-1", 1), ("", 255), ("lost", 255),
     ("9" * 400, 255), ("None", 255)],
)  # fmt: skip
def test_the_exit_status_is_always_a_number(outcome, status):
    assert exit_status(outcome) == status
    _, events = played([Frame(0, "x", outcome.encode(), 0)])
    assert events[-1][1:] == ["x", str(status)]


def test_a_signal_is_told_in_words_too():
    _, events = played([Frame(0, "x", b"TERM", 0)])
    assert [e[1:] for e in events] == [["m", "TERM"], ["x", "143"]]


HOSTILE = [
    b"\x1b]52;c;ZXZpbA==\x07", b"\x1b]0;owned\x07", b"\x1bP$q q\x1b\\", b"\x9b31m", "\x9b5n".encode(), b"\x7f\x00\x05",
    b"\x1b]8;;javascript:alert(1)\x1b\\x", b"a\x1b[99999999999b", "\u202eevil".encode(),
]  # fmt: skip


@pytest.mark.parametrize("data", HOSTILE)
def test_T39_hostile_output_is_kept_yet_printing_the_file_is_harmless(data):
    raw = b"".join(cast(META, SHELL, 0.0, [Frame(0, "o", data, 0), Frame(1, "i", data, 0)]))
    assert all(byte == 10 or 32 <= byte < 127 for byte in raw)
    assert text_of(read([raw])[1]) == data.decode("utf-8", "replace")


@pytest.mark.parametrize("text", ["\x1b]0;x\x07", "a\x9b2J", "line\nfeed", "\u202e txt", "\udc9b", "x\x7f"])
def test_T39_hostile_titles_commands_and_terminal_types_are_only_text(text):
    meta = RecordingMeta(recording_id="r", started_at=META.started_at, technician_name=text, device_name=text)
    head = TrackHead(0, 0, TrackKind.EXEC, 80, 24, text, text, pty=True)
    header, _ = read([Cast(meta, head, 0.0).header()])
    for shown in (header["title"], header.get("command", ""), header["term"]["type"]):
        assert shown.isprintable()


def test_the_live_encoder_says_the_same_as_the_whole_file():
    frames = [Frame(i * 7, "o", bytes([i, 0xC3]), 0) for i in range(50)]
    live = Cast(META, SHELL, 0.0)
    lines = [live.header(), *(live.feed(f) for f in frames), live.end()]
    assert b"".join(lines) == b"".join(cast(META, SHELL, 0.0, frames))

"""What is written comes back, and what was torn is seen to be torn."""

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings import frames
from recordings.frames import MAGIC, ZSTD, Parser, head
from recordings.model import RecordingDamaged

WRITES = st.lists(st.tuples(st.sampled_from("ioe"), st.integers(0, 2**40), st.binary(max_size=6000)), max_size=12)


def encoded(writes, pack=False):
    packer = zstandard.ZstdCompressor(level=1)
    out = [MAGIC]
    for code, elapsed, data in writes:
        payload = packer.compress(data) if pack else data
        out += [head(ord(code), elapsed, payload, ZSTD if pack else 0), payload]
    return b"".join(out)


def parsed(raw, cut=None):
    parser = Parser()
    step = cut or len(raw) or 1
    found = [f for start in range(0, len(raw), step) for f in parser.feed(raw[start : start + step])]
    return parser, found


@given(WRITES, st.booleans(), st.integers(1, 9000))
def test_frames_come_back_whole_however_the_file_is_read(writes, pack, cut):
    raw = encoded(writes, pack)
    parser, found = parsed(raw, cut)
    assert [(f.code, f.data) for f in found] == [(code, data) for code, _, data in writes]
    assert [f.size for f in found] == [len(data) for _, _, data in writes]
    total = 0
    for frame, (_, elapsed, _) in zip(found, writes, strict=True):
        total += elapsed
        assert frame.at == total
    assert (parser.valid, parser.left, parser.broken) == (len(raw), 0, "")


@given(WRITES.filter(bool), st.data())
def test_T37_a_torn_file_keeps_every_whole_frame(writes, data):
    raw = encoded(writes)
    cut = data.draw(st.integers(0, len(raw)))
    parser, found = parsed(raw[:cut], 512)
    ends = [len(MAGIC)]
    for _, _, payload in writes:
        ends.append(ends[-1] + frames.HEAD_BYTES + len(payload))
    whole = [end for end in ends if end <= cut]
    assert len(found) == max(0, len(whole) - 1)
    assert parser.valid == (whole[-1] if whole else 0)
    assert parser.left == cut - parser.valid


@given(WRITES.filter(bool), st.data())
@settings(max_examples=60)
def test_a_flipped_bit_in_a_short_frame_stops_the_parser_there(writes, data):
    raw = bytearray(encoded([(code, elapsed, payload[:4096]) for code, elapsed, payload in writes]))
    spot = data.draw(st.integers(len(MAGIC), len(raw) - 1))
    raw[spot] ^= 1 << data.draw(st.integers(0, 7))
    parser, found = parsed(bytes(raw))
    assert parser.valid <= spot
    assert len(found) < len(writes)
    assert parser.valid + parser.left == len(raw)


@pytest.mark.parametrize("zeros", [1, 17, 1024, 9000])
def test_a_zero_filled_end_is_no_frame(zeros):
    """What power loss leaves on some file systems: the length is there, the bytes are not."""
    long = b"x" * 10_000
    raw = encoded([("o", 5, b"kept"), ("o", 5, long)])
    parser, found = parsed(raw[:-zeros] + bytes(zeros))
    assert [f.data for f in found] == [b"kept"]
    assert parser.broken
    assert parser.left == frames.HEAD_BYTES + len(long)


def test_zeros_after_the_last_frame_are_no_frame():
    parser, found = parsed(encoded([("o", 5, b"kept")]) + bytes(4096), 100)
    assert [f.data for f in found] == [b"kept"]
    assert (bool(parser.broken), parser.left) == (True, 4096)


def test_another_kind_of_file_is_not_a_track():
    parser, found = parsed(b"\x7fELF" + bytes(100), 3)
    assert (found, parser.valid, parser.left, parser.broken) == ([], 0, 104, "this is not a track")


def test_an_absurd_length_does_not_fill_the_memory():
    frame = frames._BODY.pack(0xFFFFFFFF, 0, ord("o"), 0)
    parser, _ = parsed(MAGIC + bytes(4) + frame)
    assert parser.broken == "this is not a frame"
    for _ in range(8):
        parser.feed(bytes(1024))
    assert len(parser._rest) < 100
    assert parser.left == frames.HEAD_BYTES + 8 * 1024


def test_a_payload_that_claims_gigabytes_is_not_unpacked():
    bomb = zstandard.ZstdCompressor().compress(bytes(frames.MAX_STORED + 1))
    with pytest.raises(RecordingDamaged, match="claims"):
        frames.unpacked(bomb)
    with pytest.raises(RecordingDamaged):
        frames.unpacked(b"no zstd at all")
    with pytest.raises(RecordingDamaged):
        frames.unpacked(zstandard.ZstdCompressor().compress(b"abc" * 100)[:-4])


@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_resize_round_trip(cols, rows):
    assert frames.resized(frames.resize(cols, rows)) == (cols, rows)

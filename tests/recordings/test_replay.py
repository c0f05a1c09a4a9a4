"""Watching: verified first, checked while it streams, and the running ones up to the last whole frame."""

import json
import tracemalloc

import pytest
import zstandard

from recordings.blobs import FileBlobs
from recordings.chain import CHUNK, Builder
from recordings.container import seal
from recordings.frames import MAGIC
from recordings.model import RecordingDamaged, RecordingError
from recordings.replay import open_recording
from tests.recordings.test_container import NOISE, rewrite


def events(raw):
    header, *rest = [json.loads(line) for line in raw.splitlines()]
    return header, [event[1:] for event in rest]


def test_a_sealed_shell_as_a_cast(finished, store, signer, about):
    seal(finished(("o", "prêt $ ".encode()), ("i", b"w\r"), ("o", b"w\r\n")), store, signer)
    replay = open_recording(store, "r-1", signer.public_pem)
    assert (replay.meta, replay.verification.ok, len(replay.tracks)) == (about, True, 1)
    header, shown = events(b"".join(replay.cast(0)))
    assert (header["version"], header["term"]["cols"]) == (3, 80)
    assert shown == [["o", "prêt $ "], ["i", "w\r"], ["o", "w\r\n"], ["x", "0"]]


def test_the_exact_bytes_come_back(finished, store, signer):
    seal(finished(("o", NOISE), ("o", bytes(10**6)), ("i", NOISE[:5000])), store, signer)
    frames = list(open_recording(store, "r-1", signer.public).frames(0))
    assert b"".join(f.data for f in frames if f.code == "o") == NOISE + bytes(10**6)
    assert b"".join(f.data for f in frames if f.code == "i") == NOISE[:5000]


def test_a_cast_comes_in_pieces_of_whole_lines(finished, store, signer):
    seal(finished(*[("o", b"line\r\n")] * 5000), store, signer)
    pieces = list(open_recording(store, "r-1", signer.public).cast(0))
    assert 2 < len(pieces) < 20
    assert all(piece.endswith(b"]\n") for piece in pieces)
    assert len(events(b"".join(pieces))[1]) == 5001


def test_an_unknown_track_is_refused(finished, store, signer):
    seal(finished(("o", b"x")), store, signer)
    with pytest.raises(RecordingError, match="no track 4"):
        list(open_recording(store, "r-1", signer.public).cast(4))


def test_T38_a_damaged_recording_does_not_open(finished, store, store_root, signer):
    seal(finished(("o", NOISE)), store, signer)
    bad = bytearray((store_root / "r-1" / "track-0.zst").read_bytes())
    bad[2 * CHUNK + 5] ^= 1
    rewrite(store_root / "r-1" / "track-0.zst", bytes(bad))
    with pytest.raises(RecordingDamaged) as damage:
        open_recording(store, "r-1", signer.public)
    assert damage.value.where.startswith("track-0.zst, chunk 2: bytes 524288 to 786431")


def test_T38_damage_after_opening_stops_the_stream_before_it_is_shown(finished, store, store_root, signer):
    seal(finished(("o", NOISE)), store, signer)
    replay = open_recording(store, "r-1", signer.public)
    path = store_root / "r-1" / "track-0.zst"
    bad = bytearray(path.read_bytes())
    bad[-CHUNK] ^= 1
    rewrite(path, bytes(bad))
    shown = []
    with pytest.raises(RecordingDamaged, match="chunk 4"):
        shown.extend(frame.data for frame in replay.frames(0) if frame.code == "o")
    assert shown
    assert NOISE.startswith(b"".join(shown))


def sealed_by_hand(store, signer, track, manifest):
    """Seal bytes no recorder wrote."""
    builder = Builder("r-1")
    for name, data in (("track-0.zst", track), ("manifest.json", manifest)):
        store.put("r-1", name, builder.through(name, [data]))
    store.put("r-1", "seal.json", [builder.seal(signer).as_bytes()])
    return open_recording(store, "r-1", signer.public)


@pytest.mark.parametrize("track", [b"no zstd", zstandard.compress(MAGIC), zstandard.compress(MAGIC + bytes(40)), b""])
def test_a_genuine_seal_over_a_track_that_is_none(finished, store, store_root, signer, track):
    seal(finished(("o", b"x")), store, signer)
    replay = sealed_by_hand(store, signer, track, (store_root / "r-1" / "manifest.json").read_bytes())
    with pytest.raises(RecordingDamaged):
        list(replay.frames(0))


def test_a_manifest_that_would_fill_the_memory_is_not_read(store, signer, monkeypatch):
    monkeypatch.setattr("recordings.container.LARGEST_JSON", 2000)
    with pytest.raises(RecordingDamaged, match="too large"):
        sealed_by_hand(store, signer, b"", b" " * 2001)


def test_a_bomb_is_unpacked_in_small_steps(finished, store, signer):
    """200 MB of zeros lie in a few kilobytes; watching them must not take 200 MB."""
    seal(finished(*[("o", bytes(5_000_000))] * 40), store, signer)
    replay = open_recording(store, "r-1", signer.public)
    tracemalloc.start()
    try:
        total = sum(frame.size for frame in replay.frames(0) if frame.code == "o")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 200_000_000
    assert peak < 8 * 2**20


def test_reading_leaves_no_descriptor(finished, store: FileBlobs, signer, descriptors):
    seal(finished(("o", NOISE)), store, signer)
    before = descriptors()
    stream = open_recording(store, "r-1", signer.public).cast(0)
    next(stream)
    stream.close()
    del stream
    assert descriptors() == before

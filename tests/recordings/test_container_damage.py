"""What was changed is found, and the spot is named (T38)."""

import json
import random
from pathlib import Path

import pytest

from recordings import container
from recordings.chain import CHUNK, SEAL
from recordings.container import seal, verify
from recordings.model import RecordingError, canonical
from recordings.signing import Signer

NOISE = random.Random(7).randbytes(5 * CHUNK + 1000)


@pytest.fixture
def box(finished, store, store_root, signer) -> Path:
    """A sealed recording of six chunks: its folder."""
    seal(finished(("i", b"cat firmware\r"), ("o", NOISE)), store, signer)
    return store_root / "r-1"


def wheres(store, signer, recording_id="r-1"):
    return [(f.blob, f.chunk) for f in verify(store, recording_id, signer.public_pem).faults]


def rewrite(path, data):
    path.chmod(0o600)
    path.write_bytes(data)


# -- T38: the spot is named --------------------------------------------------------------------------------------------
def test_T38_a_flipped_bit_anywhere_names_its_chunk(box, store, signer):
    chance = random.Random(1)
    for name in ("track-0.zst", "manifest.json"):
        good = (box / name).read_bytes()
        for chunk in range(-(-len(good) // CHUNK)):
            spot = chance.randrange(chunk * CHUNK, min(len(good), (chunk + 1) * CHUNK))
            bad = bytearray(good)
            bad[spot] ^= 1 << chance.randrange(8)
            rewrite(box / name, bytes(bad))
            assert wheres(store, signer) == [(name, chunk)]
        rewrite(box / name, good)
    assert wheres(store, signer) == []


def chunks_of(path):
    raw = path.read_bytes()
    return [raw[i : i + CHUNK] for i in range(0, len(raw), CHUNK)]


@pytest.mark.parametrize("chunk", range(6))
def test_T38_a_dropped_chunk_is_named(box, store, signer, chunk):
    chunks = chunks_of(box / "track-0.zst")
    del chunks[chunk]
    rewrite(box / "track-0.zst", b"".join(chunks))
    assert wheres(store, signer)[0] == ("track-0.zst", chunk)


@pytest.mark.parametrize(("one", "two"), [(0, 1), (1, 4), (2, 3)])
def test_T38_swapped_chunks_are_both_named_and_no_other(box, store, signer, one, two):
    chunks = chunks_of(box / "track-0.zst")
    chunks[one], chunks[two] = chunks[two], chunks[one]
    rewrite(box / "track-0.zst", b"".join(chunks))
    assert wheres(store, signer) == [("track-0.zst", one), ("track-0.zst", two)]


@pytest.mark.parametrize("keep", [0, 1, CHUNK - 1, CHUNK, 2 * CHUNK + 7, 5 * CHUNK])
def test_T38_a_truncated_blob_names_where_it_ends(box, store, signer, keep):
    rewrite(box / "track-0.zst", (box / "track-0.zst").read_bytes()[:keep])
    assert wheres(store, signer) == [("track-0.zst", keep // CHUNK)]
    assert "missing" in verify(store, "r-1", signer.public).where


@pytest.mark.parametrize("more", [b"\0", b"x" * CHUNK, b"x" * (2 * CHUNK)])
def test_T38_appended_bytes_are_named(box, store, signer, more):
    rewrite(box / "track-0.zst", (box / "track-0.zst").read_bytes() + more)
    assert wheres(store, signer)[0] == ("track-0.zst", 5)
    assert "added" in verify(store, "r-1", signer.public).where


def test_T38_missing_added_and_exchanged_blobs_are_named(box, store, signer):
    (box / "evil.sh").write_text("x")
    (box / ".hidden").write_text("x")
    assert wheres(store, signer) == [(".hidden", None), ("evil.sh", None)]
    (box / "evil.sh").unlink()
    (box / ".hidden").unlink()
    (box / "track-0.zst").rename(box / "kept")
    assert wheres(store, signer) == [("track-0.zst", None), ("kept", None)]
    assert verify(store, "r-1", signer.public).where == "track-0.zst: it is missing"
    (box / "manifest.json").rename(box / "track-0.zst")
    (box / "kept").rename(box / "manifest.json")
    assert {blob for blob, _ in wheres(store, signer)} == {"track-0.zst", "manifest.json"}


def test_T38_a_seal_changed_anywhere_does_not_hold(box, store, signer):
    good = (box / SEAL).read_bytes()
    chance = random.Random(2)
    for spot in [0, len(good) // 2, len(good) - 3, *(chance.randrange(len(good) - 1) for _ in range(80))]:
        bad = bytearray(good)
        bad[spot] ^= 1 << chance.randrange(7)
        rewrite(box / SEAL, bytes(bad))
        assert wheres(store, signer) == [(SEAL, None)], spot
    for cut in (0, 10, len(good) - 5):
        rewrite(box / SEAL, good[:cut])
        assert wheres(store, signer) == [(SEAL, None)]
    (box / SEAL).unlink()
    assert verify(store, "r-1", signer.public).where == "seal.json: it is missing"


def test_T38_a_recording_under_another_name_or_sealed_by_another_is_told(
    box, store, signer, store_root, finished, tmp_path
):
    box.rename(store_root / "r-2")
    assert "belongs to the recording r-1" in verify(store, "r-2", signer.public).where
    other = Signer.generate(tmp_path / "other")
    seal(finished(("o", b"x")), store, other)
    assert "another key" in verify(store, "r-1", signer.public).where
    values = json.loads((store_root / "r-1" / SEAL).read_bytes()) | {"key": signer.fingerprint}
    rewrite(store_root / "r-1" / SEAL, canonical(values) + b"\n")
    assert "signature" in verify(store, "r-1", signer.public).where


@pytest.mark.parametrize("name", ["missing", "../../etc", ""])
def test_what_is_not_there_is_a_fault_not_a_fall(store, signer, name):
    assert not verify(store, name, signer.public).ok


def test_a_blob_that_cannot_be_read_is_a_fault(box, store, signer):
    (box / "track-0.zst").unlink()
    (box / "track-0.zst").mkdir()
    assert wheres(store, signer) == [("track-0.zst", None)]
    assert "cannot be read" in verify(store, "r-1", signer.public).where


def test_a_key_that_is_none_is_an_error(box, store):
    with pytest.raises(RecordingError, match="public key"):
        verify(store, "r-1", "hello")


def test_a_huge_seal_is_not_read(box, store, signer, monkeypatch):
    monkeypatch.setattr(container, "LARGEST_JSON", 100)
    assert wheres(store, signer) == [(SEAL, None)]

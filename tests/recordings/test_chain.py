"""The chain, on its own: links, chunks, and seals nobody should believe."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from recordings.chain import CHUNK, Builder, SealDocument, link, rechunked, seed, walked
from recordings.model import RecordingDamaged, canonical
from recordings.signing import Signer

SIGNER = Signer(Ed25519PrivateKey.generate())
SIZES = st.integers(0, 40) | st.sampled_from([CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5])


def built(*blobs, recording_id="r-1"):
    builder = Builder(recording_id)
    for name, data in blobs:
        assert b"".join(builder.through(name, [data])) == data
    return builder.seal(SIGNER)


def faults(document, index, data):
    chunks = [data[i : i + CHUNK] for i in range(0, len(data), CHUNK)]
    return [fault.chunk for _, fault in walked(document, index, chunks) if fault]


@given(st.lists(SIZES, max_size=5))
@settings(max_examples=40, deadline=None)
def test_chunks_are_the_same_however_the_bytes_come(sizes):
    blocks = [bytes([i]) * size for i, size in enumerate(sizes)]
    chunks = list(rechunked(blocks))
    assert b"".join(chunks) == b"".join(blocks)
    assert all(len(chunk) == CHUNK for chunk in chunks[:-1])
    assert len(chunks) == max(1, -(-sum(sizes) // CHUNK))


def test_a_link_depends_on_everything():
    links = {
        link(seed("a"), "x", 0, b""), link(seed("b"), "x", 0, b""), link(seed("a"), "y", 0, b""),
        link(seed("a"), "x", 1, b""), link(seed("a"), "x", 0, b"\0"),
    }  # fmt: skip
    assert len(links) == 5


def test_a_seal_holds_and_survives_writing():
    document = built(("one", bytes(CHUNK + 3)), ("empty", b""), ("two", b"2"))
    again = SealDocument.parse(document.as_bytes())
    assert again == document
    assert again.objection("r-1", SIGNER.public) == ""
    assert [faults(again, i, data) for i, data in enumerate([bytes(CHUNK + 3), b"", b"2"])] == [[], [], []]
    assert again.head == again.blobs[-1].links[-1].hex()


def test_the_same_bytes_in_another_recording_have_another_head():
    assert built(("a", b"x")).head != built(("a", b"x"), recording_id="r-2").head


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_T38_truncated_and_appended_blobs_are_seen_at_every_boundary(size):
    document = built(("a", bytes(size)))
    for other in {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK, 3 * CHUNK + 1, 4 * CHUNK} - {size}:
        shorter = min(size, other)
        assert faults(document, 0, bytes(other))[0] == shorter // CHUNK


def test_a_seal_of_another_recording_or_key_or_content_does_not_hold():
    document = built(("a", b"x"))
    assert "belongs to the recording r-1" in document.objection("r-2", SIGNER.public)
    assert "another key" in document.objection("r-1", Ed25519PrivateKey.generate().public_key())
    values = json.loads(document.as_bytes())
    forged = SealDocument.parse(canonical(values | {"blobs": values["blobs"] * 2}) + b"\n")
    assert "signature" in forged.objection("r-1", SIGNER.public)
    forged = SealDocument.parse(canonical(values | {"head": "00" * 32}) + b"\n")
    assert "signature" in forged.objection("r-1", SIGNER.public)


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.sampled_from(["format", "chunk_bytes", "blobs", "name", "bytes", "links", "x"]), inner),
    max_leaves=12,
))  # fmt: skip
def test_any_json_is_refused_without_a_fall(value):
    with pytest.raises(RecordingDamaged, match=r"seal\.json"):
        SealDocument.parse(json.dumps(value).encode())


VALUES = json.loads(built(("a", b"x")).as_bytes())
SPOILT = [
    {"format": "bastion-recording/2"}, {"chunk_bytes": 1}, {"signature": "é"}, {"signature": 7}, {"signature": None},
    {"blobs": None}, {"blobs": "ab"}, {"blobs": [{}]}, {"blobs": [VALUES["blobs"][0] | {"bytes": -1}]},
    {"blobs": [VALUES["blobs"][0] | {"bytes": float("inf")}]}, {"blobs": [VALUES["blobs"][0] | {"bytes": 10**30}]},
    {"blobs": [VALUES["blobs"][0] | {"links": []}]}, {"blobs": [VALUES["blobs"][0] | {"links": ["00"]}]},
    {"blobs": [VALUES["blobs"][0] | {"links": ["zz" * 32]}]}, {"blobs": [VALUES["blobs"][0] | {"links": 3}]},
]  # fmt: skip


@pytest.mark.parametrize("change", SPOILT)
def test_spoilt_seals_are_refused_without_a_fall(change):
    text = json.dumps(VALUES | change, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    with pytest.raises(RecordingDamaged, match="cannot be read as a seal"):
        SealDocument.parse(text)


@pytest.mark.parametrize("text", [b"", b"\xff", b"[" * 100_000, b"nul", base64.b64encode(b"x")])
def test_what_is_not_json_is_no_seal(text):
    with pytest.raises(RecordingDamaged):
        SealDocument.parse(text)


def test_an_unsealed_blob_is_named():
    with pytest.raises(RecordingDamaged, match="not part of the seal"):
        built(("a", b"x")).index("b")


def test_T38_the_same_seal_in_other_words_is_refused():
    text = built(("a", b"x")).as_bytes()
    head = json.loads(text)["head"].encode()
    for other in (text + b"\n", text.replace(b",", b", "), text.replace(head, head.upper()), text[:-1]):
        with pytest.raises(RecordingDamaged, match="changed"):
            SealDocument.parse(other)


def test_a_seal_of_nothing_holds():
    assert built().objection("r-1", SIGNER.public) == ""

"""The manifest comes back as it was written, and hostile words in it are only words."""

import json

import pytest

from recordings.manifest import Manifest
from recordings.model import Ending, RecordingDamaged, RecordingMeta, Tail, TrackHead, TrackInfo, TrackKind

EVIL = "\x1b]52;c;x\x07\x9b\u202e\x7f"
HEAD = TrackHead(0, 3, TrackKind.EXEC, 80, 24, "xterm", EVIL, pty=False)
INFO = TrackInfo(HEAD, "track-0.zst", 0.25, 1.5, 9, 400, 1, 2, 3, EVIL, Tail(400, 7, "torn", "track-0.tail"))
META = RecordingMeta(recording_id="r", started_at="", reason=EVIL, clock={"source": EVIL, "offset": 0.1, "x": None})
MANIFEST = Manifest(META, Ending("", EVIL, 3.75), 12, (INFO,), ("note",))


def test_round_trip():
    assert Manifest.parse(MANIFEST.as_bytes()) == MANIFEST
    plain = Manifest(META, Ending("", "idle", 0.1), None, ())
    assert Manifest.parse(plain.as_bytes()) == plain


def test_T39_hostile_words_are_inert_in_the_file():
    raw = MANIFEST.as_bytes()
    assert all(32 <= byte < 127 for byte in raw[:-1])
    assert json.loads(raw)["meta"]["reason"] == EVIL


@pytest.mark.parametrize("text", [b"", b"{}", b"[]", b"null", b"\xff"])
def test_what_is_no_manifest(text):
    with pytest.raises(RecordingDamaged, match=r"manifest\.json"):
        Manifest.parse(text)

"""What is left of an erased recording: a note that nobody can forge, and nothing else (R-54)."""

import pytest

from recordings import erasure, verify
from recordings.container import seal
from recordings.erasure import ERASED, erase
from recordings.model import RecordingDamaged, RecordingErased
from recordings.replay import open_recording
from recordings.signing import Signer
from tests.recordings.test_container_damage import rewrite

DAY = "2027-05-22T10:00:00+00:00"


@pytest.fixture
def sealed(finished, store, signer):
    return seal(finished(("o", b"patient data")), store, signer)


def judged(store, signer):
    from recordings.container import verify as check

    return check(store, "r-1", signer.public)


def test_R54_nothing_is_left_but_a_note_with_the_digest(sealed, store, store_root, signer):
    erase(store, "r-1", sealed.digest, DAY, signer)
    assert [path.name for path in (store_root / "r-1").iterdir()] == [ERASED]
    verdict = judged(store, signer)
    assert (verdict.ok, verdict.digest, verdict.erased_at) == (True, sealed.digest, DAY)
    assert erasure.is_erased(store, "r-1")
    with pytest.raises(RecordingErased) as told:
        open_recording(store, "r-1", signer.public)
    assert told.value.at == DAY


def test_R54_the_check_without_the_product_says_erased_and_not_missing(
    sealed, store, store_root, signer, tmp_path, capsys
):
    erase(store, "r-1", sealed.digest, DAY, signer)
    key = tmp_path / "key.pub"
    key.write_text(signer.public_pem)
    assert verify.main([str(store_root), str(key), "--export", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == f"erased   r-1  {sealed.digest}  on {DAY}\n"
    assert list((tmp_path / "out").iterdir()) == []


def test_R54_an_erasure_cut_short_is_told_and_can_be_ended(sealed, store, signer, monkeypatch):
    with monkeypatch.context() as cut:
        cut.setattr(store, "keep_only", lambda *_: (_ for _ in ()).throw(OSError("power")))
        with pytest.raises(OSError, match="power"):
            erase(store, "r-1", sealed.digest, DAY, signer)
    verdict = judged(store, signer)
    assert not verdict.ok
    assert verdict.where == "manifest.json: it is still there although it was erased"
    assert not erasure.is_erased(store, "r-1")
    erase(store, "r-1", sealed.digest, "2027-05-23T10:00:00+00:00", signer)
    assert judged(store, signer).erased_at == DAY


@pytest.mark.parametrize(
    ("forged", "words"),
    [("day", "does not hold"), ("key", "another key"), ("other", "belongs to"), ("form", "changed"),
     ("huge", "too large"), ("junk", "cannot be read")],
)  # fmt: skip
def test_T38_a_note_nobody_signed_passes_for_nothing(sealed, store, store_root, signer, tmp_path, forged, words):
    hand = Signer.generate(tmp_path / "other.key") if forged == "key" else signer
    erase(store, "r-1", sealed.digest, DAY, hand)
    note = store_root / "r-1" / ERASED
    if forged == "day":
        rewrite(note, note.read_bytes().replace(b"2027-05-22", b"2026-05-22"))
    if forged == "form":
        rewrite(note, note.read_bytes().replace(b'"key"', b' "key"'))
    if forged == "huge":
        rewrite(note, b" " * 100_000 + note.read_bytes())
    if forged == "junk":
        rewrite(note, b"{}")
    if forged == "other":
        note.parent.rename(store_root / "r-2")
    ident = "r-2" if forged == "other" else "r-1"
    with pytest.raises(RecordingDamaged, match=words):
        erasure.read(store, ident, signer.public)
    with pytest.raises(RecordingDamaged):
        open_recording(store, ident, signer.public)


def test_a_recording_that_is_whole_has_no_note(sealed, store, signer):
    assert erasure.read(store, "r-1", signer.public) is None
    assert not erasure.is_erased(store, "r-1")
    assert judged(store, signer).erased_at == ""

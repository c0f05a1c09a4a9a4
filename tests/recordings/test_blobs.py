"""A blob is whole and on the disk, or it is not there; and its name stays inside its folder."""

import os

import pytest

from recordings import durable
from recordings.blobs import FileBlobs
from recordings.model import RecordingError


def names(folder):
    return sorted(path.name for path in folder.iterdir())


BAD = ["../../x", "..", "a/b", "", "CON", "x" * 300, ".x", "a\0b"]


def test_put_then_read(store, store_root):
    data = os.urandom(700_000)
    assert store.put("r-1", "a.bin", [data[:100], data[100:]]) == len(data)
    assert b"".join(store.chunks("r-1", "a.bin", 65536)) == data
    assert [len(c) for c in store.chunks("r-1", "a.bin", 300_000)] == [300_000, 300_000, 100_000]
    assert (store.size("r-1", "a.bin"), store.names("r-1"), store.recordings()) == (len(data), ["a.bin"], ["r-1"])
    assert (store_root / "r-1").stat().st_mode & 0o777 == 0o700
    assert (store_root / "r-1" / "a.bin").stat().st_mode & 0o777 == 0o400


def test_an_empty_blob_and_a_replaced_one(store):
    store.put("r-1", "a", [])
    assert (list(store.chunks("r-1", "a")), store.size("r-1", "a")) == ([], 0)
    store.put("r-1", "a", [b"new"])
    assert list(store.chunks("r-1", "a")) == [b"new"]


@pytest.mark.parametrize("name", BAD)
def test_T40_no_name_leaves_the_folder(store, store_root, tmp_path, name):
    for act in (
        lambda: store.put(name, "a", [b"x"]), lambda: store.put("r-1", name, [b"x"]),
        lambda: list(store.chunks(name, "a")), lambda: list(store.chunks("r-1", name)),
        lambda: store.size("r-1", name), lambda: store.names(name), lambda: store.delete(name),
    ):  # fmt: skip
        with pytest.raises(RecordingError):
            act()
    assert {p.name for p in tmp_path.rglob("*")} <= {"store", "r-1"}


def test_T40_no_name_reads_another_recording(store):
    for recording_id in ("r-1", "r-2"):
        store.put(recording_id, "a", [b"x"])
    for act in (lambda: list(store.chunks("r-1", "../r-2/a")), lambda: store.size("r-1", "../r-2/a")):
        with pytest.raises(RecordingError, match="cannot name"):
            act()


def test_T40_links_are_not_followed(store, store_root, tmp_path):
    (tmp_path / "secret").write_text("x")
    store.put("r-1", "a", [b"x"])
    (store_root / "r-1" / "b").symlink_to(tmp_path / "secret")
    (store_root / "r-2").symlink_to(store_root / "r-1")
    for act in (
        lambda: list(store.chunks("r-1", "b")),
        lambda: list(store.chunks("r-2", "a")),
        lambda: store.put("r-2", "a", [b"y"]),
    ):
        with pytest.raises(RecordingError):
            act()
    assert store.recordings() == ["r-1"]


def test_a_blob_that_could_not_be_made_is_absent(store, store_root):
    def broken():
        yield b"half"
        raise RecordingError("the source broke")

    store.put("r-1", "a", [b"old"])
    for name in ("a", "b"):
        with pytest.raises(RecordingError, match="source"):
            store.put("r-1", name, broken())
    assert names(store_root / "r-1") == ["a"]
    assert list(store.chunks("r-1", "a")) == [b"old"]


def test_T37_a_full_store_leaves_no_blob(tiny_disk):
    store = FileBlobs(tiny_disk.path)
    with tiny_disk.small(), pytest.raises(RecordingError, match=r"No space|too large"):
        store.put("r-1", "a", (bytes(65536) for _ in range(40)))
    assert store.names("r-1") == []


def test_everything_is_synced_before_and_after_the_rename(store, monkeypatch):
    calls = []
    for name in ("fsync", "rename"):
        real = getattr(os, name)
        monkeypatch.setattr(os, name, lambda *a, real=real, name=name, **k: (calls.append(name), real(*a, **k))[1])
    store.put("r-1", "a", [b"x"])
    assert calls == ["fsync", "fsync", "rename", "fsync"]  # the first is the store's own, for the new folder


def test_a_missing_root_is_an_error_never_an_empty_store(tmp_path):
    store = FileBlobs(tmp_path / "unmounted")
    for act in (
        store.recordings, lambda: store.names("r-1"), lambda: store.put("r-1", "a", [b"x"]),
        lambda: store.delete("r-1"), lambda: store.check(0), lambda: list(store.chunks("r-1", "a")),
    ):  # fmt: skip
        with pytest.raises(RecordingError):
            act()
    assert not (tmp_path / "unmounted").exists()


def test_recordings_are_folders_only(store, store_root):
    for name in ("r-2", "r-1", ".trash-x", "lost+found"):
        (store_root / name).mkdir()
    (store_root / "file").touch()
    assert store.recordings() == ["r-1", "r-2"]


def test_delete_removes_all_of_it_and_what_an_earlier_one_left(store, store_root):
    store.put("r-1", "a", [b"x"])
    store.put("r-2", "a", [b"x"])
    (store_root / ".trash-r-0").mkdir()
    (store_root / ".trash-r-0" / "a").touch()
    store.delete("r-1")
    store.delete("r-1")
    assert names(store_root) == ["r-2"]


def test_a_deletion_cut_short_is_no_damaged_recording(store, store_root, monkeypatch):
    store.put("r-1", "a", [b"x"])
    with monkeypatch.context() as patch:
        patch.setattr("recordings.blobs.shutil.rmtree", _refuse)
        with pytest.raises(RecordingError):
            store.delete("r-1")
    assert store.recordings() == []


def test_T36_check_tells_a_store_that_cannot_be_written(store, store_root, monkeypatch):
    store.check(1)
    assert names(store_root) == []
    with pytest.raises(RecordingError, match="free"):
        store.check(2**60)
    monkeypatch.setattr(durable, "write_all", _refuse)
    with pytest.raises(RecordingError, match="Input/output"):
        store.check(1)


def _refuse(*_args):
    raise OSError(5, "Input/output error")


def test_a_pipe_is_not_waited_for(store, store_root):
    store.put("r-1", "a", [b"x"])
    os.mkfifo(store_root / "r-1" / "b")
    assert list(store.chunks("r-1", "b")) == []


def test_reading_closes_its_file(store, descriptors):
    store.put("r-1", "a", [bytes(100_000)])
    before = descriptors()
    chunks = store.chunks("r-1", "a", 1000)
    next(chunks)
    chunks.close()
    list(store.chunks("r-1", "a"))
    assert descriptors() == before

"""File calls: done, or an error."""

import os
import threading

import pytest

from recordings import durable
from recordings.model import RecordingError


@pytest.fixture
def folder(tmp_path):
    fd = os.open(tmp_path, os.O_RDONLY)
    yield fd
    os.close(fd)


def test_a_new_file_is_private_and_never_an_old_one(tmp_path, folder):
    durable.write_new("a", b"one", folder)
    assert (tmp_path / "a").read_bytes() == b"one"
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError):
        durable.write_new("a", b"two", folder)
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(FileExistsError):
        durable.write_new("link", b"two", folder)


def test_a_reserved_file_can_be_overwritten_without_room(tmp_path, folder, limited):
    durable.reserve("end", 4096, folder)
    with limited(10):
        durable.overwrite("end", b"short", folder)
        assert (tmp_path / "end").read_bytes()[:5] == b"short"
        with pytest.raises(OSError, match=r"part|large"):
            durable.overwrite("end", b"far too long", folder)
    assert (tmp_path / "end").stat().st_blocks > 0


def test_write_all_goes_on_after_a_short_write(tmp_path, limited):
    """A pipe takes what fits; a thread empties it."""
    reader, writer = os.pipe()
    with os.fdopen(reader, "rb") as source, os.fdopen(writer, "wb") as sink:
        got = []
        thread = threading.Thread(target=lambda: got.append(source.read(1_000_000)))
        thread.start()
        durable.write_all(sink.fileno(), bytes(1_000_000))
        thread.join()
    assert got == [bytes(1_000_000)]
    with limited(100), (tmp_path / "x").open("wb", buffering=0) as file, pytest.raises(OSError, match="large"):
        durable.write_all(file.fileno(), bytes(200))


def test_room_is_required(tmp_path):
    durable.require_space(tmp_path, 1)
    with pytest.raises(RecordingError, match="MiB free"):
        durable.require_space(tmp_path, 2**60)
    with pytest.raises(RecordingError, match="No such file"):
        durable.require_space(tmp_path / "missing", 1)


def test_sync_reaches_files_and_folders(tmp_path, folder):
    durable.write_new("a", b"", folder)
    durable.sync("a", folder)
    durable.sync(".", folder)
    durable.sync(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        durable.sync("b", folder)

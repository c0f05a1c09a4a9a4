"""Recordings made for the tests, and a disk that is full."""

import contextlib
import resource
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from recordings.blobs import FileBlobs
from recordings.model import RecordingMeta, TrackKind
from recordings.recorder import Recorder, Track
from recordings.signing import Signer

settings.register_profile("recordings", deadline=None)  # a loaded machine is slow, not wrong
settings.load_profile("recordings")

STARTED = "2026-03-02T08:00:00+00:00"
ENDED = "2026-03-02T08:05:00+00:00"


@pytest.fixture
def spool_root(tmp_path: Path) -> Path:
    root = tmp_path / "spool"
    root.mkdir()
    return root


@pytest.fixture
def store_root(tmp_path: Path) -> Path:
    root = tmp_path / "store"
    root.mkdir()
    return root


@pytest.fixture
def store(store_root: Path) -> FileBlobs:
    return FileBlobs(store_root)


@pytest.fixture(scope="session")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.generate(tmp_path_factory.mktemp("keys") / "recordings.key")


@pytest.fixture
def about() -> RecordingMeta:
    return RecordingMeta(
        recording_id="r-1", started_at=STARTED, session_id="r-1", technician_name="Alice Martin",
        device_name="Scanner 1", reason="gantry noise", clock={"source": "ntp", "offset_seconds": 0.002},
    )  # fmt: skip


@pytest.fixture
def recorder(spool_root: Path, about: RecordingMeta) -> Iterator[Recorder]:
    made = Recorder.start(spool_root, about, min_free=0)
    yield made
    with contextlib.suppress(Exception):
        made.finish(ENDED, "shutdown")


@pytest.fixture
def shell(recorder: Recorder) -> Track:
    return recorder.open_track(0, TrackKind.SHELL, cols=100, rows=30, term="xterm-256color", pty=True)


@pytest.fixture
def finished(spool_root: Path, about: RecordingMeta) -> Callable[..., Path]:
    """Make a finished recording: `finished(("o", b"hello"), …)` is one shell; returns its spool."""

    def make(*writes: tuple[str, bytes], outcome: str = "0") -> Path:
        recorder = Recorder.start(spool_root, about, min_free=0)
        track = recorder.open_track(0, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True)
        for direction, data in writes:
            track.write(direction, data)
        track.exit(outcome)
        recorder.finish(ENDED, "technician_left")
        return recorder.directory

    return make


class TinyDisk:
    """A place in which a megabyte is too much: a file system of that size, or, where none may be mounted, a limit."""

    def __init__(self, path: Path, *, mounted: bool) -> None:
        self.path = path
        self._mounted = mounted

    def small(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext() if self._mounted else file_limit(1024 * 1024)

    def exhausted(self) -> contextlib.AbstractContextManager[None]:
        """For use when it has been filled."""
        return contextlib.nullcontext() if self._mounted else file_limit(10)


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[TinyDisk]:
    place = tmp_path / "tiny"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)]
    mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    try:
        yield TinyDisk(place, mounted=mounted)
    finally:
        if mounted:
            subprocess.run(["umount", "-l", str(place)], check=True)


@contextlib.contextmanager
def file_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond `size` bytes: the kernel then refuses with EFBIG (Python ignores SIGXFSZ)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.fixture
def limited() -> Callable[[int], contextlib.AbstractContextManager[None]]:
    return file_limit


@pytest.fixture
def descriptors() -> Callable[[], int]:
    return lambda: len(list(Path("/proc/self/fd").iterdir()))

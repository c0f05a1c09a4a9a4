"""What lies in a spool, read back."""

from recordings import spool
from recordings.frames import Parser
from recordings.model import TrackKind


def frames_of(directory, number=0):
    parser = Parser()
    found = parser.feed((directory / spool.track_name(number)).read_bytes())
    assert (parser.left, parser.broken) == (0, "")
    return found


def data_of(directory, number=0, codes="ioe"):
    return b"".join(f.data for f in frames_of(directory, number) if f.code in codes)


def shell_of(recorder):
    return recorder.open_track(0, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True)

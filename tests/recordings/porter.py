"""A process to be killed: notes files and passages, and says so after each call returned.

`python -m tests.recordings.porter SPOOL` prints the number of every acknowledged file, forever.
"""

import sys
from pathlib import Path

from recordings.files import BEGUN, DONE, FileLine
from recordings.model import RecordingMeta, TrackKind
from recordings.recorder import Recorder

META = RecordingMeta(recording_id="killed", started_at="2026-03-02T08:00:00+00:00", technician_name="Alice")


def lines(number: int) -> tuple[FileLine, FileLine]:
    """Return the two lines of a file: the same for the writer and for who checks."""
    path = f"/logs/{number}/été-\udcff.log"
    return (
        FileLine("get", "out", path, outcome=BEGUN),
        FileLine("get", "out", path, size=number, sha256=f"{number:064x}", seconds=0.5, outcome=DONE),
    )


def main(spool: Path) -> None:
    recorder = Recorder.start(spool, META, min_free=0)
    files = recorder.open_track(0, TrackKind.FILES, cols=0, rows=0, term="", command="sftp", pty=False)
    tunnel = recorder.open_track(1, TrackKind.TUNNEL, cols=0, rows=0, term="", command="tcp ct-01:443 https", pty=False)
    number = 0
    while True:
        begun, done = lines(number)
        files.file(begun)
        tunnel.passed("o", 1000 + number)
        files.file(done)
        sys.stdout.buffer.write(b"%d\n" % number)
        sys.stdout.buffer.flush()
        number += 1


if __name__ == "__main__":
    main(Path(sys.argv[1]))

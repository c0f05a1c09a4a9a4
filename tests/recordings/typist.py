"""A process to be killed: records numbered writes, and says so after each `write` returned.

`python -m tests.recordings.typist SPOOL SEED` prints the number of every acknowledged write, forever.
"""

import random
import sys
import threading
from pathlib import Path

from recordings.model import RecordingMeta, TrackKind
from recordings.recorder import Recorder

META = RecordingMeta(recording_id="killed", started_at="2026-03-02T08:00:00+00:00", technician_name="Alice")
SIZES = (1, 1, 2, 80, 700, 5000, 32768, 300_000)


def chunk(seed: int, number: int) -> tuple[int, str, bytes]:
    """Return the track, direction and bytes of a write: the same for the writer and for who checks."""
    chance = random.Random(f"{seed}-{number}")
    size = chance.choice(SIZES)
    data = chance.randbytes(size) if chance.random() < 0.5 else bytes([number % 251]) * size
    track = chance.randrange(2)
    return track, chance.choice("io" if track == 0 else "ioe"), data


def main(spool: Path, seed: int) -> None:
    recorder = Recorder.start(spool, META, min_free=0)
    tracks = [
        recorder.open_track(0, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True),
        recorder.open_track(1, TrackKind.EXEC, cols=0, rows=0, term="", command="cat", pty=False),
    ]
    threading.Thread(target=_sync, args=(recorder,), daemon=True).start()
    number = 0
    while True:
        track, direction, data = chunk(seed, number)
        tracks[track].write(direction, data)
        sys.stdout.buffer.write(b"%d\n" % number)
        sys.stdout.buffer.flush()
        number += 1


def _sync(recorder: Recorder) -> None:
    while True:
        recorder.sync()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))

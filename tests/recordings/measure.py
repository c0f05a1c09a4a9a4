"""What recording costs on this machine: `python -m tests.recordings.measure [FOLDER]`. No test, nothing fails.

Prints microseconds of processor time per keystroke, and processor seconds per GiB for writes of 32 KiB (the largest SSH
packet) of noise, zeros and program text, then for sealing them and for turning them into asciicast. FOLDER should lie
on the disk that is meant; the numbers without it are those of the temporary folder.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from recordings.blobs import FileBlobs
from recordings.container import seal
from recordings.model import RecordingMeta, TrackKind
from recordings.recorder import Recorder
from recordings.replay import open_recording
from recordings.signing import Signer

MOMENT = "2026-03-02T08:00:00+00:00"
PACKET = 32 * 1024
PACKETS = 8192
GIB = PACKET * PACKETS / 2**30


def begin(spool, name):
    recorder = Recorder.start(spool, RecordingMeta(recording_id=name, started_at=MOMENT))
    return recorder, recorder.open_track(0, TrackKind.SHELL, cols=80, rows=24, term="xterm", pty=True)


def spent(work):
    """Run `work`; return the processor seconds of this process, and what it returned."""
    before = time.process_time()
    result = work()
    return time.process_time() - before, result


def keystrokes(spool, rounds=7, each=20_000):
    recorder, track = begin(spool, "keys")

    def strike():
        for _ in range(each):
            track.write("i", b"x")

    costs = [spent(strike)[0] / each * 1e6 for _ in range(rounds)]
    recorder.finish(MOMENT, "measured")
    print(f"keystroke   min {min(costs):.2f}  median {statistics.median(costs):.2f}  max {max(costs):.2f} µs")


def samples():
    text = b"".join(p.read_bytes() for p in sorted(Path(os.__file__).parent.glob("*.py")))[: 64 * PACKET]
    yield "noise", [os.urandom(PACKET) for _ in range(64)]
    yield "zeros", [bytes(PACKET)] * 64
    yield "text", [text[i * PACKET : (i + 1) * PACKET] for i in range(64)]


def bulk(name, blocks, spool, store, signer):
    recorder, track = begin(spool, name)

    def record():
        for number in range(PACKETS):
            track.write("o", blocks[number % len(blocks)])

    wrote, _ = spent(record)
    recorder.finish(MOMENT, "measured")
    sealed, made = spent(lambda: seal(recorder.directory, store, signer))
    shown, _ = spent(lambda: sum(map(len, open_recording(store, name, signer.public).cast(0))))
    spooled = recorder.bytes_written / PACKET / PACKETS
    print(
        f"{name:8s} write {wrote / GIB:6.2f}  seal {sealed / GIB:6.2f}  cast {shown / GIB:6.2f} CPU s/GiB   "
        f"spool {spooled:.3f}  sealed {made.bytes / PACKET / PACKETS:.3f} bytes per byte"
    )


def main(folder=None):
    with tempfile.TemporaryDirectory(dir=folder) as place:
        spool, store = Path(place, "spool"), Path(place, "store")
        spool.mkdir()
        store.mkdir()
        signer = Signer.generate(Path(place, "key"))
        keystrokes(spool)
        for name, blocks in samples():
            bulk(name, blocks, spool, FileBlobs(store), signer)


if __name__ == "__main__":
    main(*sys.argv[1:2])

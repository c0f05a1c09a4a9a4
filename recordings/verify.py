"""`python -m recordings.verify DIR PUBKEY [--export OUT]`: check recordings, and get them out, without the product.

DIR is one recording or a folder of them, PUBKEY the file with the public key (PEM or OpenSSH). Needs this package,
cryptography and zstandard, nothing else (R-48). Exit status: 0 all is as it was sealed, 1 damage, 2 cannot tell.
With --export, each track of a whole recording is written to OUT as `<id>-track-N`: `.cast` for plain asciinema, the
list of files as `.csv`, a tunnel as `.pcapng` for Wireshark.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from recordings.blobs import FileBlobs
from recordings.container import verify
from recordings.model import RecordingDamaged, RecordingError, Verification, printable
from recordings.replay import SUFFIXES, open_recording
from recordings.signing import load_public


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    try:
        public = load_public(options.pubkey.read_bytes())
        store, ids = _recordings(options.dir.resolve())
        verdicts = [_checked(store, recording_id, public) for recording_id in ids]
        if options.export:
            _export(store, [v.recording_id for v in verdicts if v.ok and not v.erased_at], public, options.export)
    except RecordingDamaged as damage:
        sys.stderr.write(f"DAMAGED  {damage.where}\n")
        return 1
    except (RecordingError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0 if all(verdict.ok for verdict in verdicts) else 1


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m recordings.verify", description="Check sealed recordings.")
    parser.add_argument("dir", type=Path, help="a recording, or a folder of recordings")
    parser.add_argument("pubkey", type=Path, help="the public key, PEM or OpenSSH")
    parser.add_argument("--export", type=Path, metavar="OUT", help="write the tracks as files into this folder")
    return parser.parse_args(arguments)


def _recordings(directory: Path) -> tuple[FileBlobs, list[str]]:
    """Take `directory` for a recording if there are files in it, else for a folder of recordings."""
    if any(path.is_file() for path in directory.iterdir()):
        return FileBlobs(directory.parent), [directory.name]
    store = FileBlobs(directory)
    if ids := store.recordings():
        return store, ids
    raise RecordingError(f"there is no recording in {directory}")


def _checked(store: FileBlobs, recording_id: str, public: Ed25519PublicKey) -> Verification:
    verdict = verify(store, recording_id, public)
    if verdict.ok and verdict.erased_at:
        sys.stdout.write(f"erased   {recording_id}  {verdict.digest}  on {printable(verdict.erased_at, 40)}\n")
    elif verdict.ok:
        sys.stdout.write(f"ok       {recording_id}  {verdict.digest}  {verdict.chunks} chunks\n")
    for fault in verdict.faults:
        sys.stdout.write(f"DAMAGED  {printable(recording_id, 100)}  {fault}\n")
    return verdict


def _export(store: FileBlobs, ids: list[str], public: Ed25519PublicKey, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    for recording_id in ids:
        replay = open_recording(store, recording_id, public)
        for track in replay.tracks:
            number, suffix = track.head.number, SUFFIXES[track.head.kind]
            with (out / f"{recording_id}-track-{number}.{suffix}").open("wb") as file:
                file.writelines(replay.copy(number))


if __name__ == "__main__":
    sys.exit(main())

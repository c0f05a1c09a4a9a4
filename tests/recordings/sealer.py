"""A process to be killed while it seals: `python -m tests.recordings.sealer SPOOL STORE KEY`. Tells when it begins."""

import sys
from pathlib import Path

from recordings.blobs import FileBlobs
from recordings.container import seal
from recordings.signing import Signer

if __name__ == "__main__":
    signer = Signer.load(Path(sys.argv[3]))
    sys.stdout.write("sealing\n")
    sys.stdout.flush()
    seal(Path(sys.argv[1]), FileBlobs(Path(sys.argv[2])), signer)

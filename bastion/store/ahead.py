"""Reads the database file once when the bastion starts, so that the first look at something old waits for no disk.

A request's page needs some sixty pages of the file from all over it. After a restart at two in the morning none of them
is in memory, and whoever looks first would wait for each. The kernel keeps what was read as long as nobody needs the
memory for more.

`python -m bastion.store.ahead FILE BYTES` is the reading: a process of its own, because whoever closes a file gives up
every lock that his process holds on it, and SQLite's are such locks.
"""

import asyncio
import os
import re
import sys
from pathlib import Path
from typing import Final

SMALL: Final = 64 << 20
"""Bytes that the first looks bring in by themselves."""
SHARE: Final = 2
"""Of the memory that is free, one part of so many is taken at most."""
_BLOCK: Final = 1 << 20
_FREE: Final = re.compile(r"MemAvailable:\s+(\d+) kB")


async def read(path: Path) -> int:
    """Have the end of a file read, as much as there is room for; how many bytes that was. When this is cancelled, the
    reading ends.
    """
    most = _worth(path)
    if not most:
        return 0
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, str(path), str(most), stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return int(said or 0)


def _worth(path: Path) -> int:
    return 0 if path.stat().st_size < SMALL else room()


def room(proc: Path = Path("/proc"), groups: Path = Path("/sys/fs/cgroup")) -> int:
    """How many bytes may be read: a share of what the kernel calls available, and of what this service is allowed. 0
    where nobody says.
    """
    try:
        free = _FREE.search((proc / "meminfo").read_text())
        group = (proc / "self/cgroup").read_text().rpartition("::")[2].strip().lstrip("/")
        limit = groups / group / "memory.max"
        allowed = limit.read_text().strip() if limit.exists() else "max"
    except OSError:
        return 0
    known = [int(free[1]) << 10 if free else 0, *([int(allowed)] if allowed.isdigit() else [])]
    return min(known) // SHARE


def through(path: Path, most: int) -> int:
    """Read the last `most` bytes of a file, the newest rows among them; how many there were."""
    block, total = bytearray(_BLOCK), 0
    with path.open("rb", buffering=0) as file:
        file.seek(max(os.fstat(file.fileno()).st_size - most, 0))
        while count := file.readinto(block):
            total += count
    return total


if __name__ == "__main__":
    os.nice(19)
    sys.stdout.write(str(through(Path(sys.argv[1]), int(sys.argv[2]))))

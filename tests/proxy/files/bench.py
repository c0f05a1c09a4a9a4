"""What the gate costs a chunk: `python -m tests.proxy.files.bench`. CPU time of one thread, best of five."""

import time
from collections.abc import Callable

from bastion.proxy.files import run as runs
from tests.proxy.files import table as say

CHUNK = 32 * 1024
COUNT = 4096


class NoDigest:
    """In place of SHA-256: what the gate costs without it."""

    def update(self, _data):
        pass

    def copy(self):
        return self

    def hexdigest(self):
        return ""


def chunks(stream: bytes, size: int, shift: int = 0) -> list[memoryview]:
    view = memoryview(stream)
    return [view[at : at + size] for at in range(shift, len(stream), size)] if not shift else [
        view[:shift], *chunks(view[shift:], size)
    ]  # fmt: skip


def upload(block: int, size: int, shift: int) -> tuple[float, int]:
    table = say.Table()
    table.opened(b"/f", 2)
    stream = b"".join(say.write(at, b"h", at * block, bytes(block)) for at in range(CHUNK * COUNT // block))
    return timed(table.gate.from_technician, chunks(stream, size, shift))


def download(block: int, size: int, shift: int) -> tuple[float, int]:
    table = say.Table()
    table.opened(b"/f", 1)
    count = CHUNK * COUNT // block
    table.gate.from_technician(b"".join(say.read(at, b"h", at * block, block) for at in range(count)))
    table.gate._held = False
    stream = b"".join(say.data(at, bytes(block)) for at in range(count))
    return timed(table.gate.from_device, chunks(stream, size, shift))


def requests(_block: int, size: int, _shift: int) -> tuple[float, int]:
    table = say.Table()
    table.opened(b"/f", 1)
    stream = b"".join(say.read(at, b"h", at * CHUNK, CHUNK) for at in range(CHUNK))
    return timed(table.gate.from_technician, chunks(stream, size))


def statuses(_block: int, size: int, _shift: int) -> tuple[float, int]:
    table = say.Table()
    table.opened(b"/f", 2)
    table.gate.from_technician(b"".join(say.write(at, b"h", at, b"x") for at in range(CHUNK)))
    table.gate._held = False
    stream = b"".join(say.ok(at) for at in range(CHUNK))
    return timed(table.gate.from_device, chunks(stream, size))


def small_files(_block: int, _size: int, _shift: int) -> tuple[float, int]:
    """A file of 4 kB sent: open, write, close and their answers, six chunks."""
    table = say.Table()
    content = bytes(4096)
    turns = [
        (say.open_(at, b"/tree/file-%d" % at, 0x1A), say.handle(at, b"h"), say.write(at, b"h", 0, content), say.ok(at),
         say.close(at, b"h"), say.ok(at)) for at in range(2000)
    ]  # fmt: skip
    began = time.process_time()
    for turn in turns:
        for at, said in enumerate(turn):
            (table.gate.from_device if at & 1 else table.gate.from_technician)(said)
    return time.process_time() - began, len(turns)


def timed(take: Callable[[memoryview], bool], pieces: list[memoryview]) -> tuple[float, int]:
    began = time.process_time()
    for piece in pieces:
        take(piece)
    return time.process_time() - began, len(pieces)


CASES = {
    "put, 32 KiB chunks, each cut inside content": (upload, CHUNK, CHUNK, 1000),
    "put, whole packets": (upload, CHUNK, CHUNK + 26, 0),
    "put, 255 KiB writes in 32 KiB chunks": (upload, 255 * 1024, CHUNK, 0),
    "get, 32 KiB chunks, each cut inside content": (download, CHUNK, CHUNK, 1000),
    "get, whole packets": (download, CHUNK, CHUNK + 13, 0),
    "READ requests, one a chunk": (requests, 0, 30, 0),
    "STATUS replies to writes, one a chunk": (statuses, 0, 32, 0),
    "a 4 kB file sent (six chunks)": (small_files, 0, 0, 0),
}


def best(case: str) -> tuple[float, int]:
    do, *how = CASES[case]
    return min(do(*how) for _ in range(5))


def main() -> None:
    sha256 = runs.hashlib.sha256
    print(f"{'':46}{'without digest':>20}{'with SHA-256':>20}")
    for case in CASES:
        shown = []
        for digest in (NoDigest, sha256):
            runs.hashlib.sha256 = digest
            seconds, count = best(case)
            rate = f" {CHUNK * COUNT / 2**20 / seconds:7.0f} MiB/s" if case.startswith(("put", "get")) else " " * 14
            shown.append(f"{seconds / count * 1e6:6.2f} µs{rate}")
        print(f"{case:46}" + "".join(f"{text:>24}" for text in shown))
    runs.hashlib.sha256 = sha256


if __name__ == "__main__":
    main()

"""`make bench`: shuffled rounds, recording on, ten minutes at most; stops whatever it started."""

import argparse
import asyncio
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import asyncssh

from tests.bench import files, measures, service
from tests.bench.product import Product
from tests.bench.report import Results, put_into, table, write
from tests.bench.servers import Lab
from tests.bench.service import Service
from tests.bench.ways import Way, minimal_and_rivals, product_and_rivals, rest

BUDGET = 540.0  # seconds after which no new round begins
SIZE = 256 * measures.MIB
BIG = 1024 * measures.MIB  # a file by sftp; ten times in a row when memory is looked at
SMALL_FILES = 2_000  # in each round, 10,000 in all
LINES = 250_000
MANY, MOST = 200, 500  # sessions opened in a row, and live when everything is cut; idle ones, in the last round
FAILURES = (subprocess.SubprocessError, OSError, EOFError, TimeoutError, asyncssh.Error, ExceptionGroup)


class Bench:
    def __init__(
        self, ways: dict[str, Way], product: Product | None, text: Path, service: Service, options: argparse.Namespace
    ) -> None:
        self.ways, self.product, self.text, self.service, self.options = ways, product, text, service, options
        self.big = files.big_file(text.parent, options.big)
        self.small = files.small_files(text.parent, SMALL_FILES)
        self.results = Results()
        self._longest = 0.0

    def run(self) -> None:
        begun = time.monotonic()
        for number in range(self.options.rounds):
            started = time.monotonic()
            if started - begun + self._longest > self.options.budget:
                self.results.problems.append(f"stopped after {number} rounds: out of time")
                return
            self._round(last=number == self.options.rounds - 1)
            self._longest = max(self._longest, time.monotonic() - started)

    def _round(self, *, last: bool) -> None:
        if self.product is not None:
            self._try("acknowledged_to_device_ms", self._acknowledge)
            self._try("approval_to_prompt_ms", self._admit)
            self._try("lock_command_s", self._lock_command)
            self._try("admit again", self._admit)
        jobs = [(row, way) for row in self._rows() for way in self.ways]
        random.shuffle(jobs)
        for job, name in jobs:
            self._try(f"{job.__name__.strip('_')} {name}", lambda job=job, name=name: job(self.ways[name]))  # type: ignore[misc]
        if last and "bastion" in self.ways:
            self._try("sftp_memory_mib", lambda: self._memory(self.ways["bastion"]))
        if self.product is not None:
            self._try("half_open_sign_in_ms", self._half_open)
        if last and self.product is not None:
            self._try("second_start_s", self._second_start)
        self._try("sessions", lambda: asyncio.run(self._sessions(last=last)))

    def _rows(self) -> list[Callable[[Way], None]]:
        rows = [self._setup, self._echo, self._down, self._up, self._flood]
        if self.product is not None:  # the least proxy there can be has neither files nor tunnels
            rows += [self._get, self._put, self._small, self._tunnel_down, self._tunnel_up]
        return rows

    def _try(self, what: str, job: Callable[[], None]) -> None:
        """A measurement that fails is said so, and the others go on."""
        begun = time.monotonic()
        try:
            job()
        except FAILURES as error:
            self.results.problems.append(f"{what}: {_why(error)}")
            say(f"  {what}: failed: {_why(error)}")
        else:
            say(f"  {what}: {time.monotonic() - begun:.1f} s")

    def _admit(self) -> None:
        if self.product is not None:
            self.results.add("approval_to_prompt_ms", "bastion", self.product.admit() * 1000)

    def _acknowledge(self) -> None:
        if self.product is not None:
            self.results.add("acknowledged_to_device_ms", "bastion", self.product.acknowledge() * 1000)

    def _lock_command(self) -> None:
        if self.product is not None:
            self.results.add("lock_command_s", "bastion", self.product.lock_command())

    def _half_open(self) -> None:
        """T14: whoever signs in while two hundred others are connected and say nothing."""
        if self.product is not None:
            with measures.half_open(self.product.port, MANY):
                self.results.add("half_open_sign_in_ms", "bastion", measures.setup(self.ways["bastion"]))

    def _second_start(self) -> None:
        if self.product is not None:
            self.results.add("second_start_s", "bastion", self.product.second_start())

    def _setup(self, way: Way) -> None:
        self.results.add("setup", way.name, measures.setup(way))

    def _echo(self, way: Way) -> None:
        median, rare = measures.echo(way)
        self.results.add("echo_p50", way.name, median)
        self.results.add("echo_p99", way.name, rare)

    def _down(self, way: Way) -> None:
        speed, cpu = measures.download(way, self.options.size)
        self.results.add("exec_download", way.name, speed)
        self.results.add("cpu_per_gib", way.name, cpu)

    def _up(self, way: Way) -> None:
        self.results.add("exec_upload", way.name, measures.upload(way, self.options.size))

    def _flood(self, way: Way) -> None:
        self.results.add("pty_flood", way.name, measures.flood(way, self.text))

    def _get(self, way: Way) -> None:
        self.results.add("sftp_get", way.name, files.sftp_get(way, self.big))

    def _put(self, way: Way) -> None:
        self.results.add("sftp_put", way.name, files.sftp_put(way, self.big))

    def _small(self, way: Way) -> None:
        self.results.add("small_files", way.name, files.sftp_small(way, self.small, SMALL_FILES))

    def _tunnel_down(self, way: Way) -> None:
        speed = files.forward(way, self.service.port, self.options.size, service.download)
        self.results.add("forward_download", way.name, speed)

    def _tunnel_up(self, way: Way) -> None:
        speed = files.forward(way, self.service.port, self.options.size, service.upload)
        self.results.add("forward_upload", way.name, speed)

    def _memory(self, way: Way) -> None:
        self.results.add("sftp_memory_mib", way.name, files.memory_while_getting(way, self.big, 10))
        way.settle()

    async def _sessions(self, *, last: bool) -> None:
        """New sessions per second, as many each way, each way on a machine at rest; with ours still live, the cut."""
        if last and not self.options.quick and "bastion" in self.ways:
            await self._idle(self.ways["bastion"], MOST)
        ways = [way for name, way in self.ways.items() if name != "direct"]
        for way in random.sample(ways, len(ways)):
            await self._crowd(way, MANY)

    async def _idle(self, way: Way, count: int) -> None:
        """Memory of many sessions that do nothing."""
        opened = await measures.open_sessions(way, count)
        try:
            self.results.add("memory_per_session_kib", way.name, opened.kib_each)
        finally:
            await opened.close()
            await asyncio.to_thread(way.settle)

    async def _crowd(self, way: Way, count: int) -> None:
        await asyncio.to_thread(rest)
        opened = await measures.open_sessions(way, count)
        try:
            self.results.add("sessions_per_second", way.name, opened.a_second)
            if way.name != "bastion" or self.options.quick:
                self.results.add("memory_per_session_kib", way.name, opened.kib_each)
            if way.name == "bastion" and self.product is not None:
                await self._cut(way, self.product, opened)
        finally:
            await opened.close()

    async def _cut(self, way: Way, product: Product, opened: measures.Opened) -> None:
        try:
            self.results.add("cut_ms", "bastion", await measures.cut(product, opened))
        finally:
            await asyncio.to_thread(way.settle)  # two hundred recordings are being sealed
            await asyncio.to_thread(product.lift)


def _why(error: BaseException) -> str:
    """One line: of several errors at once, the first."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {str(error)[:300]}"


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Lab(Path(folder)) as lab, Service() as door:
        text = lab.folder / "terminal.txt"
        measures.write_text(text, LINES)
        product, ways = (None, minimal_and_rivals(lab)) if options.minimal else product_and_rivals(lab, door)
        bench = Bench(ways, product, text, door, options)
        try:
            bench.run()
        finally:
            if product is not None:
                product.close()
            _report(bench.results, options)


def _report(results: Results, options: argparse.Namespace) -> None:
    names = ["callbacks", "packets"] if options.minimal else ["bastion"]
    for name in names:
        print(f"\n{table(results, name)}")
    for problem in results.problems:
        print(f"- {problem}")
    if not options.minimal:
        write(results, "bastion", options.output)
    if options.docs:
        put_into(options.docs, "\n\n".join(table(results, name) for name in names))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds after which no new round begins")
    parser.add_argument("--big", type=int, default=BIG, help="bytes of a file by sftp")
    parser.add_argument("--size", type=int, default=SIZE, help="bytes of a transfer")
    parser.add_argument(
        "--minimal", action="store_true", help="compare asyncssh's callbacks with the packet path alone"
    )
    parser.add_argument("--quick", action="store_true", help="a smaller crowd in the last round")
    parser.add_argument("--docs", type=Path, help="a page whose table is to be replaced")
    parser.add_argument("--output", type=Path, default=Path("var/bench.json"))
    return parser.parse_args()


if __name__ == "__main__":
    main()

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

from tests.bench import measures
from tests.bench.product import Product
from tests.bench.report import Results, put_into, table, write
from tests.bench.servers import Lab
from tests.bench.ways import Way, minimal_and_rivals, product_and_rivals

BUDGET = 540.0  # seconds after which no new round begins
SIZE = 256 * measures.MIB
LINES = 250_000
MANY, MOST = 200, 500  # live sessions when everything is cut; when memory is measured, in the last round
JUMPS = 60
FAILURES = (subprocess.SubprocessError, OSError, EOFError, TimeoutError, asyncssh.Error, ExceptionGroup)


class Bench:
    def __init__(self, ways: dict[str, Way], product: Product | None, text: Path, options: argparse.Namespace) -> None:
        self.ways, self.product, self.text, self.options = ways, product, text, options
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
            self._try("approval_to_prompt_ms", self._admit)
        jobs = [(row, way) for row in (self._setup, self._echo, self._down, self._up, self._flood) for way in self.ways]
        random.shuffle(jobs)
        for job, name in jobs:
            self._try(f"{job.__name__.strip('_')} {name}", lambda job=job, name=name: job(self.ways[name]))  # type: ignore[misc]
        self._try("sessions", lambda: asyncio.run(self._sessions(MOST if last and not self.options.quick else MANY)))

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

    async def _sessions(self, count: int) -> None:
        """New sessions per second both ways; then, with ours still live, memory and the cut."""
        for name, way in self.ways.items():
            if name != "direct":
                await self._crowd(way, count if name == "bastion" else JUMPS, count)

    async def _crowd(self, way: Way, count: int, most: int) -> None:
        opened = await measures.open_sessions(way, count)
        try:
            self.results.add("sessions_per_second", way.name, opened.a_second)
            if way.name != "bastion" or most == MOST or self.options.quick:
                self.results.add("memory_per_session_kib", way.name, opened.kib_each)
            if way.name == "bastion" and self.product is not None:
                await self._cut(way, self.product, opened)
        finally:
            await opened.close()

    async def _cut(self, way: Way, product: Product, opened: measures.Opened) -> None:
        surplus = opened.channels[MANY:]
        for channel in surplus:
            channel.get_connection().abort()
        opened.channels = opened.channels[:MANY]
        await asyncio.to_thread(way.settle)
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
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, Lab(Path(folder)) as lab:
        text = lab.folder / "terminal.txt"
        measures.write_text(text, LINES)
        product, ways = (None, minimal_and_rivals(lab)) if options.minimal else product_and_rivals(lab)
        bench = Bench(ways, product, text, options)
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--budget", type=float, default=BUDGET, help="seconds after which no new round begins")
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

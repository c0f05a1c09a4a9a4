"""What was measured, against what was aimed at: a table for people, `var/bench.json` for trends."""

import json
import statistics
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

BEGIN, END = "<!-- table -->", "<!-- end -->"
UP, DOWN = "more is better", "less is better"


@dataclass(frozen=True)
class Row:
    """`first` and `goal` bound the ratio to `ssh -J`, or the value itself where `absolute`; `None` is no bound."""

    name: str
    unit: str
    better: str
    first: float | None
    goal: float
    absolute: bool = False


ROWS = (
    Row("setup", "ms", DOWN, 0.5, 0.40),
    Row("echo_p50", "µs", DOWN, 1.8, 1.15),
    Row("echo_p99", "µs", DOWN, 2.5, 1.5),
    Row("exec_download", "MiB/s", UP, 0.9, 1.3),
    Row("exec_upload", "MiB/s", UP, 0.9, 1.3),
    Row("cpu_per_gib", "s/GiB", DOWN, None, 0.75),
    Row("pty_flood", "MB/s", UP, None, 1.0),
    Row("sftp_get", "MiB/s", UP, 0.9, 1.3),
    Row("sftp_put", "MiB/s", UP, 0.9, 1.3),
    Row("small_files", "files/s", UP, 0.7, 1.0),
    Row("forward_download", "MiB/s", UP, 0.9, 1.3),
    Row("forward_upload", "MiB/s", UP, 0.9, 1.3),
    Row("sftp_memory_mib", "MiB", DOWN, 32, 32, absolute=True),
    Row("memory_per_session_kib", "KiB", DOWN, 120, 100, absolute=True),
    Row("sessions_per_second", "1/s", UP, 1.2, 1.5),
    Row("approval_to_prompt_ms", "ms", DOWN, 100, 100, absolute=True),
    Row("acknowledged_to_device_ms", "ms", DOWN, 200, 200, absolute=True),
    Row("cut_ms", "ms", DOWN, 1000, 1000, absolute=True),
    Row("half_open_sign_in_ms", "ms", DOWN, 1000, 1000, absolute=True),
    Row("lock_command_s", "s", DOWN, None, 2, absolute=True),
    Row("second_start_s", "s", DOWN, 5, 5, absolute=True),
)


@dataclass
class Results:
    """Values by row and way, one for each round."""

    values: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def add(self, row: str, way: str, value: float) -> None:
        self.values.setdefault((row, way), []).append(value)

    def of(self, row: str, way: str) -> list[float]:
        return self.values.get((row, way), [])

    def ratio(self, row: str, way: str) -> float | None:
        """Median over the rounds of this way's value to that of `ssh -J` in the same round."""
        pairs = list(zip(self.of(row, way), self.of(row, "jump"), strict=False))
        return statistics.median(value / jump for value, jump in pairs) if pairs else None


def entry(results: Results, row: Row, way: str) -> dict[str, Any]:
    """One row of the file; everything about it is `None` where nothing was measured."""
    values, ratio = results.of(row.name, way), results.ratio(row.name, way)
    measured = statistics.median(values) if values else None
    judged = measured if row.absolute else ratio
    return {
        "name": row.name, "unit": row.unit, "ratio_to_jump": _short(ratio), "median": _short(measured),
        "min": _short(min(values, default=None)), "max": _short(max(values, default=None)), "rounds": len(values),
        "jump_median": _median(results.of(row.name, "jump")), "direct_median": _median(results.of(row.name, "direct")),
        "first_goal": row.first, "first_goal_met": _met(row, judged, row.first),
        "goal": row.goal, "goal_met": _met(row, judged, row.goal), "to_goal": _short(_distance(row, judged)),
    }  # fmt: skip


def _met(row: Row, value: float | None, bound: float | None) -> bool | None:
    if value is None or bound is None:
        return None
    return value >= bound if row.better == UP else value <= bound


def _distance(row: Row, value: float | None) -> float | None:
    """How many times better it is than the goal: 1 is just met, below 1 is not."""
    if not value:
        return None
    return value / row.goal if row.better == UP else row.goal / value


def _median(values: list[float]) -> float | None:
    return _short(statistics.median(values)) if values else None


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.4g}")


def write(results: Results, way: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [entry(results, row, way) for row in ROWS]
    kept = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(kept | {"rows": rows, "problems": results.problems}, indent=2) + "\n")


def put_into(page: Path, text: str) -> None:
    """Replace what stands between the two marks of a page."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    if not after:
        raise ValueError(f"{page} has no place for a table")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def table(results: Results, way: str) -> str:
    """The rows as Markdown, so that it can stand in the docs as it is."""
    head = f"| | unit | {way}: median (min to max) | direct | `ssh -J` | ratio | asked | goal | × goal |"
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    return "\n".join(lines + [_line(entry(results, row, way), row) for row in ROWS])


def _line(found: dict[str, Any], row: Row) -> str:
    value = "–" if found["median"] is None else f"{found['median']:g} ({found['min']:g} to {found['max']:g})"
    sign = "≥" if row.better == UP else "≤"
    asked = "–" if row.first is None else f"{sign} {row.first:g} {_mark(found['first_goal_met'])}"
    goal = f"{sign} {row.goal:g} {_mark(found['goal_met'])}"
    numbers = [_cell(found[name]) for name in ("direct_median", "jump_median", "ratio_to_jump")]
    return f"| {' | '.join([row.name, row.unit, value, *numbers, asked, goal, _cell(found['to_goal'])])} |"


def _cell(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _mark(met: bool | None) -> str:
    return {True: "✓", False: "✗", None: ""}[met]

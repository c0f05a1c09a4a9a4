"""The simulated CT scanner behind the imaging console: what it measures, logs and keeps in files. No I/O."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta

LINES = (
    ("INFO", "GANTRY", "rotation speed 0.500 s/rev, jitter 0.02 %"),
    ("INFO", "DAS", "frame sync ok, 64 rows, 984 views"),
    ("WARN", "TUBE", "anode heat 62 %, cooling delay 12 s advised"),
    ("INFO", "RECON", "queue empty, last series 412 images in 9.8 s"),
    ("INFO", "TABLE", "encoder check ok, drift 0.1 mm"),
    ("ERROR", "DAS", "E-2207 detector module 17: offset out of tolerance (+4.1 %)"),
    ("INFO", "COOL", "heat exchanger 21.4 °C in, 27.9 °C out"),
    ("WARN", "DAS", "module 17 compensated from neighbours 16 and 18"),
    ("INFO", "NET", "DICOM echo to archive ok, 3 ms"),
    ("INFO", "UPS", "mains 398 V, battery 100 %"),
)
LOG_STEP = timedelta(seconds=2)
MODULES = 8

FILES = {
    "README.txt": "Simulated scanner of the bastion's demo. Nothing here belongs to a patient.\n",
    "logs/tube.log": "2026-11-19 07:02:11 tube warm-up finished, 14 exposures\n2026-11-20 07:01:58 tube ready\n",
    "logs/das.log": "2026-11-20 09:41:07 E-2207 detector module 17: offset out of tolerance (+4.1 %)\n",
    "calibration/air-2026-11-16.txt": "air calibration: passed, 64/64 rows\n",
    "calibration/air-2026-11-20.txt": "air calibration: passed with remarks, module 17 +4.1 %\n",
    "protocols/head-routine.xml": '<protocol name="head routine"><kv>120</kv><mas>250</mas></protocol>\n',
    "protocols/thorax-low-dose.xml": '<protocol name="thorax low dose"><kv>100</kv><mas>40</mas></protocol>\n',
}


@dataclass(slots=True)
class Scanner:
    """`since` is when it was switched on; its log grows by one line each `LOG_STEP` from then on."""

    since: datetime
    calibrated: dict[str, datetime] = field(default_factory=dict)

    def status(self, now: datetime) -> list[tuple[str, str]]:
        """Name and value of each fact on the status page; the console translates the names."""
        up = now - self.since
        calibrated = self.calibrated.get("air")
        return [
            ("model", "Tomolux 64, software 7.2.1 (simulated)"),
            ("state", "standby"),
            ("uptime", f"{up.days} d {up.seconds // 3600:02d} h {up.seconds % 3600 // 60:02d} min"),
            ("tube", f"{18 + round(4 * math.sin(up.total_seconds() / 60))} %"),
            ("detector", "E-2207: module 17" if calibrated is None else "64/64 ok"),
            ("calibration", "2026-11-20" if calibrated is None else f"{calibrated:%Y-%m-%d %H:%M} UTC"),
            ("disk", "412 GB / 1.0 TB"),
        ]

    def temperatures(self, now: datetime) -> list[float]:
        """Degrees Celsius of each detector module; they swing slowly about 36 °C."""
        seconds = (now - self.since).total_seconds()
        return [36 + 0.4 * math.sin(seconds / 20 + module) + (1.9 if module == 5 else 0) for module in range(MODULES)]

    def log(self, now: datetime, count: int) -> list[str]:
        """Return the last `count` lines written by `now`, the oldest first."""
        last = self.written(now)
        return [self.line(number) for number in range(last - count + 1, last + 1)]

    def written(self, now: datetime) -> int:
        """The number of the newest log line."""
        return (now - self.since) // LOG_STEP

    def line(self, number: int) -> str:
        level, part, text = LINES[number % len(LINES)]
        return f"{self.since + number * LOG_STEP:%Y-%m-%d %H:%M:%S} {level:<5} {part:<6} {text}"

    def listing(self, folder: str) -> list[str] | None:
        """Names in `folder` (folders end in `/`), or `None` if there is no such folder."""
        prefix = f"{folder}/" if folder else ""
        rests = [name.removeprefix(prefix) for name in FILES if name.startswith(prefix)]
        return sorted({rest.split("/")[0] + ("/" if "/" in rest else "") for rest in rests}) or None

    def read(self, path: str) -> str | None:
        return FILES.get(path)

    def calibrate(self, now: datetime) -> None:
        self.calibrated["air"] = now


def resolve(folder: str, path: str) -> str:
    """Join like a shell does, without ever leaving the tree; the root is the empty string."""
    parts: list[str] = [] if path.startswith("/") else [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)

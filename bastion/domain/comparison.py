"""What a request declared beside what was observed of its sessions, and where the two differ (R-60).

Nothing here is more than the bastion has seen: a file by its hash, a channel, a kind of command line that a terminal
showed. What it cannot see (inside a program that takes the whole screen, a tunnel) is named in `unseen`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.domain.access_request import InterventionKind
from bastion.domain.act import BLIND, WRITING, Act, Seen
from bastion.domain.announced_file import AnnouncedFile, basename
from bastion.domain.held_file import Direction
from bastion.domain.work_plan import PatientData

SLACK: Final = timedelta(minutes=1)
"""A session is ended within this time of its end."""
SOFTWARE_NAMES: Final = (
    ".apk", ".bin", ".cab", ".deb", ".dfu", ".dmg", ".exe", ".fw", ".hex", ".img", ".ipk", ".iso", ".jar", ".msi",
    ".msp", ".pkg", ".rpm", ".run", ".swu", ".whl",
)  # fmt: skip
"""How the names of programs and firmware end."""


class Aspect(StrEnum):
    """What is compared; the order is the order in which it is read."""

    CHANGES = "changes"
    SOFTWARE = "software"
    FILES = "files"
    PATIENTS = "patients"
    TIME = "time"
    TUNNELS = "tunnels"
    REPORT = "report"


class Mark(StrEnum):
    FITS = "fits"
    NOTE = "note"  # worth knowing, and no difference
    DIFFERS = "differs"


class What(StrEnum):
    """One thing that was declared or observed; of those in `SPANS` the count is in seconds."""

    ASKED = "asked"
    AGREED = "agreed"
    USED = "used"
    SESSIONS = "sessions"
    RUNNING = "running"
    NO_ACT = "no_act"
    MAY_CHANGE = "may_change"
    NO_CHANGE = "no_change"
    NOTHING_CHANGED = "nothing_changed"
    REBOOT = Act.REBOOT.value
    ACCOUNT = Act.ACCOUNT.value
    CONFIG = Act.CONFIG.value
    INSTALL = Act.INSTALL.value
    COPY = Act.COPY.value
    DELETE = Act.DELETE.value
    EDITOR = Act.EDITOR.value
    BROUGHT = "brought"
    ALTERED = "altered"
    TRIED = "tried"
    SOFTWARE = "software"
    NO_SOFTWARE = "no_software"
    SOFTWARE_UNSAID = "software_unsaid"
    SOFTWARE_FILES = "software_files"
    NO_SOFTWARE_SEEN = "no_software_seen"
    ANNOUNCED = "announced"
    NONE_ANNOUNCED = "none_announced"
    MATCHED = "matched"
    UNANNOUNCED = "unannounced"
    NOT_SEEN = "not_seen"
    HELD = "held"
    BROKEN = "broken"
    FETCHED = "fetched"
    NO_FILE = "no_file"
    PATIENTS_NONE = "patients_none"
    PATIENTS_VISIBLE = "patients_visible"
    PATIENTS_NEEDED = "patients_needed"
    PATIENTS_UNSAID = "patients_unsaid"
    ON_SCREEN = "on_screen"
    IN_FILES = "in_files"
    UNCHECKED = "unchecked"
    NO_PATIENTS_SEEN = "no_patients_seen"
    TUNNELS_AGREED = "tunnels_agreed"
    NO_TUNNELS_AGREED = "no_tunnels_agreed"
    TUNNELS = "tunnels"
    TUNNELS_REFUSED = "tunnels_refused"
    REPORT_OWED = "report_owed"
    REPORT_WRITTEN = "report_written"
    REPORT_MISSING = "report_missing"
    REPORT_LATE = "report_late"


SPANS: Final = frozenset({What.ASKED, What.AGREED, What.USED})


class Unseen(StrEnum):
    """What the bastion could not see, so that nobody takes silence for a proof."""

    RUNNING = "running"  # what is typed is looked at when a session has ended
    NOT_SEALED = "not_sealed"
    UNREAD = Act.UNREAD.value
    HIDDEN = Act.HIDDEN.value
    FULLSCREEN = Act.FULLSCREEN.value
    PIPED = Act.PIPED.value
    CUT_SHORT = Act.CUT_SHORT.value
    TUNNEL = "tunnel"
    SCREEN = "screen"  # screens were looked at in part
    MORE = "more"  # there was more than is looked through


@dataclass(frozen=True, slots=True)
class Spot:
    """Where in which recording: the track, and seconds after the recording began."""

    session_id: str
    track: int
    second: int


@dataclass(frozen=True, slots=True)
class Point:
    what: What
    count: int = 0
    mark: Mark = Mark.FITS
    spot: Spot | None = None


@dataclass(frozen=True, slots=True)
class Row:
    aspect: Aspect
    declared: tuple[Point, ...]
    observed: tuple[Point, ...]

    @property
    def mark(self) -> Mark:
        return max((point.mark for point in self.observed), key=tuple(Mark).index, default=Mark.FITS)


class Standing(StrEnum):
    """How a file stands to what was announced."""

    MATCHED = "matched"
    UNANNOUNCED = "unannounced"
    NOT_SEEN = "not_seen"
    FETCHED = "fetched"
    KEPT = "kept"  # asked for, and the release desk holds or has turned it away


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file that passed, or that the release desk holds or held back. `patients`: data of patients were in it;
    `looked_at`: somebody or something looked for them.
    """

    path: str
    direction: Direction
    size: int
    sha256: str
    passed: bool = True
    patients: bool = False
    looked_at: bool = True

    @property
    def name(self) -> str:
        return basename(self.path)


@dataclass(frozen=True, slots=True)
class ComparedFile:
    name: str
    direction: Direction
    size: int
    sha256: str
    standing: Standing
    passed: bool


@dataclass(frozen=True, slots=True)
class Declared:
    """What a request says, and what was agreed to. `announced` are the files it will bring; of what is `None` nothing
    was said, and what is seen of it then differs as from a “no”.
    """

    kind: InterventionKind
    wanted: timedelta
    agreed: timedelta
    patient_data: PatientData | None
    software_change: bool | None
    announced: tuple[AnnouncedFile, ...]
    tunnels: bool

    @property
    def changes(self) -> bool:
        """Whether its kind of work may change anything at all (R-21)."""
        return self.kind is not InterventionKind.TELEDIAGNOSTIC


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of one session. `altered` counts names made, renamed or removed over a file channel, `tried` what
    was asked for there and refused, `broken` transfers that did not end well; `screens` says whether data of patients
    stood on one.
    """

    session_id: str
    began: datetime
    ended: datetime | None
    channels: int
    files: tuple[SeenFile, ...] = ()
    altered: int = 0
    tried: int = 0
    broken: int = 0
    acts: tuple[Seen, ...] = ()
    tunnels: int = 0
    tunnels_refused: int = 0
    screens: bool = False
    unseen: frozenset[Unseen] = frozenset()

    @property
    def idle(self) -> bool:
        """It ended and nothing was ever opened in it."""
        return self.ended is not None and not self.channels


@dataclass(frozen=True, slots=True)
class Reporting:
    """The report on an intervention: how many entries, whether one is owed, and whether its lack is over time."""

    written: int
    owed: bool
    late: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    rows: tuple[Row, ...]
    files: tuple[ComparedFile, ...]
    unseen: tuple[Unseen, ...]

    @property
    def differences(self) -> tuple[Aspect, ...]:
        return tuple(row.aspect for row in self.rows if row.mark is Mark.DIFFERS)


def compare(
    declared: Declared, sessions: Sequence[Observed], now: datetime, *, whole: bool = False,
    report: Reporting | None = None,
) -> Comparison:  # fmt: skip
    """Put the two side by side. `whole`: these are all the sessions of the request, so what was announced and is not
    among them did not come (yet). There is at least one.
    """
    files = _files(declared, sessions, whole=whole)
    rows = [
        _changes(declared, sessions), _software(declared, sessions), _file_row(declared, sessions, files),
        _patients(declared, sessions), _time(declared, sessions, now), *_tunnels(declared, sessions), *_report(report),
    ]  # fmt: skip
    return Comparison(tuple(rows), files, _unseen(sessions))


def _changes(declared: Declared, sessions: Sequence[Observed]) -> Row:
    mark = Mark.FITS if declared.changes else Mark.DIFFERS
    said = Point(What.MAY_CHANGE if declared.changes else What.NO_CHANGE)
    brought = sum(file.passed for file in _all_files(sessions) if file.direction is Direction.IN)
    counted = ((What.BROUGHT, brought), (What.ALTERED, sum(one.altered for one in sessions)))
    points = [_act_point(sessions, act, mark) for act in WRITING]
    points += [Point(what, count, mark) for what, count in counted]
    points += [Point(What.TRIED, sum(one.tried for one in sessions), Mark.NOTE)]
    points += [_act_point(sessions, Act.EDITOR, Mark.NOTE)]
    return Row(Aspect.CHANGES, (said,), _some(points) or (Point(What.NOTHING_CHANGED),))


def _software(declared: Declared, sessions: Sequence[Observed]) -> Row:
    mark = Mark.FITS if declared.software_change else Mark.DIFFERS
    words = {True: What.SOFTWARE, False: What.NO_SOFTWARE, None: What.SOFTWARE_UNSAID}
    said = Point(words[declared.software_change])
    named = [file for file in _all_files(sessions) if file.passed and file.direction is Direction.IN]
    count = sum(file.name.lower().endswith(SOFTWARE_NAMES) for file in named)
    seen = _some([_act_point(sessions, Act.INSTALL, mark), Point(What.SOFTWARE_FILES, count, mark)])
    none = Mark.NOTE if declared.software_change else Mark.FITS
    return Row(Aspect.SOFTWARE, (said,), seen or (Point(What.NO_SOFTWARE_SEEN, 0, none),))


def _file_row(declared: Declared, sessions: Sequence[Observed], files: Sequence[ComparedFile]) -> Row:
    count = len(declared.announced)
    said = Point(What.ANNOUNCED, count) if count else Point(What.NONE_ANNOUNCED)

    def of(standing: Standing) -> int:
        return sum(file.standing is standing for file in files)

    held = sum(not file.passed for file in files if file.standing is not Standing.NOT_SEEN)
    seen = _some([
        Point(What.MATCHED, of(Standing.MATCHED)), Point(What.UNANNOUNCED, of(Standing.UNANNOUNCED), Mark.DIFFERS),
        Point(What.NOT_SEEN, of(Standing.NOT_SEEN), Mark.NOTE), Point(What.FETCHED, of(Standing.FETCHED)),
        Point(What.HELD, held, Mark.NOTE), Point(What.BROKEN, sum(one.broken for one in sessions), Mark.NOTE),
    ])  # fmt: skip
    return Row(Aspect.FILES, (said,), seen or (Point(What.NO_FILE),))


def _patients(declared: Declared, sessions: Sequence[Observed]) -> Row:
    """Data that passes on a screen fit what is declared to be met in passing; data that leave in a file do not."""
    words = {
        PatientData.NONE: What.PATIENTS_NONE, PatientData.VISIBLE: What.PATIENTS_VISIBLE,
        PatientData.NEEDED: What.PATIENTS_NEEDED, None: What.PATIENTS_UNSAID,
    }  # fmt: skip
    said = declared.patient_data
    leaving = [file for file in _all_files(sessions) if file.direction is Direction.OUT]
    on_screen = Mark.DIFFERS if said in {None, PatientData.NONE} else Mark.FITS
    in_files = Mark.FITS if said is PatientData.NEEDED else Mark.DIFFERS
    seen = _some([
        Point(What.ON_SCREEN, sum(one.screens for one in sessions), on_screen),
        Point(What.IN_FILES, sum(file.patients for file in leaving), in_files),
        Point(What.UNCHECKED, sum(file.passed and not file.looked_at for file in leaving), Mark.NOTE),
    ])  # fmt: skip
    return Row(Aspect.PATIENTS, (Point(words[said]),), seen or (Point(What.NO_PATIENTS_SEEN),))


def _time(declared: Declared, sessions: Sequence[Observed], now: datetime) -> Row:
    used = _covered([(one.began, one.ended or now) for one in sessions])
    over = Mark.DIFFERS if used > declared.agreed + SLACK else Mark.FITS
    asked = [Point(What.ASKED, _seconds(declared.wanted))] if declared.wanted != declared.agreed else []
    idle, running = sum(one.idle for one in sessions), sum(one.ended is None for one in sessions)
    seen = _some([
        Point(What.USED, _seconds(used), over), Point(What.SESSIONS, len(sessions) if len(sessions) > 1 else 0),
        Point(What.RUNNING, running, Mark.NOTE), Point(What.NO_ACT, idle, Mark.NOTE),
    ])  # fmt: skip
    said = (*asked, Point(What.AGREED, _seconds(declared.agreed)))
    return Row(Aspect.TIME, said, seen or (Point(What.USED),))


def _tunnels(declared: Declared, sessions: Sequence[Observed]) -> list[Row]:
    said = Point(What.TUNNELS_AGREED if declared.tunnels else What.NO_TUNNELS_AGREED)
    seen = _some([
        Point(What.TUNNELS, sum(one.tunnels for one in sessions), Mark.FITS if declared.tunnels else Mark.DIFFERS),
        Point(What.TUNNELS_REFUSED, sum(one.tunnels_refused for one in sessions), Mark.NOTE),
    ])  # fmt: skip
    return [Row(Aspect.TUNNELS, (said,), seen)] if seen else []


def _report(report: Reporting | None) -> list[Row]:
    if report is None or not (report.owed or report.written):
        return []
    lack = Point(What.REPORT_LATE, 1, Mark.DIFFERS) if report.late else Point(What.REPORT_MISSING, 1, Mark.NOTE)
    seen = _some([Point(What.REPORT_WRITTEN, report.written), *([lack] if report.owed else [])])
    return [Row(Aspect.REPORT, (Point(What.REPORT_OWED),), seen)]


def _files(declared: Declared, sessions: Sequence[Observed], *, whole: bool) -> tuple[ComparedFile, ...]:
    """Each content once, by its hash and its way; what was announced and never came, at the end."""
    known: dict[tuple[str, ...], ComparedFile] = {}
    for file in _all_files(sessions):
        key = (file.sha256, file.direction) if file.sha256 else (file.path, file.direction)
        was = known.get(key)
        passed = file.passed or (was is not None and was.passed)
        standing = _standing(declared, file, passed=passed)
        known[key] = ComparedFile(file.name, file.direction, file.size, file.sha256, standing, passed)
    came = {file.sha256 for file in known.values() if file.direction is Direction.IN}
    missing = [
        ComparedFile(one.name, Direction.IN, one.size, one.sha256, Standing.NOT_SEEN, passed=False)
        for one in declared.announced if whole and one.sha256 not in came
    ]  # fmt: skip
    return (*known.values(), *missing)


def _standing(declared: Declared, file: SeenFile, *, passed: bool) -> Standing:
    """`passed`: in any of the sessions. What never left the device's side has not been fetched."""
    if file.direction is Direction.OUT:
        return Standing.FETCHED if passed else Standing.KEPT
    same = any(one.sha256 == file.sha256 and one.size in {0, file.size} for one in declared.announced)
    return Standing.MATCHED if same else Standing.UNANNOUNCED


def _unseen(sessions: Sequence[Observed]) -> tuple[Unseen, ...]:
    said = {reason for one in sessions for reason in one.unseen}
    said |= {Unseen(seen.act) for one in sessions for seen in one.acts if seen.act in BLIND}
    said |= {Unseen.TUNNEL for one in sessions if one.tunnels}
    said |= {Unseen.RUNNING for one in sessions if one.ended is None}
    return tuple(reason for reason in Unseen if reason in said)


def _act_point(sessions: Sequence[Observed], act: Act, mark: Mark) -> Point:
    """All of one kind, and where the first of the earliest session is."""
    found = [(one, seen) for one in sessions for seen in one.acts if seen.act is act]
    count = sum(seen.count for _, seen in found)
    spot = Spot(found[0][0].session_id, found[0][1].track, found[0][1].second) if found else None
    return Point(What(act.value), count, mark, spot)


def _all_files(sessions: Sequence[Observed]) -> list[SeenFile]:
    return [file for one in sessions for file in one.files]


def _some(points: Iterable[Point]) -> tuple[Point, ...]:
    return tuple(point for point in points if point.count)


def _covered(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    """How long at least one of them lasted."""
    total, reached = timedelta(), None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += end - begin
        reached = end if reached is None else max(reached, end)
    return total


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())

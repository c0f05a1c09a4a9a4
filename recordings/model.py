"""The words of a recording: what it is about, what is in it, and what can be wrong with it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, Self

FORMAT = "bastion-recording/1"

Direction = Literal["i", "o", "e", "w"]
"""Typed by the technician (stdin), answered by the device (stdout), the device's stderr; typed and not passed on."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?", re.IGNORECASE)


class RecordingError(Exception):
    """Something cannot be recorded, sealed or opened. Sessions that depend on it must not go on."""


class RecordingDamaged(RecordingError):
    """What is stored is not what was sealed; `where` names the blob and the chunk."""

    def __init__(self, where: str) -> None:
        super().__init__(where)
        self.where = where


class RecordingBusy(RecordingError):
    """Somebody is recording this very recording."""


class RecordingGone(RecordingError):
    """There is no such recording in the spool (any more)."""


class RecordingErased(RecordingError):
    """Its time was over and it was erased, at `at`; what is left says so, signed."""

    def __init__(self, recording_id: str, at: str) -> None:
        super().__init__(f"the recording {recording_id} was erased on {at}")
        self.at = at


class TrackKind(StrEnum):
    SHELL = "shell"
    EXEC = "exec"
    FILES = "files"
    TUNNEL = "tunnel"

    @property
    def terminal(self) -> bool:
        """Whether there is something to play: what was typed and what came back."""
        return self in {TrackKind.SHELL, TrackKind.EXEC}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingMeta:
    """Who did what, on what, from where and why. Free text may be hostile: it is data, shown escaped only.

    `started_at` is ISO 8601 with an offset (UTC); `clock` holds what was known of the clock then (R-51), e.g.
    {"source": "ntp", "offset_seconds": 0.003}; `derogations` what was allowed for an old device, a line each (R-10).
    """

    recording_id: str
    started_at: str
    session_id: str = ""
    grant_id: str = ""
    request_id: str = ""
    technician_id: str = ""
    technician_name: str = ""
    technician_login: str = ""
    supplier: str = ""
    device_id: str = ""
    device_code: str = ""
    device_name: str = ""
    facility: str = ""
    account: str = ""
    source: str = ""
    client: str = ""
    kind: str = ""
    reason: str = ""
    work_order: str = ""
    policy_hash: str = ""
    node: str = ""
    language: str = ""
    derogations: tuple[str, ...] = ()
    clock: Mapping[str, str | float | None] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"clock": dict(self.clock), "derogations": list(self.derogations)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Read what `as_json` wrote; keys of a later version are left aside."""
        known = {f.name for f in fields(cls)}
        made = cls(**{key: value for key, value in values.items() if key in known})
        return replace(made, derogations=tuple(made.derogations))

    def started(self) -> datetime:
        """Return `started_at` as an aware instant; RecordingError when it is none."""
        return instant(self.started_at)


@dataclass(frozen=True, slots=True)
class TrackHead:
    """What is known of a channel when it opens. `term` is the terminal's type; 0 columns without a terminal.

    `modes` are what the technician's client asked of the device's terminal, by their names in RFC 4254, section 8.
    The `command` of a tunnel names its target: `tcp ct-01:104 dicom`.
    """

    number: int
    channel: int
    kind: TrackKind
    cols: int
    rows: int
    term: str
    command: str
    pty: bool
    modes: Mapping[str, int] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Tail:
    """What stood in the spool after the last whole frame: a write the process did not live to finish."""

    offset: int
    bytes: int
    why: str
    blob: str


@dataclass(frozen=True, slots=True)
class TrackInfo:
    """One sealed track. `began` and `seconds` count from the start of the recording and of the track.

    `frames` are frames in the spool, `spool_bytes` their length; `typed`, `shown`, `errors` are the payload bytes of
    the directions i (and w), o and e, of which `unkept` bytes passed without being kept; `files` are lines about files.
    `outcome` is how the channel ended as the device told it, "" when it never did. `findings` say what was seen in what
    a terminal showed, each a line of words with tabs between: its kind first, never the data itself; `acts` in the same
    way which kinds of commands were typed, how often, on which track and since which second of the recording.
    """

    head: TrackHead
    blob: str
    began: float
    seconds: float
    frames: int
    spool_bytes: int
    typed: int
    shown: int
    errors: int
    outcome: str
    tail: Tail | None = None
    unkept: int = 0
    files: int = 0
    findings: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        head = TrackHead(**(values["head"] | {"kind": TrackKind(values["head"]["kind"])}))
        tail = Tail(**values["tail"]) if values["tail"] else None
        lines = {name: tuple(values.get(name, ())) for name in ("findings", "acts")}
        return cls(**(dict(values) | {"head": head, "tail": tail} | lines))


@dataclass(frozen=True, slots=True)
class Ending:
    """How a recording ended. `seconds` is its monotonic length; after a crash it reaches to the last frame."""

    ended_at: str
    reason: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Seal:
    """The proof of a sealed recording: `digest` (hex) is the head of its chain, `bytes` what the container weighs."""

    recording_id: str
    digest: str
    bytes: int
    seconds: float
    tracks: tuple[TrackInfo, ...]

    @property
    def findings(self) -> tuple[str, ...]:
        """The kinds of what was seen on screens, each once."""
        return tuple(sorted({found.partition("\t")[0] for track in self.tracks for found in track.findings}))

    @property
    def acts(self) -> tuple[str, ...]:
        """Which kinds of commands were typed, track by track."""
        return tuple(line for track in self.tracks for line in track.acts)


@dataclass(frozen=True, slots=True)
class Fault:
    """One broken spot. `chunk` counts from 0; None when the whole blob is meant."""

    blob: str
    what: str
    chunk: int | None = None

    def __str__(self) -> str:
        spot = self.blob if self.chunk is None else f"{self.blob}, chunk {self.chunk}"
        return f"{printable(spot, 200)}: {self.what}"


@dataclass(frozen=True, slots=True)
class Verification:
    """`where` is the first broken spot in words, "" when all is as it was sealed.

    `erased_at` is not empty when the recording was erased at its term: then `digest` is what it had.
    """

    recording_id: str
    digest: str
    chunks: int
    faults: tuple[Fault, ...] = ()
    erased_at: str = ""

    @property
    def ok(self) -> bool:
        return not self.faults

    @property
    def where(self) -> str:
        return str(self.faults[0]) if self.faults else ""


def canonical(value: Any) -> bytes:
    """Return the one JSON form that is hashed and signed: sorted keys, no blanks, pure ASCII.

    Lone surrogates (undecodable input) become visible escapes, since strict JSON readers refuse them.
    """
    return json.dumps(_scrubbed(value), sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_scrubbed(key): _scrubbed(item) for key, item in value.items()}
    return [_scrubbed(item) for item in value] if isinstance(value, list | tuple) else value


def printable(text: str, limit: int) -> str:
    """Return text that cannot steer a terminal or turn a line round: printable characters only, cut to `limit`."""
    return "".join(c if c.isprintable() else " " for c in text[:limit]).strip()


def safe_name(text: str) -> str:
    """Return `text` if it may be a file name everywhere; RecordingError otherwise (T40)."""
    if not _NAME.fullmatch(text) or ".." in text or text.endswith(".") or _RESERVED.fullmatch(text):
        raise RecordingError(
            f"{text[:120]!r} cannot name a recording: letters, digits, '.', '-', '_' only, at most 100"
        )
    return text


def instant(text: str) -> datetime:
    """Parse an aware ISO 8601 instant; RecordingError otherwise: a recording with a broken clock proves nothing."""
    try:
        moment = datetime.fromisoformat(text)
    except (ValueError, TypeError) as error:
        raise RecordingError(f"{text!r} is not an instant") from error
    if moment.tzinfo is None:
        raise RecordingError(f"{text!r} does not say its time zone")
    return moment

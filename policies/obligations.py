"""Obligations: what a permit asks for in return, written as annotations, and combined to the strictest.

    @approvals("2")         people of the hospital who must agree: 0 to 9 (0: at once, without asking)
    @max_duration("PT2H")   longest window, ISO 8601
    @idle("PT15M")          longest silence before the session ends, ISO 8601
    @watcher("required")    somebody of the hospital follows the session
    @record("true")         always so; may be written for the reader
    @counted("connection")  the agreed time counts from the first connection within it; "approval": from the agreement
    @early("PT15M")         how long before a planned start one may begin, ISO 8601
    @late("PT15M")          how late one may begin after a planned start and still have the whole time, ISO 8601
    @sas("rule")            of an upload or a download: how the file passes, "free", "rule" or "person" (R-41)

What a permit does not say is as in `DEFAULT`, before permits are combined: so a further permit can only tighten.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from policies.model import Counted, DeviceFacts, Obligations, Sas
from policies.problems import Fault, Problem, problem

DEFAULT = Obligations(
    approvals=1,
    max_duration=timedelta(hours=4),  # PA-108 R129
    idle=timedelta(minutes=15),
    watcher=False,
    record=True,
    sas=Sas.RULE,
)
DENIED = Obligations(approvals=9, max_duration=timedelta(), idle=timedelta(), watcher=True, record=True, sas=Sas.PERSON)
"""Goes with a no: if somebody used it by mistake, no time at all would be granted."""

NAMES = ("approvals", "max_duration", "idle", "watcher", "record", "sas", "counted", "early", "late")
HIGHEST_CRITICALITY = 4
HIGHEST_QUORUM = 2

_DURATION = re.compile(r"P(?:([0-9]{1,4})D)?(?:T(?=[0-9])(?:([0-9]{1,5})H)?(?:([0-9]{1,5})M)?(?:([0-9]{1,5})S)?)?")


def parse_duration(text: str) -> timedelta:
    """Read days, hours, minutes and seconds of ISO 8601 (`P1DT2H`, `PT90M`). Raises `ValueError`; zero is refused."""
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration like PT4H")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    if not duration:
        raise ValueError(f"{text!r} is no time at all")
    return duration


def parse(annotations: Mapping[str, str]) -> tuple[Obligations, list[Problem]]:
    """Return what a permit's annotations oblige to, and the faults in them (`file` and `rule` left to the caller)."""
    problems: list[Problem] = []
    approvals, watcher, record, sas = (annotations.get(name) for name in ("approvals", "watcher", "record", "sas"))
    if approvals is not None and not re.fullmatch("[0-9]", approvals):
        problems.append(problem(Fault.BAD_APPROVALS, value=approvals))
        approvals = None
    if watcher not in {None, "required"}:
        problems.append(problem(Fault.BAD_WATCHER, value=watcher))
    if record not in {None, "true"}:
        problems.append(problem(Fault.BAD_RECORD))
    if sas is not None and sas not in set(Sas):
        problems.append(problem(Fault.BAD_SAS, value=sas))
        sas = None
    counted = annotations.get("counted")
    if counted is not None and counted not in set(Counted):
        problems.append(problem(Fault.BAD_COUNTED, value=counted))
        counted = None
    stated = Obligations(
        approvals=DEFAULT.approvals if approvals is None else int(approvals),
        max_duration=_duration(annotations, "max_duration", DEFAULT.max_duration, problems),
        idle=_duration(annotations, "idle", DEFAULT.idle, problems),
        watcher=watcher is not None,
        record=True,
        sas=DEFAULT.sas if sas is None else Sas(sas),
        counted=DEFAULT.counted if counted is None else Counted(counted),
        early=_duration(annotations, "early", DEFAULT.early, problems),
        late=_duration(annotations, "late", DEFAULT.late, problems),
    )
    return stated, problems


def _duration(annotations: Mapping[str, str], name: str, default: timedelta, problems: list[Problem]) -> timedelta:
    if name not in annotations:
        return default
    try:
        return parse_duration(annotations[name])
    except ValueError:
        problems.append(problem(Fault.BAD_DURATION, name=name, value=annotations[name]))
        return default


def strictest(obligations: Iterable[Obligations]) -> Obligations:
    """Combine the obligations of all deciding permits. Raises `ValueError` if there is none."""
    every = list(obligations)
    return Obligations(
        approvals=max(one.approvals for one in every),
        max_duration=min(one.max_duration for one in every),
        idle=min(one.idle for one in every),
        watcher=any(one.watcher for one in every),
        record=any(one.record for one in every),
        sas=max((one.sas for one in every), key=lambda sas: sas.rank),
        counted=min((one.counted for one in every), key=list(Counted).index),
        early=min(one.early for one in every),
        late=min(one.late for one in every),
    )


def raise_to_floor(obligations: Obligations, device: DeviceFacts | None) -> Obligations:
    """Apply what no rule can lower: recording, and two approvals for the highest criticality (R-22)."""
    highest = device is not None and device.criticality >= HIGHEST_CRITICALITY
    quorum = HIGHEST_QUORUM if highest else 0
    return replace(obligations, approvals=max(obligations.approvals, quorum), record=True)

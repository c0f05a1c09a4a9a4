"""The coming interventions as iCalendar (RFC 5545), for one's own calendar. Codes only: no name, no reason, no note."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from bastion.services.calendar import CalendarEntry, EntryKind

FOLD: Final = 73
"""Octets of a line before it is folded: 75 with the blank and the return."""
_STATUS: Final = {EntryKind.GRANT: "CONFIRMED", EntryKind.REQUEST: "TENTATIVE", EntryKind.WINDOW: "TENTATIVE"}


def text(entries: Iterable[CalendarEntry], now: datetime) -> str:
    """Return the file. Times are UTC, so no reader needs to know a zone."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Bastion//Interventions//EN", "CALSCALE:GREGORIAN"]
    written = _instant(now)
    for entry in entries:
        lines += _event(entry, written)
    lines.append("END:VCALENDAR")
    return "".join(f"{line if len(line) <= FOLD and line.isascii() else _folded(line)}\r\n" for line in lines)


def _event(entry: CalendarEntry, written: str) -> list[str]:
    company = f" {entry.supplier.code}" if entry.supplier else ""
    start = _instant(entry.box.start)
    return [
        "BEGIN:VEVENT",
        f"UID:{_uid(entry, start)}@bastion",
        f"DTSTAMP:{written}",
        f"DTSTART:{start}",
        f"DTEND:{_instant(entry.box.end)}",
        f"SUMMARY:{_escaped(f'{entry.device.code}{company} {entry.work}')}",
        f"LOCATION:{_escaped(entry.facility.code)}",
        f"DESCRIPTION:{_escaped(f'{entry.kind} {entry.ref}')}",
        f"STATUS:{_STATUS[entry.kind]}",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def _uid(entry: CalendarEntry, start: str) -> str:
    """The same for the same event each time it is exported; of a window each time it is on is one, by the minute."""
    at = f"-{start[:-3]}Z" if entry.kind is EntryKind.WINDOW else ""
    return f"{entry.kind}-{entry.ident}{at}"


def _instant(at: datetime) -> str:
    """Two thousand stand in two months, and `strftime` would take five times as long for each."""
    utc = at.astimezone(UTC)
    return f"{utc.year:04}{utc.month:02}{utc.day:02}T{utc.hour:02}{utc.minute:02}{utc.second:02}Z"


def _escaped(value: str) -> str:
    plain = value if value.isprintable() else "".join(c if c.isprintable() else " " for c in value)
    return plain.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")


def _folded(line: str) -> str:
    """Fold at octets, never within a character."""
    parts, rest = [], line
    while len(rest.encode()) > FOLD:
        cut = FOLD
        while len(rest[:cut].encode()) > FOLD:
            cut -= 1
        parts.append(rest[:cut])
        rest = rest[cut:]
    return "\r\n ".join([*parts, rest])

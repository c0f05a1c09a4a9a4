"""The export: what RFC 5545 asks for, and nothing that names a person."""

from datetime import UTC, datetime, timedelta

from bastion.domain.access_request import InterventionKind
from bastion.domain.device import Device
from bastion.domain.parties import Facility, Supplier
from bastion.domain.timebox import TimeBox
from bastion.services.calendar import CalendarEntry, EntryKind
from web import icalendar

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def entry(code: str = "ct-01", **changes: object) -> CalendarEntry:
    facts = {
        "kind": EntryKind.WINDOW, "ident": "win-1", "ref": "WIN-1", "box": TimeBox(NOW, NOW + timedelta(hours=1)),
        "work": InterventionKind.TELEDIAGNOSTIC, "state": "agreed", "who": "Alice Martin",
        "device": Device("d", code, "Scanner", "f", frozenset(), 2), "facility": Facility("f", "chu", "CHU", "1"),
        "supplier": Supplier("s", "acme", "Acme", ()),
    }  # fmt: skip
    return CalendarEntry(**(facts | changes))


def test_an_event_has_what_calendars_need_and_no_name():
    made = icalendar.text([entry()], NOW)
    assert made.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
    assert made.endswith("END:VEVENT\r\nEND:VCALENDAR\r\n")
    assert "\r\nDTSTART:20261129T120000Z\r\nDTEND:20261129T130000Z\r\n" in made
    assert "UID:window-win-1-20261129T1200Z@bastion" in made
    assert "SUMMARY:ct-01 acme telediagnostic" in made
    assert "Alice" not in made
    assert "UID:grant-win-1@bastion" in icalendar.text([entry(kind=EntryKind.GRANT)], NOW)


def test_hostile_text_makes_no_line_of_its_own_and_long_lines_are_folded():
    made = icalendar.text([entry("a\r\nEND:VCALENDAR\r\n;,\\" + "é" * 90)], NOW)
    assert made.count("END:VCALENDAR\r\n") == 1
    assert "\\;\\,\\\\" in made.replace("\r\n ", "")
    assert all(len(line.encode()) <= 75 for line in made.split("\r\n"))
    assert "é" * 90 in made.replace("\r\n ", "")

"""Data of patients on a screen: seen, counted, never repeated; and where the look ends, that is said (R-39, R-44)."""

import pytest

from bastion.domain.session import EndReason
from bastion.services import screens
from bastion.services.screens import ScreenGuard
from bastion.services.sessions import Ending
from recordings.model import TrackHead, TrackKind
from tests.policies.guards.samples import NIR
from tests.services.house import House

SCREEN = TrackHead(0, 0, TrackKind.SHELL, 80, 24, "xterm", "", pty=True)
PLAIN = TrackHead(0, 0, TrackKind.EXEC, 0, 0, "", "cat", pty=False)


def looked(head: TrackHead, *pieces: bytes) -> tuple[str, ...]:
    guard = ScreenGuard(head)
    for piece in pieces:
        guard.feed(piece)
    return guard.findings()


def test_a_number_on_the_screen_is_counted_and_not_repeated() -> None:
    assert looked(SCREEN, b"$ cat list\r\n", f"{NIR}\r\n".encode()) == ("identity_number\tterminal\t1\tvalid key",)
    assert looked(SCREEN, b"$ uptime\r\n up 3 days\r\n") == ()


@pytest.mark.parametrize(("head", "most"), [(SCREEN, "ON_A_TERMINAL"), (PLAIN, "WITHOUT")])
def test_the_look_ends_somewhere_and_says_so(head: TrackHead, most: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, most, 2 << 20)
    filling = b"x\n" * (1 << 20)
    assert looked(head, filling) == ()
    assert looked(head, filling, NIR.encode()) == ("too_large\tterminal\t1\tthe first 2 MiB were looked at",)
    assert looked(head, filling[:-40], NIR.encode() + b"\n" + filling) == (
        "identity_number\tterminal\t1\tvalid key",
        "too_large\tterminal\t1\tthe first 2 MiB were looked at",
    )


async def test_a_recording_that_shows_patients_is_marked_found_and_in_the_trail(house: House) -> None:
    opened = await house.opened()
    findings = ("identity_number", "too_large")
    await house.services.sessions.closed(
        opened.record, Ending(EndReason.TECHNICIAN_LEFT, digest="d", findings=findings)
    )
    security = house.staff(house.max)
    (view,) = await house.services.supervision.search(security, live=False, health_data=True)
    assert view.record.shows_health_data
    assert view.record.screen_findings == findings
    event = await house.event("recording:findings")
    assert event.fields["findings"] == "identity_number too_large"


async def test_what_was_merely_not_looked_at_to_the_end_is_not_called_health_data(house: House) -> None:
    opened = await house.opened()
    await house.services.sessions.closed(
        opened.record, Ending(EndReason.TECHNICIAN_LEFT, digest="d", findings=("too_large",))
    )
    security = house.staff(house.max)
    assert await house.services.supervision.search(security, live=False, health_data=True) == []
    (view,) = await house.services.supervision.search(security, live=False)
    assert not view.record.shows_health_data

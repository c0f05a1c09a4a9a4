"""Data of patients on a screen: seen, counted, never repeated; and where the look ends, that is said (R-39, R-44)."""

from dataclasses import replace

import pytest

from bastion.domain import act
from bastion.domain.act import Act
from bastion.domain.session_events import EndReason
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


def typed_on(head: TrackHead, *exchange: tuple[str, bytes]) -> dict[Act, tuple[int, int]]:
    """What is counted of an exchange, one second a piece: how many, and when the first."""
    guard = ScreenGuard(head, began=5.0)
    for second, (way, data) in enumerate(exchange, start=10):
        if way == "i":
            guard.typed(data, second + 0.5)
        else:
            guard.feed(data)
    return {one.act: (one.count, one.second) for one in act.read(guard.acts())}


def test_R60_kinds_of_commands_are_counted_and_no_line_is_kept() -> None:
    told = typed_on(
        SCREEN, ("o", b"$ "), ("i", b"uptime\r"), ("o", b"uptime\r\n up\r\n$ "), ("i", b"sudo reboot\r"),
        ("o", b"sudo reboot\r\nPassword: "), ("i", b"s3cret-Canary\r"), ("o", b"\r\n$ "), ("i", b"reboot; rm x\r"),
        ("o", b"reboot; rm x\r\n"), ("i", b"\x1b[A\r"),
    )  # fmt: skip
    assert told == {
        Act.REBOOT: (2, 13), Act.DELETE: (1, 17), Act.LINES: (3, 11), Act.UNREAD: (1, 19), Act.HIDDEN: (1, 15)
    }  # fmt: skip


def test_a_single_command_is_known_from_the_moment_it_was_asked_for() -> None:
    assert typed_on(replace(PLAIN, command="sudo reboot")) == {Act.REBOOT: (1, 5), Act.LINES: (1, 5)}
    assert typed_on(PLAIN, ("i", b"reboot\n")) == {Act.LINES: (1, 5), Act.PIPED: (1, 10)}


@pytest.mark.parametrize("head", [replace(PLAIN, kind=TrackKind.SHELL, command=""), replace(PLAIN, command="bash -s")])
def test_what_a_shell_without_a_terminal_reads_is_read(head: TrackHead) -> None:
    told = typed_on(head, ("i", b"uptime\nreb"), ("i", b"oot\n\nuseradd eve"))
    assert (told[Act.REBOOT], told[Act.ACCOUNT]) == ((1, 11), (1, 11))


def test_the_reading_of_what_is_typed_ends_somewhere_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "TYPED", 10)
    told = typed_on(SCREEN, ("i", b"ls\r"), ("o", b"ls\r\n"), ("i", b"uptime; reboot\r"), ("o", b"uptime; reboot\r\n"))
    assert told == {Act.LINES: (1, 10), Act.CUT_SHORT: (1, 12)}


def test_a_whole_screen_is_noted_with_its_moment() -> None:
    told = typed_on(SCREEN, ("i", b"vi x\r"), ("o", b"vi x\r\n\x1b[?1049h"), ("i", b":q\r"), ("o", b"\x1b[?1049l"))
    assert told == {Act.EDITOR: (1, 10), Act.LINES: (1, 10), Act.FULLSCREEN: (1, 10)}


def test_lines_of_several_tracks_are_summed_and_those_of_a_later_release_left_aside() -> None:
    told = act.read(("reboot\t1\t0\t90", "reboot\t2\t3\t20", "hover\t1\t0\t0"))
    assert told == (act.Seen(Act.REBOOT, 3, 3, 20),)

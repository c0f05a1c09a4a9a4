"""What a technician did, by kind: what a command line does to a device, and the lines a sealed recording keeps of it.

Only the kind, how often and where in the recording are kept, never the text of a line: it may hold a secret (R-60).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """`LINES` to `PIPED` say how much of what was typed could be read at all."""

    REBOOT = "reboot"  # restart, halt, power off
    ACCOUNT = "account"  # accounts, groups and passwords of the device
    CONFIG = "config"  # services, settings, rights on files, network
    INSTALL = "install"  # packages, programs, firmware
    COPY = "copy"  # data written or moved
    DELETE = "delete"
    EDITOR = "editor"  # an editor was opened: what was done in it is not known
    LINES = "lines"  # command lines that were read
    UNREAD = "unread"  # command lines that were recalled, completed or edited with keys
    HIDDEN = "hidden"  # lines the device did not show, as passwords are typed
    FULLSCREEN = "fullscreen"  # a program took the whole screen
    PIPED = "piped"  # input of a command without a terminal
    CUT_SHORT = "cut_short"  # more was typed than is looked at


WRITING: Final = (Act.REBOOT, Act.ACCOUNT, Act.CONFIG, Act.INSTALL, Act.COPY, Act.DELETE)
"""What changes a device."""
BLIND: Final = (Act.UNREAD, Act.HIDDEN, Act.FULLSCREEN, Act.PIPED, Act.CUT_SHORT)


@dataclass(frozen=True, slots=True)
class Seen:
    """So many of one kind; the first on this track, so many seconds after the recording began."""

    act: Act
    count: int
    track: int = 0
    second: int = 0

    @property
    def line(self) -> str:
        """How it is kept: four words with tabs between, the kind first."""
        return f"{self.act}\t{self.count}\t{self.track}\t{self.second}"


def read(lines: Iterable[str]) -> tuple[Seen, ...]:
    """Read what `line` wrote for each track: of each kind all of them, where the first was. Kinds a later release
    knows are left aside.
    """
    known: dict[Act, Seen] = {}
    for text in lines:
        name, count, track, second = text.split("\t")
        if name not in set(Act):
            continue
        one = Seen(Act(name), int(count), int(track), int(second))
        was = known.get(one.act)
        first = min((one, was), key=lambda seen: seen.second) if was else one
        known[one.act] = Seen(one.act, one.count + (was.count if was else 0), first.track, first.second)
    return tuple(known[act] for act in Act if act in known)

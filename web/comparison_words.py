"""The words for what was declared beside what was observed, as English msgids. Tested complete (R-60)."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.act import Act
from bastion.domain.comparison import Aspect, Mark, Standing, Unseen, What
from bastion.i18n import N_

ASPECTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Aspect.CHANGES: N_("Changes to the device"),
        Aspect.SOFTWARE: N_("Software"),
        Aspect.FILES: N_("Files"),
        Aspect.PATIENTS: N_("Patient data"),
        Aspect.TIME: N_("Duration"),
        Aspect.TUNNELS: N_("Forwarded ports"),
        Aspect.REPORT: N_("Report"),
    }
)
MARKS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        Mark.FITS: ("ok", N_("fits"), "check"),
        Mark.NOTE: ("hold", N_("to know"), "info"),
        Mark.DIFFERS: ("wait", N_("differs"), "warn"),
    }
)
"""State, word and symbol of a row."""
ONE: Final[Mapping[str, str]] = MappingProxyType(
    {
        What.ASKED: N_("asked: {span}"),
        What.AGREED: N_("agreed: {span}"),
        What.USED: N_("used: {span}"),
        What.MAY_CHANGE: N_("may change settings"),
        What.NO_CHANGE: N_("changes nothing"),
        What.NOTHING_CHANGED: N_("no change seen"),
        What.SOFTWARE: N_("software change"),
        What.NO_SOFTWARE: N_("no software change"),
        What.SOFTWARE_UNSAID: N_("nothing said of software"),
        What.NO_SOFTWARE_SEEN: N_("no software change seen"),
        What.NONE_ANNOUNCED: N_("no file announced"),
        What.NO_FILE: N_("no file seen"),
        What.PATIENTS_NONE: N_("no patient data"),
        What.PATIENTS_VISIBLE: N_("patient data met in passing"),
        What.PATIENTS_NEEDED: N_("patient data needed"),
        What.PATIENTS_UNSAID: N_("nothing said of patient data"),
        What.NO_PATIENTS_SEEN: N_("none seen"),
        What.TUNNELS_AGREED: N_("forwarded ports agreed to"),
        What.NO_TUNNELS_AGREED: N_("no forwarded port agreed to"),
        What.REPORT_OWED: N_("owed after the work"),
        What.REPORT_MISSING: N_("not written yet"),
        What.REPORT_LATE: N_("overdue"),
    }
)
"""What is said without a number, or with a span."""
MANY: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        What.SESSIONS: (N_("in {count} session"), N_("in {count} sessions")),
        What.RUNNING: (N_("{count} session still runs"), N_("{count} sessions still run")),
        What.NO_ACT: (
            N_("{count} session in which nothing was opened"), N_("{count} sessions in which nothing was opened"),
        ),
        What.REBOOT: (N_("{count} restart or halt"), N_("{count} restarts or halts")),
        What.ACCOUNT: (N_("{count} account command"), N_("{count} account commands")),
        What.CONFIG: (N_("{count} configuration command"), N_("{count} configuration commands")),
        What.INSTALL: (N_("{count} installation command"), N_("{count} installation commands")),
        What.COPY: (N_("{count} command that copies or writes"), N_("{count} commands that copy or write")),
        What.DELETE: (N_("{count} deleting command"), N_("{count} deleting commands")),
        What.EDITOR: (N_("an editor was opened {count} time"), N_("an editor was opened {count} times")),
        What.BROUGHT: (N_("{count} file brought"), N_("{count} files brought")),
        What.ALTERED: (
            N_("{count} file made, renamed or removed"), N_("{count} files made, renamed or removed"),
        ),
        What.TRIED: (N_("{count} file operation tried and refused"), N_("{count} file operations tried and refused")),
        What.SOFTWARE_FILES: (N_("{count} program or firmware brought"), N_("{count} programs or firmwares brought")),
        What.ANNOUNCED: (N_("{count} file announced"), N_("{count} files announced")),
        What.MATCHED: (N_("{count} file as announced"), N_("{count} files as announced")),
        What.UNANNOUNCED: (N_("{count} file seen and not announced"), N_("{count} files seen and not announced")),
        What.NOT_SEEN: (N_("{count} file announced and not seen"), N_("{count} files announced and not seen")),
        What.HELD: (N_("{count} file held or turned away"), N_("{count} files held or turned away")),
        What.BROKEN: (N_("{count} transfer broken off"), N_("{count} transfers broken off")),
        What.FETCHED: (N_("{count} file fetched from the device"), N_("{count} files fetched from the device")),
        What.ON_SCREEN: (N_("on the screen in {count} session"), N_("on the screen in {count} sessions")),
        What.IN_FILES: (N_("in {count} file that leaves"), N_("in {count} files that leave")),
        What.UNCHECKED: (
            N_("{count} file left without being looked at"), N_("{count} files left without being looked at"),
        ),
        What.TUNNELS: (N_("{count} port opened"), N_("{count} ports opened")),
        What.TUNNELS_REFUSED: (N_("{count} port refused"), N_("{count} ports refused")),
        What.REPORT_WRITTEN: (N_("{count} entry written"), N_("{count} entries written")),
    }
)  # fmt: skip
STANDINGS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        Standing.MATCHED: ("ok", N_("as announced")),
        Standing.UNANNOUNCED: ("wait", N_("not announced")),
        Standing.NOT_SEEN: ("hold", N_("announced, not seen")),
        Standing.FETCHED: ("off", N_("fetched")),
        Standing.KEPT: ("hold", N_("held or turned away")),
    }
)
UNSEEN: Final[Mapping[str, str]] = MappingProxyType(
    {
        Unseen.RUNNING: N_("What is typed is looked at when the session has ended."),
        Unseen.NOT_SEALED: N_("A recording is not sealed: what was typed in it is not known here."),
        Unseen.UNREAD: N_("Some command lines were recalled, completed or edited with keys; they are not read."),
        Unseen.HIDDEN: N_("Lines were typed that the device did not show, as passwords are; they are not read."),
        Unseen.FULLSCREEN: N_("A program took the whole screen: what was done in it is not known here."),
        Unseen.PIPED: N_("Data was sent to a command without a terminal; it is not read."),
        Unseen.CUT_SHORT: N_("More was typed than is looked at."),
        Unseen.TUNNEL: N_("What was done through a forwarded port is not known here."),
        Unseen.SCREEN: N_("Screens were looked at in part only."),
        Unseen.MORE: N_("There is more than is counted here; all of it stands in the recording."),
    }
)
"""What nobody may take silence about for a proof."""
ACTS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Act.REBOOT: N_("restart or halt"),
        Act.ACCOUNT: N_("accounts"),
        Act.CONFIG: N_("settings and services"),
        Act.INSTALL: N_("installing"),
        Act.COPY: N_("copying or writing"),
        Act.DELETE: N_("deleting"),
    }
)
"""By kind, in the audit trail."""


def named(t: Callable[..., str], aspects: Iterable[str]) -> str:
    """Name aspects in one line."""
    return ", ".join(t(ASPECTS[aspect]) for aspect in aspects)

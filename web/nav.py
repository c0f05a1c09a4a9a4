"""Where one can go: the places of the rail, each shown to those whom its guard admits."""

from dataclasses import dataclass
from typing import Final

from bastion.domain.parties import Actor
from bastion.i18n import N_
from web.guards import GUARDS


@dataclass(frozen=True, slots=True)
class Place:
    path: str
    title: str
    icon: str
    thumb: bool = False
    """Whether it stands under the thumb on a phone."""
    parted: str = ""
    """The title with a place to part it, where it is one word that is too long for a thumb."""

    def here(self, path: str) -> bool:
        return path == self.path if self.path == "/" else path.startswith(self.path)


WORK: Final = (
    Place("/", N_("Now"), "inbox", thumb=True),
    Place("/sessions", N_("Live sessions"), "pulse", thumb=True),
    Place("/requests", N_("Requests"), "list", thumb=True),
    Place("/calendar", N_("Calendar"), "ticket"),
    Place("/windows", N_("Maintenance windows"), "clock"),
    Place("/rota", N_("On call"), "phone"),
    Place("/desk", N_("Release desk"), "box"),
    Place("/recordings", N_("Recordings"), "film", thumb=True, parted=N_("Record\u00adings")),
)
PROOF: Final = (
    Place("/emergencies", N_("Emergencies"), "warn"),
    Place("/reviews", N_("Reviews of access rights"), "shield"),
    Place("/audit", N_("Audit trail"), "book"),
    Place("/locks", N_("Cut access"), "stop"),
    Place("/messages", N_("Messages"), "phone"),
)
REGISTERS: Final = (
    Place("/directory/devices", N_("Devices"), "device"),
    Place("/directory/templates", N_("Usual requests"), "edit"),
    Place("/directory/suppliers", N_("Suppliers"), "building"),
    Place("/directory/technicians", N_("Technicians"), "people"),
    Place("/directory/staff", N_("Hospital staff"), "person"),
    Place("/directory/facilities", N_("Facilities"), "hospital"),
)
GROUPS: Final = ((N_("Work"), WORK), (N_("Safety"), PROOF), (N_("Registers"), REGISTERS))


def places(actor: Actor | None) -> list[tuple[str, list[Place]]]:
    """Return the groups with the places open to `actor`; groups without any are left out."""
    shown = ((title, [p for p in group if GUARDS["GET", p.path].admits(actor)]) for title, group in GROUPS)
    return [(title, group) for title, group in shown if group]

"""What is asked of the rules, and what they answer. Plain values: no Cedar in here."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import product
from typing import Literal


class Action(StrEnum):
    """Everything somebody may wish to do. The schema declares the same names."""

    ENTER = "enter"  # come to the web door of suppliers' people
    REQUEST = "request"  # ask for an authorisation, or for a longer one
    CONNECT = "connect"  # open a session under an authorisation
    SHELL = "shell"
    EXEC = "exec"
    SFTP = "sftp"  # open a file channel: list, and look at what files are called
    UPLOAD = "upload"
    DOWNLOAD = "download"
    DELETE = "delete"
    RENAME = "rename"
    FORWARD = "forward"
    STANDING = "standing"  # do what was agreed to beforehand, in a maintenance window, without asking anybody again
    APPROVE = "approve"  # agree to or refuse a request
    DECIDE_BY_LINK = "decideByLink"  # have a link in the mail that asks for a decision, and decide or ask by it
    REVIEW = "review"  # look afterwards at an emergency that somebody agreed to
    RELEASE = "release"  # let a file of the release desk through, or refuse it
    REPLAY = "replay"  # watch or download a recording
    WATCH = "watch"  # look at a live session
    INTERRUPT = "interrupt"  # freeze, thaw or cut a live session
    LOCK = "lock"  # impose or lift a lock; without a device: on everything, a supplier or a person


SESSION_ACTIONS = frozenset(
    {
        Action.CONNECT, Action.SHELL, Action.EXEC, Action.SFTP, Action.UPLOAD, Action.DOWNLOAD, Action.DELETE,
        Action.RENAME, Action.FORWARD,
    }
)  # fmt: skip
"""What happens under an authorisation, after the approvals were given."""


class Sas(StrEnum):
    """How files pass (R-41): straight through, or by the release desk; from the loosest to the strictest."""

    FREE = "free"  # straight through, hashed and noted
    RULE = "rule"  # checked first; released by itself when nothing is found, else by a person
    PERSON = "person"  # held until a person releases it

    @property
    def rank(self) -> int:
        return tuple(Sas).index(self)


class Counted(StrEnum):
    """From when the agreed time counts; the stricter first."""

    APPROVAL = "approval"  # from the agreement, or the planned start
    CONNECTION = "connection"  # from the first connection within that time


@dataclass(frozen=True, slots=True)
class PrincipalFacts:
    """Who wishes. A technician has a `supplier_id`; staff have duties, each a role and the place where it is held."""

    kind: Literal["technician", "staff"]
    id: str
    supplier_id: str = ""
    duties: frozenset[tuple[str, str]] = frozenset()
    """A place is a facility id, `place_of` a ward in one, or "*" for all of them."""


def each(roles: Iterable[str], places: Iterable[str]) -> frozenset[tuple[str, str]]:
    """The same roles in each of these places."""
    return frozenset(product(roles, frozenset(places)))


def place_of(facility_id: str, ward: str) -> str:
    """Name a ward of a facility, or the facility itself where there is none."""
    return f"{facility_id}/{ward}" if ward else facility_id


@dataclass(frozen=True, slots=True)
class SupplierFacts:
    """The company that would work. `networks` are CIDR ranges it declared; none declared means none allowed (R-5)."""

    id: str
    code: str
    networks: tuple[str, ...]
    contract_active: bool
    papers_in_order: bool = False
    """Whether every paper the hospital requires of it is there and holds (R-67)."""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """`supplier_ids` are those that maintain it; `criticality` runs from 1 to 4, the highest (R-22). `ward` is where
    it stands, in the form in which wards are compared (R-28).
    """

    id: str
    code: str
    facility_id: str
    supplier_ids: frozenset[str]
    criticality: int
    ward: str = ""


@dataclass(frozen=True, slots=True)
class ContextFacts:
    """The circumstances. Whoever leaves a field out gets the value that opens least.

    `now` is an aware instant. `source_ip` is the address the person comes from. `kind` is the kind of intervention.
    `duration` is the length of the window asked for, or granted. `factors` counts proved factors, `approvals` the
    people who agreed so far. `is_requester`: the principal made, or would benefit from, the request in question;
    `is_caller`: he called the supplier about the emergency in question. `review_overdue`: nobody has reviewed in time
    an earlier emergency of the supplier (R-26). `report_overdue`: it owes the report on an intervention for too long
    (R-59).
    `country_declared`: the supplier declared the country its person works from;
    `outside_eea`: it lies outside the European Economic Area, or is not known (R-45).
    """

    now: datetime
    source_ip: str = ""
    kind: str = ""
    duration: timedelta = timedelta()
    factors: int = 0
    approvals: int = 0
    emergency: bool = False
    is_requester: bool = True
    is_caller: bool = True
    review_overdue: bool = True
    report_overdue: bool = True
    country_declared: bool = False
    outside_eea: bool = True


@dataclass(frozen=True, slots=True)
class Query:
    """May `principal` do `action`? `device` is `None` for what concerns no single device."""

    action: Action
    principal: PrincipalFacts
    supplier: SupplierFacts | None
    device: DeviceFacts | None
    context: ContextFacts


@dataclass(frozen=True, slots=True)
class Obligations:
    """What must hold if the answer is yes: people who agree, longest window and silence, a watcher, a recording, how
    files pass (of an upload or a download), from when the time counts, and how far from a planned start one may begin.
    """

    approvals: int
    max_duration: timedelta
    idle: timedelta
    watcher: bool
    record: bool
    sas: Sas = Sas.PERSON
    counted: Counted = Counted.APPROVAL
    early: timedelta = timedelta()
    late: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that decided, in a sentence one can show to the person concerned."""

    policy_id: str
    sentence_en: str
    sentence_fr: str

    def sentence(self, language: str) -> str:
        return self.sentence_fr if language.startswith("fr") else self.sentence_en


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. `errors` is for the log: what went wrong while deciding; never shown, and always with a no."""

    allowed: bool
    reasons: tuple[Reason, ...]
    obligations: Obligations
    policy_hash: str
    errors: tuple[str, ...] = field(default=())


NO_RULE = Reason("no_rule", "No rule allows this.", "Aucune règle n’autorise cela.")
POLICY_ERROR = Reason(
    "policy_error",
    "The rules could not be applied, so the answer is no. Please call the hospital.",
    "Les règles n’ont pas pu être appliquées : la réponse est donc non. Veuillez appeler l’établissement.",
)
APPROVALS_MISSING = Reason(
    "approvals_missing",
    "Not enough people of the hospital have agreed to this yet.",
    "Trop peu de personnes de l’établissement ont donné leur accord à ce stade.",
)
NEVER_STANDING = Reason(
    "never_standing",
    "On a device of the highest criticality nothing is agreed to beforehand: somebody decides each time.",
    "Sur un dispositif de la plus haute criticité, rien n’est accordé d’avance : une personne décide à chaque fois.",
)
BUILT_IN = (NO_RULE, POLICY_ERROR, APPROVALS_MISSING, NEVER_STANDING)
"""Answers that no rule of the set gives; their ids hold an underscore, which a rule's `@id` cannot."""

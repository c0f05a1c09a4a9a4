"""What the faces show: domain facts joined for one screen, without anything left to look up."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind
from bastion.domain.derogation import Derogation
from bastion.domain.device import Device, DeviceAccount, Endpoint, Lack
from bastion.domain.emergency import Emergency
from bastion.domain.grant import Grant
from bastion.domain.handover import Handover
from bastion.domain.paper import PaperKind
from bastion.domain.parties import Facility, Supplier, Technician, TechnicianKey
from bastion.domain.readiness import Readiness
from bastion.domain.remark import Remark
from bastion.domain.request_template import Origin
from bastion.domain.session_record import SessionRecord
from bastion.domain.subcontractor import Subcontractor
from bastion.domain.undertaking import Undertaking
from bastion.domain.work_order import OrderLook
from bastion.errors import NoGrant
from bastion.secret import Secret
from bastion.services.decisions import Scope
from bastion.services.nobody import NOBODY, TOO_FEW
from bastion.services.standby import Standby
from bastion.services.telling_log import ToldOf
from bastion.services.works import Part
from recordings.model import RecordingMeta


@dataclass(frozen=True, slots=True)
class SessionView:
    """`state` is active, frozen, unwatched (somebody must follow it and nobody does) or closed."""

    record: SessionRecord
    technician: Technician
    supplier: Supplier
    device: Device
    facility: Facility
    request: AccessRequest
    state: str
    grant_end: datetime
    must_be_watched: bool = False
    watched_by: tuple[str, ...] = ()
    """Who of the hospital follows it at this moment."""
    unanswered: str = ""
    """Who was to answer for its patient data and does so no longer; only on the screen of one live session."""


@dataclass(frozen=True, slots=True)
class Occupant:
    """Somebody else on the device: `how` is live, granted or asked; `ident` of that session, or of that request."""

    how: str
    who: str
    company: str
    ident: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class RequestView:
    """All an approver needs on one screen (domain 3.12). `decision_reasons` are sentences in the reader's language."""

    request: AccessRequest
    technician: Technician
    supplier: Supplier
    device: Device
    facility: Facility
    account_login: str
    endpoint_ready: bool
    history: tuple[SessionView, ...]
    decision_reasons: tuple[str, ...]
    can_decide: bool
    why_not: str
    approvers: tuple[str, ...]
    in_name_of: str = ""
    """Whose approving the reader would use, if not his own."""
    must_disown: bool = False
    """Whether the reader must say, when he agrees, that he did not make the call about this emergency (R-27)."""
    standby: Standby | None = None
    """Who is on call, there and away; only on the screen of one request."""
    stuck: str = ""
    """Why it waits for nobody: a sentence; only on the screen of one request, while it waits. Where `unanswered` says
    why, it says the same without the name.
    """
    told: tuple[ToldOf, ...] = ()
    """Who was told that it waits, ring by ring; only on the screen of one request."""
    grant: Grant | None = None
    emergency: Emergency | None = None
    handover: Handover | None = None
    """Whose authorisation it takes over."""
    endpoint: Endpoint | None = None
    """Where the session would log in."""
    derogations: tuple[Derogation, ...] = ()
    """What allows that, on an old device (R-10)."""
    services: tuple[Endpoint, ...] = ()
    """What tunnels may reach; only on the screen of one request."""
    employer: Subcontractor | None = None
    """Who employs the technician, if not the supplier itself; only on the screen of one request (R-46)."""
    scope: Scope | None = None
    """What the grant would hold; only on the screen of one request that waits."""
    followed: bool = False
    """Whether somebody must follow its session, by the rules of now (R-34); where `scope` is known, and of `others`."""

    thread: tuple[Remark, ...] = ()
    """What was asked and answered about it; only on the screen of one request."""
    others: "tuple[RequestView, ...]" = ()
    """What was asked for together with it, as far as the reader may see; only on the screen of one request."""
    parts: tuple[Part, ...] = ()
    """What else belongs to the same work, as far as the reader may see; only on the screen of one request."""
    origin: Origin | None = None
    """The usual request it was made from; only on the screen of one request."""
    extends: Grant | None = None
    """The running authorisation it asks more time for."""
    live: "tuple[SessionView, ...]" = ()
    """The sessions that run under its authorisation now; only on the screen of one request."""
    occupants: tuple[Occupant, ...] = ()
    """Who else is on the device, or would be in that time; only for the hospital, while it is to be decided."""
    unanswered: str = ""
    """Who is named for its patient data and does not answer for them when it opens, or now if it is open: nothing is
    agreed to, and nothing opens (R-38); only on the screen of one request.
    """
    lacks_key: bool = False
    lacks_authenticator: bool = False
    """What the technician still needs before he can connect; only on the screen of one request."""
    papers_to_renew: tuple[PaperKind, ...] = ()
    """What will block before planned work is over, unless it is renewed; only on the screen of one request (R-67)."""
    orders: tuple[OrderLook, ...] = ()
    """What the hospital's GMAO said of the work order each time, first to last; only on the screen of one request."""

    @property
    def order(self) -> OrderLook | None:
        """What the GMAO said of the work order when it was last asked."""
        return self.orders[-1] if self.orders else None

    @property
    def longer(self) -> tuple[datetime, datetime] | None:
        """Of a request for more time, the end before and after; `None` for every other."""
        return self.extends.prolonged(self.request, clock.now()) if self.extends else None

    @property
    def holds(self) -> Grant | Scope | None:
        """What the grant holds, or would."""
        return self.grant or self.scope


@dataclass(frozen=True, slots=True)
class Forecast:
    """What would become of a request before anybody makes it; sentences are in the reader's language."""

    technician: Technician
    supplier: Supplier
    device: Device
    facility: Facility
    kind: InterventionKind
    wanted: timedelta
    allowed: bool
    """Whether the rules let it be asked for."""
    reasons: tuple[str, ...]
    policy_ids: tuple[str, ...]
    quorum: int
    longest: timedelta
    watcher: bool
    turns: tuple[tuple[str, ...], ...]
    """For each agreement that is needed, who would be asked for it: those on call first, then the others who may
    decide; not who is away, nor whoever asks. The same people each time unless the rules want them one after the other.
    """
    obstacles: tuple[str, ...] = ()
    """What else stands in the way today: a lock, a paper, a request that waits already."""

    @property
    def agreed(self) -> timedelta:
        """For how long it could be at most."""
        return min(self.wanted, self.longest)

    @property
    def approvers(self) -> tuple[str, ...]:
        """All of them, whenever their turn is."""
        return tuple(dict.fromkeys(name for turn in self.turns for name in turn))

    @property
    def in_turn(self) -> bool:
        """Whether they agree one after the other."""
        return len(set(self.turns)) > 1

    @property
    def too_few(self) -> bool:
        """More people would have to agree than there are, or than there are when it is their turn."""
        return self.allowed and (len(self.approvers) < self.quorum or not all(self.turns))

    @property
    def stuck(self) -> str:
        """Why it would wait for nobody: a sentence, in English; empty while enough people may agree."""
        return (TOO_FEW if self.approvers else NOBODY) if self.too_few else ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """The same as a supplier's person may know it of what he would ask for himself: what the rules say, and what of his
    own stands in the way. Never who of the hospital would be asked, how many there are, or who is away (T33).
    """

    allowed: bool
    reasons: tuple[str, ...]
    quorum: int
    agreed: timedelta
    watcher: bool
    obstacles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceView:
    device: Device
    facility: Facility
    suppliers: tuple[Supplier, ...]
    endpoints: tuple[Endpoint, ...]
    accounts: tuple[DeviceAccount, ...]
    derogations: tuple[Derogation, ...]
    """Every one it ever had, the newest first."""
    lacks: tuple[Lack, ...]
    """What is still to be done before anybody can be let onto it."""

    @property
    def ready(self) -> bool:
        return not self.lacks

    @property
    def refused(self) -> bool:
        """The device refuses an account that the hospital keeps for it."""
        return any(account.refused_at for account in self.accounts)


@dataclass(frozen=True, slots=True)
class DerogationView:
    derogation: Derogation
    device: Device


@dataclass(frozen=True, slots=True)
class TechnicianView:
    technician: Technician
    supplier: Supplier
    keys: tuple[TechnicianKey, ...]
    totp_enrolled: bool
    readiness: Readiness
    """Whether he can connect, and what is missing."""
    totp_proved: bool = False
    """A code of his authenticator was right once."""
    correspondent: bool = False
    """Whether he speaks for his company at its web door."""
    invited_until: datetime | None = None
    """When a link that he has not used yet ends."""


@dataclass(frozen=True, slots=True)
class GrantView:
    grant: Grant
    device: Device
    technician: Technician


BARRED: Final = "barred"
"""A review of access rights keeps him from the devices of that hospital."""


UNANSWERED: Final = "unanswered"
"""What was agreed to opens nothing: nobody answers for its patient data (R-38)."""


@dataclass(frozen=True, slots=True)
class MenuItem:
    """A line of the technician's menu. `state` is open, scheduled, pending, none, `BARRED` or `UNANSWERED`; `urgent`:
    of an emergency.
    """

    device: Device
    facility: Facility
    state: str
    until: datetime | None
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """What a technician finds when he comes in: the device he named (or a menu) and how far he is with it."""

    technician: Technician
    supplier: Supplier
    device: Device | None = None
    facility: Facility | None = None
    account: DeviceAccount | None = None
    grant: Grant | None = None
    over: Grant | None = None
    """Without an open one, the last that he had on this device, if it was of today or yesterday."""
    unanswered: NoGrant | None = None
    """Why nothing opens under the only one that is open: nobody answers for its patient data (R-38)."""
    pending: AccessRequest | None = None
    emergency: Emergency | None = None
    """What his open authorisation is for, or else his request that waits, if that could not wait."""
    approvers: tuple[str, ...] = ()
    stuck: str = ""
    """Why his request waits for nobody: a sentence, in English."""
    menu: tuple[MenuItem, ...] = ()
    undertaking: Undertaking | None = None
    """What he has to accept in person before anything opens (R-47)."""

    @property
    def acknowledged(self) -> bool:
        return self.grant is not None and self.grant.acknowledged_at is not None

    @property
    def ready(self) -> bool:
        """Whether a session may open without a word from him."""
        return self.acknowledged and self.undertaking is None


@dataclass(frozen=True, slots=True)
class DeviceCredential:
    """The login of a device account and its secret, released by the vault for one session."""

    login: str
    kind: str
    secret: Secret


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that now exists in the records: everything the proxy needs to carry it."""

    record: SessionRecord
    grant: Grant
    device: Device
    facility: Facility
    endpoint: Endpoint
    credential: DeviceCredential
    meta: RecordingMeta
    endpoints: tuple[Endpoint, ...] = ()
    """Every endpoint of the device; `endpoint` is the one the session logs in at."""
    derogations: tuple[Derogation, ...] = ()
    """What the session stands on: when these end, so does it (R-10)."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What people have decided about a live session since it opened; the node carrying it obeys."""

    session_id: str
    frozen_by: str
    cut_by: str
    cut_why: str
    grant: Grant
    welcome: bool = True
    """False once the person has left, or the supplier's contract has ended (R-18)."""
    derogations: tuple[Derogation, ...] = ()
    """Every derogation of the device, as they are now."""
    lacks: tuple[PaperKind, ...] = ()
    """Papers whose want blocks the supplier: this session is told and goes on, another does not begin (R-67)."""
    more_time: tuple[str, ...] = ()
    """Requests for more time under its grant, wherever they were made, that were not decided before it began (R-35)."""

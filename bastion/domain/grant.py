"""The time-boxed right that an approval creates (R-17, R-20, R-24)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from bastion.domain.access_request import AccessRequest, InterventionKind, RequestState
from bastion.domain.conditions import Condition
from bastion.domain.device import ChannelKind, FileRight
from bastion.domain.timebox import TimeBox
from bastion.errors import IllegalTransition, Invalid
from policies.model import Sas

GIVEN_BACK: Final = "given back"
"""Why a session ended whose authorisation was; a sentence of ours, to be translated."""


class GrantStatus(StrEnum):
    """Derived from stored facts and the clock; never stored."""

    SCHEDULED = "scheduled"
    OPEN = "open"
    OVER = "over"
    REVOKED = "revoked"
    GIVEN_BACK = "given_back"


@dataclass(frozen=True, slots=True)
class Grant:
    """One technician, one device, some channel kinds, one kind of intervention, one window.

    `files` are the rights within a file channel; `uploads` and `downloads` say how what they carry passes (R-41).
    """

    id: str
    request_id: str
    technician_id: str
    supplier_id: str
    device_id: str
    facility_id: str
    account_id: str
    kind: InterventionKind
    channels: frozenset[ChannelKind]
    start: datetime
    end: datetime
    idle_seconds: int
    watcher: bool
    policy_hash: str
    approved_by: tuple[str, ...]
    files: frozenset[FileRight] = frozenset()
    uploads: Sas = Sas.PERSON
    downloads: Sas = Sas.PERSON
    emergency: bool = False
    """Agreed to for a repair that could not wait; somebody else reviews it afterwards (R-26)."""
    due: datetime | None = None
    """The planned start, where one may begin earlier; else `start`."""
    slack: timedelta = timedelta()
    """How late the first connection may be and still have the whole time: `end` then moves with it."""
    spent: timedelta = timedelta()
    """Of the time of the work, what was behind when this took over from another one."""
    first_used_at: datetime | None = None
    conditions: frozenset[Condition] = frozenset()
    """On what those who agreed insisted."""
    acknowledged_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str = ""
    revoke_reason: str = ""
    given_back: bool = False
    """Ended by those it was for, who do not need it; else, once ended, by the hospital."""
    version: int = 1

    def status(self, now: datetime) -> GrantStatus:
        if self.revoked_at is not None:
            return GrantStatus.GIVEN_BACK if self.given_back else GrantStatus.REVOKED
        if now < self.start:
            return GrantStatus.SCHEDULED
        return GrantStatus.OPEN if now < self.end else GrantStatus.OVER

    @property
    def box(self) -> TimeBox:
        return TimeBox(self.start, self.end)

    @property
    def planned(self) -> datetime:
        return self.due or self.start

    @property
    def over_at(self) -> datetime:
        """When it was over or will be: at its end, or when it was taken back."""
        return min(self.revoked_at or self.end, self.end)

    @property
    def length(self) -> timedelta:
        """The time that was agreed to, extensions included."""
        return self.end - self.planned - (self._moved(self.first_used_at) if self.first_used_at else timedelta())

    @property
    def whole(self) -> timedelta:
        """The same with what others worked before it was handed over: what a rule about durations judges."""
        return self.spent + self.length

    def behind(self, at: datetime) -> timedelta:
        """How much of that is behind at this moment, or at the planned start if that is later."""
        return self.whole - (self.end - max(at, self.planned))

    def _moved(self, at: datetime) -> timedelta:
        return min(max(at - self.planned, timedelta()), self.slack)

    def prolonged(self, asked: AccessRequest, now: datetime) -> tuple[datetime, datetime]:
        """The end without and with what a request for more time under this grant asks, or was agreed to (R-35)."""
        if asked.state(now) is RequestState.PENDING:
            return self.end, self.end + asked.agreed
        used = self.first_used_at  # a first connection after the asking has moved the end as well
        before = asked.expires_at + (self._moved(used) if used and used > asked.created_at else timedelta())
        return before, before + asked.agreed

    def first_used(self, now: datetime) -> "Grant":
        """Note the first connection; from it the time counts, as far as `slack` goes."""
        if self.first_used_at is not None:
            return self
        return replace(self, first_used_at=now, end=self.end + self._moved(now))

    @property
    def latest(self) -> datetime:
        """When it is over at the latest: a first connection that is still to come moves the end."""
        return self.end if self.first_used_at else self.end + self.slack

    def over_by(self, until: datetime | None) -> "Grant":
        """The same right as it is made: over at `until` at the latest, also where a first connection moves its end;
        `None`: nothing but what was agreed to ends it.
        """
        if until is None:
            return self
        end = min(self.end, until)
        return replace(self, end=end, slack=min(self.slack, until - end))

    def not_before(self, since: datetime | None) -> "Grant":
        """The same right as it is made: opens at `since` at the earliest, however early the rules let work begin;
        `None`: as early as they do.
        """
        return self if since is None else replace(self, start=max(self.start, since))

    @property
    def takes_input(self) -> bool:
        """Whether a command without a terminal gets what is sent to it: that would be a file by another name."""
        return FileRight.UPLOAD in self.files

    def under(self, conditions: frozenset[Condition]) -> "Grant":
        """The same right, less what these conditions take away. Nobody sees what a tunnel carries, so it goes too."""
        bare = Condition.NO_UPLOAD in conditions
        return replace(
            self, conditions=self.conditions | conditions,
            channels=self.channels - {ChannelKind.FORWARD} if bare else self.channels,
            files=self.files - {FileRight.UPLOAD} if bare else self.files,
            watcher=self.watcher or Condition.WATCHER in conditions,
        )  # fmt: skip

    def revoke(self, by: str, reason: str, now: datetime, *, given_back: bool = False) -> "Grant":
        if self.status(now) not in {GrantStatus.SCHEDULED, GrantStatus.OPEN}:
            raise IllegalTransition(f"grant {self.id}", state=self.status(now).value)
        return replace(self, revoked_at=now, revoked_by=by, revoke_reason=reason, given_back=given_back)

    def extend(self, end: datetime, now: datetime, until: datetime | None = None) -> "Grant":
        """Move the end later, so that it is over at `until` at the latest. Who may ask for it is the request's own
        quorum, checked by the service.
        """
        if until is not None:
            end = min(end, until - (self.latest - self.end))
        if self.status(now) is not GrantStatus.OPEN:
            raise IllegalTransition(f"grant {self.id}", state=self.status(now).value)
        if end <= self.end:
            raise Invalid("extension not later", field="end", sentence="An extension must end later than now agreed.")
        return replace(self, end=end)

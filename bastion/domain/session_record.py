"""What is kept of a session once it is known: the row, as `session` is the machine."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from bastion.domain.session_events import EndReason
from bastion.errors import DeviceLoginFailed
from policies.guards.verdict import UNSEEN, FindingKind

Outcome = EndReason | Literal["account_refused"]
"""How a session ended, as people and programs are told it and look for it. What is stored of a device that refused the
account is that it was lost, and the error's code: a session ends once, so those that ended so stay as they are.
"""
ACCOUNT_REFUSED: Final = "account_refused"
LOGIN_FAILED: Final = DeviceLoginFailed.code


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """What is kept of a session: who, on what, from where, and how it ended.

    `screen_findings` are the kinds of what was seen in what the terminals showed (`policies.guards`), known at the end.
    `frozen_*` and `cut_*` are facts the console writes and the node carrying the session reads back after a hint.
    """

    id: str
    grant_id: str
    request_id: str
    technician_id: str
    technician_name: str
    supplier_id: str
    device_id: str
    facility_id: str
    account_login: str
    source: str
    client: str
    node: str
    started_at: datetime
    ended_at: datetime | None = None
    end_reason: EndReason | None = None
    end_by: str = ""
    end_why: str = ""
    frozen_at: datetime | None = None
    frozen_by: str = ""
    cut_at: datetime | None = None
    cut_by: str = ""
    cut_why: str = ""
    recording_digest: str = ""
    recording_bytes: int = 0
    recording_seconds: float = 0.0
    country: str = ""
    """Where the technician worked from, as declared that day (R-45)."""
    screen_findings: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    """What was seen of what was typed, as `domain.act` keeps it (R-60)."""
    differences: tuple[str, ...] = ()
    """In what it differed at its end from what was declared, each an `Aspect` of `domain.comparison`."""
    version: int = 1

    @property
    def shows_health_data(self) -> bool:
        """Data of patients stood on a screen, as against merely not ruled out (R-39)."""
        return any(FindingKind(found) not in UNSEEN for found in self.screen_findings)

    @property
    def account_refused(self) -> bool:
        """The device refused the account the hospital keeps for it."""
        return self.end_reason is EndReason.DEVICE_LOST and self.end_why == LOGIN_FAILED

    @property
    def outcome(self) -> Outcome | None:
        """How it ended; `None` while it goes on."""
        return ACCOUNT_REFUSED if self.account_refused else self.end_reason

    @property
    def held_first(self) -> bool:
        """Whether it began frozen, and nobody has let it begin yet."""
        return self.frozen_at is not None and self.frozen_at == self.started_at

    @property
    def live(self) -> bool:
        return self.ended_at is None

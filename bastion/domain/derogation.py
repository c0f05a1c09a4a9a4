"""A derogation: what an old device needs and a new one would be refused, on one device, by name, until a day (R-10).

It has an owner who answers for the risk, and a reason. Whoever makes it or takes it back is in the trail.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from bastion.domain.device import Protocol
from bastion.errors import IllegalTransition, Invalid

LONGEST: Final = timedelta(days=366)
WARN_BEFORE: Final = timedelta(days=30)


class DerogationKind(StrEnum):
    SSH_LEGACY = "ssh_legacy"  # named algorithms that are broken or too weak
    TELNET = "telnet"  # in clear on the hospital's network
    SERIAL = "serial"


class AlgorithmUse(StrEnum):
    """Where in an SSH connection a name is used."""

    KEX = "kex"
    HOST_KEY = "host_key"
    CIPHER = "cipher"
    MAC = "mac"


SMALL_RSA: Final = "rsa-1024"
"""Not a name on the wire: a host key of RSA with less than 2048 bits."""
LEGACY: Final[Mapping[str, AlgorithmUse]] = MappingProxyType(
    {
        "ssh-rsa": AlgorithmUse.HOST_KEY,
        SMALL_RSA: AlgorithmUse.HOST_KEY,
        "diffie-hellman-group14-sha1": AlgorithmUse.KEX,
        "diffie-hellman-group-exchange-sha1": AlgorithmUse.KEX,
        "diffie-hellman-group1-sha1": AlgorithmUse.KEX,
        "aes256-cbc": AlgorithmUse.CIPHER,
        "aes192-cbc": AlgorithmUse.CIPHER,
        "aes128-cbc": AlgorithmUse.CIPHER,
        "3des-cbc": AlgorithmUse.CIPHER,
        "hmac-sha1": AlgorithmUse.MAC,
    }
)
"""All that can be allowed, the least bad first. What is not here (DSA, MD5, RC4, no encryption) nobody can allow."""
PROTOCOLS: Final[Mapping[Protocol, DerogationKind]] = MappingProxyType(
    {Protocol.TELNET: DerogationKind.TELNET, Protocol.SERIAL: DerogationKind.SERIAL}
)
"""Protocols on which no session opens without a derogation of this kind."""


class DerogationStatus(StrEnum):
    """Derived from stored facts and the clock; never stored."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    OVER = "over"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Derogation:
    """`owner` answers for the risk in the hospital; `created_by` is whoever wrote it down here."""

    id: str
    device_id: str
    kind: DerogationKind
    algorithms: tuple[str, ...]
    owner: str
    reason: str
    starts: datetime
    ends: datetime
    created_by: str
    created_at: datetime
    withdrawn_at: datetime | None = None
    withdrawn_by: str = ""
    warned_at: datetime | None = None
    """When the trail was told that the end comes near."""

    def status(self, now: datetime) -> DerogationStatus:
        if self.withdrawn_at is not None:
            return DerogationStatus.WITHDRAWN
        if now < self.starts:
            return DerogationStatus.SCHEDULED
        return DerogationStatus.ACTIVE if now < self.ends else DerogationStatus.OVER

    def active(self, now: datetime) -> bool:
        return self.status(now) is DerogationStatus.ACTIVE

    def ends_soon(self, now: datetime) -> bool:
        return self.active(now) and self.ends - now <= WARN_BEFORE

    def withdraw(self, by: str, now: datetime) -> "Derogation":
        """Take it back before its end; or say, after its end, that the device does not need it any more."""
        if self.withdrawn_at is not None:
            raise IllegalTransition(f"derogation {self.id}", state=DerogationStatus.WITHDRAWN.value)
        return replace(self, withdrawn_at=now, withdrawn_by=by)

    @property
    def words(self) -> str:
        """One line for the recording and the trail, the same in every language."""
        what = f"{self.kind.value} ({', '.join(self.algorithms)})" if self.algorithms else self.kind.value
        return f"{what} until {self.ends.isoformat(timespec='minutes')}, owner {self.owner}"


def checked(derogation: Derogation) -> Derogation:
    """Return it, with its algorithms in the usual order. Raises `Invalid` for one that nobody may make."""
    names = set(derogation.algorithms)
    if not names <= LEGACY.keys():
        raise Invalid(" ".join(sorted(names - LEGACY.keys())), field="algorithms", sentence="Choose one of the list.")
    if bool(names) != (derogation.kind is DerogationKind.SSH_LEGACY):
        raise Invalid(
            derogation.kind, field="algorithms",
            sentence="Name the algorithms that an old SSH device needs; telnet and serial lines have none.",
        )  # fmt: skip
    if not timedelta() < derogation.ends - derogation.starts <= LONGEST or derogation.ends <= derogation.created_at:
        raise Invalid(
            "ends", field="ends", sentence="A derogation ends within a year. Choose an earlier day, or one to come."
        )
    return replace(derogation, algorithms=tuple(name for name in LEGACY if name in names))


def active(derogations: Iterable[Derogation], kind: DerogationKind, now: datetime) -> tuple[Derogation, ...]:
    return tuple(one for one in derogations if one.kind is kind and one.active(now))


def algorithms(derogations: Iterable[Derogation]) -> tuple[str, ...]:
    """Every algorithm that one of them names, in the usual order."""
    named = {name for one in derogations for name in one.algorithms}
    return tuple(name for name in LEGACY if name in named)


def still_stand(needed: Iterable[Derogation], derogations: Iterable[Derogation], now: datetime) -> bool:
    """Tell whether work that began under `needed` may go on under what is in force now; a renewal counts."""
    in_force = [one for one in derogations if one.active(now)]
    return all(_covered(one, [other for other in in_force if other.kind is one.kind]) for one in needed)


def _covered(one: Derogation, others: list[Derogation]) -> bool:
    return bool(others) and set(one.algorithms) <= {name for other in others for name in other.algorithms}

"""Where a session on a device logs in, and what allows that (R-9, R-10)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from bastion.domain import derogation
from bastion.domain.derogation import Derogation, DerogationKind, DerogationStatus
from bastion.domain.device import SESSIONS, Device, DeviceAccount, Endpoint, Lack, Protocol
from bastion.errors import DeviceNotReady

RAN_OUT: Final = (
    "The derogation under which the device {device} may be reached has run out. Ask the hospital to renew it: "
    "{owner} answers for it."
)
NEVER: Final = (
    "The device {device} can only be reached in clear (telnet or a serial line), and no derogation allows that. "
    "Ask the hospital to make one."
)
Way = tuple[Endpoint, tuple[Derogation, ...]]


def session_endpoint(
    device: Device, endpoints: Sequence[Endpoint], derogations: Sequence[Derogation], now: datetime
) -> Way:
    """Return where a session logs in, and the derogations it stands on. Raises `DeviceNotReady`.

    That is an SSH service whose identity was pinned (R-9); else telnet or a serial line, under a derogation in force.
    Where one ran out the way is closed, until somebody renews it or says that the device does without (R-10).
    """
    pinned = [e for e in endpoints if e.protocol is Protocol.SSH and e.host_keys]
    old = [e for e in endpoints if e.protocol in derogation.PROTOCOLS]
    if not (pinned or old):
        raise DeviceNotReady(device.code, device=device.code)
    if pinned:
        return pinned[0], _in_force(device, DerogationKind.SSH_LEGACY, derogations, now)
    for endpoint in old:
        in_force = derogation.active(derogations, derogation.PROTOCOLS[endpoint.protocol], now)
        if in_force:
            return endpoint, in_force
    kind = derogation.PROTOCOLS[old[0].protocol]
    _in_force(device, kind, derogations, now)
    raise DeviceNotReady(f"no derogation for {kind}", device=device.code, sentence=NEVER)


def reachable(
    device: Device, endpoints: Sequence[Endpoint], derogations: Sequence[Derogation], now: datetime
) -> Way | None:
    """The same, for whoever only wants to know."""
    try:
        return session_endpoint(device, endpoints, derogations, now)
    except DeviceNotReady:
        return None


def lacking(
    device: Device, endpoints: Sequence[Endpoint], accounts: Sequence[DeviceAccount],
    derogations: Sequence[Derogation], now: datetime, *, decided: bool,
) -> tuple[Lack, ...]:  # fmt: skip
    """What is still to be done before a session can open on a device, in the order in which one does it.

    `decided`: somebody of the hospital may decide on it (R-28); where nobody may, every request waits for nobody.
    """
    wanted = (
        (_way_lacks(device, endpoints, derogations, now), True),
        (Lack.ACCOUNT, not accounts),
        (Lack.SUPPLIER, not device.supplier_ids),
        (Lack.APPROVER, not decided),
    )
    return tuple(lack for lack, missing in wanted if lack and missing)


def _way_lacks(
    device: Device, endpoints: Sequence[Endpoint], derogations: Sequence[Derogation], now: datetime
) -> Lack | None:
    ways = [one for one in endpoints if one.protocol in SESSIONS]
    if not ways:
        return Lack.SERVICE
    if reachable(device, endpoints, derogations, now) is not None:
        return None
    secure = [one for one in ways if one.protocol is Protocol.SSH]
    return Lack.IDENTITY if secure and not any(one.host_keys for one in secure) else Lack.DEROGATION


def _in_force(
    device: Device, kind: DerogationKind, derogations: Sequence[Derogation], now: datetime
) -> tuple[Derogation, ...]:
    in_force = derogation.active(derogations, kind, now)
    over = [one for one in derogations if one.kind is kind and one.status(now) is DerogationStatus.OVER]
    if over and not in_force:
        last = max(over, key=lambda one: one.ends)
        raise DeviceNotReady(f"derogation {last.id} is over", device=device.code, owner=last.owner, sentence=RAN_OUT)
    return in_force

"""Authorisations, and who may come by one."""

from datetime import datetime
from typing import Self

from bastion.domain.access_request import InterventionKind
from bastion.domain.conditions import Condition
from bastion.domain.device import ChannelKind
from bastion.domain.grant import Grant
from bastion.services.device_rights import Comers
from web.api.shapes import Shape


class GrantShape(Shape):
    """What agreement made of a request, and what became of it: `status` says whether it is open, comes, is over, or was
    taken or given back. `revoke_reason` is what a person wrote, or the bastion itself in English.
    """

    id: str
    request_id: str
    kind: InterventionKind
    channels: list[ChannelKind]
    status: str
    start: datetime
    end: datetime
    approved_by: list[str]
    conditions: list[Condition]
    watcher: bool
    revoked_by: str
    revoke_reason: str
    emergency: bool
    planned: datetime
    first_used_at: datetime | None
    device: str = ""
    technician: str = ""

    @classmethod
    def of(cls, grant: Grant, now: datetime, device: str = "", technician: str = "") -> Self:
        return cls(
            id=grant.id, request_id=grant.request_id, kind=grant.kind, channels=sorted(grant.channels),
            status=grant.status(now), start=grant.start, end=grant.end, approved_by=list(grant.approved_by),
            conditions=sorted(grant.conditions), watcher=grant.watcher,
            revoked_by=grant.revoked_by, revoke_reason=grant.revoke_reason, emergency=grant.emergency,
            planned=grant.planned, first_used_at=grant.first_used_at,
            device=device, technician=technician,
        )  # fmt: skip


class ComersShape(Shape):
    """A supplier that maintains the device and, by login, those of its people who may come, and who are suspended at
    present. While it is not `working`, out of use or without a contract that holds, nobody comes.
    """

    supplier: str
    working: bool
    able: list[str]
    suspended: list[str]

    @classmethod
    def of(cls, one: Comers) -> Self:
        return cls(
            supplier=one.supplier.code, working=one.working, able=[who.login for who in one.able],
            suspended=[who.login for who in one.suspended],
        )  # fmt: skip

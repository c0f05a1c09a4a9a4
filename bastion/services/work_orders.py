"""Work orders against the hospital's GMAO: where it answers, and what it says of the order somebody gives (domain 3.5).

Looking is done before the transaction that keeps a request or an agreement, with little patience, and never stands in
anybody's way when the GMAO is unwell: then the approver reads that nobody could look.
"""

import json
import secrets
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

import structlog

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.credentials import SealedSecret
from bastion.domain.device import Device
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, Role, Supplier
from bastion.domain.work_order import (
    LONGEST_NUMBER,
    REACHED_NOT,
    Finding,
    Gmao,
    OrderLook,
    OrderRule,
    clean,
    judge,
    read,
    refuses,
)
from bastion.errors import ConfigurationError, Conflict, Invalid, NotFound
from bastion.secret import Secret
from bastion.services.authentication import Authentication
from bastion.services.couriers import Undelivered
from bastion.services.forms import need_admin, need_admin_of
from bastion.services.gmao_wire import Answer, GmaoWire
from bastion.services.joins import found
from bastion.services.sealing import secret_aad
from bastion.services.webhooks import is_plain_https
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault

NO_ORDER: Final = "This hospital wants the number of an open work order for this device and this company."
NOT_OPEN_ANY_MORE: Final = (
    "The GMAO does not know work order {number} as open for this device and this company any more; without one nothing "
    "is agreed to here. Have it opened again, or refuse."
)
NOT_AS_IT_WAS: Final = (
    "The GMAO does not know work order {number} as open for this device and this company any more. Agree once more if "
    "the work may be done all the same."
)
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GmaoForm:
    """`facility` is a code."""

    facility: str
    url: str
    rule: OrderRule


class WorkOrders:
    def __init__(self, database: Database, vault: Vault, authentication: Authentication, wire: GmaoWire) -> None:
        self._database = database
        self._vault = vault
        self._authentication = authentication
        self._wire = wire

    # -- where it answers ----------------------------------------------------------------------------------------------
    async def all(self, actor: Actor) -> list[Gmao]:
        need_admin(actor)
        async with self._database.read() as uow:
            rows = await uow.gmaos.all()
        return [one for one in rows if actor.covers(one.facility_id, Role.ADMIN)]

    async def save(self, actor: Actor, form: GmaoForm) -> tuple[Gmao, str]:
        """Say where a hospital's GMAO answers. The secret that signs is made once and returned that once; saving again
        keeps it, and returns none. Needs a fresh code.
        """
        need_admin(actor)
        url = form.url.strip().rstrip("/")
        self._check(url)
        self._authentication.require_fresh(actor)
        now, text = clock.now(), secrets.token_urlsafe(32)
        async with self._database.write() as uow:
            await uow.locks.hold()  # of two at once the second finds the first's, and keeps its secret
            facility = found(await uow.facilities.by_code(form.facility), form.facility)
            need_admin_of(actor, facility.id)
            old = await uow.gmaos.of(facility.id)
            if old is not None:
                made, text = await uow.gmaos.save(replace(old, url=url, rule=form.rule)), ""
            else:
                secret_id = new_id(now)
                sealed = self._vault.seal(Secret.of(text), secret_aad(secret_id))
                await uow.secrets.add(SealedSecret(secret_id, sealed, self._vault.key_of(sealed), now))
                made = Gmao(new_id(now), facility.id, url, form.rule, secret_id, now, actor.name)
                await uow.gmaos.add(made)
            await uow.audit.append(
                "gmao:saved", actor=actor, subject=("gmao", made.id), facility_id=facility.id, at=now,
                host=urlsplit(url).netloc, rule=form.rule,
            )  # fmt: skip
        return made, text

    async def remove(self, actor: Actor, ident: str) -> None:
        """Ask it nothing more and tell it nothing more; its secret is forgotten. Needs a fresh code."""
        need_admin(actor)
        self._authentication.require_fresh(actor)
        async with self._database.write() as uow:
            await uow.locks.hold()
            gone = found(await uow.gmaos.get(ident), ident)
            need_admin_of(actor, gone.facility_id)
            await uow.gmaos.remove(gone.id)
            await uow.secrets.remove(gone.secret_id)
            await uow.audit.append(
                "gmao:removed", actor=actor, subject=("gmao", gone.id), facility_id=gone.facility_id, at=clock.now(),
                host=urlsplit(gone.url).netloc,
            )  # fmt: skip

    # -- looking -------------------------------------------------------------------------------------------------------
    async def check(
        self, actor: Actor, number: str, device: Device, supplier: Supplier, *, emergency: bool
    ) -> OrderLook | None:
        """What the GMAO says of the order; `None` where none is registered. Raises `Invalid` where one is required.

        Whoever asks reads the same words whatever is wrong: the order of another company is nothing to try out (T33).
        """
        async with self._database.read() as uow:
            gmao = await uow.gmaos.of(device.facility_id)
            sealed = await uow.secrets.get(gmao.secret_id) if gmao else None
        if gmao is None:
            return None
        check = await self._look(gmao, sealed, number.strip(), device, supplier, actor.name)
        refused = refuses(gmao.rule, check, emergency=emergency)
        async with self._database.write() as uow:
            await uow.audit.append(
                "order:checked", actor=actor, subject=("device", device.id), facility_id=device.facility_id,
                at=check.checked_at, work_order=check.number, finding=check.finding, device=device.code,
                supplier=supplier.code, refused="yes" if refused else "",
            )  # fmt: skip
        if refused:
            raise Invalid(check.finding, field="work_order", sentence=NO_ORDER)
        return check

    async def look_again(self, actor: Actor, request: AccessRequest, device: Device) -> None:
        """Look at the order of planned work once more, at the agreement to it: it may have been closed meanwhile.

        Raises `Conflict` where the hospital requires one that fits, and else the first time that it does not. A GMAO
        that is unwell holds nothing up, and an emergency never waits. Whoever comes next reads what it said this time.
        """
        if request.start is None or not request.work_order or request.extends_grant_id:
            return
        async with self._database.read() as uow:
            gmao = await uow.gmaos.of(device.facility_id)
            urgent = await uow.emergencies.get(request.work_id)
            sealed = await uow.secrets.get(gmao.secret_id) if gmao else None
            supplier = found(await uow.suppliers.get(request.supplier_id))
            known = await _last_finding(uow, request.id)
        if gmao is None or urgent is not None:
            return
        check = await self._look(gmao, sealed, request.work_order, device, supplier, actor.name)
        refused = refuses(gmao.rule, check, emergency=False)
        held = refused or not (check.fits or check.finding in REACHED_NOT or check.finding == known)
        async with self._database.write() as uow:
            await uow.order_looks.add(replace(check, id=new_id(check.checked_at), request_id=request.id))
            uow.hint("request", request.id)
            await uow.audit.append(
                "order:checked", actor=actor, subject=("request", request.id), facility_id=device.facility_id,
                at=check.checked_at, work_order=check.number, finding=check.finding, device=device.code,
                supplier=supplier.code, refused="yes" if held else "",
            )  # fmt: skip
        if held:
            said = NOT_OPEN_ANY_MORE if refused else NOT_AS_IT_WAS
            raise Conflict(check.finding, sentence=said, number=check.number)

    async def look(self, actor: Actor, number: str, device_code: str, supplier_code: str) -> OrderLook:
        """Ask as for a request of this supplier on this device, and keep nothing: to try whether it works."""
        need_admin(actor)
        async with self._database.read() as uow:
            device = found(await uow.devices.by_code(device_code), device_code)
            supplier = found(await uow.suppliers.by_code(supplier_code), supplier_code)
            need_admin_of(actor, device.facility_id)
            gmao = found(await uow.gmaos.of(device.facility_id), "a GMAO")
            sealed = await uow.secrets.get(gmao.secret_id)
        return await self._look(gmao, sealed, number.strip(), device, supplier, actor.name)

    async def _look(
        self, gmao: Gmao, sealed: SealedSecret | None, number: str, device: Device, supplier: Supplier, by: str
    ) -> OrderLook:
        now = clock.now()
        check = OrderLook("", "", gmao.facility_id, clean(number), Finding.NONE_GIVEN, now, looked_by=by)
        if not number:
            return check
        if len(number) > LONGEST_NUMBER or not number.isprintable():
            return replace(check, finding=Finding.UNKNOWN)
        try:
            sealed = found(sealed, "the secret of the GMAO")
            secret = self._vault.unseal(sealed.sealed, secret_aad(gmao.secret_id))
            return _judged(check, await self._wire.look(gmao.url, number, secret, now), device, supplier)
        except (Undelivered, ConfigurationError, NotFound) as trouble:
            _log.warning("a work order cannot be looked at", facility=gmao.facility_id, why=str(trouble))
            return replace(check, finding=Finding.UNREACHABLE, detail=clean(str(trouble)))

    def _check(self, url: str) -> None:
        if not is_plain_https(url) or urlsplit(url).query or "?" in url:
            raise Invalid(
                "url", field="url", sentence="Give an address that begins with https://, without a password in it."
            )
        if why := self._wire.couriers.networks.why_not_host(urlsplit(url).hostname or ""):
            raise Invalid(why, field="url", sentence="Nothing may be sent to this address. Give another one.")


async def _last_finding(uow: UnitOfWork, request_id: str) -> str:
    """What whoever decides knows of the order: from the last look there was."""
    looks = await uow.order_looks.of(request_id)
    return looks[-1].finding if looks else ""


def _judged(check: OrderLook, answer: Answer, device: Device, supplier: Supplier) -> OrderLook:
    if answer.status in {404, 410}:
        return replace(check, finding=Finding.UNKNOWN)
    if answer.status != 200:
        return replace(check, finding=Finding.UNREACHABLE, detail=f"answered {answer.status}")
    try:
        order = read(answer.content)
    except (ValueError, RecursionError) as wrong:
        detail = "no JSON" if isinstance(wrong, json.JSONDecodeError | UnicodeDecodeError) else clean(str(wrong))
        return replace(check, finding=Finding.ODD, detail=detail)
    finding = judge(order, check.number, device.code, supplier.code)
    if finding in {Finding.OTHER_SUPPLIER, Finding.ODD}:
        return replace(check, finding=finding)
    return replace(check, finding=finding, title=order.title, state=order.state, asked_by=order.asked_by)

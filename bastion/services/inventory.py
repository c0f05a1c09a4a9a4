"""The register of devices: where they answer, the identity they must show, and the accounts used on them."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.credentials import SealedSecret
from bastion.domain.derogation import DerogationKind, active, algorithms
from bastion.domain.device import Device, DeviceAccount, Endpoint, Protocol, SecretKind
from bastion.domain.endpoint_options import checked
from bastion.domain.grant import GrantStatus
from bastion.domain.ids import new_id
from bastion.domain.parties import Actor, Role
from bastion.errors import AddressRefused, Conflict, Faults, HostKeyChanged, Invalid, NotFound, Phrase
from bastion.networks import NOT_DIALLED, Networks
from bastion.secret import Secret
from bastion.services.forms import (
    audit_saved,
    check_code,
    check_name,
    need_admin,
    need_admin_of,
    need_known,
    need_person,
    need_reader,
    plain,
)
from bastion.services.joins import Joins, found, scope
from bastion.services.keys import fingerprint_of, private_key_problem
from bastion.services.sealing import secret_aad
from bastion.services.sharing import (
    at_the_same_address,
    need_own_address,
    need_own_identity,
    with_the_same_identity,
)
from bastion.services.twice import need_first
from bastion.services.views import DeviceView
from bastion.store.database import Database
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault

HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:_-]{0,252}[A-Za-z0-9])?")
HostKeyScanner = Callable[[str, int, tuple[str, ...]], Awaitable[list[str]]]
"""Takes address, port and the old algorithms that the device may use (R-10)."""


@dataclass(frozen=True, slots=True)
class DeviceForm:
    code: str
    name: str
    facility_code: str
    supplier_codes: tuple[str, ...]
    criticality: int = 2
    ward: str = ""
    location: str = ""
    maker: str = ""
    model: str = ""
    serial: str = ""
    active: bool = True
    id: str = ""


@dataclass(frozen=True, slots=True)
class HostKeyOffer:
    """What a device showed when it was asked for its identity; to be compared with the device, then confirmed."""

    endpoint: Endpoint
    keys: tuple[str, ...]
    fingerprints: tuple[str, ...]
    pinned: tuple[str, ...] = field(default=())
    others: tuple[str, ...] = field(default=())
    """Codes of other devices for which one of the keys is pinned; an empty one for another hospital's."""

    @property
    def changed(self) -> bool:
        return bool(self.pinned) and not set(self.pinned) & set(self.fingerprints)


class Inventory:
    def __init__(
        self, database: Database, vault: Vault, scan: HostKeyScanner, networks: Networks | None = None
    ) -> None:
        self._database = database
        self._vault = vault
        self._scan = scan
        self._networks = networks

    async def devices(self, actor: Actor, text: str = "", limit: int = 100, offset: int = 0) -> list[DeviceView]:
        need_reader(actor)
        async with self._database.read() as uow:
            rows = await uow.devices.search(text=text, facility_ids=scope(actor), limit=limit, offset=offset)
            return await Joins(uow).device_views(rows)

    async def refused(self, actor: Actor) -> list[Device]:
        """Devices in the actor's hospitals that refuse the account kept for them: nobody gets in there."""
        need_reader(actor)
        async with self._database.read() as uow:
            accounts = await uow.accounts.refused()
            devices = await uow.devices.some(sorted({account.device_id for account in accounts}))
            return [one for one in devices if one.active and actor.covers(one.facility_id)]

    async def names(
        self, actor: Actor, text: str, supplier_id: str = "", *, readable: int, offered: int
    ) -> tuple[list[Device], bool]:
        """Devices in use to choose from, by code; of a supplier, if one is named. All of them while they are so few
        that somebody finds his own, else so many of those that hold `text`; and whether these are all.
        """
        need_reader(actor)
        async with self._database.read() as uow:
            whole = not await uow.devices.more_than(readable, scope(actor), supplier_id, active=True)
            found = await uow.devices.search(
                "" if whole else text, scope(actor), supplier_id, readable if whole else offered, active=True
            )
        return found, whole

    async def by_code(self, actor: Actor, code: str) -> DeviceView | None:
        need_reader(actor)
        async with self._database.read() as uow:
            device = await uow.devices.by_code(code)
            return await Joins(uow).device_view(device) if device and actor.covers(device.facility_id) else None

    async def device(self, actor: Actor, device_id: str) -> DeviceView:
        need_reader(actor)
        async with self._database.read() as uow:
            return await Joins(uow).device_view(await _visible_device(uow, actor, device_id))

    async def touched(self, actor: Actor, device_id: str) -> tuple[str, ...]:
        """The short names of what waits for a decision, or is planned, on a device: another criticality asks more of it
        (R-22).
        """
        need_reader(actor)
        now = clock.now()
        async with self._database.read() as uow:
            device = await _visible_device(uow, actor, device_id)
            waiting = await uow.requests.search(state=RequestState.PENDING, device_id=device.id, now=now)
            held = await uow.grants.unfinished_on(device.id, now)
            planned = {one.request_id for one in held if one.status(now) is GrantStatus.SCHEDULED}
            agreed = [await uow.requests.get(ident) for ident in sorted(planned)]
        return tuple(one.ref for one in (*waiting, *agreed) if one)

    async def save_device(self, actor: Actor, form: DeviceForm) -> Device:
        need_admin(actor)
        form = replace(form, code=form.code.lower())
        faults = Faults()
        faults.check(check_code, form.code)
        faults.check(check_name, form.name)
        if form.criticality not in range(1, 5):
            faults.add(Invalid("criticality", field="criticality", sentence="Criticality runs from 1 to 4."))
        faults.settle()
        ident = form.id or new_id(clock.now())
        async with self._database.write() as uow:
            thing = await _make_device(uow, form, ident)
            old = await uow.devices.get(ident)
            need_known(form.id, old)
            need_admin_of(actor, thing.facility_id, *([old.facility_id] if old else []))
            await (uow.devices.save(thing) if old else uow.devices.add(thing))
            await audit_saved(uow, actor, "directory:device_saved", "device", thing, old, entry=thing.code)
        return thing

    async def save_endpoint(
        self, actor: Actor, device_id: str, host: str, port: int, endpoint_id: str = "",
        protocol: Protocol = Protocol.SSH, options: Mapping[str, str] | None = None, *, shared: bool = False,
    ) -> Endpoint:  # fmt: skip
        """Say where a device answers. A new address drops the pinned identity: it must be confirmed again (R-9).

        `shared`: somebody has said that other devices answer at the same address and that this is right.
        """
        need_admin(actor)
        if not HOST.fullmatch(host) or not 1 <= port <= 65535:
            raise Invalid(host, field="host", sentence="Give a host name or address, and a port from 1 to 65535.")
        if self._networks is not None and (why := self._networks.why_not_host(host)):
            raise Invalid(why, field="host", sentence=NOT_DIALLED, host=host, why=Phrase(why))
        said = checked(protocol, options or {})
        now = clock.now()
        async with self._database.write() as uow:
            await uow.locks.hold()
            device = await _visible_device(uow, actor, device_id, Role.ADMIN)
            standing = await uow.endpoints.of(device.id)
            old = next((e for e in standing if e.id == endpoint_id), None)
            need_known(endpoint_id, old)
            thing = _moved(old, Endpoint(old.id if old else new_id(now), device.id, protocol, host, port, options=said))
            if thing == old:
                return old
            need_first(thing, [one for one in standing if one is not old], "protocol", "host", "port")
            if not (shared or (old and (old.host, old.port) == (host, port))):
                need_own_address(await at_the_same_address(uow, actor, device, host, port))
            await (uow.endpoints.save(thing) if old else uow.endpoints.add(thing))
            await uow.audit.append(
                "directory:endpoint_saved", actor=actor, subject=("device", device.id), facility_id=device.facility_id,
                at=now, device=device.code, host=host, port=port, protocol=protocol, options=_in_words(said),
            )  # fmt: skip
        return thing

    async def scan_host_keys(self, actor: Actor, endpoint_id: str) -> HostKeyOffer:
        """Ask the device for its identity and show it; nothing is kept until `pin_host_keys`."""
        need_admin(actor)
        async with self._database.read() as uow:
            endpoint = found(await uow.endpoints.get(endpoint_id))
            device = await _visible_device(uow, actor, endpoint.device_id, Role.ADMIN)
            derogations = await uow.derogations.of(endpoint.device_id)
        if endpoint.protocol is not Protocol.SSH:
            raise Invalid(endpoint.protocol, field="host", sentence="Only an SSH service shows an identity.")
        legacy = algorithms(active(derogations, DerogationKind.SSH_LEGACY, clock.now()))
        try:
            keys = tuple(await self._scan(endpoint.host, endpoint.port, legacy))
        except AddressRefused as refused:
            why = refused.params["why"]
            raise AddressRefused(refused.detail, sentence=NOT_DIALLED, host=endpoint.host, why=why) from refused
        pinned = tuple(fingerprint_of(k) for k in endpoint.host_keys)
        new = [key for key in keys if fingerprint_of(key) not in pinned]
        async with self._database.read() as uow:
            others = await with_the_same_identity(uow, actor, device, new)
        return HostKeyOffer(endpoint, keys, tuple(fingerprint_of(k) for k in keys), pinned, others)

    async def pin_host_keys(
        self, actor: Actor, endpoint_id: str, fingerprints: frozenset[str], *, shared: bool = False
    ) -> Endpoint:
        """Pin what the person confirmed. The device is asked again: only keys it shows now can be pinned.

        `shared`: somebody has said that other devices show the same identity and that this is right.
        """
        need_person(actor)
        if not fingerprints:
            raise Invalid("none", field="fingerprint", sentence="Tick each key that you have compared with the device.")
        offer = await self.scan_host_keys(actor, endpoint_id)
        if not shared:
            need_own_identity(offer.others)
        keys = tuple(k for k, f in zip(offer.keys, offer.fingerprints, strict=True) if f in fingerprints)
        async with self._database.write() as uow:
            device = found(await uow.devices.get(offer.endpoint.device_id))
            if not keys:
                raise HostKeyChanged("the device showed other keys than those confirmed", device=device.code)
            now = clock.now()
            await uow.locks.hold()
            asked, standing = offer.endpoint, found(await uow.endpoints.get(endpoint_id))
            if (standing.protocol, standing.host, standing.port) != (asked.protocol, asked.host, asked.port):
                raise Conflict(f"endpoint {endpoint_id} has another address than the one asked")
            pinned = replace(standing, host_keys=keys, pinned_at=now, pinned_by=actor.name)
            await uow.endpoints.save(pinned)
            await uow.audit.append(
                "directory:host_key_pinned", actor=actor, subject=("device", device.id),
                facility_id=device.facility_id, at=now, device=device.code,
                fingerprints=" ".join(fingerprint_of(k) for k in keys),
            )  # fmt: skip
        return pinned

    async def save_account(
        self, actor: Actor, device_id: str, login: str, kind: SecretKind, secret: Secret, account_id: str = ""
    ) -> DeviceAccount:
        """Keep a login of a device. Its secret goes into the vault and nobody reads it back (R-12).

        A secret that is replaced leaves the vault. Sessions that stand have used it already and go on.
        """
        need_admin(actor)
        _check_account(login, kind, secret)
        now = clock.now()
        secret_id = new_id(now)
        async with self._database.write() as uow:
            await uow.locks.hold()  # or it would come back with no secret while another takes it away
            device = await _visible_device(uow, actor, device_id, Role.ADMIN)
            old = next((a for a in await uow.accounts.of(device.id) if a.id == account_id), None)
            need_known(account_id, old)
            sealed = self._vault.seal(secret, secret_aad(secret_id))
            await uow.secrets.add(SealedSecret(secret_id, sealed, self._vault.key_ids[-1], now))
            thing = DeviceAccount(
                old.id if old else secret_id, device.id, login, kind, secret_id, sealed_at=now, sealed_by=actor.name
            )
            await (uow.accounts.save(thing) if old else uow.accounts.add(thing))
            if old:
                await uow.secrets.remove(old.secret_id)
            await uow.audit.append(
                "directory:account_saved", actor=actor, subject=("device", device.id), facility_id=device.facility_id,
                at=now, device=device.code, account=login, replaced="yes" if old else "",
            )  # fmt: skip
        return thing


def _moved(old: Endpoint | None, new: Endpoint) -> Endpoint:
    """What was there, with other options, where only these changed; so its identity stays pinned."""
    if old is None:
        return new
    if (old.protocol, old.host, old.port) != (new.protocol, new.host, new.port):
        return replace(new, used_at=old.used_at)
    return replace(old, options=new.options)


def _in_words(options: Mapping[str, str]) -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(options.items()))


def _check_account(login: str, kind: SecretKind, secret: Secret) -> None:
    if not 1 <= len(login) <= 64 or plain(login) != login or login.startswith("-"):
        raise Invalid(login, field="login", sentence="Give the login as the device knows it.")
    if not secret.reveal():
        raise Invalid("secret", field="secret", sentence="Give the password or the private key of this account.")
    problem = private_key_problem(secret) if kind is SecretKind.PRIVATE_KEY else ""
    if problem:
        raise Invalid(problem, field="secret", sentence="This is not an OpenSSH or PEM private key without passphrase.")


async def _make_device(uow: UnitOfWork, form: DeviceForm, ident: str) -> Device:
    facility = await uow.facilities.by_code(form.facility_code)
    if facility is None:
        raise Invalid(form.facility_code, field="facility_code", sentence="Choose a facility from the list.")
    suppliers = [await uow.suppliers.by_code(code) for code in form.supplier_codes]
    if None in suppliers:
        raise Invalid("supplier", field="supplier_codes", sentence="Choose a supplier from the list.")
    return Device(
        ident, form.code, form.name.strip(), facility.id, frozenset(s.id for s in suppliers if s), form.criticality,
        form.ward.strip(), form.location.strip(), form.maker.strip(), form.model.strip(), form.serial.strip(),
        form.active,
    )  # fmt: skip


async def _visible_device(uow: UnitOfWork, actor: Actor, device_id: str, *roles: Role) -> Device:
    """The device, for who has a duty in its hospital, or one of these."""
    device = found(await uow.devices.get(device_id), device_id)
    if not actor.covers(device.facility_id, *roles):
        raise NotFound(device_id)
    return device

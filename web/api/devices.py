"""`/devices`, their endpoints and the accounts on them."""

from typing import Final

from fastapi import APIRouter
from pydantic import Field

from bastion import clock
from bastion.domain.derogation import DerogationKind
from bastion.domain.device import Protocol, SecretKind
from bastion.secret import Secret
from bastion.services.derogations import DerogationForm
from bastion.services.inventory import DeviceForm
from web.api.bearer import Me, Use
from web.api.grant_shapes import ComersShape, GrantShape
from web.api.register_shapes import AccountShape, DerogationShape, DeviceShape, EndpointShape
from web.api.shapes import Encodable, Flag, Instant, Limit, Offset, Several, Shape, Version, Whole

GRANTS: Final = 20


class DeviceBody(Shape):
    code: str
    name: str
    facility: str
    suppliers: tuple[str, ...]
    criticality: Whole = Field(2, ge=1, le=4)
    ward: str = ""
    location: str = ""
    maker: str = ""
    model: str = ""
    serial: str = ""
    active: Flag = True


class OneDevice(DeviceShape):
    """`touched` are the short names of requests that wait or are planned on it: with another criticality, what waits
    takes as many agreements as the rules then want, and what is planned and was agreed to by fewer does not open.
    `grants` are its newest authorisations, at most twenty, whatever became of them; `older_grants`: there were more.
    """

    touched: list[str] = Field(default_factory=list)
    comers: list[ComersShape] = Field(default_factory=list)
    grants: list[GrantShape] = Field(default_factory=list)
    older_grants: bool = False


class EndpointBody(Shape):
    """With `id` that endpoint changes; a new address drops its pinned identity.

    `shared` says that another device answers at this address too, and that this is right. `options` are `baud`, `bits`,
    `parity`, `stop` and `server` of a serial line, and `login` and `prompt_…` where the device asks in words.
    """

    host: str
    port: Whole = Field(22, ge=1, le=65535)
    id: str = ""
    protocol: Protocol = Protocol.SSH
    options: dict[str, str] = Field(default_factory=dict)
    shared: Flag = False


class DerogationBody(Shape):
    """What is allowed on an old device, until when; `algorithms` are for `ssh_legacy` alone (R-10)."""

    kind: DerogationKind
    owner: str
    reason: str
    ends: Instant
    algorithms: tuple[str, ...] = ()
    starts: Instant | None = None


class AccountBody(Shape):
    """`secret` is a password or a private key; it goes into the vault and is never answered. `id` replaces one."""

    login: str
    kind: SecretKind
    secret: Encodable = Field(repr=False)
    id: str = ""


class Offer(Shape):
    """What the device showed when asked for its identity: to be compared with the device, then pinned."""

    endpoint: str
    fingerprints: list[str]
    pinned: list[str]
    changed: bool
    others: list[str]
    """Other devices that show the same identity; an empty code for one of another hospital."""


class Pin(Shape):
    """`shared` says that other devices show this identity too, and that this is right."""

    fingerprints: Several[str]
    shared: Flag = False


class Read(Shape):
    """`version` of what was read: what has changed since is not withdrawn."""

    version: Version


def add_to(router: APIRouter) -> None:
    router.add_api_route("/devices", search, methods=["GET"])
    router.add_api_route("/devices", add, methods=["POST"], status_code=201)
    router.add_api_route("/devices/{ident}", get, methods=["GET"])
    router.add_api_route("/devices/{ident}", change, methods=["PUT"])
    router.add_api_route("/devices/{ident}/endpoints", save_endpoint, methods=["POST"], status_code=201)
    router.add_api_route("/devices/{ident}/accounts", save_account, methods=["POST"], status_code=201)
    router.add_api_route("/devices/{ident}/derogations", derogate, methods=["POST"], status_code=201)
    router.add_api_route("/derogations/{ident}/withdraw", withdraw_derogation, methods=["POST"])
    router.add_api_route("/endpoints/{ident}/scan", scan, methods=["POST"])
    router.add_api_route("/endpoints/{ident}/pin", pin, methods=["POST"])
    router.add_api_route("/endpoints/{ident}/withdraw", withdraw_endpoint, methods=["POST"])
    router.add_api_route("/accounts/{ident}/withdraw", withdraw_account, methods=["POST"])


async def search(me: Me, use: Use, text: str = "", limit: Limit = 100, offset: Offset = 0) -> list[DeviceShape]:
    """List the devices of one's facilities."""
    return [DeviceShape.of(view) for view in await use.inventory.devices(me, text, limit, offset)]


async def get(ident: str, me: Me, use: Use) -> OneDevice:
    """Everything about one device, but its secrets."""
    shown = OneDevice.of(await use.inventory.device(me, ident))
    rights, now = await use.rights.on(me, ident, GRANTS), clock.now()
    more = {
        "touched": list(await use.inventory.touched(me, ident)),
        "comers": [ComersShape.of(one) for one in rights.comers],
        "grants": [GrantShape.of(one.grant, now, shown.code, one.technician.login) for one in rights.rights],
        "older_grants": rights.more,
    }
    return shown.model_copy(update=more)


async def add(body: DeviceBody, me: Me, use: Use) -> OneDevice:
    """Register a device."""
    return await change("", body, me, use)


async def change(ident: str, body: DeviceBody, me: Me, use: Use) -> OneDevice:
    """Replace what is known of a device."""
    form = DeviceForm(
        body.code, body.name, body.facility, body.suppliers, body.criticality, body.ward, body.location, body.maker,
        body.model, body.serial, body.active, ident,
    )  # fmt: skip
    saved = await use.inventory.save_device(me, form)
    return await get(saved.id, me, use)


async def save_endpoint(ident: str, body: EndpointBody, me: Me, use: Use) -> EndpointShape:
    """Say where a device answers. Its identity must be pinned before anybody connects."""
    saved = await use.inventory.save_endpoint(
        me, ident, body.host, body.port, body.id, body.protocol, body.options, shared=body.shared
    )
    return EndpointShape.of(saved)


async def derogate(ident: str, body: DerogationBody, me: Me, use: Use) -> DerogationShape:
    """Allow something old on this one device. Wants a fresh code."""
    form = DerogationForm(body.kind, body.owner, body.reason, body.ends, body.algorithms, body.starts)
    return DerogationShape.of(await use.derogations.make(me, ident, form), clock.now())


async def withdraw_derogation(ident: str, me: Me, use: Use) -> DerogationShape:
    """Take a derogation back; sessions that stand on it end. Wants a fresh code."""
    return DerogationShape.of(await use.derogations.withdraw(me, ident), clock.now())


async def save_account(ident: str, body: AccountBody, me: Me, use: Use) -> AccountShape:
    """Keep a login of the device. Nobody reads its secret back."""
    saved = await use.inventory.save_account(me, ident, body.login, body.kind, Secret.of(body.secret), body.id)
    return AccountShape.of(saved)


async def withdraw_endpoint(ident: str, body: Read, me: Me, use: Use) -> DeviceShape:
    """Take away a service that was entered by mistake. One that sessions went through, or that somebody counts on,
    stays: 409 `already_used`.
    """
    return await get((await use.mistaken.withdraw_endpoint(me, ident, body.version)).id, me, use)


async def withdraw_account(ident: str, body: Read, me: Me, use: Use) -> DeviceShape:
    """Take away a login that was entered by mistake, and its secret for good. One that requests or authorisations name
    stays: 409 `already_used`.
    """
    return await get((await use.mistaken.withdraw_account(me, ident, body.version)).id, me, use)


async def scan(ident: str, me: Me, use: Use) -> Offer:
    """Ask the device for its identity; nothing is kept."""
    offer = await use.inventory.scan_host_keys(me, ident)
    return Offer(
        endpoint=offer.endpoint.id, fingerprints=list(offer.fingerprints), pinned=list(offer.pinned),
        changed=offer.changed, others=list(offer.others),
    )  # fmt: skip


async def pin(ident: str, body: Pin, me: Me, use: Use) -> EndpointShape:
    """Pin the fingerprints somebody has compared with the device (R-9)."""
    return EndpointShape.of(await use.inventory.pin_host_keys(me, ident, body.fingerprints, shared=body.shared))

"""Devices: what they are, where they answer, the identity they must show, the accounts used on them (R-9, R-12)."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Final

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel
from starlette.responses import Response

from bastion.domain import endpoint_options
from bastion.domain.derogation import LEGACY, DerogationKind
from bastion.domain.device import SESSIONS, Device, Protocol, SecretKind, recordability
from bastion.domain.parties import Actor
from bastion.domain.place import Place
from bastion.errors import BastionError, Invalid
from bastion.i18n import N_
from bastion.secret import Secret
from bastion.services.inventory import DeviceForm, HostKeyOffer
from bastion.services.sharing import SHARED
from web import device_words, fields, labels, pasted
from web.console import Console, Seen, Typed, go
from web.pages import calendar
from web.paging import PAGE, pages, turned

router = APIRouter(prefix="/directory/devices")
Text = Annotated[str, Form()]
Many = Annotated[list[str], Form(default_factory=list)]
Asked = Annotated[str, Query()]
PAST: Final = 10
RIGHTS: Final = 6
NAMES: Final = 8
"""Of each company, so many people are named."""
COMING: Final = timedelta(days=60)
Withdraw = Callable[[Actor, str, int, str], Awaitable[Device]]


class DeviceFields(BaseModel):
    """The device form as it was typed."""

    code: str = ""
    name: str = ""
    facility_code: str = ""
    supplier_codes: list[str] = []
    criticality: str | int = 2
    ward: str = ""
    location: str = ""
    maker: str = ""
    model: str = ""
    serial: str = ""
    active: bool = False


@router.get("")
async def listing(seen: Seen, text: Asked = "", at: Asked = "") -> Response:
    number, filters = fields.page_number(at), Typed(text=text.strip()[:200])
    rows = await seen.services.inventory.devices(seen.actor, filters.text, limit=PAGE + 1, offset=number * PAGE)
    newer, older = pages(seen.request, number, len(rows))
    return seen.page(
        "directory/devices.html", N_("Devices"), rows=rows[:PAGE], filters=filters, newer=newer, older=older,
        lacks=device_words.LACKS_SHORT, intro=N_("What can be serviced through the bastion."),
        add=N_("New device"), from_file="devices",
    )  # fmt: skip


@router.get("/new")
async def new(seen: Seen) -> Response:
    return await _form(seen, "", DeviceFields(active=True))


@router.post("/new")
async def create(seen: Seen, typed: Annotated[DeviceFields, Form()]) -> Response:
    return await seen.keep(_save, _form, "", typed)


@router.get("/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await show_device(seen, ident)


@router.get("/{ident}/edit")
async def edit(seen: Seen, ident: str) -> Response:
    view = await seen.services.inventory.device(seen.actor, ident)
    kept = asdict(view.device) | {
        "facility_code": view.facility.code,
        "supplier_codes": [supplier.code for supplier in view.suppliers],
    }
    return await _form(seen, ident, DeviceFields(**kept))


@router.post("/{ident}/edit")
async def save(seen: Seen, ident: str, typed: Annotated[DeviceFields, Form()]) -> Response:
    return await seen.keep(_save, _form, ident, typed)


@router.post("/{ident}/endpoint")
async def save_endpoint(
    seen: Seen, ident: str, host: Text = "", port: Text = "", endpoint: Text = "",
    protocol: Text = Protocol.SSH.value, shared: Text = "",
) -> Response:  # fmt: skip
    """Keep a service. What its protocol does not know is left aside: without a script every field of the form comes."""
    sent = await seen.request.form()
    options = {name: str(sent.get(name, "")).strip() for name in endpoint_options.EVERY}

    async def work() -> Response:
        number, chosen = fields.whole(port, "port"), fields.choice(protocol, Protocol, "protocol")
        said = {name: options[name] for name in endpoint_options.names(chosen)}
        await seen.services.inventory.save_endpoint(
            seen.actor, ident, host.strip(), number, endpoint, chosen, said, shared=bool(shared)
        )
        return go(f"/directory/devices/{ident}", "saved")

    typed = Typed(options, host=host, port=port, protocol=protocol, endpoint=endpoint, shared=shared)
    return await seen.attempt(work(), partial(show_device, seen, ident, typed=typed))


@router.post("/{ident}/scan")
async def scan(seen: Seen, ident: str, endpoint: Text = "") -> Response:
    """Ask the device who it is and show the answer; nothing is kept yet."""

    async def work() -> Response:
        await _own_endpoint(seen, ident, endpoint)
        offer = await seen.services.inventory.scan_host_keys(seen.actor, endpoint)
        return await show_device(seen, ident, offer=offer)

    return await seen.attempt(work(), partial(show_device, seen, ident))


@router.post("/{ident}/pin")
async def pin(seen: Seen, ident: str, fingerprint: Many, endpoint: Text = "", shared: Text = "") -> Response:
    """Pin what was ticked. Where nothing was, or the sharing not said, the device shows its keys anew."""

    async def work() -> Response:
        await _own_endpoint(seen, ident, endpoint)
        await seen.services.inventory.pin_host_keys(seen.actor, endpoint, frozenset(fingerprint), shared=bool(shared))
        return go(f"/directory/devices/{ident}", "pinned")

    async def again(error: BastionError) -> Response:
        asked = isinstance(error, Invalid) and error.field in {"fingerprint", SHARED}
        offer = await seen.services.inventory.scan_host_keys(seen.actor, endpoint) if asked else None
        return await show_device(seen, ident, offer=offer, error=error)

    return await seen.attempt(work(), again)


@router.post("/{ident}/endpoint/withdraw")
async def withdraw_endpoint(seen: Seen, ident: str, endpoint: Text = "", version: Text = "") -> Response:
    return await _withdraw(seen, ident, seen.services.mistaken.withdraw_endpoint, endpoint, version)


@router.post("/{ident}/account/withdraw")
async def withdraw_account(seen: Seen, ident: str, account: Text = "", version: Text = "") -> Response:
    return await _withdraw(seen, ident, seen.services.mistaken.withdraw_account, account, version)


@router.post("/{ident}/account")
async def save_account(
    seen: Seen, ident: str, login: Text = "", kind: Text = "", password: Text = "", private_key: Text = "",
    account: Text = "",
) -> Response:  # fmt: skip
    """Seal a secret. What was typed is never shown again, not even when the form comes back."""

    async def work() -> Response:
        chosen = fields.choice(kind, SecretKind, "kind")
        text = password if chosen is SecretKind.PASSWORD else _key_text(private_key)
        await seen.services.inventory.save_account(seen.actor, ident, login, chosen, Secret.of(text), account)
        return go(f"/directory/devices/{ident}", "sealed")

    typed = Typed(login=login, kind=kind, account=account)
    return await seen.attempt(work(), partial(show_device, seen, ident, typed=typed))


# -- parts -------------------------------------------------------------------------------------------------------------
async def _withdraw(seen: Console, ident: str, withdraw: Withdraw, thing: str, version: str) -> Response:
    async def work() -> Response:
        await withdraw(seen.actor, thing, fields.whole(version, "version"), ident)
        return go(f"/directory/devices/{ident}", "mistake_withdrawn")

    return await seen.attempt(work(), partial(show_device, seen, ident))


async def _save(seen: Console, ident: str, typed: DeviceFields) -> Response:
    form = DeviceForm(
        typed.code.strip(), typed.name, typed.facility_code, tuple(typed.supplier_codes),
        fields.whole(str(typed.criticality), "criticality"), typed.ward, typed.location, typed.maker, typed.model,
        typed.serial, typed.active, ident,
    )  # fmt: skip
    saved = await seen.services.inventory.save_device(seen.actor, form)
    return go(f"/directory/devices/{saved.id}", "saved")


async def _form(seen: Console, ident: str, typed: DeviceFields, error: BastionError | None = None) -> Response:
    services, t = seen.services, seen.t
    return seen.page(
        "directory/device_form.html", N_("Edit device") if ident else N_("New device"), error=error, typed=typed,
        ident=ident, touched=await services.inventory.touched(seen.actor, ident) if ident else (),
        facilities=[(f.code, f.name) for f in await services.directory.facilities(seen.actor)],
        suppliers=[(s.code, s.name, "") for s in await services.directory.suppliers(seen.actor)],
        criticalities=[(level, f"{level} · {t(words)}") for level, words in labels.CRITICALITIES.items()],
    )  # fmt: skip


async def show_device(
    seen: Console, ident: str, offer: HostKeyOffer | None = None, error: BastionError | None = None,
    typed: Typed | None = None,
) -> Response:  # fmt: skip
    view = await seen.services.inventory.device(seen.actor, ident)
    return seen.page(
        "directory/device.html", error=error, view=view, offer=offer, pairs=_pairs(offer),
        typed=Typed({"kind": SecretKind.PASSWORD.value} | (typed or {})),
        secret_kinds=[(kind.value, seen.t(labels.SECRET_KINDS[kind]), "") for kind in SecretKind],
        words=device_words, sessions=SESSIONS, recordability=recordability, **_lines(seen),
        **await _work(seen, view.device),
        paste_words=pasted, pasted=pasted.for_device(seen, view),
        protocols=[(one.value, seen.t(device_words.PROTOCOLS[one])) for one in Protocol],
        derogation_kinds=[(kind.value, seen.t(device_words.DEROGATIONS[kind])) for kind in DerogationKind],
        legacy=[
            (name, seen.t(device_words.ALGORITHM_NAMES.get(name, name)), seen.t(device_words.ALGORITHM_USES[use]))
            for name, use in LEGACY.items()
        ],
    )  # fmt: skip


async def _work(seen: Console, device: Device) -> dict[str, Any]:
    """Who has to do with a device, what is coming on it, and what was done on it, a page at a time."""
    now = seen.face.now
    search = partial(seen.services.supervision.search, seen.actor, device_id=device.id, live=False)
    past = await turned(
        seen.request, search, lambda view: Place(view.record.started_at, view.record.id), PAST,
        f"/directory/devices/{device.id}",
    )  # fmt: skip
    return {
        "coming": (await seen.services.calendar.between(seen.actor, now, now + COMING, device_code=device.code))[:6],
        "rights": await seen.services.rights.on(seen.actor, device.id, RIGHTS), "names": NAMES,
        "coming_kinds": calendar.KINDS, "past": past.rows,
        "newer": past.newer and f"{past.newer}#past", "older": past.older and f"{past.older}#past",
    }  # fmt: skip


def _lines(seen: Console) -> dict[str, Any]:
    """The choices for a serial line and for a login in words; the first of each is what goes without saying."""
    line, t = endpoint_options.LINE, seen.t
    return {
        "bits": [(value, value) for value in line["bits"]],
        "stops": [(value, value) for value in line["stop"]],
        "parities": [(value, t(device_words.PARITIES[value])) for value in line["parity"]],
        "port_servers": [(value, t(device_words.SERVERS[value])) for value in line["server"]],
        "logins": [(value, t(device_words.LOGINS[value])) for value in endpoint_options.LOGIN["login"]],
    }


def _pairs(offer: HostKeyOffer | None) -> list[tuple[Any, Any]]:
    return list(zip(offer.keys, offer.fingerprints, strict=True)) if offer else []


async def _own_endpoint(seen: Console, ident: str, endpoint: str) -> None:
    """An endpoint is reached through its own device only."""
    view = await seen.services.inventory.device(seen.actor, ident)
    if endpoint not in {e.id for e in view.endpoints}:
        raise Invalid(endpoint, field="host", sentence="This connection belongs to another device.")


def _key_text(text: str) -> str:
    """Return a pasted key as OpenSSH wants it: browsers send CR LF, and the last line end is easily lost."""
    return text.replace("\r\n", "\n").strip() + "\n" if text.strip() else ""

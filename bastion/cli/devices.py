"""`bastion admin device`, `endpoint` and `account`."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from bastion.cli.terminal import AsJson, agrees, group, one, perform, read_secret, said, say, show
from bastion.domain.device import DeviceAccount, Endpoint, Protocol, SecretKind
from bastion.domain.parties import Actor
from bastion.errors import Invalid
from bastion.secret import Secret
from bastion.services.bundle import Services
from bastion.services.inventory import DeviceForm, HostKeyOffer
from bastion.services.views import DeviceView

devices = group("Medical devices.")
endpoints = group("Where a device answers, and the identity it must show.")
accounts = group("Logins used on devices; their secrets stay in the vault.")

Device = Annotated[str, typer.Argument(help="Code of the device.")]
Shared = Annotated[
    bool, typer.Option("--shared", help="Another device shows the same: right, a gateway stands before both.")
]
ALL = 10_000
TOUCHED = (
    "Waiting or planned here: {refs}. With another criticality, what waits takes as many agreements as the rules then "
    "want; what is planned and was agreed to by fewer does not open."
)


# -- devices -----------------------------------------------------------------------------------------------------------
@devices.command("add")
def add_device(
    code: Device,
    name: Annotated[str, typer.Argument(help="What people call it.")],
    *,
    facility: Annotated[str, typer.Option(help="Code of the hospital.")],
    supplier: Annotated[list[str], typer.Option(help="Code of a company that maintains it; repeatable.")],
    criticality: Annotated[int, typer.Option(help="1 to 4; 4 is life support and radiotherapy.")] = 2,
    ward: Annotated[str, typer.Option(help="Care unit.")] = "",
    location: Annotated[str, typer.Option(help="Room.")] = "",
    maker: Annotated[str, typer.Option(help="Manufacturer.")] = "",
    model: Annotated[str, typer.Option(help="Model.")] = "",
    serial: Annotated[str, typer.Option(help="Serial number.")] = "",
) -> None:
    """Register a device. An endpoint and an account follow."""
    form = DeviceForm(code, name, facility, tuple(supplier), criticality, ward, location, maker, model, serial)
    perform(lambda services, me: services.inventory.save_device(me, form))
    say("Device {code} is registered.", code=code)


@devices.command("set")
def set_device(
    code: Device,
    *,
    name: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    supplier: Annotated[list[str] | None, typer.Option(help="All companies that maintain it; repeatable.")] = None,
    criticality: Annotated[int | None, typer.Option(help="1 to 4; 4 is life support and radiotherapy.")] = None,
    ward: Annotated[str | None, typer.Option(help="Care unit.")] = None,
    location: Annotated[str | None, typer.Option(help="Room.")] = None,
    maker: Annotated[str | None, typer.Option(help="Manufacturer.")] = None,
    model: Annotated[str | None, typer.Option(help="Model.")] = None,
    serial: Annotated[str | None, typer.Option(help="Serial number.")] = None,
) -> None:
    """Change what is said; all else stays. Companies replace those there were."""
    changes = said(
        name=name, supplier_codes=supplier or None, criticality=criticality, ward=ward, location=location, maker=maker,
        model=model, serial=serial,
    )  # fmt: skip
    touched = perform(lambda services, me: _change(services, me, code, **changes))
    say("Device {code} is changed.", code=code)
    if touched and criticality is not None:
        say(TOUCHED, refs=", ".join(touched))


@devices.command("list")
def list_devices(
    text: Annotated[str, typer.Argument(help="Part of a code or name.")] = "", *, as_json: AsJson = False
) -> None:
    """List the devices."""
    found = perform(lambda services, me: services.inventory.devices(me, text, limit=ALL))
    rows = [
        {
            "code": v.device.code, "name": v.device.name, "facility": v.facility.code,
            "suppliers": [s.code for s in v.suppliers], "criticality": v.device.criticality,
            "endpoints": [f"{e.host}:{e.port}" for e in v.endpoints], "ready": v.ready, "active": v.device.active,
        }
        for v in found
    ]  # fmt: skip
    show(rows, as_json=as_json)


@devices.command("disable")
def disable_device(code: Device) -> None:
    """Let nobody onto it any more. Running sessions: `bastion lock --device CODE`."""
    perform(lambda services, me: _change(services, me, code, active=False))
    say("Device {code} is disabled.", code=code)


@devices.command("enable")
def enable_device(code: Device) -> None:
    """Let people onto it again."""
    perform(lambda services, me: _change(services, me, code, active=True))
    say("Device {code} is enabled.", code=code)


# -- endpoints ---------------------------------------------------------------------------------------------------------
@endpoints.command("add")
def add_endpoint(
    device: Device,
    host: Annotated[str, typer.Argument(help="Address of the device.")],
    port: Annotated[int, typer.Option(help="Port of the service.")] = 22,
    protocol: Annotated[Protocol, typer.Option(help="What answers there.")] = Protocol.SSH,
    option: Annotated[
        list[str] | None, typer.Option(help="What telnet or a line needs: baud=9600, prompt_login=…; repeatable.")
    ] = None,
    *,
    shared: Shared = False,
) -> None:
    """Say where a device answers. The identity of an SSH server is pinned next: `admin endpoint pin`."""
    options = dict(_pair(text) for text in option or ())

    async def work(services: Services, me: Actor) -> Endpoint:
        view = await _device(services, me, device)
        return await services.inventory.save_endpoint(
            me, view.device.id, host, port, "", protocol, options, shared=shared
        )

    perform(work)
    if protocol is not Protocol.SSH:
        say("{device} answers at {host}, port {port}.", device=device, host=host, port=port)
        return
    say("{device} answers at {host}, port {port}. Now pin its identity: bastion admin endpoint pin {device}",
        device=device, host=host, port=port)  # fmt: skip


@endpoints.command("list")
def list_endpoints(device: Device, *, as_json: AsJson = False) -> None:
    """List where a device answers."""
    view = perform(lambda services, me: _device(services, me, device))
    rows = [
        {
            "id": e.id, "protocol": e.protocol, "host": e.host, "port": e.port, "pinned_at": e.pinned_at,
            "pinned_by": e.pinned_by, "options": [f"{name}={value}" for name, value in sorted(e.options.items())],
        }
        for e in view.endpoints
    ]  # fmt: skip
    show(rows, as_json=as_json)


@endpoints.command("pin")
def pin_endpoint(
    device: Device,
    fingerprint: Annotated[
        list[str] | None, typer.Option(help="Pin exactly this (SHA256:…), without asking; repeatable.")
    ] = None,
    *,
    shared: Shared = False,
) -> None:
    """Ask the device for its identity, show it, and pin what you confirm (R-9)."""
    offers = perform(lambda services, me: _scan(services, me, device))
    for offer in offers:
        chosen = frozenset(fingerprint or ()) or _confirmed(offer)
        said = shared or (bool(offer.others) and not fingerprint)  # who was asked has read it
        perform(partial(_pin, endpoint_id=offer.endpoint.id, fingerprints=chosen, shared=said))
        say("The identity of {device} is pinned.", device=device)


@endpoints.command("withdraw")
def withdraw_endpoint(
    device: Device, number: Annotated[str, typer.Argument(help="Number of the endpoint, as `list` shows it.")]
) -> None:
    """Withdraw an endpoint entered by mistake, through which no session ever went."""

    async def work(services: Services, me: Actor) -> None:
        view = await _device(services, me, device)
        wrong = one(list(view.endpoints), lambda e: e.id == number, number)
        await services.mistaken.withdraw_endpoint(me, wrong.id, wrong.version, view.device.id)

    perform(work)
    say("The endpoint of {device} is withdrawn.", device=device)


# -- accounts ----------------------------------------------------------------------------------------------------------
@accounts.command("add")
def add_account(
    device: Device,
    login: Annotated[str, typer.Argument(help="Login as the device knows it.")],
    key: Annotated[
        Path | None, typer.Option(help="Private key file; without it a password is asked for.", exists=True)
    ] = None,
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from standard input.")
    ] = False,
) -> None:
    """Keep a login of a device, or replace its secret. Nobody reads the secret back (R-12)."""
    kind = SecretKind.PRIVATE_KEY if key else SecretKind.PASSWORD
    secret = Secret(key.read_bytes()) if key else read_secret("Password on the device:", from_stdin=password_stdin)

    async def work(services: Services, me: Actor) -> DeviceAccount:
        view = await _device(services, me, device)
        old = next((a.id for a in view.accounts if a.login == login), "")
        return await services.inventory.save_account(me, view.device.id, login, kind, secret, old)

    perform(work)
    say("The account {login} of {device} is in the vault.", login=login, device=device)


@accounts.command("list")
def list_accounts(device: Device, *, as_json: AsJson = False) -> None:
    """List the logins kept for a device."""
    view = perform(lambda services, me: _device(services, me, device))
    show([{"login": a.login, "kind": a.kind} for a in view.accounts], as_json=as_json)


@accounts.command("withdraw")
def withdraw_account(
    device: Device, login: Annotated[str, typer.Argument(help="Login as the device knows it.")]
) -> None:
    """Withdraw a login entered by mistake, which no request names; its secret leaves the vault for good."""

    async def work(services: Services, me: Actor) -> None:
        view = await _device(services, me, device)
        wrong = one(list(view.accounts), lambda a: a.login == login, login)
        await services.mistaken.withdraw_account(me, wrong.id, wrong.version, view.device.id)

    perform(work)
    say("The account {login} of {device} is withdrawn.", login=login, device=device)


# -- parts -------------------------------------------------------------------------------------------------------------
async def _device(services: Services, me: Actor, code: str) -> DeviceView:
    return one(await services.inventory.devices(me, code, limit=ALL), lambda v: v.device.code == code, code)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise Invalid(text, sentence="“{text}” is no option; write name=value, such as baud=9600.", text=text)
    return name.strip(), value


async def _change(services: Services, me: Actor, code: str, **changes: Any) -> tuple[str, ...]:
    """Return the short names of requests that wait or are planned there."""
    view = await _device(services, me, code)
    old = view.device
    form = DeviceForm(
        old.code, old.name, view.facility.code, tuple(s.code for s in view.suppliers), old.criticality, old.ward,
        old.location, old.maker, old.model, old.serial, old.active, old.id,
    )  # fmt: skip
    await services.inventory.save_device(me, replace(form, **changes))
    return await services.inventory.touched(me, old.id)


async def _scan(services: Services, me: Actor, code: str) -> list[HostKeyOffer]:
    view = await _device(services, me, code)
    doors = [endpoint for endpoint in view.endpoints if endpoint.protocol is Protocol.SSH]
    if not doors:
        raise Invalid(code, sentence="{device} has no endpoint yet; say where it answers first.", device=code)
    return [await services.inventory.scan_host_keys(me, endpoint.id) for endpoint in doors]


async def _pin(
    services: Services, me: Actor, endpoint_id: str, fingerprints: frozenset[str], *, shared: bool
) -> Endpoint:
    return await services.inventory.pin_host_keys(me, endpoint_id, fingerprints, shared=shared)


def _confirmed(offer: HostKeyOffer) -> frozenset[str]:
    """Show the fingerprints and ask; pins all that are shown, or none."""
    say("{host}, port {port} shows:", host=offer.endpoint.host, port=offer.endpoint.port)
    for line in offer.fingerprints:
        typer.echo(f"  {line}")
    if offer.changed:
        say("This is NOT what is pinned now. Has the device been replaced or re-installed?")
    if offer.others:
        names = ", ".join(filter(None, offer.others))
        say("It is ALSO the identity of {devices}. Does one gateway stand before both?", devices=names or "…")
    say("Compare with the device itself (ssh-keygen -lf on its host key), then confirm.")
    if not agrees("Is it the same? (yes/no) "):
        raise Invalid("not confirmed", sentence="Nothing was pinned.")
    return frozenset(offer.fingerprints)

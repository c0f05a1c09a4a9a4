"""`bastion admin facility` and `bastion admin supplier`."""

from dataclasses import replace
from typing import Annotated

import typer

from bastion.cli.terminal import AsJson, day, end, group, instant, one, perform, said, say, show, with_days
from bastion.domain.country import HOME
from bastion.domain.parties import Actor, Supplier
from bastion.services.bundle import Services
from bastion.services.directory import FacilityForm, SupplierForm

facilities = group("Hospitals.")
suppliers = group("Companies that maintain devices.")

Code = Annotated[str, typer.Argument(help="Short code: a–z, 0–9, dot, dash, underscore.")]
Name = Annotated[str, typer.Argument(help="Full name.")]


@facilities.command("add")
def add_facility(
    code: Code,
    name: Name,
    finess: Annotated[str, typer.Option(help="FINESS number of the legal entity.")] = "",
    timezone: Annotated[str, typer.Option(help="Where its clocks stand.")] = "Europe/Paris",
) -> None:
    """Register a hospital."""
    perform(lambda services, me: services.directory.save_facility(me, FacilityForm(code, name, finess, timezone)))
    say("Facility {code} is registered.", code=code)


@facilities.command("set")
def set_facility(
    code: Code,
    *,
    name: Annotated[str | None, typer.Option(help="Full name.")] = None,
    finess: Annotated[str | None, typer.Option(help="FINESS number of the legal entity.")] = None,
    timezone: Annotated[str | None, typer.Option(help="Where its clocks stand.")] = None,
) -> None:
    """Change what is said; all else stays."""
    changes = said(name=name, finess=finess, timezone=timezone)

    async def work(services: Services, me: Actor) -> None:
        old = one(await services.directory.facilities(me), lambda f: f.code == code, code)
        form = FacilityForm(old.code, old.name, old.finess, old.timezone, old.id)
        await services.directory.save_facility(me, replace(form, **changes))

    perform(work)
    say("Facility {code} is changed.", code=code)


@facilities.command("list")
def list_facilities(*, as_json: AsJson = False) -> None:
    """List the hospitals."""
    found = perform(lambda services, me: services.directory.facilities(me))
    show([{"code": f.code, "name": f.name, "finess": f.finess, "timezone": f.timezone} for f in found], as_json=as_json)


@suppliers.command("add")
def add_supplier(
    code: Code,
    name: Name,
    network: Annotated[list[str] | None, typer.Option(help="Network it connects from (CIDR); repeatable.")] = None,
    *,
    contract_end: Annotated[str, typer.Option(help="Last day of its contract (2026-12-31).")] = "",
    contact: Annotated[str, typer.Option(help="Whom to call there.")] = "",
    country: Annotated[list[str] | None, typer.Option(help="Country its people work from (FR); repeatable.")] = None,
    contract: Annotated[str, typer.Option(help="Number of its contract.")] = "",
    contract_start: Annotated[str, typer.Option(help="Day its contract begins (2026-01-01).")] = "",
    security_contact: Annotated[str, typer.Option(help="Whom to call there about security.")] = "",
) -> None:
    """Register a supplier. Without a declared network none of its people can connect (R-5)."""
    form = SupplierForm(
        code, name, tuple(network or ()), end(contract_end), contact, countries=tuple(country or (HOME,)),
        contract_number=contract, contract_start=instant(contract_start), security_contact=security_contact,
    )  # fmt: skip
    perform(lambda services, me: services.directory.save_supplier(me, form))
    say("Supplier {code} is registered.", code=code)


@suppliers.command("set")
def set_supplier(
    code: Code,
    *,
    name: Annotated[str | None, typer.Option(help="Full name.")] = None,
    network: Annotated[list[str] | None, typer.Option(help="All networks it connects from (CIDR); repeatable.")] = None,
    contract_end: Annotated[str | None, typer.Option(help="Last day of its contract; '' for no end.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to call there.")] = None,
    country: Annotated[list[str] | None, typer.Option(help="All countries its people work from; repeatable.")] = None,
    contract: Annotated[str | None, typer.Option(help="Number of its contract.")] = None,
    contract_start: Annotated[str | None, typer.Option(help="Day its contract begins; '' for none.")] = None,
    security_contact: Annotated[str | None, typer.Option(help="Whom to call there about security.")] = None,
) -> None:
    """Change what is said; all else stays. Networks and countries replace those there were."""
    changes = said(
        name=name, networks=network or None, contract_end=contract_end, contact=contact, countries=country or None,
        contract_number=contract, contract_start=contract_start, security_contact=security_contact,
    )  # fmt: skip
    changes = with_days(changes, contract_end=end, contract_start=instant)

    async def work(services: Services, me: Actor) -> None:
        old = one(await services.directory.suppliers(me), lambda s: s.code == code, code)
        await services.directory.save_supplier(me, replace(SupplierForm.of(old), **changes))

    perform(work)
    say("Supplier {code} is changed.", code=code)


@suppliers.command("list")
def list_suppliers(*, as_json: AsJson = False) -> None:
    """List the suppliers."""
    found = perform(lambda services, me: services.directory.suppliers(me))
    rows = [
        {
            "code": s.code,
            "name": s.name,
            "active": s.active,
            "contract_end": day(s.contract_end),
            "networks": s.networks,
        }
        for s in found
    ]
    show(rows, as_json=as_json)


@suppliers.command("disable")
def disable_supplier(code: Code) -> None:
    """Let none of its people in any more. Running sessions: `bastion lock --supplier CODE`."""
    perform(lambda services, me: _switch(services, me, code, active=False))
    say("Supplier {code} is disabled.", code=code)


@suppliers.command("enable")
def enable_supplier(code: Code) -> None:
    """Let its people in again."""
    perform(lambda services, me: _switch(services, me, code, active=True))
    say("Supplier {code} is enabled.", code=code)


async def _switch(services: Services, me: Actor, code: str, *, active: bool) -> None:
    old: Supplier = one(await services.directory.suppliers(me), lambda s: s.code == code, code)
    await services.directory.save_supplier(me, replace(SupplierForm.of(old), active=active))

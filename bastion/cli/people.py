"""`bastion admin technician`, `key`, `staff` and `token`."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from bastion import config, qr
from bastion.cli.terminal import AsJson, day, end, group, one, perform, said, say, show, with_days
from bastion.domain.country import HOME
from bastion.domain.parties import EVERYWHERE, Actor, Role, Staff, TechnicianKey
from bastion.domain.supplier_token import SupplierToken
from bastion.services.address import invitation_link, setup_link
from bastion.services.bundle import Services
from bastion.services.duties import Duty, as_written, written
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.views import TechnicianView

EVERYONE = 100_000
technicians = group("Named people of the suppliers.")
keys = group("SSH public keys of technicians.")
staff = group("People of the hospital.")
tokens = group("API tokens of staff.")

Login = Annotated[str, typer.Argument(help="Login: a–z, 0–9, dot, dash, underscore.")]
Name = Annotated[str, typer.Argument(help="First and last name.")]
Duties = Annotated[
    list[str] | None,
    typer.Option("--duty", help="role@facility or role@facility:ward,ward, as approver@chu:Imagerie; repeatable."),
]
Language = Annotated[str, typer.Option(help="fr or en.")]


# -- technicians -------------------------------------------------------------------------------------------------------
@technicians.command("add")
def add_technician(
    login: Login,
    name: Name,
    *,
    supplier: Annotated[str, typer.Option(help="Code of the company.")],
    email: Annotated[str, typer.Option(help="Personal address.")] = "",
    language: Language = "fr",
    valid_until: Annotated[str, typer.Option(help="Last day of the account (2026-12-31).")] = "",
    country: Annotated[str, typer.Option(help="Where he works from (FR).")] = HOME,
    employer: Annotated[
        str, typer.Option(help="Number of the declared subcontractor; the supplier itself if not said.")
    ] = "",
) -> None:
    """Register a technician. A key and an authenticator follow: `admin key add`, `admin technician totp`."""
    form = TechnicianForm(
        login, name, email, supplier, language, end(valid_until), employer_id=employer, country=country
    )
    perform(lambda services, me: services.people.save_technician(me, form))
    say("Technician {login} is registered.", login=login)


@technicians.command("set")
def set_technician(
    login: Login,
    *,
    name: Annotated[str | None, typer.Option(help="First and last name.")] = None,
    email: Annotated[str | None, typer.Option(help="Personal address.")] = None,
    language: Annotated[str | None, typer.Option(help="fr or en.")] = None,
    valid_until: Annotated[str | None, typer.Option(help="Last day of the account; '' for no end.")] = None,
    country: Annotated[str | None, typer.Option(help="Where he works from (FR).")] = None,
    employer: Annotated[str | None, typer.Option(help="Number of the declared subcontractor; '' for none.")] = None,
) -> None:
    """Change what is said; all else stays."""
    changes = with_days(
        said(
            name=name, email=email, language=language, valid_until=valid_until, country=country, employer_id=employer
        ),
        valid_until=end,
    )  # fmt: skip

    async def work(services: Services, me: Actor) -> None:
        view = await _technician(services, me, login)
        form = TechnicianForm.of(view.technician, view.supplier.code)
        await services.people.save_technician(me, replace(form, **changes))

    perform(work)
    say("Technician {login} is changed.", login=login)


@technicians.command("list")
def list_technicians(*, as_json: AsJson = False) -> None:
    """List the technicians."""
    found = perform(lambda services, me: services.people.technicians(me, limit=EVERYONE))
    rows = [
        {
            "login": v.technician.login, "name": v.technician.name, "supplier": v.supplier.code,
            "active": v.technician.active, "valid_until": day(v.technician.valid_until),
            "keys": len(v.keys), "authenticator": v.totp_enrolled,
        }
        for v in found
    ]  # fmt: skip
    show(rows, as_json=as_json)


@technicians.command("totp")
def enrol_technician(login: Login) -> None:
    """Make a new authenticator secret and show its QR code, once. The old one is void."""

    async def work(services: Services, me: Actor) -> str:
        view = await _technician(services, me, login)
        return await services.enrolment.technician_totp(me, view.technician.id)

    address = perform(work)
    typer.echo("\n".join(qr.lines(address)))
    say("{login} scans this with an authenticator app. It is not shown again.", login=login)
    typer.echo(address)


@technicians.command("leave")
def off_board(login: Login, why: Annotated[str, typer.Option(help="Why; kept with the record.")]) -> None:
    """Off-board: account, keys, authenticator, authorisations and running sessions end now."""

    async def work(services: Services, me: Actor) -> None:
        view = await _technician(services, me, login)
        await services.rosters.leave(me, view.technician.id, why)

    perform(work)
    say("{login} is off-boarded.", login=login)


@technicians.command("invite")
def invite_technician(login: Login) -> None:
    """Print the link with which a technician sets password, key and authenticator: the first time, or after a loss."""

    async def work(services: Services, me: Actor) -> str:
        return await services.invitations.invite(me, (await _technician(services, me, login)).technician.id)

    secret = perform(work)
    say("{login} opens this link, once, within 72 hours:", login=login)
    typer.echo(invitation_link(config.load(), secret))


@technicians.command("correspondent")
def name_correspondent(
    login: Login, *, no: Annotated[bool, typer.Option("--no", help="He speaks for his company no longer.")] = False
) -> None:
    """Let a technician speak for his company at the suppliers' web door: its people, requests and papers."""

    async def work(services: Services, me: Actor) -> None:
        view = await _technician(services, me, login)
        await services.company.name_correspondent(me, view.technician.id, named=not no)

    perform(work)
    if no:
        say("{login} speaks for the company no longer.", login=login)
    else:
        say("{login} speaks for the company now.", login=login)


@technicians.command("tokens")
def list_tokens(login: Login, *, as_json: AsJson = False) -> None:
    """List the API tokens a technician made for programs of his company. Their text is kept nowhere."""

    async def work(services: Services, me: Actor) -> list[SupplierToken]:
        return await services.supplier_tokens.of(me, (await _technician(services, me, login)).technician.id)

    rows = [
        {
            "id": one.id, "label": one.label, "writes": one.writes, "people": one.people, "made": one.created_at,
            "ends": one.expires_at, "revoked": one.revoked_at,
        }
        for one in perform(work)
    ]  # fmt: skip
    show(rows, as_json=as_json)


@technicians.command("revoke-token")
def revoke_their_token(
    login: Login, ident: Annotated[str, typer.Argument(help="Id of the token, as the list shows.")]
) -> None:
    """Make one of them useless, at once and for good."""

    async def work(services: Services, me: Actor) -> None:
        person = (await _technician(services, me, login)).technician
        await services.supplier_tokens.revoke_of(me, person.id, ident)

    perform(work)
    say("The token is revoked.")


@technicians.command("disable")
def disable_technician(login: Login) -> None:
    """Close the account. Running sessions: `bastion lock --technician LOGIN`."""
    perform(lambda services, me: _switch_technician(services, me, login, active=False))
    say("Technician {login} is disabled.", login=login)


@technicians.command("enable")
def enable_technician(login: Login) -> None:
    """Open the account again."""
    perform(lambda services, me: _switch_technician(services, me, login, active=True))
    say("Technician {login} is enabled.", login=login)


# -- keys --------------------------------------------------------------------------------------------------------------
@keys.command("add")
def add_key(
    login: Login,
    file: Annotated[Path, typer.Argument(help="The .pub file.", exists=True, dir_okay=False)],
    label: Annotated[str, typer.Option(help="What people call this key.")] = "",
) -> None:
    """Register a public key of a technician."""

    async def work(services: Services, me: Actor) -> TechnicianKey:
        view = await _technician(services, me, login)
        return await services.people.add_key(me, view.technician.id, file.read_text(errors="replace"), label)

    key = perform(work)
    say("Key {fingerprint} is registered for {login}.", fingerprint=key.fingerprint, login=login)


@keys.command("list")
def list_keys(login: Login, *, as_json: AsJson = False) -> None:
    """List the keys of a technician."""
    view = perform(lambda services, me: _technician(services, me, login))
    rows = [{"fingerprint": k.fingerprint, "label": k.label, "added_at": k.added_at} for k in view.keys]
    show(rows, as_json=as_json)


@keys.command("remove")
def remove_key(login: Login, fingerprint: Annotated[str, typer.Argument(help="SHA256:… as `key list` shows.")]) -> None:
    """Forget a key."""

    async def work(services: Services, me: Actor) -> None:
        view = await _technician(services, me, login)
        key = one(view.keys, lambda k: k.fingerprint == fingerprint, fingerprint)
        await services.people.remove_key(me, view.technician.id, key.id)

    perform(work)
    say("Key {fingerprint} is removed.", fingerprint=fingerprint)


# -- staff -------------------------------------------------------------------------------------------------------------
@staff.command("add")
def add_staff(
    login: Login,
    name: Name,
    *,
    role: Annotated[list[Role] | None, typer.Option(help="Role, in each --facility; repeatable.")] = None,
    facility: Annotated[list[str] | None, typer.Option(help="Code of a hospital; repeatable; none means all.")] = None,
    duty: Duties = None,
    email: Annotated[str, typer.Option(help="Address.")] = "",
    language: Language = "fr",
) -> None:
    """Register a person of the hospital and print the one-time secret to enrol with."""
    form = StaffForm(
        login, name, email, frozenset(role or ()), tuple(facility or ()), language, duties=_duties(duty or [])
    )  # fmt: skip

    async def work(services: Services, me: Actor) -> str:
        person = await services.people.save_staff(me, form)
        return await services.enrolment.invite(me, person.id)

    _show_invitation(login, perform(work))


@staff.command("duties")
def set_duties(login: Login, *, duty: Duties = None) -> None:
    """Replace what a person may do and where; whoever is signed in signs in again."""
    perform(lambda services, me: _change_staff(services, me, login, duties=_duties(duty or [])))
    say("The duties of {login} are kept.", login=login)


@staff.command("list")
def list_staff(*, as_json: AsJson = False) -> None:
    """List the staff."""

    async def work(services: Services, me: Actor) -> list[dict[str, object]]:
        codes = {f.id: f.code for f in await services.directory.facilities(me)} | {EVERYWHERE: EVERYWHERE}
        return [_staff_row(person, codes) for person in await services.people.staff(me)]

    show(perform(work), as_json=as_json)


@staff.command("invite")
def invite_staff(login: Login) -> None:
    """Print a new one-time secret: for a first sign-in, a lost authenticator or a forgotten password."""

    async def work(services: Services, me: Actor) -> str:
        person = one(await services.people.staff(me), lambda s: s.login == login, login)
        return await services.enrolment.invite(me, person.id)

    _show_invitation(login, perform(work))


@staff.command("disable")
def disable_staff(login: Login) -> None:
    """Close the account; whoever is signed in is out at once."""
    perform(lambda services, me: _change_staff(services, me, login, active=False))
    say("{login} is disabled.", login=login)


@staff.command("enable")
def enable_staff(login: Login) -> None:
    """Open the account again."""
    perform(lambda services, me: _change_staff(services, me, login, active=True))
    say("{login} is enabled.", login=login)


# -- tokens ------------------------------------------------------------------------------------------------------------
@tokens.command("revoke")
def revoke_token(ident: Annotated[str, typer.Argument(help="Id of the token, as the console shows.")]) -> None:
    """Make a token useless. Tokens are made by their owner, in the console."""
    perform(lambda services, me: services.tokens.revoke(me, ident))
    say("The token is revoked.")


# -- parts -------------------------------------------------------------------------------------------------------------
async def _technician(services: Services, me: Actor, login: str) -> TechnicianView:
    found = await services.people.by_login(me, login)
    return one([found] if found else [], lambda _view: True, login)


async def _switch_technician(services: Services, me: Actor, login: str, *, active: bool) -> None:
    view = await _technician(services, me, login)
    old = view.technician
    await services.people.save_technician(me, replace(TechnicianForm.of(old, view.supplier.code), active=active))


async def _change_staff(
    services: Services, me: Actor, login: str, *, active: bool | None = None, duties: tuple[Duty, ...] | None = None
) -> None:
    old = one(await services.people.staff(me), lambda s: s.login == login, login)
    codes = {f.id: f.code for f in await services.directory.facilities(me)} | {EVERYWHERE: ""}
    kept = tuple(Duty(held.role, codes[held.facility_id], held.wards) for held in old.assignments)
    form = StaffForm(old.login, old.name, old.email, language=old.language, active=old.active, id=old.id, duties=kept)
    form = form if active is None else replace(form, active=active)
    await services.people.save_staff(me, form if duties is None else replace(form, duties=duties))


def _duties(texts: list[str]) -> tuple[Duty, ...]:
    """Read `role@facility:ward,ward`; no facility, or `*`, means every hospital."""
    return tuple(written(text, "duty") for text in texts)


def _staff_row(person: Staff, codes: dict[str, str]) -> dict[str, object]:
    return {
        "login": person.login, "name": person.name, "roles": sorted(person.roles), "active": person.active,
        "facilities": sorted(codes.get(ident, ident) for ident in person.facilities),
        "duties": [as_written(held, codes) for held in person.assignments],
    }  # fmt: skip


def _show_invitation(login: str, secret: str) -> None:
    say("{login} opens this link, once, within 72 hours:", login=login)
    typer.echo(setup_link(config.load(), secret))

"""A made-up hospital: fills the records through the same use cases as an administrator would, then keeps them fresh."""

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

import pyotp

from bastion import clock
from bastion.config import Settings
from bastion.demo.facts import Account, DemoDevice, Facts
from bastion.demo.hall import HOST, REAL, Running
from bastion.domain.parties import Actor, Role, operator_actor
from bastion.domain.undertaking import Way
from bastion.errors import AuthenticationFailed
from bastion.parts import make_key
from bastion.services.actors import staff_actor, technician_actor
from bastion.services.bundle import Services
from bastion.services.directory import FacilityForm, SupplierForm
from bastion.services.inventory import DeviceForm
from bastion.services.invitations import Answers
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.professionals import ProfessionalForm

FACILITY: Final = "chu-valmont"
LOOPBACK: Final = ("127.0.0.1/32", "::1/128")
SUPPLIERS: Final = (
    SupplierForm("tomolux", "Tomolux Imagerie SAS", LOOPBACK, contact="+33 1 00 00 00 01"),
    SupplierForm("cardiosoft", "Cardiosoft Services", LOOPBACK, contact="+33 1 00 00 00 02"),
)
TECHNICIANS: Final = (
    TechnicianForm("alice", "Alice Marchand", "alice@tomolux.example", "tomolux"),
    TechnicianForm("bob", "Bob Keller", "bob@cardiosoft.example", "cardiosoft", language="en"),
)
STAFF: Final = (
    StaffForm("claire", "Claire Dubois, ingénieure biomédicale", "claire@chu.example", frozenset({Role.APPROVER})),
    StaffForm("paul", "Paul Girard, ingénieur biomédical", "paul@chu.example", frozenset({Role.APPROVER})),
    StaffForm("samir", "Samir Benali, RSSI", "samir@chu.example", frozenset({Role.SECURITY})),
    StaffForm("aude", "Aude Lefèvre, auditrice", "aude@chu.example", frozenset({Role.AUDITOR})),
    StaffForm("denis", "Denis Moreau, administrateur", "denis@chu.example", frozenset({Role.ADMIN})),
)
CORRESPONDENT: Final = "alice"
"""Speaks for her company at the suppliers' entrance."""
HIGHEST: Final = 4
"""The criticality at which two people must agree."""
DEVICES: Final = {
    REAL: DeviceForm(
        REAL, "Scanner 1, poste de reconstruction", FACILITY, ("tomolux",), 3, "Imagerie", "Salle 1, bât. B",
        "Tomolux", "Tomolux 64", "TX64-0117",
    ),
    "ct-02": DeviceForm(
        "ct-02", "Scanner 2, console d’imagerie", FACILITY, ("tomolux", "cardiosoft"), 2, "Urgences",
        "Salle 4, bât. A", "Tomolux", "Tomolux 64", "TX64-0212",
    ),
    "ct-03": DeviceForm(
        "ct-03", "Scanner 3, interventionnel", FACILITY, ("tomolux",), HIGHEST, "Bloc opératoire", "Salle 7, bât. A",
        "Tomolux", "Tomolux 64", "TX64-0340",
    ),
}  # fmt: skip
TOKEN_DAYS: Final = 90
PROFESSIONAL: Final = ProfessionalForm(FACILITY, "Dr Hélène Vasseur", "radiologue", "10003456786")


async def fill(services: Services, facts: Facts, settings: Settings, running: list[Running]) -> None:
    """Make what `facts` does not know yet of the hospital: all of it at the first start.

    Passwords, codes and keys are drawn by lot here and kept in `demo.json`.
    """
    me, language = operator_actor("demo"), settings.language
    if not facts.accounts:
        await services.directory.save_facility(me, FacilityForm(FACILITY, "CHU de Valmont", "010000001"))
        await services.professionals.add(me, PROFESSIONAL)
        for supplier in SUPPLIERS:
            await services.directory.save_supplier(me, supplier)
    for form in STAFF:
        if facts.account(form.login) is None:
            facts.accounts.append(await _staff(services, me, replace(form, language=language)))
    for person in TECHNICIANS:
        if facts.account(person.login) is None:
            reads = "en" if "en" in {person.language, language} else "fr"
            facts.accounts.append(await _technician(services, me, replace(person, language=reads), settings.home))
    known = {device.code for device in facts.devices}
    for device in running:
        if device.code not in known:
            saved = await services.inventory.save_device(me, DEVICES[device.code])
            await services.inventory.save_account(me, saved.id, device.login, device.kind, device.secret)


async def refresh(services: Services, facts: Facts, running: list[Running]) -> None:
    """Bring what may have changed since the last start up to date: where devices answer, and tokens that ran out."""
    me = operator_actor("demo")
    known = {view.device.code: view for view in await services.inventory.devices(me)}
    for device in running:
        view = known[device.code]
        old = view.endpoints[0] if view.endpoints else None
        if old is None or (old.host, old.port) != (HOST, device.port) or not old.host_keys:
            await _pin(services, me, view.device.id, device.port, old.id if old else "")
    facts.devices = [DemoDevice(device.code, f"{HOST}:{device.port}") for device in running]
    await _undertake(services, me)
    await _renew_tokens(services, me, facts)


async def _pin(services: Services, me: Actor, device_id: str, port: int, endpoint_id: str) -> None:
    endpoint = await services.inventory.save_endpoint(me, device_id, HOST, port, endpoint_id)
    offer = await services.inventory.scan_host_keys(me, endpoint.id)
    await services.inventory.pin_host_keys(me, endpoint.id, frozenset(offer.fingerprints))


async def _staff(services: Services, me: Actor, form: StaffForm) -> Account:
    """Enrol as a person would: an invitation, then a password and a first code."""
    saved = await services.people.save_staff(me, form)
    invitation = await services.enrolment.invite(me, saved.id)
    _, address = await services.enrolment.begin(invitation, HOST)
    secret, password = _secret_of(address), secrets.token_urlsafe(12)
    await _first_code(services, invitation, password, pyotp.TOTP(secret))
    (role,) = form.roles
    return Account(form.login, role.value, secret, password)


async def _first_code(services: Services, invitation: str, password: str, totp: pyotp.TOTP) -> None:
    """Use the code of the step before now: it counts too, and leaves the present one for whoever signs in next."""
    try:
        await services.enrolment.finish(invitation, password, totp.at(clock.now(), counter_offset=-1), HOST)
    except AuthenticationFailed:  # the step ended while the password was hashed; there is a new step before now
        await services.enrolment.finish(invitation, password, totp.at(clock.now(), counter_offset=-1), HOST)


async def _technician(services: Services, me: Actor, form: TechnicianForm, home: Path) -> Account:
    """Set up as a person would: a link, then a key, a password and a first code; one key and code for both doors."""
    saved = await services.people.save_technician(me, form)
    path, public = _key_pair(home, form.login)
    link = await services.invitations.invite(me, saved.id)
    secret = _secret_of((await services.invitations.look(link, HOST)).authenticator)
    password = secrets.token_urlsafe(12)
    await _first_visit(services, link, Answers(password, "", public, "demo"), pyotp.TOTP(secret))
    if form.login == CORRESPONDENT:
        await services.company.name_correspondent(me, saved.id, named=True)
    return Account(form.login, "technician", secret, password, private_key_path=str(path))


async def _first_visit(services: Services, link: str, answers: Answers, totp: pyotp.TOTP) -> None:
    """As `_first_code`: the step before now, so that the present code is left."""
    try:
        await services.invitations.accept(link, replace(answers, code=_before(totp)), HOST)
    except AuthenticationFailed:
        await services.invitations.accept(link, replace(answers, code=_before(totp)), HOST)


def _before(totp: pyotp.TOTP) -> str:
    return totp.at(clock.now(), counter_offset=-1)


def _key_pair(home: Path, login: str) -> tuple[Path, str]:
    path = home.absolute() / "technicians" / login
    path.parent.mkdir(mode=0o700, exist_ok=True)
    make_key(path)
    return path, path.with_name(f"{path.name}.pub").read_text()


async def _undertake(services: Services, me: Actor) -> None:
    """Let the demo's technicians have accepted the undertaking, as after their first sign-in (R-47)."""
    for person in (await services.undertakings.owing(me))[0]:
        actor, text = technician_actor(person, HOST, clock.now()), (await services.undertakings.versions(me))[0]
        await services.undertakings.accept(actor, text.version, Way.ENROLMENT)


async def _renew_tokens(services: Services, me: Actor, facts: Facts) -> None:
    people = {person.login: person for person in await services.people.staff(me)}
    for account in facts.accounts:
        person = people.get(account.login)
        if person is None or await services.authentication.actor_of_token(account.api_token or "", HOST) is not None:
            continue
        owner = staff_actor(person, HOST, clock.now())
        _, account.api_token = await services.tokens.create(owner, "demo", TOKEN_DAYS, person.roles)


def _secret_of(address: str) -> str:
    """The secret inside an `otpauth:` address."""
    return parse_qs(urlsplit(address).query)["secret"][0]

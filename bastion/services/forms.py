"""The rules every register's form keeps: names that are what they look like, and who may read or write."""

import re
import unicodedata

from bastion import clock
from bastion.config import MAILABLE
from bastion.domain.device import Device
from bastion.domain.parties import Actor, Facility, Role, Staff, Supplier, Technician
from bastion.domain.professional import Professional
from bastion.errors import Faults, Forbidden, FreshFactorNeeded, Invalid, NotFound
from bastion.services.authentication import is_fresh
from bastion.services.reasons import TOO_LONG
from bastion.store.unit_of_work import UnitOfWork

CODE = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
MAX_NAME = 200
MAX_LINE = 500
"""Of an entry in a register: a place, a model, whom to call."""
NO_MAIL = "This is no mail address. Write it like name@hospital.example, or leave it empty."
READERS = frozenset({Role.ADMIN, Role.SECURITY, Role.AUDITOR, Role.APPROVER})
Entry = Facility | Supplier | Technician | Staff | Device | Professional


def need_admin(actor: Actor) -> None:
    if Role.ADMIN not in actor.roles:
        raise Forbidden(f"{actor.login} is no administrator")


def need_admin_of(actor: Actor, *facility_ids: str) -> None:
    """An administrator writes where he works; what the whole group shares (`EVERYWHERE`) takes one of the group."""
    need_admin(actor)
    if not all(actor.covers(ident, Role.ADMIN) for ident in facility_ids):
        raise NotFound(f"{actor.login} outside {sorted(actor.facilities)}")


def need_person(actor: Actor) -> None:
    """What decides who gets in, or where secrets are sent, is no work for a token without a fresh code (T24)."""
    if actor.token_id and not is_fresh(actor):
        raise FreshFactorNeeded(actor.login)


def need_known(ident: str, old: object | None) -> None:
    """Ids are made here: one that came from outside must name something there is."""
    if ident and old is None:
        raise NotFound(ident)


def need_reader(actor: Actor) -> None:
    if not actor.roles & READERS:
        raise Forbidden(f"{actor.login} has no role")


def plain(text: str) -> str:
    """Text without control and direction characters: a name is what it looks like."""
    return "".join(c for c in text.strip() if unicodedata.category(c) not in {"Cc", "Cf", "Zl", "Zp"})


def check_named(code: str, name: str) -> None:
    faults = Faults()
    faults.check(check_code, code)
    faults.check(check_name, name)
    faults.settle()


def check_code(code: str) -> None:
    if not CODE.fullmatch(code):
        raise Invalid(code, field="code", sentence="A code is made of a–z, 0–9, dot, dash and underscore, 32 at most.")


def check_person(login: str, name: str) -> None:
    faults = Faults()
    faults.check(check_login, login)
    faults.check(check_name, name)
    faults.settle()


def check_login(login: str) -> None:
    if not CODE.fullmatch(login):
        raise Invalid(
            login, field="login", sentence="A login is made of a–z, 0–9, dot, dash and underscore, 32 at most."
        )


def check_name(name: str) -> None:
    if not 1 <= len(name.strip()) <= MAX_NAME or plain(name) != name.strip():
        raise Invalid(name, field="name", sentence="Give a name of 1 to 200 characters.")


def check_mail(address: str, known: str = "") -> str:
    """A mail address as it is kept: none, or one that a mail can be sent to. The one that was `known` stays as it is:
    a person of whom an old one is kept can still be closed.
    """
    said = address.strip()
    mailable = len(said) <= MAX_NAME and MAILABLE.fullmatch(said) and plain(said) == said
    if said and said != known and not mailable:
        raise Invalid(said[:40], field="email", sentence=NO_MAIL)
    return said


def check_language(language: str) -> str:
    if language not in {"fr", "en"}:
        raise Invalid(language, field="language", sentence="Choose French or English.")
    return language


async def audit_saved(
    uow: UnitOfWork, actor: Actor, tag: str, noun: str, new: Entry, old: Entry | None, **names: str
) -> None:
    """Audit a saved entry with the names of what changed, never the values.

    One whose lines run on for ever is `Invalid`, and with it all that this transaction has saved.
    """
    _need_short(new)
    fields = [f for f in new.__dataclass_fields__ if old is None or getattr(old, f) != getattr(new, f)]
    facility = new.facility_id if isinstance(new, Device) else ""
    await uow.audit.append(
        tag, actor=actor, subject=(noun, new.id), facility_id=facility, at=clock.now(),
        changed=" ".join(fields) if old else "created", **names,
    )  # fmt: skip


def _need_short(entry: Entry) -> None:
    for one in entry.__dataclass_fields__:
        if isinstance(value := getattr(entry, one), str) and len(value) > MAX_LINE:
            raise Invalid(one, field=one, sentence=TOO_LONG, limit=MAX_LINE)

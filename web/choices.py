"""Choosing a technician or a device: from a list while it can be read, by typing once there are thousands."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from web.console import Console

READABLE: Final = 200
"""Entries of a list in which somebody finds his own; of more, those that hold what was typed are offered."""
OFFERED: Final = 20


@dataclass(frozen=True, slots=True)
class Choice:
    """What can be chosen, as value and words. Unless `whole`, it is what fits to the text typed so far."""

    options: list[tuple[str, str]]
    whole: bool = True


async def technicians(seen: Console, typed: str = "", *, usable: bool = False, device: str = "") -> Choice:
    """By login. With `usable`, only people who may work now on some device, or on the one of this code: whom a review
    has withdrawn there, or his employer keeps away, would be refused once all is filled in.
    """
    people, whole = await seen.services.people.names(seen.actor, typed.strip(), readable=READABLE, offered=OFFERED)
    away: frozenset[str] = frozenset()
    if usable:
        away = await seen.services.people.kept_away(seen.actor, [person for person, _ in people], device)
    fit = [(person, company) for person, company in people if person.id not in away]
    return Choice([(person.login, f"{person.name} · {company.name}") for person, company in fit], whole)


async def devices(
    seen: Console, typed: str = "", supplier_id: str = "", *, by_id: bool = False, without: Collection[str] = ()
) -> Choice:
    """By code, of those in use, but for the hospitals `without`; `by_id` gives ids while the list is whole."""
    found, whole = await seen.services.inventory.names(
        seen.actor, typed.strip(), supplier_id, readable=READABLE, offered=OFFERED
    )
    fit = [one for one in found if one.facility_id not in without]
    return Choice([(one.id if by_id and whole else one.code, f"{one.code} · {one.name}") for one in fit], whole)


async def device_id(seen: Console, said: str) -> str:
    """The id of a device that was chosen by id or typed by its code; a code nobody knows is returned as it is."""
    known = await seen.services.inventory.by_code(seen.actor, said) if said else None
    return known.device.id if known else said

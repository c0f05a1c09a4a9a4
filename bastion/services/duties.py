"""What the hospital's people may do and where: as it is written, as it is kept, and who may give it (R-23, R-28)."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bastion.domain.parties import EVERYWHERE, Actor, Assignment, Role, Staff
from bastion.errors import Forbidden, Invalid
from bastion.services.forms import MAX_NAME, need_admin_of, plain

MAX_WARDS = 50
ONLY_APPROVERS: Final = "Only an approver of one hospital can be limited to wards of it."
_WORDS: Final[Mapping[str, Role]] = MappingProxyType(
    {
        **{role.value: role for role in Role},
        **dict.fromkeys(("approbateur", "approbatrice"), Role.APPROVER),
        **dict.fromkeys(("sécurité", "securite", "rssi"), Role.SECURITY),
        **dict.fromkeys(("auditeur", "auditrice"), Role.AUDITOR),
        **dict.fromkeys(("administrateur", "administratrice", "administrator"), Role.ADMIN),
    }
)
"""What a role is called by whoever writes it."""


@dataclass(frozen=True, slots=True)
class Duty:
    """An assignment as people write it; an empty `facility_code` means every hospital."""

    role: Role
    facility_code: str = ""
    wards: tuple[str, ...] = ()


def written(text: str, field: str) -> Duty:
    """Read `role@facility:ward,ward`; no facility, or `*`, means every hospital."""
    name, _, place = text.partition("@")
    code, _, wards = place.partition(":")
    named = tuple(ward.strip() for ward in wards.split(",") if ward.strip())
    return Duty(_role(name, field), "" if code.strip() == EVERYWHERE else code.strip(), named)


def of_cells(roles: str, codes: Sequence[str], wards: str) -> tuple[Duty, ...]:
    """Read three cells of a line: plain roles are held in each of `codes`, an approver's in these wards only.

    `role@facility:ward,ward`, several of them with a bar between, say each for itself where it is held. Nobody has a
    role everywhere because a cell was empty: that takes a `*`. Raises `Invalid` at the cell that is wrong.
    """
    pieces = [piece.strip() for piece in re.split(r"[|;]", roles) if piece.strip()]
    placed = [piece for piece in pieces if "@" in piece]
    plain_ones = [_role(word, "roles") for piece in pieces if "@" not in piece for word in re.split(r"[\s,]+", piece)]
    named = tuple(ward.strip() for ward in re.split(r"[,|;]", wards) if ward.strip())
    if (codes or named) and not plain_ones:
        raise Invalid("roles", field="roles", sentence="Name the roles: approver, security, auditor or admin.")
    if (plain_ones and not codes) or not all(re.match(r"[^@]*@\s*[^\s:]", piece) for piece in placed):
        raise Invalid("where", field="facilities", sentence="Say in which hospital: its code, or * for every one.")
    if named and Role.APPROVER not in plain_ones:
        raise Invalid("wards", field="wards", sentence=ONLY_APPROVERS)
    return (
        *(Duty(role, "" if code == EVERYWHERE else code, named if role is Role.APPROVER else ())
          for role in plain_ones for code in codes),
        *(written(piece, "roles") for piece in placed),
    )  # fmt: skip


def _role(word: str, field: str) -> Role:
    role = _WORDS.get(word.strip().casefold())
    if role is None:
        raise Invalid(word, field=field, sentence="Name the roles: approver, security, auditor or admin.")
    return role


def as_written(held: Assignment, codes: Mapping[str, str]) -> str:
    """Write an assignment as `written` reads it."""
    place = codes.get(held.facility_id, held.facility_id)
    return f"{held.role}@{place}" + (f":{','.join(held.wards)}" if held.wards else "")


def in_words(assignments: Iterable[Assignment]) -> str:
    """Say who may do what where, for the trail."""
    return " ".join(
        f"{one.role}@{one.facility_id}" + (f"[{','.join(one.wards)}]" if one.wards else "") for one in assignments
    )


def assignments_of(duties: Iterable[Duty], place_of: Callable[[str], str]) -> tuple[Assignment, ...]:
    """Resolve duties: one for each role and hospital; whoever has the whole needs no part of it.

    `place_of` gives the id of a facility by its code, or raises.
    """
    wards: dict[tuple[Role, str], set[str]] = {}
    whole: set[tuple[Role, str]] = set()
    for duty in duties:
        key = duty.role, place_of(duty.facility_code) if duty.facility_code else EVERYWHERE
        named = {plain(ward) for ward in duty.wards if plain(ward)}
        _check_wards(duty, named)
        wards.setdefault(key, set()).update(named)
        whole |= set() if named else {key}
    return tuple(sorted(
        Assignment(role, place, () if (role, place) in whole else tuple(sorted(named)))
        for (role, place), named in wards.items()
        if place == EVERYWHERE or (role, EVERYWHERE) not in wards
    ))  # fmt: skip


def need_right_over(actor: Actor, new: Staff, old: Staff | None) -> None:
    """Nobody edits his own rights, nor those of whoever works, or is to work, where he is no administrator (R-23)."""
    if new.id == actor.id:
        raise Forbidden("own rights", sentence="Nobody edits his own rights; ask another administrator.")
    need_admin_of(actor, *(new.facilities or {EVERYWHERE}), *(old.facilities if old else ()))


def _check_wards(duty: Duty, named: set[str]) -> None:
    """A ward is a part of one hospital, and only an approver's work stops at its door (R-28)."""
    if named and (duty.role is not Role.APPROVER or not duty.facility_code):
        raise Invalid("wards", field="wards", sentence=ONLY_APPROVERS)
    if len(named) > MAX_WARDS or any(len(ward) > MAX_NAME for ward in named):
        raise Invalid("wards", field="wards", sentence="Give 50 wards at most, each of 200 characters at most.")

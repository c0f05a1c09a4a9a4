"""Who of many technicians can connect now, and what is missing of the others: asked of all of them at once."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from bastion import clock
from bastion.domain.parties import Technician
from bastion.domain.readiness import Readiness, readiness
from bastion.services.suspension import barred_everywhere
from bastion.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Readinesses:
    """`of` each person, by id; who has an authenticator (`enrolled`), and of whose a code was right once (`proved`)."""

    of: Mapping[str, Readiness]
    enrolled: frozenset[str]
    proved: frozenset[str]


async def readinesses(uow: UnitOfWork, people: Sequence[Technician], with_key: Collection[str]) -> Readinesses:
    now, ids = clock.now(), [person.id for person in people]
    credentials = [one for one in await uow.credentials.some(ids) if one.totp_sealed]
    enrolled = frozenset(one.subject_id for one in credentials)
    proved = frozenset(one.subject_id for one in credentials if one.totp_proved_at is not None)
    barred = await barred_everywhere(uow, people, now)
    found = {
        one.id: readiness(
            one, now, barred=one.id in barred, has_key=one.id in with_key, enrolled=one.id in enrolled,
            proved=one.id in proved,
        )
        for one in people
    }  # fmt: skip
    return Readinesses(found, enrolled, proved)

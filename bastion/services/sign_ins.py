"""That a technician was let in, in the audit trail: at the door, or with the session that a standing proof opens."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bastion.domain.parties import Actor
from bastion.store.unit_of_work import UnitOfWork

CODE: Final = "totp"


@dataclass(frozen=True, slots=True)
class SignIn:
    """With which key, by which program, and what was proved, in words."""

    fingerprint: str
    client: str
    factors: str


async def keep(uow: UnitOfWork, actor: Actor, sign_in: SignIn, now: datetime) -> None:
    """Whoever proved a code begins to count failures anew; who came by a proof that stands has shown nothing new."""
    if CODE in sign_in.factors:
        await uow.failures.clear(actor.login, actor.source)
    await uow.audit.append(
        "auth:succeeded", actor=actor, subject=("technician", actor.id), at=now,
        door="ssh", factors=sign_in.factors, fingerprint=sign_in.fingerprint, client=sign_in.client,
    )  # fmt: skip

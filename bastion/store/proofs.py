"""What proves who somebody is: credentials, used codes, failures, tokens, browsers, proofs; and sealed rows."""

import hashlib
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bastion.domain.credentials import ApiToken, Credential, FactorProof, SealedSecret, WebSession
from bastion.store import tables as t
from bastion.store.browsers import Browsers
from bastion.store.columns import Instant, storable
from bastion.store.repository import Repository, upsert
from bastion.store.transaction import Transaction

_SHORT = 200  # characters of a tried login kept as they are
_F = t.auth_failures.c
_P = t.factor_proofs.c
_G = t.grants.c
_NOW = sa.bindparam("now", type_=Instant())


class Credentials(Repository[Credential]):
    kind, table, order = Credential, t.credentials, ("subject_id",)

    async def put(self, credential: Credential) -> None:
        await self._tx.change(PUT_CREDENTIAL, self._row(credential))

    async def proved(self, credential: Credential, at: datetime) -> None:
        """A first code of this authenticator was right; nothing of one that has replaced it meanwhile."""
        await self._tx.change(PROVED, {"who": credential.subject_id, "sealed": credential.totp_sealed, "at": at})


class TotpUses:
    """A code counts once (R-12): whoever inserts the row first has used it."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def consume(self, subject_id: str, timestep: int) -> bool:
        return bool(await self._tx.change(CONSUME, {"subject_id": subject_id, "timestep": timestep}))

    async def forget(self, before: int) -> int:
        return await self._tx.change(FORGET_USES, {"before": before})


class Failures:
    """Failed attempts, by the name that was tried and the address it came from. A stranger chooses the name."""

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    async def add(self, subject: str, source: str, at: datetime) -> None:
        await self._tx.change(ADD_FAILURE, {"subject": _tried(subject), "source": source, "at": at})

    async def count(self, subject: str, source: str, since: datetime) -> int:
        """How many since then; an empty `subject` or `source` means any."""
        wanted = [_F.at >= since]
        if subject:
            wanted.append(_F.subject == _tried(subject))
        if source:
            wanted.append(_F.source == source)
        return int((await self._tx.rows(COUNT_FAILURES.where(*wanted)))[0][0])

    async def clear(self, subject: str, source: str = "") -> None:
        """Forget those of `subject` from `source`, or from anywhere."""
        query = CLEAR_FAILURES.where(_F.source == source) if source else CLEAR_FAILURES
        await self._tx.change(query, {"tried": _tried(subject)})

    async def forget(self, before: datetime) -> int:
        return await self._tx.change(FORGET_FAILURES, {"now": before})


def _tried(name: str) -> str:
    """Names compare without case, as logins do. One that is too long or cannot be kept is counted by its digest."""
    if len(name) <= _SHORT and storable(name):
        return name.lower()
    return "sha256:" + hashlib.sha256(name.encode(errors="surrogatepass")).hexdigest()


class Tokens(Repository[ApiToken]):
    kind, table, order = ApiToken, t.api_tokens, ("created_at", "id")

    async def by_hash(self, digest: str) -> ApiToken | None:
        return await self._one(TOKEN_BY_HASH, {"digest": digest})

    async def of(self, staff_id: str) -> list[ApiToken]:
        return await self._many(TOKENS_OF, {"staff_id": staff_id})


class WebSessions(Browsers[WebSession]):
    kind, table, whose = WebSession, t.web_sessions, "staff_id"

    async def of(self, staff_id: str) -> list[WebSession]:
        return await self._many(WEB_SESSIONS_OF, {"staff_id": staff_id})


class Proofs(Repository[FactorProof]):
    kind, table = FactorProof, t.factor_proofs

    async def standing(
        self, technician_id: str, fingerprint: str, source: str, device_code: str, now: datetime
    ) -> FactorProof | None:
        """The proof that stands for the grant which a session on this device would open under (as `Grants.live`)."""
        if not storable(device_code):
            return None
        facts = {"technician_id": technician_id, "fingerprint": fingerprint, "source": source, "code": device_code}
        return await self._one(STANDING_PROOF, {**facts, "now": now})

    async def revoke_grant(self, grant_id: str) -> int:
        return await self._tx.change(REVOKE_PROOFS, {"gone": grant_id})

    async def revoke_technician(self, technician_id: str) -> int:
        return await self._tx.change(REVOKE_PROOFS_OF, {"who": technician_id})

    async def forget(self, before: datetime) -> int:
        return await self._tx.change(FORGET_PROOFS, {"now": before})


class Secrets(Repository[SealedSecret]):
    kind, table, order = SealedSecret, t.secrets, ("created_at", "id")

    async def replace(self, secret: SealedSecret) -> None:
        await self.save(secret)


PROVED = (
    sa.update(t.credentials)
    .where(
        t.credentials.c.subject_id == sa.bindparam("who"),
        t.credentials.c.totp_sealed == sa.bindparam("sealed"),
        t.credentials.c.totp_proved_at.is_(None),
    )
    .values(totp_proved_at=sa.bindparam("at", type_=Instant()))
)
PUT_CREDENTIAL = upsert(t.credentials)
CONSUME = insert(t.totp_uses).on_conflict_do_nothing()
FORGET_USES = sa.delete(t.totp_uses).where(t.totp_uses.c.timestep < sa.bindparam("before"))
ADD_FAILURE = sa.insert(t.auth_failures)
COUNT_FAILURES = sa.select(sa.func.count()).select_from(t.auth_failures)
CLEAR_FAILURES = sa.delete(t.auth_failures).where(_F.subject == sa.bindparam("tried"))
FORGET_FAILURES = sa.delete(t.auth_failures).where(_F.at < _NOW)
TOKEN_BY_HASH = Tokens.sql_select.where(t.api_tokens.c.hash == sa.bindparam("digest"))
TOKENS_OF = Tokens.sql_all.where(t.api_tokens.c.staff_id == sa.bindparam("staff_id"))
WEB_SESSIONS_OF = WebSessions.sql_all.where(t.web_sessions.c.staff_id == sa.bindparam("staff_id"))
_GRANT_NOW = (
    sa.select(_G.id)
    .join(t.devices, t.devices.c.id == _G.device_id)
    .where(
        sa.func.lower(t.devices.c.code) == sa.func.lower(sa.bindparam("code", type_=t.devices.c.code.type)),
        _G.technician_id == sa.bindparam("technician_id"),
        _G.revoked_at.is_(None),
        _G.start <= _NOW,
        _G.end > _NOW,
    )
    .order_by(_G.end.desc())
    .limit(1)
    .scalar_subquery()
)
STANDING_PROOF = Proofs.sql_select.where(
    _P.technician_id == sa.bindparam("technician_id"),
    _P.fingerprint == sa.bindparam("fingerprint"),
    _P.source == sa.bindparam("source"),
    _P.expires_at > _NOW,
    _P.grant_id == _GRANT_NOW,
).limit(1)
REVOKE_PROOFS = sa.delete(t.factor_proofs).where(_P.grant_id == sa.bindparam("gone"))
REVOKE_PROOFS_OF = sa.delete(t.factor_proofs).where(_P.technician_id == sa.bindparam("who"))
FORGET_PROOFS = sa.delete(t.factor_proofs).where(_P.expires_at < _NOW)

"""Opening a session: everything that must hold at this instant, and the release of the device's secret (R-17, R-20)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bastion import clock
from bastion.domain.conditions import Condition
from bastion.domain.credentials import FactorProof
from bastion.domain.derogation import Derogation
from bastion.domain.device import ChannelKind, Endpoint
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.ids import new_id
from bastion.domain.local_time import time_of_day
from bastion.domain.lock import Subject, first_hit
from bastion.domain.own_words import recognised
from bastion.domain.parties import Actor
from bastion.domain.session_record import SessionRecord
from bastion.errors import (
    AuthenticationFailed,
    ChannelRefused,
    DeviceBusy,
    DeviceNotReady,
    GrantOver,
    GrantRevoked,
    Locked,
    NoGrant,
    NotAcknowledged,
    Phrase,
    UndertakingOwed,
)
from bastion.secret import Secret
from bastion.services import sign_ins
from bastion.services.answering import silence
from bastion.services.decisions import Decisions, Urgency, refusal
from bastion.services.mistaken import mark_used
from bastion.services.paperwork import lacks_of
from bastion.services.reaching import session_endpoint
from bastion.services.sealing import secret_aad
from bastion.services.sign_ins import SignIn
from bastion.services.suspension import refuse_for, why_unemployed, why_unreviewed
from bastion.services.views import DeviceCredential, Opened
from bastion.store.unit_of_work import UnitOfWork
from bastion.store.vault import Vault
from bastion.store.whole_grant import WholeGrant
from policies.model import Action
from recordings.model import RecordingMeta

PROOF_LENGTH = timedelta(hours=1)
FEW = 8
"""Live sessions of a device looked at when another opens: by this very check all of them are of one grant."""


@dataclass(frozen=True, slots=True)
class Connection:
    """Facts of the technician's connection: `factors` in words, `client` as it named itself.

    `new`: that he was let in is not in the audit trail yet, and is kept with the session.
    """

    node: str
    client: str
    fingerprint: str
    factors: str
    new: bool = False

    @property
    def sign_in(self) -> SignIn:
        return SignIn(self.fingerprint, self.client, self.factors)


class Opening:
    def __init__(self, decisions: Decisions, vault: Vault, proof_length: timedelta = PROOF_LENGTH) -> None:
        self._decisions = decisions
        self._vault = vault
        self._proof_length = proof_length

    async def open(self, uow: UnitOfWork, actor: Actor, grant_id: str, connection: Connection) -> Opened:
        """Check, keep and release within the caller's transaction; see `Sessions.open` for what it raises."""
        await uow.locks.hold()
        now = clock.now()  # what ends while this waits does not open
        if connection.new:
            await sign_ins.keep(uow, actor, connection.sign_in, now)
        facts, endpoints = await self._gather(uow, actor, grant_id)
        if not facts.device.active:
            raise DeviceNotReady(facts.device.code, device=facts.device.code)
        stand = await uow.derogations.of(facts.device.id) if facts.there.derogations else []
        endpoint, derogations = session_endpoint(facts.device, endpoints, stand, now)
        await self._check(uow, actor, facts, now)
        facts = await _counting(uow, facts, now)
        record = _make_record(actor, facts, connection, now)
        if Condition.FREEZE_FIRST in facts.grant.conditions and not facts.there.sessions:
            record = replace(record, frozen_at=now, frozen_by=", ".join(facts.grant.approved_by))
        credential = await self._release(uow, actor, facts, record, now)
        await self._keep(uow, actor, facts, record, connection, derogations, now)
        await mark_used(uow, endpoint, endpoints if ChannelKind.FORWARD in facts.grant.channels else (), now)
        meta = _make_meta(actor, facts, record, derogations)
        return Opened(
            record, facts.grant, facts.device, facts.facility, endpoint, credential, meta, endpoints, derogations
        )

    async def _gather(self, uow: UnitOfWork, actor: Actor, grant_id: str) -> tuple[WholeGrant, tuple[Endpoint, ...]]:
        facts = await uow.whole_grants.get(grant_id, actor.source)
        if facts is None or facts.grant.technician_id != actor.id:
            raise NoGrant(grant_id)
        return facts, tuple(await uow.endpoints.of(facts.device.id))

    async def _check(self, uow: UnitOfWork, actor: Actor, facts: WholeGrant, now: datetime) -> None:
        """Everything that must hold at this instant; the order is from the gravest to the most particular."""
        if not facts.technician.usable(now):
            raise AuthenticationFailed("technician is not usable")
        await _check_person(uow, facts, now)
        check_grant(facts.grant, now)
        if not facts.plan.ready(now):
            raise NoGrant(facts.grant.id, sentence="Software is to be changed and its backup is not there yet.")
        silent = await silence(uow, facts.plan, facts.facility.id, now)
        if silent is not None:
            raise silent
        decision = self._decisions.on_device(
            Action.CONNECT, actor, facts.supplier, facts.device, facts.grant.kind,
            facts.grant.whole, now, approvals=len(facts.grant.approved_by),
            lacks=await lacks_of(uow, facts.technician, facts.supplier, now, rules=facts.there.rules),
            urgency=Urgency() if facts.grant.emergency else None,
        )  # fmt: skip
        if not decision.allowed:
            raise refusal(decision, actor.language)
        if facts.owes:
            raise UndertakingOwed(facts.technician.login)
        if facts.grant.acknowledged_at is None:
            raise NotAcknowledged(facts.grant.id)
        if facts.there.others:
            await self._check_others(uow, actor, facts, now)

    async def _check_others(self, uow: UnitOfWork, actor: Actor, facts: WholeGrant, now: datetime) -> None:
        """One intervention at a time on a device (R-37); the same person from two places is noticed (R-11)."""
        live = await uow.sessions.live_on_device(facts.device.id, FEW)
        other = next((s for s in live if s.grant_id != facts.grant.id), None)
        if other is not None:
            who = other.technician_name if other.supplier_id == facts.supplier.id else Phrase("another technician")
            until = time_of_day(facts.grant.end, facts.facility.timezone, now)
            raise DeviceBusy(facts.device.code, who=who, until=until)
        if any(s.frozen_at for s in live):
            raise ChannelRefused("frozen", sentence="The hospital has frozen this session. Wait until it goes on.")
        elsewhere = next((s for s in live if s.source != actor.source), None)
        if elsewhere is not None:
            await uow.audit.append(
                "session:second_source", actor=actor, subject=("technician", actor.id),
                facility_id=facts.device.facility_id, at=now, other=elsewhere.source, technician=actor.login,
            )  # fmt: skip

    async def _release(
        self, uow: UnitOfWork, actor: Actor, facts: WholeGrant, record: SessionRecord, now: datetime
    ) -> DeviceCredential:
        """The vault's own check: a secret leaves only for an open grant that names this very account."""
        if facts.grant.status(now) is not GrantStatus.OPEN or facts.grant.account_id != facts.account.id:
            raise NoGrant(facts.grant.id)
        secret: Secret = self._vault.unseal(facts.secret.sealed, secret_aad(facts.account.secret_id))
        await uow.audit.append(
            "vault:released", actor=actor, subject=("account", facts.account.id), facility_id=facts.device.facility_id,
            at=now, account=facts.account.login, grant=facts.grant.id, session=record.id,
        )  # fmt: skip
        return DeviceCredential(facts.account.login, facts.account.kind.value, secret)

    async def _keep(
        self,
        uow: UnitOfWork,
        actor: Actor,
        facts: WholeGrant,
        record: SessionRecord,
        connection: Connection,
        derogations: tuple[Derogation, ...],
        now: datetime,
    ) -> None:
        await uow.sessions.add(record)
        await uow.audit.append(
            "session:opened", actor=actor, subject=("session", record.id), facility_id=record.facility_id, at=now,
            grant=facts.grant.id, device=facts.device.code, supplier=facts.supplier.code,
            account=record.account_login, node=record.node, client=record.client, factors=connection.factors,
            technician=actor.login, derogations="; ".join(one.words for one in derogations),
        )  # fmt: skip
        if "totp" in connection.factors:
            expires = min(facts.grant.end, now + self._proof_length)
            await uow.proofs.add(
                FactorProof(new_id(now), actor.id, connection.fingerprint, actor.source, facts.grant.id, expires)
            )
        uow.hint("session", record.id)


async def _check_person(uow: UnitOfWork, facts: WholeGrant, now: datetime) -> None:
    """Whether anybody has locked him out, or anything keeps him from working."""
    technician, there = facts.technician, facts.there
    subject = Subject(technician.id, facts.supplier.id, facts.device.id)
    hit = first_hit(await uow.locks.unlifted(), subject, now) if there.locks else None
    if hit is not None:
        raise Locked(hit.id, why=hit.reason)
    refuse_for(technician, why_unemployed(facts.employment, technician.id, now))
    refuse_for(technician, await why_unreviewed(uow, technician.id, facts.facility.id, now) if there.reviews else None)


async def _counting(uow: UnitOfWork, facts: WholeGrant, now: datetime) -> WholeGrant:
    """Note the first connection under a grant, from which its time may count."""
    if facts.grant.first_used_at is not None:
        return facts
    return replace(facts, grant=await uow.grants.save(facts.grant.first_used(now)))


def check_grant(grant: Grant, now: datetime) -> None:
    """Raise `NoGrant`, or the kind of it that says what became of an authorisation that is not open."""
    match grant.status(now):
        case GrantStatus.REVOKED:
            raise GrantRevoked(grant.id, why=recognised(grant.revoke_reason))
        case GrantStatus.OVER:
            raise GrantOver(grant.id)
        case GrantStatus.SCHEDULED | GrantStatus.GIVEN_BACK:
            raise NoGrant(grant.id)
        case GrantStatus.OPEN:
            return


def _make_record(actor: Actor, facts: WholeGrant, connection: Connection, now: datetime) -> SessionRecord:
    return SessionRecord(
        id=new_id(now), grant_id=facts.grant.id, request_id=facts.grant.request_id, technician_id=actor.id,
        technician_name=actor.name, supplier_id=facts.supplier.id, device_id=facts.device.id,
        facility_id=facts.device.facility_id, account_login=facts.account.login, source=actor.source,
        client=connection.client, node=connection.node, started_at=now, country=facts.technician.country,
    )  # fmt: skip


def _make_meta(
    actor: Actor, facts: WholeGrant, record: SessionRecord, derogations: tuple[Derogation, ...]
) -> RecordingMeta:
    return RecordingMeta(
        recording_id=record.id, session_id=record.id, started_at=record.started_at.isoformat(),
        grant_id=facts.grant.id, request_id=facts.grant.request_id, technician_id=actor.id,
        technician_name=facts.technician.name, technician_login=actor.login, supplier=facts.supplier.name,
        device_id=facts.device.id, device_code=facts.device.code, device_name=facts.device.name,
        facility=facts.facility.name, account=facts.account.login, source=actor.source, client=record.client,
        kind=facts.grant.kind.value, reason=facts.reason, work_order=facts.work_order,
        policy_hash=facts.grant.policy_hash, node=record.node, language=actor.language,
        derogations=tuple(one.words for one in derogations),
    )  # fmt: skip

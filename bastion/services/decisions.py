"""Turns domain facts into a policy query: the one place where the product asks the policy anything."""

import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from bastion.domain.access_request import AccessRequest, InterventionKind
from bastion.domain.country import outside_eea
from bastion.domain.device import ChannelKind, Device, FileRight
from bastion.domain.emergency import Emergency
from bastion.domain.parties import Actor, ActorKind, Lent, Supplier, ward_key
from bastion.errors import BastionError, Forbidden, PolicyRefused, SelfApproval
from bastion.services.paperwork import Lacks, naming
from bastion.services.urgency import naming_unreviewed
from policies.engine import PolicyEngine
from policies.model import (
    Action,
    ContextFacts,
    Decision,
    DeviceFacts,
    PrincipalFacts,
    Query,
    Sas,
    SupplierFacts,
    place_of,
)

_LOG = logging.getLogger(__name__)
CHANNEL_ACTIONS = {
    ChannelKind.SHELL: Action.SHELL,
    ChannelKind.EXEC: Action.EXEC,
    ChannelKind.SFTP: Action.SFTP,
    ChannelKind.FORWARD: Action.FORWARD,
}
FILE_ACTIONS = {
    FileRight.UPLOAD: Action.UPLOAD,
    FileRight.DOWNLOAD: Action.DOWNLOAD,
    FileRight.DELETE: Action.DELETE,
    FileRight.RENAME: Action.RENAME,
}


@dataclass(frozen=True, slots=True)
class Urgency:
    """That work is an emergency, and which earlier ones of the supplier nobody has reviewed in time (R-26)."""

    overdue: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a grant for some work may hold: channel kinds, rights on files, and how files pass (R-20, R-41)."""

    channels: frozenset[ChannelKind]
    files: frozenset[FileRight]
    uploads: Sas
    downloads: Sas


class Decisions:
    """Every method answers with the policy's own decision; `require_*` raise when it says no."""

    def __init__(self, engine: PolicyEngine) -> None:
        self._engine = engine

    def replace_engine(self, engine: PolicyEngine) -> None:
        """Take a newly loaded policy set; the old one stays when the new one does not load."""
        self._engine = engine

    @property
    def in_turn(self) -> bool:
        """Whether the rules may want agreements one after the other, each from other people (R-22)."""
        return self._engine.in_turn

    def explain(self, policy_ids: tuple[str, ...], language: str) -> tuple[str, ...]:
        """The same as `each_said`, less what does not hold in the end: where two must agree, a rule that wants one is
        not told beside it.
        """
        outdone = self._engine.outdone(policy_ids)
        return self.each_said(tuple(ident for ident in policy_ids if ident not in outdone), language)

    def each_said(self, policy_ids: tuple[str, ...], language: str) -> tuple[str, ...]:
        """The sentence of every rule that decided earlier, if it is still in force: the trail leaves none out."""
        known = [self._engine.reason(ident) for ident in policy_ids]
        return tuple(reason.sentence(language) for reason in known if reason)

    # -- technicians ---------------------------------------------------------------------------------------------------
    def on_device(
        self, action: Action, actor: Actor, supplier: Supplier, device: Device, kind: InterventionKind,
        duration: timedelta, now: datetime, approvals: int = 0, *, lacks: Lacks,
        urgency: Urgency | None = None,
    ) -> Decision:  # fmt: skip
        """May `actor` do `action` on `device`? Staff may ask for a technician; all else is the technician's own.

        `lacks` is what stands against the supplier and its person (`paperwork.lacks_of`).
        """
        overdue = urgency.overdue if urgency else ()
        context = replace(
            _context(now, actor.source, kind.value, duration, factors=2, approvals=approvals),
            emergency=urgency is not None, review_overdue=bool(overdue), report_overdue=bool(lacks.reports),
            country_declared=lacks.country_declared,
            outside_eea=outside_eea(lacks.country),
        )  # fmt: skip
        who = replace(actor, lent=())  # nobody asks in another's name
        query = Query(action, _principal(who), _supplier(supplier, now, lacks), _device(device), context)
        return naming_unreviewed(naming(self._decide(query, actor), lacks), overdue)

    def scope(
        self, actor: Actor, supplier: Supplier, device: Device, kind: InterventionKind, duration: timedelta,
        now: datetime, approvals: int, *, lacks: Lacks, urgency: Urgency | None = None,
    ) -> Scope:  # fmt: skip
        """What a grant for this work may hold. What is refused passes by nobody but a person."""
        answers = {
            action: self.on_device(
                action, actor, supplier, device, kind, duration, now, approvals, lacks=lacks, urgency=urgency
            )
            for action in (*CHANNEL_ACTIONS.values(), *FILE_ACTIONS.values())
        }
        return Scope(
            frozenset(channel for channel, action in CHANNEL_ACTIONS.items() if answers[action].allowed),
            frozenset(right for right, action in FILE_ACTIONS.items() if answers[action].allowed),
            answers[Action.UPLOAD].obligations.sas,
            answers[Action.DOWNLOAD].obligations.sas,
        )

    def at_the_door(self, actor: Actor, supplier: Supplier, now: datetime) -> Decision:
        """May this technician come in, by SSH or on the web? What his company's papers lack, he reads inside."""
        context = _context(now, actor.source, "", timedelta(), factors=2)
        facts = _supplier(supplier, now, Lacks())
        return self._decide(Query(Action.ENTER, _principal(actor), facts, None, context), actor)

    # -- staff ---------------------------------------------------------------------------------------------------------
    def on_request(
        self, actor: Actor, request: AccessRequest, device: Device, now: datetime, emergency: Emergency | None = None
    ) -> Decision:
        """May this person decide on `request`? `emergency` goes with it, if it is one."""
        return self._for_whom(Action.APPROVE, actor, request, device, now, emergency)[0]

    def by_link(
        self, actor: Actor, request: AccessRequest, device: Device, now: datetime, emergency: Emergency | None
    ) -> Decision:
        """May he do that by the link of a mail? Beside `on_request`, never in its place."""
        return self._for_whom(Action.DECIDE_BY_LINK, actor, request, device, now, emergency)[0]

    def in_whose_name(
        self, action: Action, actor: Actor, request: AccessRequest, device: Device, now: datetime,
        emergency: Emergency | None = None,
    ) -> Lent | None:  # fmt: skip
        """The delegation by which he decides; `None` when he does so, or may not, in his own right."""
        return self._for_whom(action, actor, request, device, now, emergency)[1]

    def _for_whom(
        self, action: Action, actor: Actor, request: AccessRequest, device: Device, now: datetime,
        emergency: Emergency | None,
    ) -> tuple[Decision, Lent | None]:  # fmt: skip
        """His own right comes first; then what somebody lent him who neither asked, nor called, nor agreed (R-23)."""
        mine = actor.id in request.involved
        context = _context(
            now, actor.source, request.kind.value, request.wanted, factors=2, approvals=len(request.approvals),
            is_requester=mine, emergency=emergency is not None,
            is_caller=emergency is not None and emergency.is_caller(actor.id, actor.login, actor.name),
        )  # fmt: skip
        own = self._decide(Query(action, _principal(replace(actor, lent=())), None, _device(device), context), actor)
        if own.allowed:
            return own, None
        heard = request.askers.union(*(one.voices for one in request.approvals))
        for lent in actor.lent:
            called = emergency is not None and emergency.is_caller(lent.by_id, "", lent.by_name)
            if lent.by_id in heard or called:
                continue
            facts = _principal(replace(actor, lent=(lent,)))
            decision = self._decide(Query(action, facts, None, _device(device), context), actor)
            if decision.allowed:
                return decision, lent
        return own, None

    def require_approve(
        self, actor: Actor, request: AccessRequest, device: Device, now: datetime, emergency: Emergency | None = None
    ) -> Decision:
        if actor.id in request.involved:
            raise SelfApproval(f"{actor.id} on request {request.id}")
        decision = self.on_request(actor, request, device, now, emergency)
        called = emergency is not None and emergency.is_caller(actor.id, actor.login, actor.name)
        if not decision.allowed and (called or self._out_of_turn(actor, request, device, now, emergency)):
            raise PolicyRefused(why(decision, "en"), why=why(decision, actor.language))
        return self._require(decision, actor, Action.APPROVE)

    def must_disown(
        self, actor: Actor, request: AccessRequest, device: Device, now: datetime, emergency: Emergency | None
    ) -> bool:
        """Whether he must say that he did not make the call: his name is like the caller's, and the rules would not let
        the caller agree (R-27).
        """
        if emergency is None or not emergency.may_be_caller(actor.login, actor.name):
            return False
        caller = replace(emergency, caller_id=actor.id)
        return not self.on_request(actor, request, device, now, caller).allowed

    def _out_of_turn(
        self, actor: Actor, request: AccessRequest, device: Device, now: datetime, emergency: Emergency | None
    ) -> bool:
        """Whether he, whom the rules refuse now, may decide once others have agreed, or might have before they did."""
        heard = frozenset[str]().union(*(one.voices for one in request.approvals))
        who = replace(actor, lent=tuple(one for one in actor.lent if one.by_id not in heard))
        stages = (request.once_agreed(several) for several in range(request.quorum) if request.quorum > 1)
        return any(self.on_request(who, stage, device, now, emergency).allowed for stage in stages)

    def require_release(self, actor: Actor, request: AccessRequest, device: Device, now: datetime) -> Decision:
        """May this person decide on a file that came under `request`? Nobody does for what he asked for himself."""
        if actor.id in request.involved:
            raise SelfApproval(f"{actor.id} on a file of request {request.id}")
        agreed_apart = replace(request, approvals=())  # whoever agreed to the work may look at its files
        decision, _lent = self._for_whom(Action.RELEASE, actor, agreed_apart, device, now, None)
        return self._require(decision, actor, Action.RELEASE)

    def on_watch(self, actor: Actor, request: AccessRequest, device: Device, now: datetime) -> Decision:
        """May this person follow a session under `request`? Not whoever asked for the work (R-34)."""
        mine = actor.id in request.involved
        context = _context(now, actor.source, request.kind.value, request.wanted, factors=2, is_requester=mine)
        return self._decide(Query(Action.WATCH, _principal(actor), None, _device(device), context), actor)

    def require_about(
        self, action: Action, actor: Actor, device: Device | None, now: datetime, approvals: int = 0
    ) -> Decision:
        """Replay, watch, interrupt, lock: what staff do about sessions. `device` is `None` for everything at once.

        `approvals`: how many have agreed so far to the window that this person would agree to.
        """
        decision = self.about(action, actor, device, now, approvals)
        return self._require(decision, actor, action)

    def about(self, action: Action, actor: Actor, device: Device | None, now: datetime, approvals: int = 0) -> Decision:
        """What is lent serves to decide on requests and to follow what came of them; nothing else."""
        context = _context(now, actor.source, "", timedelta(), factors=2, approvals=approvals)
        facts = _device(device) if device else None
        who = actor if action in {Action.WATCH, Action.INTERRUPT} else replace(actor, lent=())
        return self._decide(Query(action, _principal(who), None, facts, context), who)

    def _decide(self, query: Query, actor: Actor) -> Decision:
        """What a token leaves out permits nothing and forbids all the same: no administrator agrees by one (R-23)."""
        decision = self._answer(query)
        if not decision.allowed or not actor.withheld:
            return decision
        person = _principal(replace(actor, assignments=(*actor.assignments, *actor.withheld)))
        whole = self._answer(replace(query, principal=person))
        return decision if whole.allowed else whole

    def _answer(self, query: Query) -> Decision:
        decision = self._engine.decide(query)
        for error in decision.errors:
            _LOG.error("policy could not decide on %s: %s", query.action, error)
        return decision

    @staticmethod
    def _require(decision: Decision, actor: Actor, action: Action) -> Decision:
        if not decision.allowed:
            raise Forbidden(f"{action} by {actor.login}: {why(decision, 'en')}")
        return decision


def judged_source(source: str, supplier_asks: bool, supplier: Supplier) -> str:
    """The address to judge before anybody connects.

    A technician who asked is judged by where he asked from. When staff asked on his behalf his address is not known
    yet, so the supplier's first declared network stands for it; the real one is judged when he connects (R-5).
    """
    if supplier_asks or not supplier.declared:
        return source
    return supplier.declared[0].split("/")[0]


def why(decision: Decision, language: str) -> str:
    """The deciding policies' sentences in one line."""
    return " ".join(reasons(decision, language))


def reasons(decision: Decision, language: str) -> tuple[str, ...]:
    return tuple(reason.sentence(language) for reason in decision.reasons)


def refusal(decision: Decision, language: str, of: str = "") -> PolicyRefused:
    """The policy's no; `of` says to which of several."""
    said = why(decision, language)
    return PolicyRefused(why(decision, "en"), rules=policy_ids(decision), why=f"{of}: {said}" if of else said)


def policy_ids(decision: Decision) -> tuple[str, ...]:
    return tuple(r.policy_id for r in decision.reasons)


def explained(decision: Decision) -> dict[str, str]:
    """What the trail keeps of a decision: the rules that decided, and what they said at that time."""
    return {"policy": " ".join(policy_ids(decision)), "because": why(decision, "en")}


def by_rule(problem: BastionError) -> dict[str, str]:
    """The same of a refusal, if rules refused."""
    if not isinstance(problem, PolicyRefused):
        return {}
    return {"policy": " ".join(problem.rules), "because": problem.detail}


def _context(
    now: datetime, source: str, kind: str, duration: timedelta, *, factors: int, approvals: int = 0,
    is_requester: bool = False, emergency: bool = False, is_caller: bool = False,
) -> ContextFacts:  # fmt: skip
    return ContextFacts(
        now=now, source_ip=source, kind=kind, duration=duration, factors=factors, approvals=approvals,
        emergency=emergency, is_requester=is_requester, is_caller=is_caller, review_overdue=False,
        report_overdue=False,
    )  # fmt: skip


def _principal(actor: Actor) -> PrincipalFacts:
    """The operator at the machine's own console acts with the roles he was given there."""
    kind: Literal["technician", "staff"] = "technician" if actor.kind is ActorKind.TECHNICIAN else "staff"
    duties = {
        (one.role.value, place_of(one.facility_id, ward_key(ward))) for one in actor.held for ward in one.wards or ("",)
    }
    return PrincipalFacts(kind, actor.id, supplier_id=actor.supplier_id, duties=frozenset(duties))


def _supplier(supplier: Supplier, now: datetime, lacks: Lacks) -> SupplierFacts:
    return SupplierFacts(
        supplier.id, supplier.code, supplier.declared, contract_active=supplier.under_contract(now),
        papers_in_order=not lacks.papers,
    )  # fmt: skip


def _device(device: Device) -> DeviceFacts:
    return DeviceFacts(
        device.id, device.code, device.facility_id, device.supplier_ids, device.criticality,
        ward_key(device.ward),
    )  # fmt: skip

"""One transaction, seen as repositories."""

from collections.abc import Callable
from typing import Generic, TypeVar

from bastion.store.access import Grants, Locks, Requests
from bastion.store.audit_log import AuditLog
from bastion.store.bus import Hint
from bastion.store.decision_links import DecisionLinks
from bastion.store.derogations import Derogations
from bastion.store.directory import (
    Accounts,
    Devices,
    Endpoints,
    Facilities,
    Keys,
    StaffMembers,
    Suppliers,
    Technicians,
)
from bastion.store.drafts import Drafts
from bastion.store.duty import Absences, Delegations, Shifts
from bastion.store.emergencies import Emergencies
from bastion.store.former_addresses import FormerAddresses
from bastion.store.handovers import Handovers
from bastion.store.held_files import HeldFiles
from bastion.store.house import Leases, Settings
from bastion.store.maintenance import MaintenanceWindows, WindowUses
from bastion.store.outbox import Deliveries, MailChoices, Outbox, Webhooks
from bastion.store.papers import PaperRules, Papers
from bastion.store.portal import Correspondents, PortalInvitations, PortalSessions
from bastion.store.professionals import Professionals
from bastion.store.proofs import (
    Credentials,
    Failures,
    Proofs,
    Secrets,
    Tokens,
    TotpUses,
    WebSessions,
)
from bastion.store.remarks import Remarks
from bastion.store.reports import ReportDues, Reports
from bastion.store.request_templates import RequestTemplates
from bastion.store.review_pages import ReviewPages
from bastion.store.reviews import Campaigns, ReviewLines, ReviewSignatures
from bastion.store.rosters import Confirmations, Rosters, Subcontractors
from bastion.store.sessions import Sessions
from bastion.store.supplier_tokens import SupplierTokens
from bastion.store.transaction import Transaction
from bastion.store.undertakings import Acceptances, Undertakings
from bastion.store.watches import Watches
from bastion.store.whole_grant import WholeGrants
from bastion.store.work_orders import Gmaos, OrderLooks

R = TypeVar("R")


class Noun(Generic[R]):
    """A repository that is made when it is first asked for: a use case needs five of them, not fifty."""

    def __init__(self, made_of: Callable[[Transaction], R]) -> None:
        self._made_of = made_of

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, uow: "UnitOfWork", _owner: type) -> R:
        made = self._made_of(uow.transaction)
        vars(uow)[self._name] = made  # found before this descriptor from now on
        return made


class UnitOfWork:
    facilities = Noun(Facilities)
    suppliers = Noun(Suppliers)
    technicians = Noun(Technicians)
    keys = Noun(Keys)
    staff = Noun(StaffMembers)
    shifts = Noun(Shifts)
    professionals = Noun(Professionals)
    absences = Noun(Absences)
    delegations = Noun(Delegations)
    devices = Noun(Devices)
    endpoints = Noun(Endpoints)
    accounts = Noun(Accounts)
    derogations = Noun(Derogations)
    papers = Noun(Papers)
    paper_rules = Noun(PaperRules)
    campaigns = Noun(Campaigns)
    review_lines = Noun(ReviewLines)
    review_pages = Noun(ReviewPages)
    review_signatures = Noun(ReviewSignatures)
    subcontractors = Noun(Subcontractors)
    rosters = Noun(Rosters)
    confirmations = Noun(Confirmations)
    remarks = Noun(Remarks)
    reports = Noun(Reports)
    report_dues = Noun(ReportDues)
    undertakings = Noun(Undertakings)
    acceptances = Noun(Acceptances)
    drafts = Noun(Drafts)
    request_templates = Noun(RequestTemplates)
    requests = Noun(Requests)
    grants = Noun(Grants)
    handovers = Noun(Handovers)
    windows = Noun(MaintenanceWindows)
    window_uses = Noun(WindowUses)
    emergencies = Noun(Emergencies)
    whole_grants = Noun(WholeGrants)
    sessions = Noun(Sessions)
    watches = Noun(Watches)
    gmaos = Noun(Gmaos)
    order_looks = Noun(OrderLooks)
    held_files = Noun(HeldFiles)
    locks = Noun(Locks)
    credentials = Noun(Credentials)
    totp_uses = Noun(TotpUses)
    failures = Noun(Failures)
    tokens = Noun(Tokens)
    web_sessions = Noun(WebSessions)
    proofs = Noun(Proofs)
    portal_sessions = Noun(PortalSessions)
    portal_invitations = Noun(PortalInvitations)
    supplier_tokens = Noun(SupplierTokens)
    correspondents = Noun(Correspondents)
    secrets = Noun(Secrets)
    outbox = Noun(Outbox)
    deliveries = Noun(Deliveries)
    decision_links = Noun(DecisionLinks)
    webhooks = Noun(Webhooks)
    mail_choices = Noun(MailChoices)
    former_addresses = Noun(FormerAddresses)
    settings = Noun(Settings)
    leases = Noun(Leases)

    def __init__(self, transaction: Transaction, *, reading: bool) -> None:
        self.transaction, self._reading = transaction, reading
        self.hints: list[Hint] = []
        self.audit = AuditLog(transaction, reading=reading)

    def hint(self, topic: str, key: str) -> None:
        """Tell whoever listens, once this is committed, that row `key` of `topic` changed."""
        if self._reading:
            raise RuntimeError("a reading transaction changes nothing")
        self.hints.append(Hint(topic, key))

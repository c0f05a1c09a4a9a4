"""All use cases in one hand: what a face (console, API, SSH, command line) is given."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

from bastion.domain.roster import Rhythm
from bastion.domain.working_days import WorkingDays
from bastion.networks import Networks
from bastion.services.access import Access
from bastion.services.approvals import Approvals
from bastion.services.asked import Asked
from bastion.services.audit import Audit
from bastion.services.authentication import Authentication
from bastion.services.batches import Batches
from bastion.services.calendar import Calendar
from bastion.services.company import Company
from bastion.services.comparisons import Comparisons
from bastion.services.contract_ends import ContractEnds
from bastion.services.couriers import Couriers
from bastion.services.decision_links import DecisionLinks
from bastion.services.decisions import Decisions
from bastion.services.derogations import Derogations
from bastion.services.device_rights import Rights
from bastion.services.directory import Directory
from bastion.services.doings import Doing
from bastion.services.emergencies import REVIEW_WITHIN, Emergencies
from bastion.services.enrolment import Enrolment
from bastion.services.escalation import Patience
from bastion.services.files import FileKeeping, Files
from bastion.services.forecasts import Forecasts
from bastion.services.gmao_wire import GmaoWire
from bastion.services.handovers import Handovers
from bastion.services.imports import Imports
from bastion.services.inventory import HostKeyScanner, Inventory
from bastion.services.invitations import Invitations
from bastion.services.lapses import Lapses
from bastion.services.locks import Locks
from bastion.services.maintenance import Maintenance
from bastion.services.mistaken import Mistaken
from bastion.services.notifications import Notifications
from bastion.services.opening import PROOF_LENGTH
from bastion.services.papers import WARN_BEFORE, Papers
from bastion.services.people import People
from bastion.services.portal import Portal
from bastion.services.professionals import Professionals
from bastion.services.releases import Releases
from bastion.services.replay import RecordingStore, Replay
from bastion.services.reports import REPORT_DAYS, Reports
from bastion.services.retention import Retention
from bastion.services.reviews import Reviews
from bastion.services.rosters import Rosters
from bastion.services.rota import Rota
from bastion.services.sessions import Sessions
from bastion.services.standins import StandIns
from bastion.services.subcontractors import Subcontractors
from bastion.services.supervision import Supervision
from bastion.services.supplier_files import SupplierFiles
from bastion.services.supplier_tokens import SupplierTokens
from bastion.services.taking_back import TakingBack
from bastion.services.templates import Templates
from bastion.services.threads import Threads
from bastion.services.tokens import Tokens
from bastion.services.undertakings import Undertakings
from bastion.services.upkeep import Upkeep
from bastion.services.watching import Watching
from bastion.services.webhooks import Webhooks
from bastion.services.work_orders import WorkOrders
from bastion.store.bus import Hint
from bastion.store.database import Database
from bastion.store.vault import Vault
from policies.engine import PolicyEngine
from recordings.retention import Retention as Keep


@dataclass(frozen=True, slots=True)
class Outward:
    """How people and programs outside are told, and how long a request may wait before more of them are."""

    couriers: Couriers = field(default_factory=Couriers)
    patience: Patience = field(default_factory=Patience)
    digest_hour: int = 6
    link_length: timedelta = timedelta()
    """How long the link of a mail opens its request; zero: mails lead to signing in."""


@dataclass(frozen=True, slots=True)
class Services:
    authentication: Authentication
    enrolment: Enrolment
    tokens: Tokens
    portal: Portal
    supplier_tokens: SupplierTokens
    invitations: Invitations
    company: Company
    access: Access
    asked: Asked
    taking_back: TakingBack
    forecasts: Forecasts
    templates: Templates
    threads: Threads
    reports: Reports
    approvals: Approvals
    decision_links: DecisionLinks
    batches: Batches
    emergencies: Emergencies
    calendar: Calendar
    maintenance: Maintenance
    handovers: Handovers
    sessions: Sessions
    supervision: Supervision
    watching: Watching
    doing: Doing
    comparisons: Comparisons
    contract_ends: ContractEnds
    mistaken: Mistaken
    lapses: Lapses
    locks: Locks
    replay: Replay
    directory: Directory
    people: People
    inventory: Inventory
    derogations: Derogations
    rights: Rights
    imports: Imports
    papers: Papers
    professionals: Professionals
    undertakings: Undertakings
    subcontractors: Subcontractors
    rosters: Rosters
    reviews: Reviews
    supplier_files: SupplierFiles
    rota: Rota
    standins: StandIns
    audit: Audit
    decisions: Decisions
    upkeep: Upkeep
    retention: Retention
    files: Files
    releases: Releases
    notifications: Notifications
    webhooks: Webhooks
    work_orders: WorkOrders
    database: Database

    def hints(self, *topics: str) -> AsyncIterator[Hint]:
        """Keys of rows that changed, of these topics or of all; the first item, and each after a gap, says: read
        everything again.
        """
        return self.database.bus.listen(frozenset(topics) if topics else None)


def build(
    database: Database, vault: Vault, engine: PolicyEngine, recordings: RecordingStore, scan: HostKeyScanner,
    keeping: FileKeeping, *, proof_length: timedelta = PROOF_LENGTH, keep: Keep | None = None,
    warn_papers: timedelta = WARN_BEFORE, review_within: WorkingDays = REVIEW_WITHIN,
    report_days: int = REPORT_DAYS, rhythm: Rhythm | None = None,
    outward: Outward | None = None, networks: Networks | None = None,
) -> Services:  # fmt: skip
    """Join the use cases to the store; `app.py` calls this once. `networks` judges addresses of devices as they are
    entered, where it is known; whoever dials one judges it in any case.
    """
    decisions, out = Decisions(engine), outward or Outward()
    authentication = Authentication(database, vault)
    orders = WorkOrders(database, vault, authentication, GmaoWire(out.couriers))
    approvals = Approvals(database, decisions, authentication, orders, review_within)
    maintenance = Maintenance(database, decisions, authentication, approvals)
    portal = Portal(database, decisions, authentication)
    threads = Threads(database, decisions)
    rosters = Rosters(database, authentication, rhythm)
    return Services(
        authentication=authentication,
        enrolment=Enrolment(database, vault, authentication),
        tokens=Tokens(database, authentication),
        portal=portal,
        supplier_tokens=SupplierTokens(database, authentication, portal),
        invitations=Invitations(database, vault, authentication),
        company=Company(database, authentication, rosters),
        access=Access(database, decisions, maintenance, orders),
        asked=Asked(database, decisions),
        taking_back=TakingBack(database, decisions),
        forecasts=Forecasts(database, decisions),
        templates=Templates(database, authentication),
        threads=threads,
        reports=Reports(database),
        approvals=approvals,
        decision_links=DecisionLinks(database, authentication, decisions, approvals, threads, out.link_length),
        batches=Batches(database, approvals, authentication),
        maintenance=maintenance,
        handovers=Handovers(database, decisions, maintenance),
        calendar=Calendar(database),
        emergencies=Emergencies(database, decisions, authentication),
        sessions=Sessions(database, decisions, vault, proof_length, report_days),
        supervision=Supervision(database, decisions, authentication),
        doing=Doing(database, decisions),
        comparisons=Comparisons(database),
        contract_ends=ContractEnds(database),
        mistaken=Mistaken(database),
        lapses=Lapses(database),
        watching=Watching(database, decisions, authentication),
        locks=Locks(database, decisions, authentication),
        replay=Replay(database, decisions, authentication, recordings),
        directory=Directory(database),
        people=People(database),
        inventory=Inventory(database, vault, scan, networks),
        derogations=Derogations(database, authentication),
        rights=Rights(database),
        imports=Imports(database, authentication),
        papers=Papers(database, authentication, warn_papers),
        professionals=Professionals(database),
        subcontractors=Subcontractors(database, authentication),
        reviews=Reviews(database, authentication),
        rosters=rosters,
        supplier_files=SupplierFiles(database, warn_papers),
        undertakings=Undertakings(database, authentication),
        rota=Rota(database),
        standins=StandIns(database, authentication),
        audit=Audit(database, authentication),
        decisions=decisions,
        upkeep=Upkeep(database, vault),
        retention=Retention(database, keep or Keep()),
        files=Files(database, keeping),
        releases=Releases(database, decisions, authentication),
        notifications=Notifications(
            database, vault, decisions, out.couriers, out.patience, out.digest_hour, out.link_length
        ),
        webhooks=Webhooks(database, vault, authentication, out.couriers.networks),
        work_orders=orders,
        database=database,
    )

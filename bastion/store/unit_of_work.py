"""One transaction, seen as repositories."""

from bastion.store.access import Grants, Locks, Requests
from bastion.store.audit_log import AuditLog
from bastion.store.bus import Hint
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
from bastion.store.emergencies import Emergencies
from bastion.store.handovers import Handovers
from bastion.store.held_files import HeldFiles
from bastion.store.house import Leases, Settings
from bastion.store.maintenance import MaintenanceWindows, WindowUses
from bastion.store.outbox import Deliveries, MailChoices, Outbox, Webhooks
from bastion.store.papers import PaperRules, Papers
from bastion.store.portal import Correspondents, PortalInvitations, PortalSessions
from bastion.store.proofs import (
    Credentials,
    Failures,
    Proofs,
    Secrets,
    Tokens,
    TotpUses,
    WebSessions,
)
from bastion.store.reviews import Campaigns, ReviewLines
from bastion.store.rosters import Confirmations, Rosters, Subcontractors
from bastion.store.sessions import Sessions
from bastion.store.transaction import Transaction
from bastion.store.undertakings import Acceptances, Undertakings
from bastion.store.watches import Watches
from bastion.store.whole_grant import WholeGrants
from bastion.store.work_orders import Gmaos, OrderChecks


class UnitOfWork:
    def __init__(self, transaction: Transaction, *, reading: bool) -> None:  # noqa: PLR0915 - a line a table
        self._reading = reading
        self.hints: list[Hint] = []
        self.facilities = Facilities(transaction)
        self.suppliers = Suppliers(transaction)
        self.technicians = Technicians(transaction)
        self.keys = Keys(transaction)
        self.staff = StaffMembers(transaction)
        self.devices = Devices(transaction)
        self.endpoints = Endpoints(transaction)
        self.accounts = Accounts(transaction)
        self.derogations = Derogations(transaction)
        self.papers = Papers(transaction)
        self.paper_rules = PaperRules(transaction)
        self.campaigns = Campaigns(transaction)
        self.review_lines = ReviewLines(transaction)
        self.subcontractors = Subcontractors(transaction)
        self.rosters = Rosters(transaction)
        self.confirmations = Confirmations(transaction)
        self.undertakings = Undertakings(transaction)
        self.acceptances = Acceptances(transaction)
        self.drafts = Drafts(transaction)
        self.requests = Requests(transaction)
        self.grants = Grants(transaction)
        self.handovers = Handovers(transaction)
        self.windows = MaintenanceWindows(transaction)
        self.window_uses = WindowUses(transaction)
        self.emergencies = Emergencies(transaction)
        self.whole_grants = WholeGrants(transaction)
        self.sessions = Sessions(transaction)
        self.watches = Watches(transaction)
        self.gmaos = Gmaos(transaction)
        self.order_checks = OrderChecks(transaction)
        self.held_files = HeldFiles(transaction)
        self.locks = Locks(transaction)
        self.credentials = Credentials(transaction)
        self.totp_uses = TotpUses(transaction)
        self.failures = Failures(transaction)
        self.tokens = Tokens(transaction)
        self.web_sessions = WebSessions(transaction)
        self.proofs = Proofs(transaction)
        self.portal_sessions = PortalSessions(transaction)
        self.portal_invitations = PortalInvitations(transaction)
        self.correspondents = Correspondents(transaction)
        self.secrets = Secrets(transaction)
        self.outbox = Outbox(transaction)
        self.deliveries = Deliveries(transaction)
        self.webhooks = Webhooks(transaction)
        self.mail_choices = MailChoices(transaction)
        self.settings = Settings(transaction)
        self.leases = Leases(transaction)
        self.audit = AuditLog(transaction, reading=reading)

    def hint(self, topic: str, key: str) -> None:
        """Tell whoever listens, once this is committed, that row `key` of `topic` changed."""
        if self._reading:
            raise RuntimeError("a reading transaction changes nothing")
        self.hints.append(Hint(topic, key))

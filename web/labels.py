"""The word for each member of each closed set, as English msgids. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType

from bastion.domain.access_request import InterventionKind, RequestState
from bastion.domain.device import ChannelKind, SecretKind
from bastion.domain.events import Severity
from bastion.domain.grant import GrantStatus
from bastion.domain.lock import LockScope
from bastion.domain.parties import ActorKind, Role
from bastion.domain.session import EndReason
from recordings.model import TrackKind


def N_(msgid: str) -> str:  # noqa: N802 - the customary mark for a text translated later
    return msgid


KINDS: Mapping[str, str] = MappingProxyType(
    {
        InterventionKind.TELEDIAGNOSTIC: N_("Remote diagnosis: read only"),
        InterventionKind.TELEMAINTENANCE: N_("Remote maintenance: may change settings"),
        InterventionKind.TELEASSISTANCE: N_("Remote assistance: helps somebody at the device"),
    }
)
KINDS_SHORT: Mapping[str, str] = MappingProxyType(
    {
        InterventionKind.TELEDIAGNOSTIC: N_("Remote diagnosis"),
        InterventionKind.TELEMAINTENANCE: N_("Remote maintenance"),
        InterventionKind.TELEASSISTANCE: N_("Remote assistance"),
    }
)
REQUEST_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        RequestState.PENDING: ("wait", N_("Waiting")),
        RequestState.APPROVED: ("ok", N_("Agreed")),
        RequestState.DENIED: ("stop", N_("Refused")),
        RequestState.WITHDRAWN: ("off", N_("Taken back")),
        RequestState.EXPIRED: ("off", N_("Expired unanswered")),
    }
)
GRANT_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        GrantStatus.SCHEDULED: ("hold", N_("Scheduled")),
        GrantStatus.OPEN: ("ok", N_("Open")),
        GrantStatus.OVER: ("off", N_("Over")),
        GrantStatus.REVOKED: ("stop", N_("Withdrawn")),
    }
)
SESSION_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "active": ("live", N_("At work")),
        "frozen": ("hold", N_("Frozen")),
        "closed": ("off", N_("Ended")),
    }
)
END_REASONS: Mapping[str, str] = MappingProxyType(
    {
        EndReason.TECHNICIAN_LEFT: N_("The technician left"),
        EndReason.TIME_OVER: N_("The agreed time was over"),
        EndReason.IDLE: N_("Nothing happened for too long"),
        EndReason.CUT: N_("Cut by a person"),
        EndReason.LOCKED: N_("Remote access was cut"),
        EndReason.REVOKED: N_("The authorisation was withdrawn"),
        EndReason.DEVICE_LOST: N_("The device went away"),
        EndReason.RECORDING_FAILED: N_("The recording failed"),
        EndReason.RECORDS_LOST: N_("The bastion lost its records"),
        EndReason.SHUTDOWN: N_("The bastion was stopped"),
        EndReason.CRASHED: N_("The bastion stopped unexpectedly"),
    }
)
ROLES: Mapping[str, str] = MappingProxyType(
    {
        Role.APPROVER: N_("Approver"),
        Role.SECURITY: N_("Security"),
        Role.AUDITOR: N_("Auditor"),
        Role.ADMIN: N_("Administrator"),
    }
)
ROLE_DUTIES: Mapping[str, str] = MappingProxyType(
    {
        Role.APPROVER: N_("Decides on requests for devices, watches and stops sessions"),
        Role.SECURITY: N_("Watches recordings, cuts access, reads the audit trail"),
        Role.AUDITOR: N_("Reads everything, changes nothing"),
        Role.ADMIN: N_("Keeps suppliers, people and devices; cannot approve"),
    }
)
CHANNELS: Mapping[str, str] = MappingProxyType(
    {
        ChannelKind.SHELL: N_("Terminal"),
        ChannelKind.EXEC: N_("Single command"),
        ChannelKind.SFTP: N_("File transfer"),
        ChannelKind.FORWARD: N_("Forwarded port"),
    }
)
TRACKS: Mapping[str, str] = MappingProxyType(
    {
        TrackKind.SHELL: N_("Terminal"),
        TrackKind.EXEC: N_("Single command"),
        TrackKind.FILES: N_("File transfer"),
        TrackKind.TUNNEL: N_("Forwarded port"),
    }
)
FILE_OPERATIONS: Mapping[str, str] = MappingProxyType(
    {
        "put": N_("Upload to the device"),
        "get": N_("Download from the device"),
        "remove": N_("Delete"),
        "rename": N_("Rename"),
        "mkdir": N_("Make a folder"),
        "rmdir": N_("Delete a folder"),
        "link": N_("Make a link"),
        "setstat": N_("Change attributes"),
        "list": N_("List a folder"),
    }
)
"""What was asked to be done to a file, by the word the recording keeps."""
FILE_OUTCOMES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "done": ("ok", N_("Done")),
        "held": ("hold", N_("Held back")),
        "refused": ("stop", N_("Not allowed")),
        "failed": ("stop", N_("Failed")),
        "broken off": ("stop", N_("Broken off")),
        "begun": ("wait", N_("No end recorded")),
    }
)
"""How it went, by what stands before the colon."""
SECRET_KINDS: Mapping[str, str] = MappingProxyType(
    {
        SecretKind.PASSWORD: N_("Password"),
        SecretKind.PRIVATE_KEY: N_("Private key"),
    }
)
LOCK_SCOPES: Mapping[str, str] = MappingProxyType(
    {
        LockScope.ALL: N_("Everything"),
        LockScope.SUPPLIER: N_("A supplier"),
        LockScope.TECHNICIAN: N_("A technician"),
        LockScope.DEVICE: N_("A device"),
    }
)
SEVERITIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        Severity.INFO: ("off", N_("Information")),
        Severity.NOTICE: ("hold", N_("Notice")),
        Severity.WARNING: ("wait", N_("Warning")),
        Severity.ALARM: ("stop", N_("Alarm")),
    }
)
ACTOR_KINDS: Mapping[str, str] = MappingProxyType(
    {
        ActorKind.STAFF: N_("Hospital"),
        ActorKind.TECHNICIAN: N_("Technician"),
        ActorKind.OPERATOR: N_("Operator at the machine"),
        ActorKind.SYSTEM: N_("Bastion"),
    }
)
CRITICALITIES: Mapping[int, str] = MappingProxyType(
    {
        1: N_("Low"),
        2: N_("Moderate"),
        3: N_("High"),
        4: N_("Vital"),
    }
)
EVENTS: Mapping[str, str] = MappingProxyType(
    {
        "bastion:initialised": N_("Bastion set up"),
        "bastion:started": N_("Bastion started"),
        "bastion:stopped": N_("Bastion stopped"),
        "enrolment:invited": N_("One-time secret made"),
        "enrolment:completed": N_("Password and authenticator set"),
        "auth:succeeded": N_("Signed in"),
        "auth:failed": N_("Sign-in refused"),
        "auth:locked_out": N_("Too many failed sign-ins"),
        "auth:signed_out": N_("Signed out"),
        "auth:factor_refreshed": N_("Fresh code given"),
        "auth:password_changed": N_("Password changed"),
        "auth:totp_enrolled": N_("Authenticator enrolled"),
        "token:created": N_("API token created"),
        "token:revoked": N_("API token revoked"),
        "request:created": N_("Access requested"),
        "request:refused": N_("Request refused by the rules"),
        "request:approved": N_("Request agreed to"),
        "request:denied": N_("Request refused"),
        "request:withdrawn": N_("Request taken back"),
        "notice:acknowledged": N_("Recording notice accepted"),
        "grant:created": N_("Authorisation created"),
        "grant:extended": N_("Authorisation extended"),
        "grant:revoked": N_("Authorisation withdrawn"),
        "session:opened": N_("Session opened"),
        "session:refused": N_("Session refused"),
        "session:second_source": N_("Same person from a second address"),
        "session:frozen": N_("Session frozen"),
        "session:thawed": N_("Session thawed"),
        "session:freeze_asked": N_("Freezing asked for"),
        "session:thaw_asked": N_("Thawing asked for"),
        "session:cut_asked": N_("Cutting asked for"),
        "session:ending": N_("Session ending"),
        "session:closed": N_("Session closed"),
        "channel:opened": N_("Channel opened"),
        "channel:refused": N_("Channel refused"),
        "channel:closed": N_("Channel closed"),
        "file:passed": N_("File handled"),
        "file:refused": N_("File operation refused"),
        "file:held": N_("File held at the release desk"),
        "file:released": N_("File released"),
        "file:rejected": N_("Held file refused"),
        "file:delivered": N_("Released file delivered"),
        "file:broken": N_("File broken off"),
        "file:purged": N_("Held file removed: its time was over"),
        "device:unreachable": N_("Device unreachable"),
        "device:host_key_changed": N_("Device identity changed"),
        "device:login_failed": N_("Device refused its account"),
        "recording:failed": N_("Recording failed"),
        "recording:sealed": N_("Recording sealed"),
        "recording:viewed": N_("Recording watched"),
        "recording:verified": N_("Recording verified"),
        "recording:damaged": N_("Recording damaged"),
        "recording:held": N_("Recording kept beyond its term"),
        "recording:released": N_("Recording no longer kept beyond its term"),
        "recording:erased": N_("Recording erased at its term"),
        "lock:imposed": N_("Access cut"),
        "lock:lifted": N_("Access restored"),
        "directory:facility_saved": N_("Facility saved"),
        "directory:supplier_saved": N_("Supplier saved"),
        "directory:technician_saved": N_("Technician saved"),
        "directory:key_added": N_("SSH key added"),
        "directory:key_removed": N_("SSH key removed"),
        "directory:staff_saved": N_("Staff saved"),
        "directory:device_saved": N_("Device saved"),
        "directory:endpoint_saved": N_("Connection saved"),
        "directory:host_key_pinned": N_("Device identity confirmed"),
        "directory:account_saved": N_("Device account saved"),
        "paper:added": N_("Paper registered"),
        "paper:withdrawn": N_("Paper withdrawn"),
        "paper:ending": N_("A paper ends soon"),
        "paper:required": N_("Paper required or released"),
        "directory:imported": N_("Register filled from a file"),
        "derogation:made": N_("Derogation made"),
        "derogation:withdrawn": N_("Derogation withdrawn"),
        "derogation:ending": N_("Derogation ends soon"),
        "vault:released": N_("Device secret used"),
        "vault:rotated": N_("Vault key rotated"),
        "policy:loaded": N_("Rules loaded"),
        "delivery:failed": N_("Message not delivered"),
        "delivery:retried": N_("Message tried again"),
        "delivery:chosen": N_("Mail declined or wanted"),
        "webhook:registered": N_("Program registered that is told"),
        "webhook:removed": N_("Program removed that was told"),
        "audit:exported": N_("Audit trail exported"),
        "audit:verified": N_("Audit trail verified"),
    }
)
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "file": N_("file"),
        "paper": N_("paper"),
        "reference": N_("reference"),
        "bad": N_("bad lines"),
        "unchanged": N_("unchanged"),
        "created": N_("new entries"),
        "register": N_("register"),
        "account": N_("account"),
        "agreed": N_("time agreed"),
        "algorithms": N_("algorithms"),
        "announced": N_("announced hash"),
        "attempts": N_("attempts"),
        "muted": N_("declined"),
        "name": N_("name"),
        "topic": N_("told"),
        "topics": N_("hears of"),
        "by": N_("by"),
        "bytes": N_("size"),
        "changed": N_("changed"),
        "channel": N_("channel"),
        "channels": N_("channels"),
        "client": N_("client"),
        "count": N_("count"),
        "derogation": N_("derogation"),
        "derogations": N_("derogations"),
        "detail": N_("detail"),
        "device": N_("device"),
        "digest": N_("digest"),
        "direction": N_("direction"),
        "door": N_("door"),
        "due": N_("due"),
        "end": N_("end"),
        "entry": N_("entry"),
        "expected": N_("expected"),
        "expires": N_("expires"),
        "factors": N_("factors"),
        "files": N_("rights on files"),
        "findings": N_("found"),
        "fingerprint": N_("fingerprint"),
        "fingerprints": N_("fingerprints"),
        "first": N_("first"),
        "grant": N_("authorisation"),
        "hash": N_("hash"),
        "host": N_("host"),
        "how": N_("how"),
        "kind": N_("kind"),
        "label": N_("label"),
        "last": N_("last"),
        "login": N_("login"),
        "minutes": N_("duration"),
        "missing": N_("still missing"),
        "node": N_("node"),
        "note": N_("note"),
        "op": N_("operation"),
        "options": N_("options"),
        "other": N_("other"),
        "outcome": N_("outcome"),
        "owner": N_("answers for it"),
        "path": N_("path"),
        "pieces": N_("pieces"),
        "policy": N_("rules"),
        "port": N_("port"),
        "protocol": N_("protocol"),
        "quorum": N_("agreements needed"),
        "reason": N_("reason"),
        "request": N_("request"),
        "roles": N_("roles"),
        "scan": N_("virus scan"),
        "scope": N_("scope"),
        "seconds": N_("duration"),
        "secrets": N_("secrets"),
        "seen": N_("seen"),
        "session": N_("session"),
        "sha256": N_("SHA-256"),
        "signature": N_("signature"),
        "size": N_("size"),
        "stage": N_("stage"),
        "start": N_("start"),
        "subject_code": N_("subject"),
        "supplier": N_("supplier"),
        "target": N_("target"),
        "technician": N_("technician"),
        "token": N_("token"),
        "until": N_("lasts until"),
        "version": N_("version"),
        "where": N_("where"),
        "who": N_("who"),
        "why": N_("why"),
        "work_order": N_("work order"),
    }
)
"""What the facts of an audit event are called."""
SUBJECTS: Mapping[str, str] = MappingProxyType(
    {
        "bastion": N_("bastion"),
        "staff": N_("staff"),
        "login": N_("login"),
        "technician": N_("technician"),
        "request": N_("request"),
        "grant": N_("authorisation"),
        "session": N_("session"),
        "lock": N_("cut"),
        "device": N_("device"),
        "account": N_("account"),
        "audit": N_("audit trail"),
        "vault": N_("vault"),
        "facility": N_("facility"),
        "supplier": N_("supplier"),
        "delivery": N_("message"),
        "webhook": N_("program that listens"),
    }
)
"""What an audit event can be about."""
STATES: Mapping[str, str] = MappingProxyType(
    {
        "pending": N_("waiting"),
        "approved": N_("agreed to"),
        "denied": N_("refused"),
        "withdrawn": N_("taken back"),
        "expired": N_("expired"),
        "scheduled": N_("scheduled"),
        "open": N_("open"),
        "over": N_("over"),
        "revoked": N_("withdrawn"),
        "active": N_("at work"),
        "frozen": N_("frozen"),
        "closing": N_("ending"),
        "closed": N_("ended"),
        "lifted": N_("lifted"),
        "arriving": N_("still arriving"),
        "held": N_("held back"),
        "released": N_("released"),
        "delivered": N_("delivered"),
        "refused": N_("refused"),
        "broken": N_("broken off"),
        "purged": N_("removed"),
    }
)
"""The same states within a sentence: “it is already …”."""
FLASHES: Mapping[str, str] = MappingProxyType(
    {
        "approved": N_("Agreed. The technician may connect."),
        "one_more": N_("Your agreement is noted. Another person must agree too."),
        "denied": N_("Refused. The technician reads your reason."),
        "withdrawn": N_("The request is taken back."),
        "revoked": N_("The authorisation is withdrawn; its sessions end."),
        "asked": N_("The request is made; the approvers see it now."),
        "frozen": N_("Freezing: the technician's typing no longer reaches the device."),
        "thawed": N_("Thawed: the technician can work again."),
        "cut": N_("The session is being cut."),
        "released": N_("Released. It goes on its way by itself."),
        "turned_away": N_("Refused. It goes nowhere; the technician reads your reason."),
        "cut_for_good": N_("The session is being cut; its authorisation is withdrawn."),
        "locked": N_("Access is cut. Every session it names ends now."),
        "lifted": N_("Access is restored. New sessions can open again."),
        "lifted_some_stand": N_("This cut is lifted. The cuts below still stand; nobody they name can connect."),
        "lifted_all_stands": N_("This cut is lifted, but another one still stands that cuts everything."),
        "saved": N_("Saved."),
        "tried_again": N_("It is tried again now."),
        "derogated": N_("Allowed, until that day. It is in the trail, and approvers see it."),
        "no_longer_derogated": N_("Withdrawn. Sessions that stood on it end now."),
        "removed": N_("Removed."),
        "paper_added": N_("Registered. What it opens is open now."),
        "paper_withdrawn": N_("Withdrawn. Nothing new begins that needed it."),
        "paper_required": N_("Set. It holds from that day."),
        "imported": N_("Applied. Each change is in the audit trail."),
        "pinned": N_("The identity of the device is confirmed and pinned."),
        "sealed": N_("The secret is sealed in the vault. Nobody can read it back."),
        "password": N_("Your password is changed. Please sign in again."),
        "revoked_token": N_("The token is revoked; it stops working at once."),
        "welcome": N_("Your account is ready. Sign in with it."),
        "signed_out": N_("You are signed out."),
    }
)
"""What a page says after a redirect; the cookie that carries it holds the key only."""

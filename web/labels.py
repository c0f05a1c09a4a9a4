"""The word for each member of each closed set, as English msgids. Tested complete."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from bastion.domain.access_request import AccessRequest, InterventionKind, RequestState
from bastion.domain.device import ChannelKind, SecretKind
from bastion.domain.events import Severity
from bastion.domain.grant import Grant, GrantStatus
from bastion.domain.lock import LockScope
from bastion.domain.parties import ActorKind, Role
from bastion.domain.readiness import Readiness
from bastion.domain.review import CampaignState, LineState, RightKind
from bastion.domain.session_events import EndReason
from bastion.domain.session_record import ACCOUNT_REFUSED, SessionRecord
from bastion.domain.subcontractor import SubcontractorState
from bastion.i18n import N_
from recordings.model import TrackKind

KINDS: Mapping[str, str] = MappingProxyType(
    {
        InterventionKind.TELEDIAGNOSTIC: N_("Remote diagnosis: undertakes to change nothing"),
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
        GrantStatus.GIVEN_BACK: ("off", N_("Given back")),
    }
)
AGREED_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        GrantStatus.SCHEDULED: ("hold", N_("Agreed, scheduled")),
        GrantStatus.OPEN: ("ok", N_("Agreed, open now")),
        GrantStatus.OVER: ("off", N_("Agreed, over")),
        GrantStatus.REVOKED: ("stop", N_("Agreed, then withdrawn")),
        GrantStatus.GIVEN_BACK: ("off", N_("Agreed, then given back")),
    }
)
"""What became of a request that was agreed to: of its authorisation."""


def standing(request: AccessRequest, grant: Grant | None, now: datetime) -> tuple[str, str]:
    """Return how a request stands, with what came of it: the one wording of every list and page."""
    return AGREED_STATES[grant.status(now)] if grant and request.grant_id else REQUEST_STATES[request.state(now)]


SESSION_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "active": ("live", N_("At work")),
        "frozen": ("hold", N_("Frozen")),
        "unwatched": ("wait", N_("Waits for somebody to follow")),
        "closed": ("off", N_("Ended")),
    }
)
READINESS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        Readiness.OUT_OF_USE: ("off", N_("Out of use")),
        Readiness.OVER: ("stop", N_("No longer valid")),
        Readiness.BARRED: ("stop", N_("May not work at the moment")),
        Readiness.NOTHING_SET_UP: ("wait", N_("Cannot connect: no key, no authenticator")),
        Readiness.NO_KEY: ("wait", N_("Cannot connect: no key")),
        Readiness.NO_AUTHENTICATOR: ("wait", N_("Cannot connect: no authenticator")),
        Readiness.UNTRIED: ("hold", N_("Can connect; no code was checked yet")),
        Readiness.READY: ("ok", N_("Can connect")),
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
OUTCOMES: Mapping[str, str] = MappingProxyType({**END_REASONS, ACCOUNT_REFUSED: N_("The device refused the account")})
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
OWN_CHANNELS: Mapping[str, str] = MappingProxyType({"release desk": N_("release desk")})
"""What a recording calls channels that the bastion itself opens; all other names are what a technician typed."""
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
_TOLD: Final = "Your authorisation does not cover {} this device. Ask for it in a new request."
FILE_REFUSALS: Mapping[str, str] = MappingProxyType(
    {
        _TOLD.format("sending or changing files on"): N_("The authorisation did not cover sending or changing files."),
        _TOLD.format("fetching files from"): N_("The authorisation did not cover fetching files."),
        _TOLD.format("deleting files on"): N_("The authorisation did not cover deleting files."),
        _TOLD.format("renaming or linking files on"): N_("The authorisation did not cover renaming or linking files."),
    }
)
"""What the technician was told, in words for whoever replays it: the recording keeps the sentence he read."""
SECRET_KINDS: Mapping[str, str] = MappingProxyType(
    {
        SecretKind.PASSWORD: N_("Password"),
        SecretKind.PRIVATE_KEY: N_("Private key"),
    }
)
SUBCONTRACTOR_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        SubcontractorState.WAITING: ("hold", N_("Objection still possible")),
        SubcontractorState.ALLOWED: ("ok", N_("Allowed")),
        SubcontractorState.OBJECTED: ("stop", N_("Objected to")),
        SubcontractorState.ENDED: ("off", N_("No longer employed")),
    }
)
REVIEW_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        LineState.OPEN: ("wait", N_("To be reviewed")),
        LineState.CONFIRMED: ("ok", N_("Right confirmed")),
        LineState.WITHDRAWN: ("stop", N_("Right withdrawn")),
        LineState.GONE: ("off", N_("No longer there: nothing to decide")),
        LineState.SUSPENDED: ("stop", N_("Suspended: not confirmed")),
    }
)
REVIEW_KINDS: Mapping[str, str] = MappingProxyType(
    {
        RightKind.STAFF: N_("Roles of hospital staff"),
        RightKind.TECHNICIAN: N_("People of suppliers"),
        RightKind.WINDOW: N_("Standing windows"),
    }
)
CAMPAIGN_STATES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        CampaignState.OPEN: ("wait", N_("under way")),
        CampaignState.TO_SIGN: ("wait", N_("to be signed")),
        CampaignState.SIGNED: ("ok", N_("signed")),
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
FLASHES: Mapping[str, str] = MappingProxyType(
    {
        "approved": N_("Agreed. The technician may connect."),
        "approved_followed": N_(
            "Agreed. The technician may connect, and somebody of the hospital must then follow the session: "
            "under “Live sessions”, as soon as it begins."
        ),
        "extended": N_("Extended until {until}."),
        "one_more": N_("Your agreement is noted. Another person must agree too."),
        "denied": N_("Refused. The technician reads your reason."),
        "asked_by_link": N_("Your question is with whoever asked. The answer comes by mail."),
        "withdrawn": N_("The request is taken back."),
        "revoked": N_("The authorisation is withdrawn; its sessions end."),
        "given_back": N_("The authorisation is given back; its sessions end."),
        "asked_several": N_("The requests are made, one for each device; the approvers see them now."),
        "withdrawn_all": N_("The requests are taken back."),
        "approved_all": N_("Agreed, for each of the devices."),
        "denied_all": N_("Refused, for each of the devices. The technician reads your reason."),
        "asked": N_("The request is made; the approvers see it now."),
        "reported": N_("Thank you. The hospital has your report."),
        "answered": N_("Your answer is with the hospital."),
        "handed_over": N_("Asked. Once agreed to, the colleague takes over and the first session ends."),
        "window_proposed": N_("Proposed. Others must agree before it stands."),
        "window_agreed": N_("Agreed. The window stands from now on."),
        "window_ended": N_("Ended. What it opened is closed."),
        "reviewed": N_("Reviewed. It stands in the trail, with what you found."),
        "frozen": N_("Freezing: the technician's typing no longer reaches the device."),
        "watching": N_("You have begun to follow this session."),
        "watch_left": N_("You no longer follow this session."),
        "thawed": N_("Thawed: the technician can work again."),
        "cut": N_("The session is being cut."),
        "released": N_("Released. It goes on its way by itself."),
        "released_out": N_("Released. The technician can fetch it, once."),
        "turned_away": N_("Refused. It goes nowhere; a technician who is still connected reads your reason."),
        "cut_for_good": N_("The session is being cut; its authorisation is withdrawn."),
        "locked": N_("Access is cut. Every session it names ends now."),
        "lifted": N_("Access is restored. New sessions can open again."),
        "lifted_some_stand": N_("This cut is lifted. The cuts below still stand; nobody they name can connect."),
        "lifted_all_stands": N_("This cut is lifted, but another one still stands that cuts everything."),
        "saved": N_("Saved."),
        "saved_for_the_group": N_(
            "Saved. This person decides for every hospital of the group: "
            "where each decides for itself, tick only his own."
        ),
        "tried_again": N_("It is tried again now."),
        "professional_added": N_("Entered. Requests can name this person now."),
        "professional_retired": N_(
            "Retired. No new request can name this person. Was it a mistake? Under “Also those of before” you enter "
            "him again."
        ),
        "on_call_added": N_("Entered. Whoever is on call is told first."),
        "on_call_withdrawn": N_("The entry is withdrawn."),
        "delegated": N_("Lent, for that time. It is in the trail, and the approval will say so."),
        "delegation_revoked": N_("The delegation has ended."),
        "away": N_("Noted. Nobody is told anything while away."),
        "back": N_("The absence has ended."),
        "derogated": N_("Allowed, until that day. It is in the trail, and approvers see it."),
        "no_longer_derogated": N_("Withdrawn. Sessions that stood on it end now."),
        "removed": N_("Removed."),
        "paper_added": N_("Registered. What it opens is open now."),
        "paper_withdrawn": N_("Withdrawn. Nothing new begins that needed it."),
        "template_added": N_("Kept. It is offered from now on."),
        "template_corrected": N_("Corrected. The new edition is offered from now on."),
        "template_retired": N_("It is no longer offered."),
        "subcontractor_declared": N_("Registered. The hospital has 21 days to object."),
        "subcontractor_objected": N_("Objected. Nobody employed there works any longer."),
        "roster_confirmed": N_("Recorded. Whoever is named may go on working."),
        "left": N_("Off-boarded. Nothing of this person opens anything any more."),
        "review_started": N_("Begun. Each line waits for somebody who answers for it."),
        "review_confirmed": N_("Confirmed, in your name."),
        "review_withdrawn": N_("Withdrawn. It opens nothing from now on."),
        "review_signed": N_("Signed, in your name."),
        "undertaking_published": N_("Published. Everybody accepts it before his next session."),
        "paper_required": N_("Set. It holds from that day."),
        "imported": N_("Applied. Each change is in the audit trail."),
        "pinned": N_("The identity of the device is confirmed and pinned."),
        "mistake_withdrawn": N_("Withdrawn. The trail keeps that it was there."),
        "sealed": N_("The secret is sealed in the vault. Nobody can read it back."),
        "password": N_("Your password is changed. Please sign in again."),
        "revoked_token": N_("The token is revoked; it stops working at once."),
        "welcome": N_("Your account is ready. The code you gave is used up: wait for the next one, then sign in."),
        "accepted": N_("Accepted. Thank you."),
        "parted": N_("Done: this person is out at both doors."),
        "signed_out": N_("You are signed out."),
    }
)
"""What a page says after a redirect; the cookie that carries it holds the key only."""


def ended(record: SessionRecord) -> str:
    """Why a session ended, as an English msgid."""
    return OUTCOMES[record.outcome] if record.outcome else ""


def why_ended(record: SessionRecord) -> str:
    """What was said of it besides; of a refused account `ended` has said all."""
    return "" if record.account_refused else record.end_why

"""Every error a person may meet: a stable code and one clear sentence that says what to do.

The sentence is the English msgid; the edge that shows it translates it (`bastion.i18n`) and then fills in `params`.
`detail` is for the log only. HTTP status and SSH reason stand in two edge tables, `web/errors.py` and
`bastion/proxy/ssh/errors.py`.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Final, Self, TypeVar

T = TypeVar("T")

STATES: Final = {
    "pending": "waiting",
    "asked": "waiting",
    "reviewed": "reviewed",
    "agreed": "agreed to",
    "ended": "ended",
    "approved": "agreed to",
    "denied": "refused",
    "withdrawn": "taken back",
    "expired": "expired",
    "scheduled": "scheduled",
    "open": "open",
    "over": "over",
    "revoked": "withdrawn",
    "given_back": "given back",
    "active": "at work",
    "frozen": "frozen",
    "closing": "ending",
    "closed": "ended",
    "lifted": "lifted",
    "arriving": "still arriving",
    "held": "held back",
    "released": "released",
    "delivered": "delivered",
    "refused": "refused",
    "broken": "broken off",
    "purged": "removed",
    "retired": "no longer offered",
    "off_list": "retired from the list",
}
"""What a state is called within a sentence: “it is already …”."""


class Phrase(str):
    """Words of ours within an error's sentence, translated with it; any other fact is somebody else's and is not.

    It is the English text; `msgid` and `facts` are what it was made of.
    """

    __slots__ = ("facts", "msgid")
    msgid: str
    facts: dict[str, Any]

    def __new__(cls, msgid: str, **facts: object) -> Self:
        made = super().__new__(cls, msgid.format(**facts))
        made.msgid, made.facts = msgid, facts
        return made


def sentence_end(text: str) -> str:
    """What a person wrote, as a sentence that another can follow."""
    return text if not text or text[-1] in ".!?…" else f"{text}."


class BastionError(Exception):
    """Root of the tree. Never raised itself. `field` names the answer it is about, where one can be given otherwise."""

    code: ClassVar[str] = "error"
    sentence: ClassVar[str] = "Something went wrong here and is in the log. Please call the hospital's help desk."

    def __init__(self, detail: str = "", *, field: str = "", sentence: str | None = None, **params: object) -> None:
        super().__init__(detail or self.code)
        self.detail = detail
        self.field = field
        self.params = params
        self.msgid = sentence or self.sentence
        self.others: tuple[BastionError, ...] = ()
        """What else is wrong with the same form, each about another field (`Faults`)."""

    def about(self, field: str) -> "BastionError | None":
        """Return what is wrong with this answer."""
        return next((one for one in (self, *self.others) if one.field == field), None)

    @property
    def public(self) -> str:
        """The English sentence, filled in."""
        return self.msgid.format(**self.params)


class Invalid(BastionError):
    """Input that cannot be accepted."""

    code = "invalid"
    sentence = "This value cannot be used. Please correct it."


class Faults:
    """Looks at every answer of a form before it is refused: whoever filled it in mends all of it at once.

    `check` each answer, then `settle`, which raises the first fault with the `others` behind it.
    """

    def __init__(self) -> None:
        self._found: dict[str, BastionError] = {}

    def check(self, judge: Callable[..., T], *answers: object) -> T | None:
        """Return what `judge` makes of the answers; `None`, and the fault kept, where it raises `Invalid`."""
        try:
            return judge(*answers)
        except Invalid as fault:
            self.add(fault)
        return None

    def add(self, fault: BastionError) -> None:
        """Keep a fault; of one field the first counts."""
        self._found.setdefault(fault.field, fault)

    def settle(self) -> None:
        if self._found:
            first, *others = self._found.values()
            first.others = tuple(others)
            raise first


class WeakPassword(Invalid):
    code = "weak_password"
    sentence = "Choose a password of at least 12 characters; a sentence you remember is best."


class NotFound(BastionError):
    code = "not_found"
    sentence = "There is nothing here under that name, or it is not yours to see."


class Forbidden(BastionError):
    code = "forbidden"
    sentence = "Your role does not allow this. Ask an administrator of the bastion if you need it."


class SelfApproval(Forbidden):
    code = "self_approval"
    sentence = "You made this request yourself, so another person must decide on it."


class SelfReview(Forbidden):
    code = "self_review"
    sentence = "You asked for this emergency, called about it or agreed to it, so another person must review it."


class FreshFactorNeeded(BastionError):
    code = "fresh_factor_needed"
    sentence = "Please enter a new code from your authenticator to confirm this."


class AuthenticationFailed(BastionError):
    """One sentence for every cause, so that a stranger learns nothing."""

    code = "authentication_failed"
    sentence = (
        "Sign-in failed. Check your login and your key or password, then try again with a new code: each works once."
    )


class TooManyAttempts(AuthenticationFailed):
    code = "too_many_attempts"
    sentence = "Too many failed attempts. Wait {minutes} minutes, then try again."


class LinkSpent(AuthenticationFailed):
    """One sentence for a link that was used, replaced, has expired or never was; the trail knows which."""

    code = "link_spent"
    sentence = (
        "This link opens nothing: it was used already, has expired or was replaced. Ask whoever sent it for a new one."
    )


class DecisionLinkSpent(LinkSpent):
    """The same for the link of a mail that asks for a decision: the console is open to whoever may decide."""

    code = "decision_link_spent"
    sentence = (
        "This link opens nothing any more: it was used, has expired, or the request is decided. Sign in to the console "
        "to see it."
    )


class Conflict(BastionError):
    code = "conflict"
    sentence = "Somebody else has just changed this. Read it again, then decide."


class AlreadyExists(BastionError):
    code = "already_exists"
    sentence = "“{name}” is already in use. Choose another name."


class AlreadyAgreed(Conflict):
    code = "already_agreed"
    sentence = "You have already agreed to this request; another person must agree too."


class AlreadyUsed(Conflict):
    """Something entered by mistake cannot be withdrawn any more: what happened names it."""

    code = "already_used"
    sentence = "Sessions went through this connection, or somebody counts on it: it stays. Change its address instead."


class IllegalTransition(BastionError):
    code = "illegal_transition"
    sentence = "This can no longer be done: it is already {state}."

    def __init__(self, detail: str = "", *, state: str) -> None:
        super().__init__(detail, state=Phrase(STATES.get(state, state)))


class PolicyRefused(BastionError):
    """The policy says no; `why` is what the deciding rules say, `rules` their names."""

    code = "policy_refused"
    sentence = "The hospital's policy does not allow this: {why}"

    def __init__(
        self, detail: str = "", *, rules: tuple[str, ...] = (), field: str = "", sentence: str | None = None,
        **params: object,
    ) -> None:  # fmt: skip
        super().__init__(detail, field=field, sentence=sentence, **params)
        self.rules = rules


class Locked(BastionError):
    code = "locked"
    sentence = "Remote access is cut at the moment: {why} Please call the hospital."

    def __init__(self, detail: str = "", *, why: str) -> None:
        """`why` is what a person wrote, with or without a full stop, or a `Phrase` of ours."""
        super().__init__(detail, why=why if isinstance(why, Phrase) else sentence_end(why))


class Suspended(BastionError):
    """Somebody registered may not work now: his employer, or the supplier's word for him (R-46, R-18)."""

    code = "suspended"
    sentence = "This person cannot work here at the moment: {why}"


class NoGrant(BastionError):
    code = "no_grant"
    sentence = "You have no open authorisation for this device. Ask for one first."


class GrantOver(NoGrant):
    code = "grant_over"
    sentence = "Your authorisation for this device has ended. Ask for a new one."


class GrantRevoked(NoGrant):
    code = "grant_revoked"
    sentence = "Your authorisation for this device was withdrawn: {why}"

    def __init__(self, detail: str = "", *, why: str) -> None:
        """`why` is what a person wrote, with or without a full stop, or a `Phrase` of ours."""
        super().__init__(detail, why=why if isinstance(why, Phrase) else sentence_end(why))


class NotAcknowledged(BastionError):
    code = "not_acknowledged"
    sentence = "Please accept the recording notice first: connect once with a terminal."


class UndertakingOwed(NotAcknowledged):
    code = "undertaking_owed"
    sentence = "Please accept the hospital's confidentiality undertaking first: sign in once with a terminal."


class ChannelRefused(BastionError):
    code = "channel_refused"
    sentence = "This kind of access ({kind}) is not allowed here."


class DeviceBusy(BastionError):
    code = "device_busy"
    sentence = (
        "Agreed until {until}, but {who} is still at work on this device. Sign in again when that is over; nothing has "
        "to be asked for anew."
    )


class DeviceNotReady(BastionError):
    code = "device_not_ready"
    sentence = "The device {device} is not registered completely yet. Ask the hospital to finish it."


class DeviceUnreachable(BastionError):
    code = "device_unreachable"
    sentence = "The device {device} does not answer. Ask the hospital to check that it is switched on and connected."


class AddressRefused(BastionError):
    """The address is the bastion's own, or one that no device can have (T50)."""

    code = "address_refused"
    sentence = "The address registered for the device {device} may not be dialled. Ask the hospital to correct it."


class HostKeyChanged(BastionError):
    code = "host_key_changed"
    sentence = "The device {device} does not show its registered identity. The hospital has been told."


class DeviceLoginFailed(BastionError):
    code = "device_login_failed"
    sentence = "The device {device} refused the account the hospital keeps for it. The hospital has been told."


class RecordingUnavailable(BastionError):
    code = "recording_unavailable"
    sentence = "Sessions cannot be recorded at the moment, so none can be opened. The hospital has been told."


class NoRoom(BastionError):
    """The release desk's disk is full, or would be."""

    code = "no_room"
    sentence = "The bastion has no room for this file at the moment. Try again later, or call the hospital."


class FileHeld(BastionError):
    """A file waits in the release desk; `ref` is what people say on the telephone."""

    code = "file_held"
    sentence = "The hospital's release desk holds this file ({ref}). Call the hospital and name it."


class RecordingDamaged(BastionError):
    code = "recording_damaged"
    sentence = "This recording does not match its seal: {where}. Keep it as it is and tell the security officer."


class ReasonNeeded(Invalid):
    code = "reason_needed"
    sentence = "The reason is missing. Write a few words; they are kept with the record."


class Unavailable(BastionError):
    """The database, or something else the bastion stands on, is away."""

    code = "unavailable"
    sentence = "The bastion cannot reach its own records at the moment. Try again in a minute, or call the hospital."


class ConfigurationError(BastionError):
    code = "configuration"
    sentence = "The configuration cannot be used: {why}"

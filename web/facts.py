"""The facts of an audit event in the reader's words.

The trail holds codes, instants and numbers, so that the chain means the same in every language; here they become words.
What is not known here (a name, a reason, an address) is shown as it stands.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from bastion import errors
from bastion.domain.device import FileRight
from bastion.domain.own_words import recognised
from bastion.domain.session_effects import RefusalReason
from bastion.i18n import N_
from web import (
    audit_words,
    comparison_words,
    condition_words,
    desk_words,
    device_words,
    emergency_words,
    import_words,
    labels,
    message_words,
    order_words,
    paper_words,
    plan_words,
    report_words,
    watch_words,
)
from web.views import Clockface, brief

DOORS: Final = {
    "ssh": N_("SSH connection"),
    "console": N_("console"),
    "decision link": N_("link of a mail"),
    "setup": N_("setting up an account"),
}
PROOFS: Final = {"password": N_("password"), "totp": N_("code"), "key": N_("SSH key"), "proof": N_("recent proof")}
WHERE: Final = {"web": N_("on the web"), "enrolment": N_("at enrolment")}
VERDICTS: Final = {"confirmed": N_("confirmed"), "withdrawn": N_("withdrawn")}
REACH: Final = {"facility": N_("of this hospital"), "group": N_("of the whole group")}
STAGES: Final = PROOFS | {"code": N_("code"), "link": N_("link"), "login": N_("login"), "protocol": N_("protocol")}
WAYS: Final = {"watch": N_("watched"), "download": N_("copy taken"), "terminal": N_("at the terminal")}
ACKNOWLEDGED: Final = {"undertaking": N_("with the undertaking")}
OUTCOMES: Final = {
    "ok": N_("in order"),
    "closed": N_("closed"),
    "failed": N_("failed"),
    "done": N_("done"),
    "broken off": N_("broken off"),
    "session ended": N_("the session ended"),
    "agreed": N_("agreed"),
    "refused": N_("refused"),
}
FAILURES: Final = {
    "sign-in refused": N_("login, password or code is wrong"),
    "wrong, used or missing code": N_("the code is wrong, used or missing"),
    "old password is wrong": N_("the present password is wrong"),
    "no key offered is registered": N_("no registered key was offered"),
    "no key was proved in time": N_("no key was proved in time"),
    "no code came in time": N_("the key was right, and no code came in time"),
    "left without a code": N_("the key was right, and the caller left without a code"),
    "login name is not plain": N_("the login is not plain text"),
    "wrong number or length of answers": N_("the answer is no code"),
    "not offered": N_("this kind of access is not offered"),
    "decision refused": N_("password or code is wrong"),
    "unknown": N_("there is no such link"),
    "used": N_("the link was used already"),
    "expired": N_("the link has expired"),
    "replaced or taken back": N_("the link was replaced or taken back"),
    "too many tries": N_("too many tries on this link"),
    "account out of use": N_("the account is out of use"),
    "not for this person any more": N_("the person may not see this any more"),
    "nothing left to decide": N_("nothing is left to decide for this person"),
}
REFUSALS: Final[Mapping[str, str]] = {
    RefusalReason.NO_GRANT: N_("no authorisation yet"),
    RefusalReason.OUTSIDE_BOX: N_("outside the agreed time"),
    RefusalReason.KIND_NOT_GRANTED: N_("not part of the authorisation"),
    "input_not_granted": N_("sending files is not part of the authorisation, so a command gets no input"),
    RefusalReason.FROZEN: N_("the session was frozen"),
    RefusalReason.UNWATCHED: N_("nobody of the hospital follows the session"),
    RefusalReason.ENDING: N_("the session was ending"),
}
FILE_REFUSALS: Final = {
    "upload_not_granted": N_("sending files is not part of the authorisation"),
    "download_not_granted": N_("fetching files is not part of the authorisation"),
    "delete_not_granted": N_("deleting files is not part of the authorisation"),
    "rename_not_granted": N_("renaming or linking files is not part of the authorisation"),
    "not_passed_on": N_("the bastion does not pass this file operation on"),
    "path_too_long": N_("the path is too long"),
    "path_with_zero_byte": N_("the path holds a zero byte"),
    "too_many_files": N_("too many files were open at once"),
    "too_many_requests": N_("too many file operations at once"),
    "not_open": N_("the file was not open for that"),
    "harmful_names": N_("the device sent file names that could do harm"),
}
PATIENT_DATA: Final = {value: words[1] for value, words in plan_words.PATIENT_DATA.items()}
FILES: Final[Mapping[str, str]] = {
    FileRight.UPLOAD: N_("upload"),
    FileRight.DOWNLOAD: N_("download"),
    FileRight.DELETE: N_("delete"),
    FileRight.RENAME: N_("rename"),
}
COLUMNS: Final = {
    **import_words.COLUMNS,
    "created": N_("new entry"), "finess": N_("FINESS number"), "timezone": N_("time zone"),
    "supplier_id": N_("supplier"), "supplier_ids": N_("suppliers"), "facility_id": N_("facility"),
    "employer_id": N_("employer"), "contract_number": N_("number of the contract"),
    "contract_start": N_("beginning of the contract"), "security_contact": N_("security contact"),
    "roles": N_("roles"), "facilities": N_("facilities"),
}  # fmt: skip
"""What a saved entry of a register can have changed in."""


def _errors(kind: type[errors.BastionError] = errors.BastionError) -> Iterator[type[errors.BastionError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _errors(child)


CODES: Final[Mapping[str, str]] = MappingProxyType(
    {kind.code: kind.sentence for kind in _errors() if "{" not in kind.sentence}
    | {
        "locked": N_("remote access is cut"),
        "policy_refused": N_("the rules do not allow it"),
        "channel_refused": N_("this kind of access is not allowed"),
        "suspended": N_("the person is suspended"),
        "grant_revoked": N_("the authorisation was withdrawn"),
        "device_busy": N_("somebody else is at work on the device"),
        "device_not_ready": N_("the device is not registered completely"),
        "device_unreachable": N_("the device does not answer"),
        "host_key_changed": N_("the device shows another identity"),
        "address_refused": N_("the registered address may not be dialled"),
        "device_login_failed": N_("the device refused its account"),
        "recording_damaged": N_("the recording does not match its seal"),
        "file_held": N_("the release desk holds the file"),
        "already_exists": N_("already in use"),
        "illegal_transition": N_("no longer possible"),
        "too_many_attempts": N_("too many failed attempts"),
        "configuration": N_("the configuration cannot be used"),
    }
)
"""Why something was refused, by the error's code: its sentence, or where that needs facts, a few words."""
WHY: Final[Mapping[str, str]] = {**CODES, **FAILURES, **REFUSALS, **FILE_REFUSALS, **desk_words.BROKEN}
OR_WRITTEN: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType({"why": WHY, "keeps": plan_words.USABLE})
"""A word for the code in it, where it is none of those what somebody wrote."""
KINDS: Final = {**labels.KINDS_SHORT, **labels.CHANNELS, **device_words.DEROGATIONS}
WORDS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "door": DOORS, "reach": REACH, "ring": message_words.RINGS, "factors": PROOFS, "stage": STAGES,
        "how": {**WAYS, **WHERE, **ACKNOWLEDGED, **desk_words.RELEASED, **watch_words.LEFT},
        "outcome": OUTCOMES, "kind": KINDS, "op": labels.FILE_OPERATIONS, "direction": desk_words.DIRECTIONS,
        "channels": labels.CHANNELS, "roles": labels.ROLES, "scope": labels.LOCK_SCOPES, "changed": COLUMNS,
        "verdict": emergency_words.OUTCOMES, "emergency": emergency_words.YES, "late": emergency_words.YES,
        "after": report_words.AFTER, "own": emergency_words.YES, "disowned": emergency_words.YES,
        "writes": emergency_words.YES,
        "manages": emergency_words.YES, "again": emergency_words.YES, "behalf": emergency_words.YES,
        "contract": emergency_words.YES,
        "register": import_words.REGISTERS, "paper": paper_words.KINDS,
        "finding": {code: words for code, (_, words) in order_words.FINDINGS.items()}, "rule": order_words.RULES,
        "files": FILES, "scan": desk_words.SCANS, "announced": desk_words.ANNOUNCED,
        "signature": desk_words.UNSCANNED,
        "patient_data": PATIENT_DATA, "software_change": {"yes": N_("yes"), "no": N_("no")},
        "answer": VERDICTS, "conditions": condition_words.CONDITIONS,
        "topic": message_words.TOPICS, "topics": message_words.TOPICS, "muted": message_words.TOPICS,
        "channel": message_words.CHANNELS, "aspects": comparison_words.ASPECTS, "acts": comparison_words.ACTS,
    }
)  # fmt: skip
"""By field, the word for each code in it; a field may hold several codes."""
INSTANTS: Final = frozenset({"start", "end", "until", "expires", "first", "last", "erased_by", "due"})
MINUTES: Final = frozenset({"minutes", "agreed"})
CODED: Final = frozenset(
    {
        "policy", "node", "client", "login", "host", "account", "device", "supplier", "subject_code", "fingerprint",
        "fingerprints", "expected", "seen", "entry", "version", "technician", "algorithms", "derogation", "derogations",
        "protocol", "window", "assignments",
    }
)  # fmt: skip
"""Names that are the same in every language, shown as such."""
WRITTEN: Final = frozenset(
    {
        "reason", "why", "note", "work_order", "label", "detail", "keeps", "patient_why", "rollback", "people",
        "backup", "caller", "taken",
    }
)  # fmt: skip
"""What a person typed, shown as a quotation."""


@dataclass(frozen=True, slots=True)
class Fact:
    """`code` is a name of the machine's, `quote` what a person wrote; `whole` is what `value` was cut from."""

    name: str
    value: str
    code: bool = False
    quote: bool = False
    whole: str = ""


@dataclass(frozen=True, slots=True)
class Teller:
    """Says facts in one language, on one clock."""

    t: Callable[..., str]
    face: Clockface
    explain: Callable[[tuple[str, ...]], tuple[str, ...]] = lambda _ids: ()
    """What the rules of these names say in the reader's language, as far as they are still in force."""

    def facts(self, tag: str, fields: Mapping[str, str]) -> list[Fact]:
        """A rule that is still in force speaks for itself; of another stands what it said when it decided."""
        spoken = {"because"} if self._rules(str(fields.get("policy", ""))) else set[str]()
        shown = [(name, str(value)) for name, value in fields.items() if value != "" and name not in spoken]
        return [self._fact(tag, name, value) for name, value in shown]

    def _fact(self, tag: str, name: str, value: str) -> Fact:
        own = recognised(value)
        said = self.t(own.msgid, **own.facts) if isinstance(own, errors.Phrase) else self._said(tag, name, value)
        word = self.t(audit_words.FIELDS.get(name, name))
        if said is not None:
            return Fact(word, said)
        short = str(brief(value))
        code = name in CODED or _opaque(value)
        return Fact(word, short, code, name in WRITTEN and not code, value if short != value else "")

    def _said(self, tag: str, name: str, value: str) -> str | None:
        if name == "policy" or name in OR_WRITTEN:
            return self._word(OR_WRITTEN[name], value) if name in OR_WRITTEN else self._rules(value)
        if name == "reason":  # of an ending it is a code, of a request what a person wrote
            return self._word(labels.END_REASONS, value) if tag.startswith("session:") else None
        if name == "who" and tag.startswith("review:"):
            return "; ".join(self._right(line) for line in value.split("; "))
        if name in WORDS:
            return self._several(WORDS[name], value)
        try:
            return self._measured(name, value)
        except ValueError:
            return None

    def _rules(self, names: str) -> str | None:
        ids = tuple(names.split())
        said = self.explain(ids)
        return " ".join(said) if ids and len(said) == len(ids) else None

    def _right(self, line: str) -> str:
        """Say a line of a review: a name, and behind it the code of the right, where it has one."""
        name, _, right = line.rpartition(" ")
        word = self._word({**labels.ROLES, **labels.KINDS_SHORT}, right)
        return f"{name} ({word})" if name and word else line

    def _measured(self, name: str, value: str) -> str | None:
        if name == "backup":  # when, and then where
            made, _, place = value.partition(" ")
            return f"{self.face.time(datetime.fromisoformat(made))} · {place}"
        if name in INSTANTS:
            return self.face.time(datetime.fromisoformat(value))
        if name in MINUTES:
            return self.face.span(timedelta(minutes=int(value)))
        if name == "seconds":
            return self.face.span(timedelta(seconds=float(value)))
        return self.face.size(int(value)) if name in {"bytes", "size"} else None

    def _word(self, table: Mapping[str, str], value: str) -> str | None:
        return self.t(table[value]) if value in table else None

    def _several(self, table: Mapping[str, str], value: str) -> str | None:
        """One code, or several with spaces between; `None` when one of them is no code of this table."""
        parts = [value] if value in table else value.split()
        return ", ".join(self.t(table[part]) for part in parts) if all(part in table for part in parts) else None

    def outcome(self, value: str) -> str:
        """Say how a channel ended, as the device told it: `status 0`, `signal KILL`."""
        kind, _, detail = (f"status {value}" if value.isdigit() else value).partition(" ")
        if kind == "status" and detail == "0":
            return self.t(N_("in order"))
        if kind in {"status", "signal"} and detail:
            return self.t(N_("error {code}"), code=detail)
        return self._word(OUTCOMES, value) or value or "–"


def _opaque(value: str) -> bool:
    """Tell a digest or an id from a word."""
    return len(value) > 24 and value.isalnum()

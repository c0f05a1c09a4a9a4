"""The texts of the lobby. Pure: facts in, text out. Names and reasons come from people, so all of it goes through
`plain`: nothing in it can steer the reader's terminal.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bastion.domain.access_request import AccessRequest, Approval, InterventionKind, RequestState
from bastion.domain.conditions import Condition
from bastion.domain.device import Device
from bastion.domain.emergency import Emergency
from bastion.domain.own_words import told
from bastion.domain.remark import Remark
from bastion.domain.undertaking import Undertaking
from bastion.proxy.notices import UNBROKEN, Words, folded, plain
from bastion.services.views import MenuItem

KINDS: Final = (InterventionKind.TELEDIAGNOSTIC, InterventionKind.TELEMAINTENANCE, InterventionKind.TELEASSISTANCE)
_KIND_NAMES: Final = {
    InterventionKind.TELEDIAGNOSTIC: "remote diagnosis: you undertake to change nothing",
    InterventionKind.TELEMAINTENANCE: "remote maintenance: settings may be changed, software is not",
    InterventionKind.TELEASSISTANCE: "remote assistance: help somebody who is at the device; software is not changed",
}
_STATES: Final = {
    "open": "open until {until}",
    "scheduled": "agreed, opens later",
    "pending": "waiting for the hospital",
    "none": "ask for access",
    "barred": "not yours here: a review of access rights",
    "unanswered": "nobody answers for its patient data: nothing opens",
}
_CONDITIONS: Final = {
    Condition.NO_UPLOAD: (
        "On condition that no file is sent to the device: no transfer to it, no tunnel, no input to a command without "
        "a terminal. What you type is recorded."
    ),
    Condition.FREEZE_FIRST: "On condition that you begin together: the session opens frozen until the hospital agrees.",
    Condition.WATCHER: "On condition that somebody of the hospital looks on.",
}
_ENDED: Final = {
    RequestState.WITHDRAWN: "The request is withdrawn.",
    RequestState.EXPIRED: "Nobody has answered in time; the request has lapsed. Call the hospital, or ask again.",
}
AFTER_NO: Final = "To ask anew, sign in again; to talk about it, call the hospital."
_URGENT: Final = "Add u for an emergency that the hospital called you for, e.g. 2u."
_MORE: Final = "Add + to say more, e.g. 2+: other devices, people, files you will bring, steps."
_TOGETHER: Final = "It was asked together with others, under the reference {ref}; “w” withdraws this one only."
BETWEEN_PEOPLE: Final = " · "
"""Names have commas in them: “Claire Dubois, biomedical engineer”."""
_HOURS: Final = re.compile(r"(\d{1,2})\s*(?:h|heures?|hours?)\s*(?:(\d{1,2})\s*(?:m|min|mn|minutes?)?)?")
_MINUTES: Final = re.compile(r"(\d{1,4})\s*(?:m|min|mn|minutes?)?")


def wrap(text: str, cols: int, hang: int = 0) -> str:
    """Break at blanks so that no line is wider than the screen, nor than is good to read; `hang` indents the rest."""
    return "\n".join(folded(text, max(min(cols - 1, 78), 30), subsequent_indent=" " * hang))


def whole(example: str) -> str:
    """What is to be typed as it stands: `wrap` breaks no line within it."""
    return example.replace(" ", UNBROKEN)


def heading(device: Device, facility: str, cols: int) -> str:
    where = ", ".join(part for part in (device.ward, device.location, facility) if part)
    code = plain(device.code)
    text = wrap(f"{code}  {plain(device.name)}  ({plain(where)})", cols)
    return f"\n\x1b[1m{code}\x1b[0m{text.removeprefix(code)}\n"


def menu(words: Words, items: Sequence[MenuItem], cols: int) -> str:
    """Number every device; the number, or the device's code, is the answer."""
    if not items:
        return words.say("There is no device here for your company.") + "\n"
    width = max(len(item.device.code) for item in items)
    lines = [_item(words, n, item, width, cols) for n, item in enumerate(items, 1)]
    return "\n" + words.say("Your devices:") + "\n\n" + "\n".join(lines) + "\n\n"


HELD: Final = frozenset({"open", "scheduled", "unanswered"})


def errands(words: Words, items: Sequence[MenuItem], cols: int) -> str:
    """What may be asked for while something is open; what is agreed to is handed over or given back; none before."""
    states = {item.state for item in items}
    said = [words.say("More time: “+” and its number.")] if "open" in states else []
    if states & HELD:
        said.append(words.say("Hand over to a colleague: “>” and its number."))
        said.append(words.say("Not needed any more? Give it back: “-” and its number."))
    return "".join(wrap(line, cols) + "\n" for line in said)


def _item(words: Words, number: int, item: MenuItem, width: int, cols: int) -> str:
    """One line where it fits, else how far one is with the device stands below it."""
    line, state = f"{number:4}  {plain(item.device.code):{width}}  {_about(item)}", f"[{_state(words, item)}]"
    if len(line) + len(state) + 2 < cols:
        return f"{line}  {state}"
    below = width + 8
    about = line if len(line) < cols else wrap(line, cols, hang=below)
    return f"{about}\n{wrap(' ' * below + state, cols, hang=below)}"


def choice(answer: str, items: Sequence[MenuItem]) -> str | None:
    """The device code an answer means, or `None`."""
    if answer.isdecimal() and 1 <= int(answer) <= len(items):
        return items[int(answer) - 1].device.code
    codes = [item.device.code for item in items if item.device.code.casefold() == answer.casefold()]
    return codes[0] if codes else None


def kinds(words: Words, cols: int) -> str:
    names = [*(words.say(_KIND_NAMES[kind]) for kind in KINDS)]
    names += [words.say("remote maintenance that changes software: you will be asked for backup and way back")]
    lines = [wrap(f"  {n}  {name}", cols, hang=5) for n, name in enumerate(names, 1)]
    lines += [wrap(f"  {words.say(hint)}", cols, hang=2) for hint in (_URGENT, _MORE)]
    return words.say("Kind of intervention:") + "\n" + "\n".join(lines) + "\n"


def professionals(words: Words, names: Sequence[str], cols: int) -> str:
    """Number who may answer for patient data."""
    lines = [wrap(f"{n:4}  {plain(name)}", cols, hang=6) for n, name in enumerate(names, 1)]
    return wrap(words.say("Who may answer for patient data at this hospital:"), cols) + "\n" + "\n".join(lines) + "\n"


def minutes_of(answer: str) -> int | None:
    """Read `90`, `90 min`, `2h`, `1h30`, `1 heure 30 min`; `None` when it is no duration."""
    text = answer.strip().lower()
    if match := _HOURS.fullmatch(text):
        return int(match[1]) * 60 + int(match[2] or 0)
    match = _MINUTES.fullmatch(text)
    return int(match[1]) if match else None


def length(span: timedelta) -> str:
    hours, minutes = divmod(round(span.total_seconds() / 60), 60)
    return f"{hours} h {minutes:02}" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


def withdraws(answer: str) -> bool:
    """Whether this is the letter for it, in either language."""
    return answer.strip().lower() in {"w", "r"}


def notice(words: Words, cols: int) -> str:
    text = words.say(
        "This session is recorded: everything you type and everything the device answers is kept, with your name, and "
        "can be read again by the hospital's security staff. The recording is kept for the hospital's retention time "
        "and serves its security and that of its patients. Do not show or copy patient data that you do not need."
    )
    rule = "-" * max(min(cols - 1, 78), 30)
    return f"\n{rule}\n{wrap(text, cols)}\n{rule}\n"


def undertaking(words: Words, text: Undertaking, cols: int) -> str:
    """The whole text, each of its lines broken to the screen."""
    head = words.say("Confidentiality undertaking, version {version}").format(version=text.version)
    lines = [wrap(plain(line), cols) for line in text.text(words.language).split("\n")]
    rule = "-" * max(min(cols - 1, 78), 30)
    body = "\n".join(lines)
    return f"\n{rule}\n\x1b[1m{wrap(head, cols)}\x1b[0m\n\n{body}\n{rule}\n"


def waiting(words: Words, request: AccessRequest, approvers: Sequence[str], cols: int) -> str:
    asked = BETWEEN_PEOPLE.join(plain(name) for name in approvers)
    with_them = words.say("Request {ref} for {length} is with the hospital. Asked: {names}.")
    lines = [
        (with_them if asked else words.say("Request {ref} for {length} is with the hospital.")).format(
            ref=request.ref, length=length(request.wanted), names=asked
        ),
        words.say("Agreements still needed: {missing}. It lapses at {until}.").format(
            missing=request.missing, until=words.clock(request.expires_at)
        ),
        words.say("The session opens here by itself. Ctrl-C leaves; the request stays. “w” and Enter withdraws it."),
    ]
    if request.batch_ref:
        lines.insert(1, words.say(_TOGETHER).format(ref=request.batch_ref))
    return "\n" + "\n".join(wrap(line, cols) for line in lines) + "\n"


def urgent(words: Words, one: Emergency, cols: int) -> str:
    """That it could not wait, and who called whom about it (R-27)."""
    said = words.say("EMERGENCY. {caller} called {callee}.")
    lines = [said.format(caller=plain(one.caller), callee=plain(one.callee))]
    if one.call_back:
        lines.append(words.say("Telephone number to call back: {number}").format(number=plain(one.call_back)))
    return "\n".join(wrap(line, cols) for line in lines) + "\n"


def question(words: Words, remark: Remark, cols: int) -> str:
    asked = words.say("{who} asks: {what}").format(who=plain(remark.author_name), what=plain(remark.text))
    how = words.say("Type your answer on one line and press Enter. The request waits meanwhile.")
    return "\n" + "\n".join(wrap(line, cols) for line in (asked, how)) + "\n"


def agreed_so_far(words: Words, request: AccessRequest) -> str:
    names = BETWEEN_PEOPLE.join(plain(a.staff_name) for a in request.approvals)
    return words.say("Agreed so far: {names}. {missing} more needed.").format(names=names, missing=request.missing)


def not_agreed(words: Words, request: AccessRequest, state: RequestState) -> str:
    """Why nothing comes of a request."""
    who, why = plain(request.decided_by), plain(told(request.decision_note, words.say))
    if state is RequestState.WITHDRAWN and why:
        return words.say("The request is withdrawn by {who}: {why}").format(who=who, why=why)
    if state in _ENDED:
        return words.say(_ENDED[state])
    return words.say("{who} has refused the request: {why}").format(who=who, why=why)


def said_no(request: AccessRequest, state: RequestState) -> bool:
    """Whether a person of the hospital did, so that he may want to know how to go on."""
    return state is RequestState.DENIED or (state is RequestState.WITHDRAWN and bool(request.decision_note))


def later(words: Words, start: datetime) -> str:
    """When it begins, on the hospital's wall and in the time that is the same everywhere."""
    said = words.say("Agreed. Your time begins at {start}, {utc} UTC; the session opens here by itself then.")
    return said.format(start=words.clock(start), utc=f"{start.astimezone(UTC):%H:%M}")


def agreed(words: Words, request: AccessRequest, end: datetime, cols: int) -> str:
    """Who agreed, until when and with what words; and that it is less than was asked, if it is (R-25)."""
    until, people = words.clock(end), [plain(a.staff_name) + _note(words, a) for a in request.approvals]
    if len(people) == 1:
        lines = [words.say("Agreed until {until} by {who}").format(until=until, who=people[0])]
    else:
        lines = [words.say("Agreed until {until} by:").format(until=until), *(f"- {person}" for person in people)]
    lines += _less(words, request)
    lines += [f"- {words.say(_CONDITIONS[one])}" for one in Condition if one in request.conditions]
    return "\n" + "\n".join(wrap(line, cols) for line in lines) + "\n"


def more_agreed(words: Words, request: AccessRequest) -> list[str]:
    """What is to be said of more time besides until when: that it is less than was asked, and the approvers' words."""
    said = [f"{plain(one.staff_name)}{_note(words, one)}" for one in request.approvals if one.note]
    return [*_less(words, request), *said]


def _less(words: Words, request: AccessRequest) -> list[str]:
    if request.agreed >= request.wanted:
        return []
    less = words.say("You asked for {asked}; {agreed} is what was agreed.")
    return [less.format(asked=length(request.wanted), agreed=length(request.agreed))]


def _note(words: Words, approval: Approval) -> str:
    note = plain(told(approval.note, words.say))
    return words.say(": “{note}”").format(note=note) if note else "."


def _about(item: MenuItem) -> str:
    parts = (item.device.name, item.device.ward, item.facility.name)
    return plain(" · ".join(part for part in parts if part))


def _state(words: Words, item: MenuItem) -> str:
    there = replace(words, zone=item.facility.timezone)
    until = there.clock(item.until) if item.until else ""
    state = words.say(_STATES.get(item.state, item.state)).format(until=until)
    return words.say("EMERGENCY: {state}").format(state=state) if item.urgent else state

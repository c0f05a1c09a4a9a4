"""Starting from what is usually asked for on a model: each answer is there already, Enter keeps it (R-25)."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from bastion.domain.access_request import InterventionKind
from bastion.domain.emergency import Call
from bastion.domain.request_template import RequestTemplate
from bastion.domain.work_plan import PatientData, WorkPlan
from bastion.proxy.lobby import screens
from bastion.proxy.lobby.plan import URGENT
from bastion.proxy.notices import Words, plain
from bastion.services.access import RequestDraft

KEEP: Final = "Enter keeps what is usual: “{usual}”"
KEEP_HIS: Final = "Enter keeps what you said: “{usual}”"
NOTHING: Final = "-"


def offered(words: Words, templates: Sequence[RequestTemplate], cols: int) -> str:
    """Number what may be started from."""
    lines = [screens.wrap(f"{n:4}  {plain(one.name)}", cols, hang=6) for n, one in enumerate(templates, 1)]
    return words.say("Usual requests for this model:") + "\n" + "\n".join(lines) + "\n"


def procedure(words: Words, template: RequestTemplate, cols: int) -> str:
    """What he says he will do by choosing it, line by line; nothing when it says nothing of it."""
    if not template.plan.procedure:
        return ""
    lines = [screens.wrap(f"  {plain(line)}", cols, hang=2) for line in template.plan.procedure.splitlines()]
    return "\n".join([words.say("Its procedure, which the hospital reads with your request:"), *lines, ""])


def answer_of(kind: InterventionKind, *, software: bool, urgent: bool) -> str:
    """What one would have typed for this kind."""
    number = "4" if software else str(screens.KINDS.index(kind) + 1)
    return f"{number}{URGENT}" if urgent else number


@dataclass(frozen=True, slots=True)
class Usual:
    """The answers that are there already: a template's, or his own of before. Without either there are none."""

    ident: str = ""
    kind: str = ""
    """What one would type for it."""
    minutes: int | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    """What is said by the name of what it answers: of the work itself, and in its plan."""
    work: WorkPlan | None = None
    start: datetime | None = None
    """When he said that it begins, if not at once."""
    his: bool = False
    """He said it himself a moment ago."""

    @classmethod
    def of(cls, template: RequestTemplate) -> "Usual":
        """Start from a template."""
        work = template.plan
        kind = answer_of(template.kind, software=work.software_change, urgent=False)
        minutes = int(template.wanted.total_seconds() // 60)
        return cls(template.id, kind, minutes, _answers(template.reason, work), work)

    @classmethod
    def again(cls, draft: RequestDraft) -> "Usual":
        """Start from what was sent and refused."""
        work, call = draft.plan, draft.emergency or Call("")
        kind = answer_of(draft.kind, software=work.software_change, urgent=draft.emergency is not None)
        his = {"work_order": draft.work_order, "caller": call.caller, "call_back": call.call_back}
        answers = {**_answers(draft.reason, work), **his}
        return cls(draft.template, kind, draft.minutes, answers, work, draft.start, his=True)

    def plan(self, asked: WorkPlan) -> WorkPlan:
        """What was answered, and what no question was asked about: the procedure, and what stays usable."""
        if self.work is None:
            return asked
        return replace(asked, procedure=self.work.procedure, keeps=asked.keeps or self.work.keeps)


def _answers(reason: str, work: WorkPlan) -> dict[str, str]:
    said = {name: getattr(work, name) for name in ("keeps", "backup_place", "rollback", "professional", "patient_why")}
    return {**said, "reason": reason, "patient_data": str(tuple(PatientData).index(work.patient_data) + 1)}


@dataclass(frozen=True, slots=True)
class Keeping:
    """Asks a question to which Enter answers with what is usual; its text then stays as it was written."""

    usual: Usual
    question: Callable[[str], Awaitable[str]]
    say: Callable[[str], None]
    show: Callable[[str], None]
    words: Words
    cols: int

    async def needed(self, prompt: str, name: str) -> str:
        """Return the answer; where nothing is usual, ask until there is one."""
        usual = self._told(name)
        while not (answer := await self.question(prompt)):
            if usual:
                return usual
            self.say("This cannot be left empty.")
        return answer

    async def wished(self, prompt: str, name: str) -> str:
        """Return the answer; where nothing is usual, it may be empty."""
        usual = self._told(name)
        return await self.question(prompt) or usual

    async def optional(self, prompt: str, again: str, name: str) -> str:
        """Return the answer, which may be empty; `again` asks where one is kept, and `-` then empties it."""
        usual = self._told(name)
        answer = await self.question(again if usual else prompt) or usual
        return "" if usual and answer == NOTHING else answer

    @property
    def saved_at(self) -> datetime | None:
        """When he said that the configuration was saved."""
        return self.usual.work.backup_at if self.usual.work else None

    def _told(self, name: str) -> str:
        usual = self.usual.answers.get(name, "")
        if usual:
            said = self.words.say(KEEP_HIS if self.usual.his else KEEP).format(usual=plain(_line(usual)))
            self.show(screens.wrap(said, self.cols) + "\n")
        return usual


def _line(text: str) -> str:
    return " ".join(text.split())

"""Starting from what is usually asked for on a model, or from what was refused: each answer is there already, Enter
keeps it (R-25). Of what was refused only that is asked again which the refusal is about, where it says so.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import Final

from bastion.domain.access_request import InterventionKind
from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.emergency import Call
from bastion.domain.request_template import RequestTemplate
from bastion.domain.timebox import whole_minutes
from bastion.domain.work_plan import PLAIN, PatientData, WorkPlan
from bastion.errors import BastionError, Invalid, Unavailable
from bastion.proxy.lobby import screens
from bastion.proxy.lobby.lists import NOTHING
from bastion.proxy.lobby.more import KEEP, KEEP_HIS, QUESTIONS, More
from bastion.proxy.lobby.plan import MORE, SOFTWARE, URGENT, USABLE
from bastion.proxy.lobby.talk import HELP, Talk
from bastion.proxy.notices import Words, plain
from bastion.services.drafts import RequestDraft

ASKED_BY: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "software_change": frozenset({"kind"}),
        "minutes": frozenset({"time"}),
        "start": frozenset({"time"}),
        "account": frozenset({"others"}),
        "device": frozenset({"others"}),
        "professional": frozenset({"patient_data", "professional"}),  # it may have to be done without
    }
)
"""The questions by which something is said that is not said by one of its own name alone."""
HOW: Final = "Type the answer and press Enter. Ctrl-C leaves, and nothing was asked for."


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


def answer_of(kind: InterventionKind, *, software: bool, urgent: bool = False, more: bool = False) -> str:
    """What one would have typed for this kind."""
    number = SOFTWARE if software else str(screens.KINDS.index(kind) + 1)
    return number + URGENT * urgent + MORE * more


@dataclass(frozen=True, slots=True)
class Usual:
    """The answers that are there already: a template's, or his own of before. Without either there are none."""

    ident: str = ""
    kind: str = ""
    """What one would type for it."""
    minutes: int | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    """What is said by the name of what it answers, of the work itself and in its plan; without what was not asked."""
    work: WorkPlan | None = None
    start: datetime | None = None
    """When he said that it begins, if not at once."""
    his: bool = False
    """He said it himself a moment ago."""
    others: tuple[str, ...] = ()
    files: tuple[AnnouncedFile, ...] = ()
    about: frozenset[str] | None = None
    """The questions that are asked again, and no other that was answered; `None`: every one of them."""

    @classmethod
    def of(cls, template: RequestTemplate) -> "Usual":
        """Start from a template."""
        work = template.plan
        kind = answer_of(template.kind, software=work.software_change)
        minutes = whole_minutes(template.wanted)
        return cls(template.id, kind, minutes, _answers(template.reason, work), work)

    @classmethod
    def again(cls, draft: RequestDraft, others: tuple[str, ...]) -> "Usual":
        """Start from what was sent and refused."""
        work, call = draft.plan, draft.emergency or Call("")
        more = bool(others or draft.announced or work.people or call.callee)
        called = {"caller": call.caller, "call_back": call.call_back} if draft.emergency else {}
        spoken = {"callee": call.callee} if draft.emergency and more else {}
        answers = {**_answers(draft.reason, work), "work_order": draft.work_order, **called, **spoken}
        kind = answer_of(
            draft.kind, software=work.software_change, urgent=draft.emergency is not None, more=more,
        )  # fmt: skip
        return cls(
            draft.template, kind, draft.minutes, answers, work, draft.start, his=True, others=others,
            files=draft.announced,
        )  # fmt: skip

    def after(self, problem: BastionError) -> "Usual":
        """Ask again what `problem` is about; of what has no question here, or nothing is said, everything."""
        if isinstance(problem, Unavailable):
            return replace(self, about=frozenset())
        about = ASKED_BY.get(problem.field, frozenset({problem.field}))
        return replace(self, about=about if about <= self._answered else None)

    def settled(self, question: str) -> bool:
        """Whether it was answered, and nothing speaks against that answer."""
        return self.about is not None and question not in self.about and question in self._answered

    @property
    def _answered(self) -> frozenset[str]:
        saved = {"backup_at"} if self.work is not None and self.work.software_change else set()
        return frozenset({"kind", "time", *self.answers, *saved, *(QUESTIONS if self.says_more else ())})

    @property
    def more(self) -> More:
        """What was said of what few requests say."""
        work = self.work or PLAIN
        return More(self.others, work.people, self.files, tuple(work.procedure.splitlines()))

    @property
    def says_more(self) -> bool:
        """Whether he must be asked for it again: what he does not see he did not say."""
        return MORE in self.kind

    def plan(self, asked: WorkPlan, more: More | None) -> WorkPlan:
        """What was answered, and what no question was asked about: without `more` the procedure."""
        work = self.work or PLAIN
        same = more is None or more.steps == self.more.steps
        return replace(
            asked, procedure=work.procedure if same or more is None else "\n".join(more.steps),
            people=more.people if more else (),
        )  # fmt: skip


def _answers(reason: str, work: WorkPlan) -> dict[str, str]:
    """What one would have typed; nothing for a question that was left open, or was none."""
    way_back = ("backup_place", "rollback") if work.software_change else ()
    patients = ("professional", "patient_why") if work.patient_data is PatientData.NEEDED else ()
    said = {name: getattr(work, name) for name in (*way_back, *patients)}
    keeps = next((number for number, word in USABLE.items() if word == work.keeps), work.keeps)
    data = str(tuple(PatientData).index(work.patients) + 1) if work.patients else ""
    return {**said, "reason": reason, "keeps": keeps, "patient_data": data}


@dataclass(frozen=True, slots=True)
class Keeping:
    """Asks a question to which Enter answers with what is usual; its text then stays as it was written."""

    usual: Usual
    talk: Talk

    async def needed(self, prompt: str, name: str, check: Callable[[str], object]) -> str:
        """Return the answer; ask until it says something, by `check`, which raises `Invalid`; or until Enter keeps what
        is usual. `?` says what is asked for.
        """
        if self.settled(name):
            return self.usual.answers[name]
        usual = self._told(name)
        while True:
            answer = await self.talk.question(prompt)
            if not answer and usual:
                return usual
            if not answer:
                self.talk.say("This cannot be left empty.")
                continue
            try:
                check("" if answer == HELP else answer)
            except Invalid as problem:
                self.talk.tell(problem)
            else:
                return answer
            if answer == HELP:
                self.talk.say(HOW)

    async def wished(self, prompt: str, name: str) -> str:
        """Return the answer; where nothing is usual, it may be empty. It is asked though it was settled."""
        usual = self._told(name)
        return await self._line(prompt) or usual

    async def optional(self, prompt: str, again: str, name: str) -> str:
        """Return the answer, which may be empty; `again` asks where one is kept, and `-` then empties it."""
        if self.settled(name):
            return self.usual.answers[name]
        usual = self._told(name)
        answer = await self._line(again if usual else prompt) or usual
        return "" if usual and answer == NOTHING else answer

    async def _line(self, prompt: str) -> str:
        while (answer := await self.talk.question(prompt)) == HELP:
            self.talk.say(HOW)
        return answer

    def settled(self, name: str) -> bool:
        return self.usual.settled(name)

    @property
    def saved_at(self) -> datetime | None:
        """When he said that the configuration was saved."""
        return self.usual.work.backup_at if self.usual.work else None

    @property
    def data(self) -> PatientData | None:
        """What he said of patient data."""
        return self.usual.work.patients if self.usual.work else None

    def _told(self, name: str) -> str:
        usual = self.usual.answers.get(name, "")
        if usual:
            said = self.talk.words.say(KEEP_HIS if self.usual.his else KEEP).format(usual=plain(_one_line(usual)))
            self.talk.write(said)
        return usual


def _one_line(text: str) -> str:
    return " ".join(text.split())

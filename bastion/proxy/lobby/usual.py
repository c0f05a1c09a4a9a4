"""Starting from what is usually asked for on a model: each answer is there already, Enter keeps it (R-25)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from bastion.domain.access_request import InterventionKind
from bastion.domain.request_template import RequestTemplate
from bastion.domain.work_plan import PatientData, WorkPlan
from bastion.proxy.lobby import screens
from bastion.proxy.notices import Words, plain

KEEP: Final = "Enter keeps what is usual: “{usual}”"


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


def answer_of(kind: InterventionKind, *, software: bool) -> str:
    """What one would have typed for this kind."""
    return "4" if software else str(screens.KINDS.index(kind) + 1)


@dataclass(frozen=True, slots=True)
class Usual:
    """A template, as the answers it gives. Without one, nothing is answered beforehand."""

    template: RequestTemplate | None = None

    @property
    def ident(self) -> str:
        return self.template.id if self.template else ""

    @property
    def kind(self) -> str:
        if self.template is None:
            return ""
        return answer_of(self.template.kind, software=self.template.plan.software_change)

    @property
    def minutes(self) -> int | None:
        return int(self.template.wanted.total_seconds() // 60) if self.template else None

    def said(self, name: str) -> str:
        """What is usually said of it: of the work itself, or in its plan."""
        if self.template is None:
            return ""
        if name == "patient_data":
            return str(tuple(PatientData).index(self.template.plan.patient_data) + 1)
        said: str = self.template.reason if name == "reason" else getattr(self.template.plan, name)
        return said

    def plan(self, asked: WorkPlan) -> WorkPlan:
        """What was answered, and what no question was asked about: the procedure, and what stays usable."""
        if self.template is None:
            return asked
        usual = self.template.plan
        return replace(asked, procedure=usual.procedure, keeps=asked.keeps or usual.keeps)


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

    def _told(self, name: str) -> str:
        usual = self.usual.said(name)
        if usual:
            said = self.words.say(KEEP).format(usual=plain(_line(usual)))
            self.show(screens.wrap(said, self.cols) + "\n")
        return usual


def _line(text: str) -> str:
    return " ".join(text.split())

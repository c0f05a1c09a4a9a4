"""The words for what a request says about the work, as English msgids. Tested complete."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from bastion.domain.work_plan import PatientData, Usable
from bastion.i18n import N_
from bastion.services.professionals import Choosable
from web import plan_fields

UNSAID: Final = ("hold", N_("Patient data: not said"))
"""Of a request that is older than the question."""
USABLE: Final[Mapping[str, str]] = MappingProxyType(
    {Usable.EVERYTHING: N_("everything stays usable"), Usable.NOTHING: N_("nothing stays usable")}
)
LEFT_OPEN: Final = ("", N_("Left open"), N_("each request says it"))
PATIENT_DATA: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        PatientData.NONE: ("ok", N_("No patient data")),
        PatientData.VISIBLE: ("wait", N_("Patient data may be visible")),
        PatientData.NEEDED: ("stop", N_("Patient data needed")),
    }
)


def answering(known: Sequence[Choosable], said: str) -> tuple[list[tuple[str, str]], str]:
    """Who may be named, as a form offers it, and who of them was meant. By name and function: the same is asked on
    several devices, and in each hospital its own list knows the person.
    """
    meant = (one.label for one in known if said and said.strip().casefold() in one.names)
    return [(one.label, one.label) for one in known], next(meant, "")


def choices(t: Callable[..., str], said: Mapping[str, Any], *, usual: bool = False) -> dict[str, object]:
    """What a form offers to choose from: key, word, and what more there is to say. `usual` ones may be left open."""
    one = {"everything": N_("Everything"), "nothing": N_("Nothing"), plan_fields.SOME: N_("Some of it, in words")}
    open_ = [(LEFT_OPEN[0], t(LEFT_OPEN[1]), t(LEFT_OPEN[2]))] if usual else []
    return {
        "patient_data": open_ + [(value, t(words[1]), "") for value, words in PATIENT_DATA.items()],
        "usables": open_ + [(key, t(word), "") for key, word in one.items()],
        "changes": [*open_, ("no", t("No"), ""), ("yes", t("Yes"), t("a backup and a way back are then needed"))],
        "usable": plan_fields.chosen(said),
        "in_words": plan_fields.in_words(said),
    }

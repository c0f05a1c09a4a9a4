"""What the papers of suppliers are called in a list, as English msgids. Tested complete."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from bastion.domain.paper import NAMES, Paper
from bastion.i18n import N_

KINDS: Final[Mapping[str, str]] = MappingProxyType({kind.value: name for kind, name in NAMES.items()})
WORDS: Final = MappingProxyType(
    {
        "valid": ("ok", N_("Holds now")),
        "coming": ("hold", N_("Not yet")),
        "over": ("stop", N_("Has expired")),
        "withdrawn": ("off", N_("Withdrawn")),
    }
)


def state(paper: Paper, now: datetime) -> str:
    if paper.withdrawn_at is not None:
        return "withdrawn"
    return "over" if paper.over(now) else "valid" if paper.valid(now) else "coming"

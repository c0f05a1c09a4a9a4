"""The words for the conditions of an agreement, as English msgids. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.conditions import Condition
from web.labels import N_

CONDITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Condition.NO_UPLOAD: N_("no file to the device"),
        Condition.FREEZE_FIRST: N_("begins frozen"),
        Condition.WATCHER: N_("somebody looks on"),
    }
)
MEANING: Final[Mapping[str, str]] = MappingProxyType(
    {
        Condition.NO_UPLOAD: N_("The right to send files is left out."),
        Condition.FREEZE_FIRST: N_("A terminal opens, but nothing typed reaches the device until one of you thaws it."),
        Condition.WATCHER: N_("Somebody of the hospital has to watch the session."),
    }
)

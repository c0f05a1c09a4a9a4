"""The words for the conditions of an agreement, as English msgids. Tested complete."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.conditions import Condition
from bastion.i18n import N_

CONDITIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        Condition.NO_UPLOAD: N_("no file, no tunnel to the device"),
        Condition.FREEZE_FIRST: N_("begins frozen"),
        Condition.WATCHER: N_("somebody looks on"),
    }
)
MEANING: Final[Mapping[str, str]] = MappingProxyType(
    {
        Condition.NO_UPLOAD: N_(
            "No file is sent to the device, no tunnel opens, and a command without a terminal gets no input. What is "
            "typed on a terminal, or stands in the command itself, still reaches the device; it is recorded."
        ),
        Condition.FREEZE_FIRST: N_(
            "A terminal opens, but nothing typed reaches the device until the hospital thaws it."
        ),
        Condition.WATCHER: N_("Somebody of the hospital has to watch the session."),
    }
)

"""What the terminal player says by itself, word for word as it says it: the page hands it the reader's language."""

from collections.abc import Mapping
from typing import Final

from bastion.i18n import N_

PLAYER: Final[Mapping[str, str]] = {
    "Play": N_("Play"),
    "Pause": N_("Pause"),
    "Show keyboard shortcuts": N_("Show keyboard shortcuts"),
    "Keyboard shortcuts (?)": N_("Keyboard shortcuts (?)"),
    "Keyboard shortcuts": N_("Keyboard shortcuts"),
    "Toggle fullscreen mode": N_("Toggle fullscreen mode"),
    "Fullscreen (f)": N_("Fullscreen (f)"),
    "space": N_("space"),
    "- pause / resume": N_("- pause / resume"),
    "- rewind / fast-forward by 5 seconds": N_("- rewind / fast-forward by 5 seconds"),
    "- rewind / fast-forward by 10%": N_("- rewind / fast-forward by 10%"),
    "- jump to the previous / next marker": N_("- jump to the previous / next marker"),
    "- jump to 0%, 10%, 20% ... 90%": N_("- jump to 0%, 10%, 20% ... 90%"),
    "- step back / forward, a frame at a time (when paused)": N_(
        "- step back / forward, a frame at a time (when paused)"
    ),
    "- toggle fullscreen mode": N_("- toggle fullscreen mode"),
    "- toggle keystroke overlay": N_("- toggle keystroke overlay"),
    "- show this help popup": N_("- show this help popup"),
}

"""What a technician owes the hospital, as his terminal tells him when he comes in: the reports of his work (R-59)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from bastion.proxy.lobby import screens
from bastion.proxy.notices import Words, plain
from bastion.services.reports import Owed

ONE: Final = "You owe the hospital a report on your work:"
SEVERAL: Final = "You owe the hospital {count} reports on your work:"
BY: Final = "{ref}, {device}: by {time}"
LATE: Final = "{ref}, {device}: overdue since {time}"
WHENEVER: Final = "{ref}, {device}"
WHERE: Final = "Write in a browser: {url}"
BLOCKS: Final = "While a report is overdue, your company asks for nothing new but emergencies."
SHOWN: Final = 3


def told(words: Words, owed: Sequence[Owed], portal: str, now: datetime, cols: int) -> str:
    """Say which, by when and where; nothing when nothing is owed."""
    if not owed:
        return ""
    head = words.say(ONE) if len(owed) == 1 else words.say(SEVERAL).format(count=len(owed))
    lines = [head, *(f"  {_one(words, one, now)}" for one in owed[:SHOWN]), *(["  …"] if len(owed) > SHOWN else [])]
    lines += [words.say(BLOCKS)] if any(one.due.overdue(now) for one in owed) else []
    said = "".join(screens.wrap(line, cols, hang=2 * line.startswith(" ")) + "\n" for line in lines)
    where = words.say(WHERE).format(url=f"{portal}/supplier/") + "\n" if portal else ""
    return f"\n{said}{where}"


def _one(words: Words, one: Owed, now: datetime) -> str:
    there, due = replace(words, zone=one.facility.timezone), one.due.due_at
    text = WHENEVER if due is None else LATE if one.due.overdue(now) else BY
    return words.say(text).format(
        ref=one.request.ref, device=plain(one.device.code), time=there.clock(due) if due else ""
    )  # fmt: skip

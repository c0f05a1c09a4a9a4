"""What is sent twice is done once: by a double click, by a page sent anew, by a program that got no answer.

Most things have a name that only one may bear, or a state that only one act leaves, and the second finds it so. What
has neither is known by what it says.
"""

from collections.abc import Iterable
from typing import TypeVar

from bastion.errors import Conflict

T = TypeVar("T")


def need_first(made: T, standing: Iterable[T], *said: str) -> None:
    """Raise `Conflict` when one of `standing` says what `made` says, in each of the fields `said`.

    The caller has begun his transaction with `locks.hold`: of two at once the second then sees the first.
    """
    if any(all(getattr(one, name) == getattr(made, name) for name in said) for one in standing):
        raise Conflict("said twice", sentence="This is there already, just as you sent it; nothing was done twice.")

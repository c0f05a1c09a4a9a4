"""How many files this process may have open: each session takes a few, and soft limits are meant for small programs."""

import resource
from typing import Final

PER_SESSION: Final = 5
"""Two connections, the recording's folder, one track, and one to spare: a second channel, a sync."""
OTHERS: Final = 100
"""Listeners, database, browsers, logs."""
_ENOUGH: Final = 1 << 20


def raise_files() -> int:
    """Raise the soft limit to the hard one, which needs no right; return how many files may be open now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most_files()
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return wanted


def most_files() -> int:
    """Return how many files may be open once `raise_files` was called; no more than anybody needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    hard = _ENOUGH if hard == resource.RLIM_INFINITY else hard
    soft = _ENOUGH if soft == resource.RLIM_INFINITY else soft
    return max(soft, min(hard, _ENOUGH))


def sessions_in(files: int) -> int:
    return max(0, files - OTHERS) // PER_SESSION

"""Where each call is entered with what it needs."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bastion import clock
from tests.web.api.yard import Given, Yard

Way = Callable[[Yard], Awaitable[Given]]
WAYS: dict[str, Way] = {}
LONE = frozenset(
    f"POST /api/v1{path}"
    for path in (
        "/requests/{ident}/approve", "/requests/{ident}/deny", "/requests/{ident}/question", "/windows/{ident}/agree",
        "/files/{ident}/release", "/files/{ident}/refuse", "/requests", "/requests/{ident}/answer",
        "/requests/{ident}/withdraw", "/batches", "/batches/{ident}/withdraw", "/grants/{ident}/extend",
        "/grants/{ident}/hand-over", "/windows",
    )
)  # fmt: skip
"""What an approver does not do who also secures, audits or administers: these take one who has no other duty."""


def way(call: str) -> Callable[[Way], Way]:
    def keep(made: Way) -> Way:
        method, path = call.split()
        WAYS[f"{method} /api/v1{path}"] = made
        return made

    return keep


def soon(days: float = 9) -> datetime:
    return clock.now() + timedelta(days=days)


def written(at: datetime) -> str:
    return at.isoformat()

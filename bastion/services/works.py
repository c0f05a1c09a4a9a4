"""One piece of work: the request by which it began, and those for more time or by which a colleague took over."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from bastion.domain.access_request import AccessRequest
from bastion.store.unit_of_work import UnitOfWork


async def askers(uow: UnitOfWork, work_id: str) -> frozenset[str]:
    """Who asked for a part of a work that was agreed to: they agree to no more of it and do not review it (R-23)."""
    return askers_of(await uow.requests.of_works({work_id}))[work_id]


def askers_of(parts: Iterable[AccessRequest]) -> Mapping[str, frozenset[str]]:
    """The same of several works, by the id of each; `parts` are all that belong to them."""
    found: dict[str, frozenset[str]] = defaultdict(frozenset)
    for one in parts:
        if one.grant_id:
            found[one.work_id] |= one.askers
    return found

"""Of maintenance windows: which companies may come by them, until when their times are promised, and what ends them
with a contract (R-18).

A window ends with the contract it was agreed to under, and for good. The other way, one that sleeps until there is a
contract again, would let people in by an agreement that nobody who gave it has thought of since: the new contract may
be of other people, another price, another scope of work, and the ward may have given the hours to somebody else. For
the biomedical engineer a line that is shown and opens nothing is worse than none, as the device is kept free for it.
So who agreed reads that it has ended, and why; whoever is to come again is proposed anew, by one and agreed to by
another. A contract that is prolonged before its last day has no gap, and its windows go on.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from bastion.domain.device import Device
from bastion.domain.maintenance import MaintenanceWindow
from bastion.domain.own_words import CONTRACT_OVER
from bastion.domain.parties import Actor, Supplier
from bastion.services.joins import Joins
from bastion.store.unit_of_work import UnitOfWork


async def companies_of(joins: Joins, windows: Sequence[MaintenanceWindow]) -> dict[str, tuple[Supplier, ...]]:
    """Who may come by each of these windows, by its id: its own company, else those that maintain the device."""
    await joins.around(windows)
    named = {one.id: await _named(joins, one) for one in windows}
    await joins.know("supplier", (ident for those in named.values() for ident in those))
    return {key: tuple([await joins.supplier(ident) for ident in those]) for key, those in named.items()}


async def _named(joins: Joins, window: MaintenanceWindow) -> list[str]:
    if window.supplier_id:
        return [window.supplier_id]
    return sorted((await joins.device(window.device_id)).supplier_ids)


async def end_with_contract(uow: UnitOfWork, actor: Actor, supplier_ids: Collection[str], now: datetime) -> int:
    """End what is proposed or stands for these suppliers, unless another may come by it whose contract runs; return
    how many. The caller holds the locks.
    """
    joins, windows = Joins(uow), await uow.windows.standing(None, now)
    its = await companies_of(joins, windows)
    over = [
        window for window in windows
        if any(one.id in supplier_ids for one in its[window.id])
        and not any(one.under_contract(now) for one in its[window.id] if one.id not in supplier_ids)
    ]  # fmt: skip
    for window in over:
        saved = await uow.windows.save(window.end(actor.name, CONTRACT_OVER, now))
        device = await joins.device(window.device_id)
        await audit_window(uow, "window:ended", actor, saved, device, now, contract="yes", why=CONTRACT_OVER)
    return len(over)


async def audit_window(
    uow: UnitOfWork, tag: str, actor: Actor, window: MaintenanceWindow, device: Device, now: datetime, **fields: object
) -> None:
    """Say in the trail what became of a window, and to the pages that are open."""
    await uow.audit.append(
        tag, actor=actor, subject=("window", window.id), facility_id=window.facility_id, at=now, device=device.code,
        window=window.ref, **fields,
    )  # fmt: skip
    uow.hint("window", window.id)

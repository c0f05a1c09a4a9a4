"""Work that is planned for later is judged by the time it is for: until when its company is under contract and its
technician may work here, both known today (R-18), and which papers must be renewed before (R-67).
"""

from datetime import datetime
from typing import Final

from bastion.domain.access_request import AccessRequest
from bastion.domain.local_time import last_day
from bastion.domain.paper import PaperKind
from bastion.domain.parties import Supplier, Technician
from bastion.domain.timebox import TimeBox
from bastion.errors import Invalid
from bastion.services.paperwork import missing_of
from bastion.store.unit_of_work import UnitOfWork

CONTRACT_ENDS: Final = "The last day of the contract of {who} is {day}: choose a time that is over by then."
VALIDITY_ENDS: Final = "{who} may work here until {day}: choose a time that is over by then."


def refuse_past_terms(technician: Technician, supplier: Supplier, box: TimeBox, now: datetime) -> None:
    """`Invalid` for work that begins later and is not over by the last day of the contract or of the technician.

    What begins now is cut at that moment, as every session is; what is over already, the rules refuse.
    """
    if box.start <= now:
        return
    for end, sentence, who in (
        (supplier.contract_end, CONTRACT_ENDS, supplier.name), (technician.valid_until, VALIDITY_ENDS, technician.name),
    ):  # fmt: skip
        if end is not None and now < end < box.end:
            raise Invalid("start", field="start", sentence=sentence, who=who, day=last_day(end).isoformat())


async def papers_to_renew(uow: UnitOfWork, request: AccessRequest, now: datetime) -> tuple[PaperKind, ...]:
    """The kinds of paper that stop nothing now and will before planned work is over, unless one comes before then."""
    if request.begins is None or request.begins <= now:
        return ()
    lacking = await missing_of(uow, request.supplier_id, now)
    then = await missing_of(uow, request.supplier_id, request.begins + request.agreed)
    return tuple(kind for kind in then if kind not in lacking)

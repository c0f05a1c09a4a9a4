"""An open authorisation passes to a colleague: by a request of his own, which names whose place he takes.

A right belongs to one person. So nothing is moved: the colleague gets a right of his own for what is left of the time,
once who must agree has agreed; at that moment the first one ends, and with it the sessions under it.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """`id` is the colleague's request's; `from_name` the technician whose place he takes."""

    id: str
    grant_id: str
    from_name: str
    by_name: str
    created_at: datetime

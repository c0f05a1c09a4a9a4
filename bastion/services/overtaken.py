"""What needs no telling any more when its turn comes: decided, answered, reviewed, reported or agreed to."""

from datetime import datetime
from typing import Final

from bastion.domain.access_request import RequestState
from bastion.domain.emergency import EmergencyStatus
from bastion.domain.maintenance import WindowStatus
from bastion.domain.remark import open_questions
from bastion.domain.telling import Delivery, Topic
from bastion.store.unit_of_work import UnitOfWork

ASKING: Final = frozenset({Topic.REQUEST_WAITING, Topic.EMERGENCY_WAITING, Topic.REQUEST_UNANSWERED})
"""What asks for a decision on a request."""
REPORTS: Final = frozenset({Topic.REPORT_DUE, Topic.REPORT_OVERDUE})
REVIEWS: Final = frozenset({Topic.REVIEW_DUE, Topic.REVIEW_OVERDUE})


async def overtaken(uow: UnitOfWork, one: Delivery, now: datetime) -> bool:
    """Tell whether nobody need be asked for this any more."""
    if one.topic in ASKING:
        return not await _waits(uow, one, now)
    if one.topic is Topic.QUESTION_ASKED:
        thread = await uow.remarks.of(one.facts.get("request", ""))
        return not open_questions(thread) or not await _waits(uow, one, now)
    if one.topic in REVIEWS:
        due = await uow.emergencies.some([one.facts.get("request", "")])
        return all(emergency.status(now) is EmergencyStatus.REVIEWED for emergency in due)
    if one.topic in REPORTS:
        owed = await uow.report_dues.get(one.facts.get("request", ""))
        return owed is None or owed.owed_since is None
    if one.topic is Topic.RIGHTS_DUE:
        return not await uow.review_lines.count_open(one.facts.get("review", ""))
    return one.topic is Topic.WINDOW_WAITING and not await _proposed(uow, one, now)


async def _proposed(uow: UnitOfWork, one: Delivery, now: datetime) -> bool:
    """Whether the window still waits, and for him."""
    windows = await uow.windows.some([one.facts.get("window", "")])
    proposed = (window for window in windows if window.status(now) is WindowStatus.PROPOSED)
    return any(one.recipient_id not in window.agreed_ids for window in proposed)


async def _waits(uow: UnitOfWork, one: Delivery, now: datetime) -> bool:
    """No row is held for it: the mails about what was asked together leave side by side, and none waits for another."""
    asked = await uow.requests.some([one.facts.get("request", "")])
    return any(request.state(now) is RequestState.PENDING for request in asked)

"""Who is told what: from one event of the trail to its recipients, the facts they read and the page it leads to.

Request made: the approvers of the hospital. Nobody answers: security staff. Decided, or not decided in time: the
technician, and whoever asked for him. Taken back: who was asked and who has agreed. An authorisation withdrawn or given
back: who was to work, who asked for it, who speaks for his company, who agreed to it; never who did it himself. A
question: the same; its answer: whoever asked it. An emergency agreed to: whoever may review it, and security once it is
late. A report owed: who did the work, who speaks for his company, who agreed to it. A window proposed: whoever can
agree to it, each when it is his turn; one that has ended: whoever proposed it or agreed to it. A file held: the
approvers. Work begins and ends: whoever agreed to it. Nobody follows a session that somebody must follow: whoever may.
Rights are to be reviewed, or will soon be due: whoever may decide on one. A supplier's paper ends, its people are not
confirmed: who speaks for it, and administrators. It declared a subcontractor: who may object, and the approvers where
it works. Somebody's access is set up, or his address changed: he himself, who speaks for his company, administrators. A
cut, trouble with recordings: security. A device shows another identity: both. And every webhook that listens.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from bastion import clock
from bastion.domain.access_request import AccessRequest
from bastion.domain.events import AuditEvent
from bastion.domain.grant import Grant
from bastion.domain.local_time import last_day
from bastion.domain.parties import EVERYWHERE, ActorKind, Role, Staff
from bastion.domain.remark import open_questions
from bastion.domain.telling import Topic
from bastion.services.actors import all_now
from bastion.services.decisions import Decisions
from bastion.services.joins import found
from bastion.services.overtaken import REPORTS, REVIEWS
from bastion.services.review_reach import waiting_for
from bastion.services.standby import Ring, Standby
from bastion.services.telling_log import told_of
from bastion.services.tellings import Telling, Tellings
from bastion.services.turns import agree_now, asked_now
from bastion.services.waiting import under_rules
from bastion.services.works import askers
from bastion.store.unit_of_work import UnitOfWork

OF_COMPANY: Final = "/supplier/company/requests/"
"""Where who speaks for a company reads of the requests of his colleagues."""
_FILE_OF_A_SUPPLIER: Final[Mapping[Topic, tuple[str, str, tuple[Role, ...]]]] = MappingProxyType(
    {
        Topic.PAPER_ENDING: ("papers", "end", (Role.ADMIN,)),
        Topic.ROSTER_OVERDUE: ("file", "end", (Role.ADMIN,)),
        Topic.SUBCONTRACTOR_DECLARED: ("file", "start", (Role.APPROVER, Role.SECURITY)),
    }
)
"""The page, the field of the event that says the day, and whom of the hospital it concerns."""


def _utc(at: datetime) -> str:
    """For who may be in any country."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


class Rings(Tellings):
    def __init__(self, uow: UnitOfWork, decisions: Decisions, *, by_mail: bool) -> None:
        super().__init__(uow, by_mail=by_mail)
        self._decisions = decisions

    async def of(self, topic: Topic, event: AuditEvent) -> Telling:
        way = self._ways().get(topic, self._recording)
        return await way(topic, event)

    def _ways(self) -> dict[Topic, Callable[[Topic, AuditEvent], Awaitable[Telling]]]:
        of_a_request = (
            Topic.REQUEST_WAITING, Topic.EMERGENCY_WAITING, Topic.REQUEST_DECIDED, Topic.REQUEST_WITHDRAWN,
            Topic.QUESTION_ASKED, Topic.QUESTION_ANSWERED, Topic.REPORT_WRITTEN,
        )  # fmt: skip
        return {
            **dict.fromkeys(of_a_request, self._request), **dict.fromkeys(REVIEWS, self._review),
            **dict.fromkeys(REPORTS, self._report), Topic.GRANT_REVOKED: self._grant,
            Topic.GRANT_GIVEN_BACK: self._grant, Topic.GRANT_UNANSWERED: self._grant,
            Topic.WINDOW_WAITING: self._window, Topic.WINDOW_ENDED: self._window, Topic.RIGHTS_DUE: self._rights,
            Topic.FILE_HELD: self._held,
            **dict.fromkeys(_FILE_OF_A_SUPPLIER, self._supplier),
            Topic.SESSION_BEGUN: self._session, Topic.SESSION_ENDED: self._session, Topic.ACCESS_CUT: self._cut,
            Topic.DEVICE_CHANGED: self._device,
            Topic.TECHNICIAN_INVITED: self._set_up, Topic.TECHNICIAN_ENROLLED: self._set_up,
            Topic.ADDRESS_CHANGED: self._address,
        }  # fmt: skip

    async def waiting(self, request: AccessRequest, topic: Topic = Topic.REQUEST_WAITING) -> Telling:
        """Who is on call, or else the first after him who can be told; of them whose turn it is to agree."""
        ladder = (await self.asked(request)).ladder()
        first = next(iter(ladder), (Ring.APPROVERS, ()))
        ring, people = next(iter([one for one in ladder if await self.can_be_told(one[1])]), first)
        # Whoever is on call is told, whatever he declines on other days.
        said = Topic.REQUEST_UNANSWERED if ring is Ring.ON_CALL else topic
        return await self._about(topic, request, {"ring": ring.value}, people, declined=said)

    @property
    def in_turn(self) -> bool:
        return self._decisions.in_turn

    async def urgent(self, request: AccessRequest) -> bool:
        """Whether it is an emergency, or more time for one."""
        return await self._joins.emergency(request) is not None

    async def asked(self, request: AccessRequest) -> Standby:
        now = clock.now()
        standing = await under_rules(self._joins, self._decisions, request, now)
        device, emergency = await self._joins.device(request.device_id), await self._joins.emergency(request)
        return await asked_now(self._uow, self._decisions, standing, device, now, emergency)

    async def unanswered(
        self, request: AccessRequest, people: Iterable[Staff], ring: Ring, step: int, minutes: int
    ) -> Telling:
        facts = {"minutes": str(minutes), "ring": ring.value, "step": str(step)}
        facts |= {"urgent": "yes"} if await self.urgent(request) else {}
        return await self._about(Topic.REQUEST_UNANSWERED, request, facts, people)

    async def security(self, request: AccessRequest) -> list[Staff]:
        return await self._staff(request.facility_id, Role.SECURITY)

    # -- parts ---------------------------------------------------------------------------------------------------------
    async def _request(self, topic: Topic, event: AuditEvent) -> Telling:
        request = found(await self._uow.requests.get(event.subject_id))
        if topic is Topic.REQUEST_DECIDED:
            return await self._decided(request, event)
        if topic is Topic.REPORT_WRITTEN:  # programs only: who agreed reads it on the request's page
            return await self._about(topic, request, {"after": event.fields.get("after", "")}, [])
        if topic is Topic.REQUEST_WITHDRAWN:
            return await self._withdrawn(request, event)
        if topic in {Topic.QUESTION_ASKED, Topic.QUESTION_ANSWERED}:
            return await self._talk(topic, request, event)
        return await self.waiting(request, topic)

    async def _cut(self, topic: Topic, event: AuditEvent) -> Telling:
        outcome = "lifted" if event.tag == "lock:lifted" else "cut"
        facts = {"outcome": outcome, "scope": event.fields.get("scope", "")}
        return await self._telling(topic, "", facts, "/locks", await self._staff("", Role.SECURITY))

    async def _recording(self, topic: Topic, event: AuditEvent) -> Telling:
        people = await self._staff(event.facility_id, Role.SECURITY)
        return await self._telling(topic, event.facility_id, {}, "/audit?tag=recording", people)

    async def _decided(self, request: AccessRequest, event: AuditEvent) -> Telling:
        outcomes = {"request:approved": "agreed", "request:denied": "refused", "request:expired": "expired"}
        return await self._to_who_asked(Topic.REQUEST_DECIDED, request, {"outcome": outcomes[event.tag]})

    async def _to_who_asked(self, topic: Topic, request: AccessRequest, facts: dict[str, str]) -> Telling:
        """The technician, and whoever asked in his name: of the hospital, or a colleague of his."""
        asked = await self._uow.staff.get(request.created_by.id)
        told = await self._about(topic, request, facts, [asked] if asked and asked.active else [])
        return await self._to_theirs_too(told, {request.technician_id, request.created_by.id})

    async def _withdrawn(self, request: AccessRequest, event: AuditEvent) -> Telling:
        """Whoever was told that it waits, and who has agreed already; and for whom it was, if another took it back."""
        told = {one.delivery.recipient_id for one in await told_of(self._uow, request) if one.heard}
        told |= {approval.staff_id for approval in request.approvals}
        people = await self._others(told, event)
        said = await self._about(Topic.REQUEST_WITHDRAWN, request, {}, people, declined=Topic.REQUEST_WAITING)
        return await self._to_theirs_too(said, {request.technician_id} - {event.actor_id})

    async def _grant(self, topic: Topic, event: AuditEvent) -> Telling:
        """An authorisation has ended before its time, or opens nothing any more: whoever counted on it, and whoever
        follows what goes on, but for who did it.
        """
        grant = found(await self._uow.grants.get(event.subject_id))
        request = found(await self._uow.requests.get(grant.request_id))
        agreed = {approval.staff_id for approval in request.approvals} | {request.created_by.id}
        if topic is Topic.GRANT_UNANSWERED:
            agreed |= {watch.staff_id for watch in await self._uow.watches.open_on([grant.id])}
        facts = await self._planned(grant)
        if await self._handed_over(grant):
            facts, agreed = facts | {"outcome": "handed_over"}, set()
        told = await self._about(topic, request, facts, await self._others(agreed, event))
        mine = {request.technician_id, request.created_by.id} - {event.actor_id}
        speakers = {one.technician_id for one in await self._uow.correspondents.of(request.supplier_id)}
        told = await self._to_theirs_too(told, speakers - mine - {event.actor_id}, f"{OF_COMPANY}{request.id}")
        return await self._to_theirs_too(told, mine)

    async def _handed_over(self, grant: Grant) -> bool:
        """Whether a colleague goes on in its place."""
        asked = [await self._uow.requests.get(one.id) for one in await self._uow.handovers.of_grant(grant.id)]
        return any(one is not None and one.grant_id for one in asked)

    async def _planned(self, grant: Grant) -> dict[str, str]:
        """For when it was agreed to, on the clock of its hospital."""
        zone = ZoneInfo((await self._joins.facility(grant.facility_id)).timezone)
        return {"planned": f"{grant.planned.astimezone(zone):%Y-%m-%d %H:%M}"}

    async def _report(self, topic: Topic, event: AuditEvent) -> Telling:
        """Who did the work, who speaks for his company and who agreed to the work: all can see to it (R-59)."""
        request = found(await self._uow.requests.get(event.subject_id))
        due = found(await self._uow.report_dues.get(request.id))
        facts = await self._day(request.facility_id, due.due_at)
        agreed = await self._uow.staff.some({approval.staff_id for approval in request.approvals})
        told = await self._about(topic, request, facts, [one for one in agreed if one.active])
        speakers = await self._uow.correspondents.of(request.supplier_id)
        named = {request.technician_id, *(one.technician_id for one in speakers)}
        return await self._to_theirs_too(replace(told, path=f"{told.path}/report"), named)

    async def _talk(self, topic: Topic, request: AccessRequest, event: AuditEvent) -> Telling:
        """A question goes to who must answer it, the answer to who asked: what was said stays on the page."""
        if topic is Topic.QUESTION_ASKED:
            return await self._to_who_asked(topic, request, {})
        thread = [one for one in await self._uow.remarks.of(request.id) if one.at < event.at]
        asked = {one.author_id for one in open_questions(thread)}
        people = [one for one in await self._uow.staff.some(asked) if one.active]
        return await self._about(topic, request, {}, people)

    async def _review(self, topic: Topic, event: AuditEvent) -> Telling:
        """Neither who asked, nor who agreed, nor who called reviews it; security hears of what is late, whoever may."""
        emergency = found(await self._uow.emergencies.get(event.subject_id))
        facts = await self._names(emergency.device_id, emergency.supplier_id)
        facts |= {"request": emergency.id, "ref": emergency.ref}
        facts |= await self._day(emergency.facility_id, emergency.review_due_at)
        security = await self._staff(emergency.facility_id, Role.SECURITY)
        people = {one.id: one for one in (*await self._approvers(emergency.device_id), *security)}.values()
        asked = await askers(self._uow, emergency.id)
        able = [one for one in people if emergency.may_review(one.id, one.login, one.name, askers=asked)]
        if topic is Topic.REVIEW_OVERDUE:
            able += [one for one in security if one not in able]
        return await self._telling(topic, emergency.facility_id, facts, f"/emergencies/{emergency.id}", able)

    async def _window(self, topic: Topic, event: AuditEvent) -> Telling:
        """Of one that waits: whoever can agree to it now; not who proposed it. Of one that has ended: whoever counts on
        it, proposed it or agreed to it, but for who ended it.
        """
        window = found(await self._uow.windows.get(event.subject_id))
        facts = await self._names(window.device_id, window.supplier_id)
        facts |= {"window": window.id, "ref": window.ref, "kind": window.kind.value}
        device = await self._joins.device(window.device_id)
        if topic is Topic.WINDOW_ENDED:
            people = tuple(await self._others({window.created_by_id, *window.agreed_ids}, event))
            facts |= {"outcome": "contract"} if event.fields.get("contract") else {}
        else:
            people = (await agree_now(self._uow, self._decisions, window, device, clock.now())).people
        return await self._telling(topic, window.facility_id, facts, f"/windows/{window.id}", people)

    async def _rights(self, topic: Topic, event: AuditEvent) -> Telling:
        """Whoever may decide on one of the lines that are open; what the review is called, somebody typed."""
        now, campaign = clock.now(), found(await self._uow.campaigns.get(event.subject_id))
        able = [one for one in await self._uow.staff.all() if one.active]
        acting = await all_now(self._uow, able, now)
        people = [one for one in able if await waiting_for(self._uow, acting[one.id], campaign, now)]
        places = [one for one in campaign.facilities if one != EVERYWHERE]
        facts = {
            "review": campaign.id, "until": last_day(campaign.due_at).isoformat(),
            "count": str(await self._uow.review_lines.count_open(campaign.id)),
        }  # fmt: skip
        place = places[0] if len(places) == 1 else ""
        return await self._telling(topic, place, facts, f"/reviews/{campaign.id}", people)

    async def _supplier(self, topic: Topic, event: AuditEvent) -> Telling:
        """What ends or begins by a day in a supplier's file: of the group, and so of each hospital where it works."""
        supplier = await self._joins.supplier(event.subject_id)
        page, field, roles = _FILE_OF_A_SUPPLIER[topic]
        places = (await self._uow.devices.places_of_several({supplier.id}))[supplier.id]
        facts = {name: text for name, text in event.fields.items() if name in {"paper", "count"}}
        end = datetime.fromisoformat(event.fields[field])
        facts |= {"supplier": supplier.name, "until": last_day(end).isoformat()}
        able = await self._staff("", *roles)
        people = [one for one in able if any(one.covers(place, *roles) for place in (EVERYWHERE, *places))]
        told = await self._telling(topic, "", facts, f"/directory/suppliers/{supplier.id}/{page}", people, also=places)
        if topic is Topic.SUBCONTRACTOR_DECLARED:
            return told  # they declared it themselves
        speakers = await self._uow.correspondents.of(supplier.id)
        return await self._to_theirs_too(told, [one.technician_id for one in speakers])

    async def _set_up(self, topic: Topic, event: AuditEvent) -> Telling:
        """A link replaces what proves who somebody is: he hears of it himself, and once it has replaced something the
        group's administrators and security do (R-11). Of one that a company made they hear at once, and so does
        everybody who speaks for that company: also whoever made it, if somebody else did that under his name.
        """
        person = found(await self._uow.technicians.get(event.subject_id))
        facts = {
            "supplier": (await self._joins.supplier(person.supplier_id)).name, "technician": person.id,
            "login": person.login, "who": event.fields.get("invited_by") or event.actor_name, "at": _utc(event.at),
        }  # fmt: skip
        if again := event.fields.get("again"):
            facts["again"] = again
        if expires := event.fields.get("expires"):
            facts["until"] = _utc(datetime.fromisoformat(expires))
        by_company = topic is Topic.TECHNICIAN_INVITED and event.actor_kind == ActorKind.TECHNICIAN
        roles = {Role.ADMIN} if by_company else set()
        roles |= {Role.ADMIN, Role.SECURITY} if topic is Topic.TECHNICIAN_ENROLLED and again else set()
        told = await self._telling(topic, "", facts, f"/directory/technicians/{person.id}", await self._group(*roles))
        if by_company:
            told = await self._to_theirs_too(told, await self._speakers(person))
        return await self._warning(told, person)

    async def _address(self, topic: Topic, event: AuditEvent) -> Telling:
        """Somebody has another address: he hears of it at the one before, and of a technician whoever speaks for his
        company. So does who answers for people in the whole group, for it may be the beginning of a theft (R-11).
        """
        facts = {"who": event.actor_name, "login": event.fields["login"], "at": _utc(event.at)}
        staff = [one for one in await self._group(Role.ADMIN, Role.SECURITY) if one.id != event.subject_id]
        if event.subject_kind == "staff":
            colleague = found(await self._uow.staff.get(event.subject_id))
            path = f"/directory/staff/{colleague.id}"
            told = await self._telling(topic, "", facts | {"staff": colleague.id}, path, staff)
            return await self._warning(told, colleague)
        person = found(await self._uow.technicians.get(event.subject_id))
        facts |= {"supplier": (await self._joins.supplier(person.supplier_id)).name, "technician": person.id}
        told = await self._telling(topic, "", facts, f"/directory/technicians/{person.id}", staff)
        return await self._warning(await self._to_theirs_too(told, await self._speakers(person)), person)

    async def _held(self, topic: Topic, event: AuditEvent) -> Telling:
        file = found(await self._uow.held_files.get(event.subject_id))
        facts = await self._names(file.device_id, file.supplier_id) | {"session": file.session_id}
        people = await self._approvers(file.device_id)
        return await self._telling(topic, file.facility_id, facts, "/desk", people)

    async def _session(self, topic: Topic, event: AuditEvent) -> Telling:
        record = found(await self._uow.sessions.get(event.subject_id))
        request = found(await self._uow.requests.get(record.request_id))
        agreed = {approval.staff_id for approval in request.approvals}
        people = [one for one in await self._uow.staff.all() if one.active and one.id in agreed]
        facts = await self._names(record.device_id, record.supplier_id) | {"session": record.id, "ref": request.ref}
        grant = found(await self._uow.grants.get(record.grant_id))
        if event.tag == "session:opened" and grant.watcher:
            people = []  # it has not begun yet: who may follow it is told that it waits
        if event.tag == "session:unwatched":
            facts, people = facts | {"outcome": "unwatched"}, await self._able_to_follow(request)
        return await self._telling(topic, record.facility_id, facts, f"/sessions/{record.id}", people)

    async def _able_to_follow(self, request: AccessRequest) -> list[Staff]:
        """Whoever may follow the session; not who asked for the work himself, nor an approver of other wards (R-28)."""
        able = [*await self._approvers(request.device_id), *await self._staff(request.facility_id, Role.SECURITY)]
        return [one for one in {one.id: one for one in able}.values() if one.id not in request.askers]

    async def _device(self, topic: Topic, event: AuditEvent) -> Telling:
        """`event` is of a session, or of the desk's own visit to a device; both know its code."""
        device = found(await self._uow.devices.by_code(event.fields.get("device", "")))
        security = await self._staff(device.facility_id, Role.SECURITY)
        people = {one.id: one for one in (*security, *await self._approvers(device.id))}.values()
        facts = await self._names(device.id, "")
        return await self._telling(topic, device.facility_id, facts, f"/directory/devices/{device.id}", people)

"""Reading what was asked for and what became of it, each as far as one may see it (R-17, R-24)."""

from datetime import datetime

from bastion import clock
from bastion.domain.parties import Actor, ActorKind
from bastion.domain.place import Place
from bastion.errors import NotFound
from bastion.services.decisions import Decisions
from bastion.services.joins import Joins, found, scope
from bastion.services.requests import RequestViews, may_see
from bastion.services.views import GrantView, RequestView
from bastion.store.database import Database


class Asked:
    def __init__(self, database: Database, decisions: Decisions) -> None:
        self._database = database
        self._views = RequestViews(decisions)

    async def get(self, actor: Actor, request_id: str) -> RequestView:
        async with self._database.read() as uow:
            request = found(await uow.requests.get(request_id), request_id)
            if not may_see(actor, request):
                raise NotFound(request_id)
            return await self._views.whole(uow, actor, request)

    async def to_decide(self, actor: Actor) -> int:
        """How many of `pending` this person can decide on: what every open page asks for after each decision."""
        async with self._database.read() as uow:
            waiting = await uow.requests.pending(clock.now(), scope(actor))
            return await self._views.to_decide(Joins(uow), actor, waiting)

    async def pending(self, actor: Actor) -> list[RequestView]:
        """What waits for a decision in the actor's facilities, oldest first."""
        async with self._database.read() as uow:
            joins = Joins(uow)
            waiting = await uow.requests.pending(clock.now(), scope(actor))
            views = await self._views.rows(joins, actor, waiting)
        return sorted(views, key=lambda v: v.request.created_at)

    async def search(
        self, actor: Actor, *, state: str = "", text: str = "", device_id: str = "", supplier_id: str = "",
        before: datetime | None = None, after: Place | None = None, limit: int = 50, offset: int = 0,
    ) -> list[RequestView]:  # fmt: skip
        """Newest first. A text that names nothing is looked for as far back as `reach` says."""
        mine = actor.id if actor.kind is ActorKind.TECHNICIAN else ""
        async with self._database.read() as uow:
            joins = Joins(uow)
            rows = await uow.requests.search(
                state=state, text=text, device_id=device_id, supplier_id=supplier_id, technician_id=mine,
                facility_ids=None if mine else scope(actor), before=before, now=clock.now(), after=after, limit=limit,
                offset=offset,
            )  # fmt: skip
            return await self._views.rows(joins, actor, rows)

    async def reach(
        self, actor: Actor, *, text: str, state: str = "", before: datetime | None = None
    ) -> datetime | None:
        """Up to when `search` looked for this text: look further back from there. `None`: everything was looked at."""
        async with self._database.read() as uow:
            return await uow.requests.reach(
                text, state=state, facility_ids=scope(actor), before=before, now=clock.now()
            )

    async def grants(self, actor: Actor, technician_id: str) -> list[GrantView]:
        """The open and coming grants of a technician that the actor may see."""
        now = clock.now()
        async with self._database.read() as uow:
            joins = Joins(uow)
            grants = await uow.grants.of_technician(technician_id, now)
            visible = [g for g in grants if actor.id == g.technician_id or actor.covers(g.facility_id)]
            return [
                GrantView(g, await joins.device(g.device_id), await joins.technician(g.technician_id)) for g in visible
            ]

"""Two different acts on one thing at the same moment: one state comes of it, and the trail tells it; nobody gets a 500.

Each pair meets before its commits on PostgreSQL (`meeting.py`); SQLite lets one write at a time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import pyotp
import pytest
import pytest_asyncio

from bastion import clock
from bastion.domain.access_request import RequestState
from bastion.domain.emergency import Outcome
from bastion.domain.grant import GrantStatus
from bastion.domain.lock import LockScope
from bastion.domain.maintenance import WindowStatus
from bastion.domain.review import Verdict
from bastion.errors import BastionError, Unavailable
from bastion.services.inventory import DeviceForm
from bastion.services.invitations import Answers
from bastion.services.people import TechnicianForm
from bastion.services.reviews import CampaignForm
from tests.services.house import CONNECTION, OPERATOR, PASSWORD, SOURCE, public_line
from tests.web.api.desk import Desk, a_desk
from tests.web.api.yard import Scene, Yard

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.slow]
Act = Callable[[], Awaitable[Any]]
Check = Callable[[bool, bool], Awaitable[None]]


@dataclass(frozen=True)
class Race:
    """Two acts, and what must be so afterwards, given which of them succeeded."""

    one: Act
    other: Act
    check: Check


Make = Callable[[Yard], Awaitable[Race]]
RACES: Final[dict[str, Make]] = {}


def race(name: str) -> Callable[[Make], Make]:
    def keep(make: Make) -> Make:
        RACES[name] = make
        return make

    return keep


@pytest.fixture(scope="module")
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with request.getfixturevalue("postgres").new("migrated") as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def desk(url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Desk]:
    async with a_desk(url, tmp_path_factory.mktemp("races")) as made:
        yield made


def well(said: object) -> bool:
    """Whether it was done; what is no answer to a person is raised."""
    if isinstance(said, BaseException) and (isinstance(said, Unavailable) or not isinstance(said, BastionError)):
        raise said
    return not isinstance(said, BaseException)


@pytest.mark.parametrize("turned", [False, True], ids=["as they come", "the other first"])
@pytest.mark.parametrize("name", RACES)
async def test_two_acts_at_once_leave_one_state(desk, name, turned):
    yard = desk.people["lone"].yard
    await yard.open_doors()
    made = await RACES[name](yard)
    acts = (made.other, made.one) if turned else (made.one, made.other)
    with desk.meeting.of(2):
        said = await asyncio.gather(*(act() for act in acts), return_exceptions=True)
    done = [well(answer) for answer in said]
    assert any(done), said
    await made.check(*(reversed(done) if turned else done))


# -- what is looked at afterwards --------------------------------------------------------------------------------------
async def state(yard: Yard, ident: str) -> RequestState:
    async with yard.house.database.read() as uow:
        return (await uow.requests.get(ident)).state(clock.now())


async def standing(yard: Yard, scene: Scene) -> int:
    """How many authorisations are open on the device."""
    async with yard.house.database.read() as uow:
        now = clock.now()
        return sum(one.status(now) is GrantStatus.OPEN for one in await uow.grants.over(now, None, 50, scene.device.id))


async def refused(act: Awaitable[Any]) -> None:
    with pytest.raises(BastionError):
        await act


async def turned_out(yard: Yard, scene: Scene) -> None:
    """What is at work on this device is told to end."""
    async with yard.house.database.read() as uow:
        ours = [one.id for one in await uow.sessions.live(CONNECTION.node) if one.device_id == scene.device.id]
    wishes = await yard.use.sessions.wishes(CONNECTION.node)
    now = clock.now()
    for ident in ours:
        assert not wishes[ident].welcome or wishes[ident].grant.status(now) is GrantStatus.REVOKED


async def boss(yard: Yard) -> Any:
    return yard.house.staff(await yard.staff())


# -- a request ---------------------------------------------------------------------------------------------------------
@race("agree, take back")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    asked, judge = await scene.asked(), await boss(yard)

    async def check(agreed: bool, taken_back: bool) -> None:
        assert agreed != taken_back
        wanted = RequestState.APPROVED if agreed else RequestState.WITHDRAWN
        assert (await state(yard, asked.id), await standing(yard, scene)) == (wanted, int(agreed))

    return Race(
        lambda: use.approvals.approve(judge, asked.id, asked.version, 30, "ok"),
        lambda: use.taking_back.withdraw(scene.worker, asked.id),
        check,
    )


@race("refuse, take back")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    asked, judge = await scene.asked(), await boss(yard)

    async def check(denied: bool, taken_back: bool) -> None:
        assert denied != taken_back
        assert await state(yard, asked.id) is (RequestState.DENIED if denied else RequestState.WITHDRAWN)

    return Race(
        lambda: use.approvals.deny(judge, asked.id, asked.version, "not today"),
        lambda: use.taking_back.withdraw(scene.worker, asked.id),
        check,
    )


@race("agree, refuse")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    asked, judge, other = await scene.asked(), await boss(yard), await boss(yard)

    async def check(agreed: bool, denied: bool) -> None:
        assert agreed != denied
        wanted = RequestState.APPROVED if agreed else RequestState.DENIED
        assert (await state(yard, asked.id), await standing(yard, scene)) == (wanted, int(agreed))

    return Race(
        lambda: use.approvals.approve(judge, asked.id, asked.version, 30, "ok"),
        lambda: use.approvals.deny(other, asked.id, asked.version, "not today"),
        check,
    )


@race("agree, cut the device")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    asked, judge = await scene.asked(), await boss(yard)

    async def check(_agreed: bool, cut: bool) -> None:
        assert cut
        assert await standing(yard, scene) == 0

    return Race(
        lambda: use.approvals.approve(judge, asked.id, asked.version, 30, "ok"),
        lambda: use.locks.impose(OPERATOR, LockScope.DEVICE, scene.device.code, "a drill"),
        check,
    )


@race("agree, the person leaves")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    asked, judge = await scene.asked(), await boss(yard)

    async def check(_agreed: bool, left: bool) -> None:
        assert left
        assert await standing(yard, scene) == 0
        assert await state(yard, asked.id) is not RequestState.PENDING

    return Race(
        lambda: use.approvals.approve(judge, asked.id, asked.version, 30, "ok"),
        lambda: use.rosters.leave(OPERATOR, scene.person.id, "resigned"),
        check,
    )


@race("ask, retire the device")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    judge = await boss(yard)
    device = scene.device
    form = DeviceForm(
        device.code, device.name, scene.facility.code, (scene.supplier.code,), 2, active=False, id=device.id
    )

    async def check(asked: bool, retired: bool) -> None:
        assert retired
        if asked:
            (waiting,) = [v.request for v in await use.asked.pending(judge) if v.request.device_id == device.id]
            await refused(use.approvals.approve(judge, waiting.id, waiting.version, 30, "ok"))
        assert await standing(yard, scene) == 0

    return Race(scene.asked, lambda: use.inventory.save_device(OPERATOR, form), check)


# -- an authorisation --------------------------------------------------------------------------------------------------
@race("agree to more time, take the right back")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    grant_id, judge = (await scene.agreed()).grant_id, await boss(yard)
    more = await use.access.extend(scene.worker, grant_id, 15, "one more screw")

    async def check(_longer: bool, revoked: bool) -> None:
        assert revoked
        assert await standing(yard, scene) == 0

    return Race(
        lambda: use.approvals.approve(judge, more.id, more.version, 15, "ok"),
        lambda: use.approvals.revoke(judge, grant_id, "it is over"),
        check,
    )


@race("agree to more time, the person leaves")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    grant_id, judge = (await scene.agreed()).grant_id, await boss(yard)
    more = await use.access.extend(scene.worker, grant_id, 15, "one more screw")

    async def check(_longer: bool, left: bool) -> None:
        assert left
        assert await standing(yard, scene) == 0
        assert await state(yard, more.id) is not RequestState.PENDING

    return Race(
        lambda: use.approvals.approve(judge, more.id, more.version, 15, "ok"),
        lambda: use.rosters.leave(OPERATOR, scene.person.id, "resigned"),
        check,
    )


@race("ask for more time, take the right back")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    grant_id, judge = (await scene.agreed()).grant_id, await boss(yard)

    async def check(asked: bool, revoked: bool) -> None:
        assert revoked
        waiting = [v.request for v in await use.asked.pending(judge) if v.request.extends_grant_id == grant_id]
        assert not waiting, f"asked for: {asked}"
        assert await standing(yard, scene) == 0

    return Race(
        lambda: use.access.extend(scene.worker, grant_id, 15, "one more screw"),
        lambda: use.approvals.revoke(judge, grant_id, "it is over"),
        check,
    )


async def _passing(yard: Yard) -> tuple[Scene, str, Any]:
    scene = await yard.scene()
    grant_id = (await scene.agreed()).grant_id
    return scene, str(grant_id), await yard.technician(scene.supplier)


@race("agree to hand over, take the right back")
async def _(yard: Yard) -> Race:
    scene, grant_id, colleague = await _passing(yard)
    use, judge = yard.use, await boss(yard)
    asked = await use.handovers.ask(scene.worker, grant_id, colleague.login, "my shift is over")

    async def check(passed: bool, revoked: bool) -> None:
        assert passed != revoked
        assert await standing(yard, scene) == int(passed)

    return Race(
        lambda: use.approvals.approve(judge, asked.id, asked.version, 30, "ok"),
        lambda: use.approvals.revoke(judge, grant_id, "it is over"),
        check,
    )


@race("ask to hand over, take the right back")
async def _(yard: Yard) -> Race:
    scene, grant_id, colleague = await _passing(yard)
    use, judge = yard.use, await boss(yard)

    async def check(asked: bool, revoked: bool) -> None:
        assert revoked
        waiting = [v.request for v in await use.asked.pending(judge) if v.request.technician_id == colleague.id]
        assert not waiting, f"asked for: {asked}"
        assert await standing(yard, scene) == 0

    return Race(
        lambda: use.handovers.ask(scene.worker, grant_id, colleague.login, "my shift is over"),
        lambda: use.approvals.revoke(judge, grant_id, "it is over"),
        check,
    )


@race("take the right back, the person leaves")
async def _(yard: Yard) -> Race:
    scene = await yard.scene()
    grant_id, judge = (await scene.agreed()).grant_id, await boss(yard)

    async def check(_revoked: bool, left: bool) -> None:
        assert left
        assert await standing(yard, scene) == 0

    return Race(
        lambda: yard.use.approvals.revoke(judge, grant_id, "it is over"),
        lambda: yard.use.rosters.leave(OPERATOR, scene.person.id, "resigned"),
        check,
    )


@race("refuse a request, the person leaves")
async def _(yard: Yard) -> Race:
    scene = await yard.scene()
    asked, judge = await scene.asked(), await boss(yard)

    async def check(denied: bool, left: bool) -> None:
        assert left
        assert await state(yard, asked.id) is (RequestState.DENIED if denied else RequestState.WITHDRAWN)

    return Race(
        lambda: yard.use.approvals.deny(judge, asked.id, asked.version, "not today"),
        lambda: yard.use.rosters.leave(OPERATOR, scene.person.id, "resigned"),
        check,
    )


# -- a session ---------------------------------------------------------------------------------------------------------
async def _ready(yard: Yard) -> tuple[Scene, str]:
    scene = await yard.scene()
    grant_id = str((await scene.agreed()).grant_id)
    await yard.use.sessions.acknowledge(scene.worker, grant_id, "terminal")
    return scene, grant_id


def _opening(race_name: str, end: Callable[[Yard, Scene, str], Awaitable[Any]]) -> None:
    @race(race_name)
    async def _(yard: Yard) -> Race:
        scene, grant_id = await _ready(yard)

        async def check(_opened: bool, ended: bool) -> None:
            assert ended
            await turned_out(yard, scene)
            await refused(yard.use.sessions.open(scene.worker, grant_id, CONNECTION))

        return Race(
            lambda: yard.use.sessions.open(scene.worker, grant_id, CONNECTION),
            lambda: end(yard, scene, grant_id),
            check,
        )


async def _revoke(yard: Yard, _scene: Scene, grant_id: str) -> None:
    await yard.use.approvals.revoke(yard.myself, grant_id, "it is over")


async def _leave(yard: Yard, scene: Scene, _grant_id: str) -> None:
    await yard.use.rosters.leave(OPERATOR, scene.person.id, "resigned")


async def _shut(yard: Yard, scene: Scene, _grant_id: str) -> None:
    who = scene.person
    form = TechnicianForm(who.login, who.name, who.email, scene.supplier.code, "en", active=False, id=who.id)
    await yard.use.people.save_technician(OPERATOR, form)


async def _cut(yard: Yard, scene: Scene, _grant_id: str) -> None:
    await yard.use.locks.impose(OPERATOR, LockScope.TECHNICIAN, scene.person.login, "a drill")


_opening("open, take the right back", _revoke)
_opening("open, the person leaves", _leave)
_opening("open, the account is shut", _shut)
_opening("open, cut the person", _cut)


# -- windows, emergencies, invitations ---------------------------------------------------------------------------------
@race("agree to a window, end it")
async def _(yard: Yard) -> Race:
    scene, use = await yard.scene(), yard.use
    window, judge = await scene.window(await yard.staff()), await boss(yard)

    async def check(_agreed: bool, ended: bool) -> None:
        assert ended
        async with yard.house.database.read() as uow:
            assert (await uow.windows.get(window.id)).status(clock.now()) is WindowStatus.ENDED

    return Race(
        lambda: use.maintenance.agree(judge, window.id, window.version),
        lambda: use.maintenance.end(judge, window.id, "no longer"),
        check,
    )


@race("review an emergency, review it otherwise")
async def _(yard: Yard) -> Race:
    request = await (await yard.scene()).emergency()
    use, judge, other = yard.use, await boss(yard), await boss(yard)
    version = (await use.emergencies.get(judge, request.id)).emergency.version

    async def check(one: bool, two: bool) -> None:
        assert one != two
        kept = (await use.emergencies.get(judge, request.id)).emergency
        assert kept.outcome == (Outcome.JUSTIFIED if one else Outcome.NOT_JUSTIFIED).value

    return Race(
        lambda: use.emergencies.review(judge, request.id, version, Outcome.JUSTIFIED, "the tube had failed"),
        lambda: use.emergencies.review(other, request.id, version, Outcome.NOT_JUSTIFIED, "it could have waited"),
        check,
    )


async def _decided_review(yard: Yard) -> tuple[str, list[str]]:
    """A review of one hospital of which every line is confirmed."""
    scene, use = await yard.scene(), yard.use.reviews
    made = await use.start(OPERATOR, CampaignForm("H2", clock.now() + timedelta(days=20), (scene.facility.code,)))
    lines = [one.line.id for one in (await use.of(OPERATOR, made.id)).lines]
    await use.decide(OPERATOR, made.id, lines, Verdict.CONFIRMED)
    return made.id, lines


@race("sign a review, sign it as well")
async def _(yard: Yard) -> Race:
    ident, _lines = await _decided_review(yard)
    use = yard.use.reviews

    async def check(one: bool, two: bool) -> None:
        assert one != two
        kept = (await use.of(OPERATOR, ident)).standing.signature
        assert kept is not None
        assert kept.remark == ("one" if one else "two")

    return Race(lambda: use.sign(OPERATOR, ident, "one"), lambda: use.sign(OPERATOR, ident, "two"), check)


@race("sign a review, withdraw one of its lines")
async def _(yard: Yard) -> Race:
    """Whichever comes first: what was signed, and what was decided after it, are the lines as they are."""
    ident, lines = await _decided_review(yard)
    use = yard.use.reviews

    async def check(signed: bool, withdrawn: bool) -> None:
        assert signed
        assert withdrawn
        review = await use.of(OPERATOR, ident)
        kept = review.standing.signature
        assert kept is not None
        assert kept.withdrawn + len(review.since) == 1
        assert kept.confirmed + kept.withdrawn == len(lines)

    return Race(
        lambda: use.sign(OPERATOR, ident),
        lambda: use.decide(OPERATOR, ident, lines[:1], Verdict.WITHDRAWN, "left"),
        check,
    )


async def _invited(yard: Yard) -> tuple[Any, Act]:
    who = await yard.technician(await yard.supplier())
    link = await yard.use.invitations.invite(OPERATOR, who.id)
    totp = pyotp.parse_uri((await yard.use.invitations.look(link, SOURCE)).authenticator).secret
    answers = Answers(PASSWORD, pyotp.TOTP(totp).at(clock.now()), public_line())
    return who, lambda: yard.use.invitations.accept(link, answers, SOURCE)


@race("accept an invitation, the person leaves")
async def _(yard: Yard) -> Race:
    who, accept = await _invited(yard)

    async def check(_accepted: bool, left: bool) -> None:
        assert left
        view = await yard.use.people.technician(OPERATOR, who.id)
        assert (view.keys, view.totp_enrolled, view.technician.active) == ((), False, False)

    return Race(accept, lambda: yard.use.rosters.leave(OPERATOR, who.id, "resigned"), check)


@race("accept an invitation, make another in its place")
async def _(yard: Yard) -> Race:
    who, accept = await _invited(yard)

    async def check(accepted: bool, invited: bool) -> None:
        assert invited
        view = await yard.use.people.technician(OPERATOR, who.id)
        assert view.totp_enrolled == accepted

    return Race(accept, lambda: yard.use.invitations.invite(OPERATOR, who.id), check)

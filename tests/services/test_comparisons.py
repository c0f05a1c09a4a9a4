"""What was declared beside what was observed, from the records and the trail of real sessions (R-60)."""

import pytest

from bastion.domain.access_request import InterventionKind
from bastion.domain.announced_file import AnnouncedFile
from bastion.domain.comparison import Aspect, Mark, Standing, Unseen, What
from bastion.domain.held_file import Direction
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import EndReason
from bastion.errors import NotFound
from bastion.services import comparisons
from bastion.services.sessions import Ending
from policies.model import Sas
from tests.policies.guards.samples import NIR
from tests.services.house import moved
from tests.services.test_files import brought

ONE, TWO = "1" * 64, "2" * 64


@pytest.fixture
def use(house):
    return house.services.comparisons


def passed(
    op: str = "put", path: str = "/etc/a.conf", sha256: str = ONE, outcome: str = "done", size: int = 7
) -> Audit:
    direction = {"put": "in", "get": "out"}.get(op, "")
    facts = {
        "op": op, "direction": direction, "path": path, "target": "", "size": size, "sha256": sha256, "pieces": "",
        "seconds": 0.1, "outcome": outcome, "detail": "",
    }  # fmt: skip
    return Audit("file:passed", facts)


def channel(number: int, kind: str, detail: str = "", tag: str = "channel:opened") -> Audit:
    return Audit(tag, {"channel": number, "kind": kind, "detail": detail} | ({"why": "no"} if "ref" in tag else {}))


async def ended(house, opened, **ending):
    sealed = {"digest": "d" * 64} | ending
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT, **sealed))
    async with house.database.read() as uow:
        return await uow.sessions.get(opened.record.id)


def points(shown, aspect: Aspect) -> dict[What, tuple[int, Mark]]:
    row = next(one for one in shown.rows if one.aspect is aspect)
    return {one.what: (one.count, one.mark) for one in row.observed}


async def test_R60_what_was_observed_is_put_beside_what_was_declared(house, use):
    opened = await house.opened(announced=(AnnouncedFile("a.conf", 7, ONE), AnnouncedFile("b.conf", 0, TWO)))
    await house.services.sessions.note(opened.record, [
        channel(1, "shell"), channel(2, "forward", "vnc ct-01:5900"), channel(0, "forward", "x:1", "channel:refused"),
        passed(), passed("put", "/fw/v2.bin", "3" * 64), passed("get", "/log/a", "4" * 64), passed("rename"),
        passed("put", "/x", "5" * 64, "broken off"), passed("mkdir", outcome="failed"),
        Audit("file:refused", {"op": "remove", "path": "/x", "target": "", "why": "delete_not_granted"}),
        Audit("file:refused", {"count": 40, "why": "too_many_requests"}),
    ])  # fmt: skip
    await ended(house, opened)
    shown = await use.of_request(house.staff(house.eve), opened.record.request_id)
    assert points(shown, Aspect.FILES) == {
        What.MATCHED: (1, Mark.FITS), What.UNANNOUNCED: (1, Mark.DIFFERS), What.NOT_SEEN: (1, Mark.NOTE),
        What.FETCHED: (1, Mark.FITS), What.BROKEN: (1, Mark.NOTE),
    }  # fmt: skip
    assert points(shown, Aspect.CHANGES) == {
        What.BROUGHT: (2, Mark.FITS), What.ALTERED: (1, Mark.FITS), What.TRIED: (41, Mark.NOTE),
    }  # fmt: skip
    assert points(shown, Aspect.SOFTWARE) == {What.SOFTWARE_FILES: (1, Mark.DIFFERS)}
    assert points(shown, Aspect.PATIENTS) == {What.UNCHECKED: (1, Mark.NOTE)}
    assert points(shown, Aspect.TUNNELS) == {What.TUNNELS: (1, Mark.FITS), What.TUNNELS_REFUSED: (1, Mark.NOTE)}
    assert points(shown, Aspect.REPORT) == {What.REPORT_MISSING: (1, Mark.NOTE)}
    assert shown.differences == (Aspect.SOFTWARE, Aspect.FILES)
    assert shown.unseen == (Unseen.TUNNEL,)


async def test_R60_a_difference_is_found_at_the_end_and_stands_in_the_trail(house):
    opened = await house.opened(kind=InterventionKind.TELEDIAGNOSTIC)
    await house.services.sessions.note(opened.record, [channel(1, "shell"), passed("remove", "/log/old")])
    record = await ended(house, opened, acts=("reboot\t1\t0\t12", "lines\t3\t0\t1"))
    assert record.differences == ("changes",)
    event = await house.event("session:differed")
    assert event.subject_id == opened.record.id
    assert event.fields == {"request": opened.record.request_id, "aspects": "changes", "acts": "reboot"}
    security = house.staff(house.max)
    (view,) = await house.services.supervision.search(security, live=False, differs=True)
    assert view.record.id == record.id


async def test_work_as_it_was_declared_leaves_no_word(house):
    opened = await house.opened()
    await house.services.sessions.note(opened.record, [channel(1, "shell")])
    record = await ended(house, opened, acts=("reboot\t1\t0\t12",))
    assert record.differences == ()
    assert "session:differed" not in await house.tags()
    assert await house.services.supervision.search(house.staff(house.max), live=False, differs=True) == []


async def test_what_the_desk_holds_is_seen_and_has_not_passed(house, use):
    opened = await house.opened()
    await brought(house, opened, path="/fw/a.bin", uploads=Sas.PERSON)
    await brought(house, opened, NIR.encode(), direction=Direction.OUT, path="/list.txt", downloads=Sas.RULE)
    shown = await use.of_session(house.staff(house.eve), opened.record.id)
    assert points(shown, Aspect.FILES)[What.HELD] == (2, Mark.NOTE)
    assert points(shown, Aspect.CHANGES) == {What.NOTHING_CHANGED: (0, Mark.FITS)}
    assert points(shown, Aspect.PATIENTS) == {What.IN_FILES: (1, Mark.DIFFERS)}
    assert {one.name: (one.standing, one.passed) for one in shown.files} == {
        "a.bin": (Standing.UNANNOUNCED, False), "list.txt": (Standing.KEPT, False)
    }  # fmt: skip
    assert What.FETCHED not in points(shown, Aspect.FILES), "it never left"


async def test_a_running_session_and_one_that_was_not_sealed_say_what_is_not_known(house, use):
    opened = await house.opened()
    actor = house.staff(house.eve)
    assert (await use.of_session(actor, opened.record.id)).unseen == (Unseen.RUNNING,)
    await ended(house, opened, digest="", findings=("too_large",))
    assert (await use.of_session(actor, opened.record.id)).unseen == (Unseen.NOT_SEALED, Unseen.SCREEN)


async def test_more_than_is_looked_through_is_said(house, use, monkeypatch):
    monkeypatch.setattr(comparisons, "MOST_FACTS", 5)
    opened = await house.opened()
    await house.services.sessions.note(opened.record, [passed(path=f"/{n}") for n in range(9)])
    shown = await use.of_session(house.staff(house.eve), opened.record.id)
    assert Unseen.MORE in shown.unseen
    assert points(shown, Aspect.CHANGES)[What.BROUGHT][0] <= 5


async def test_T33_who_may_not_see_the_work_does_not_see_what_was_observed(house, use):
    opened = await house.opened()
    request_id = opened.record.request_id
    elsewhere = moved(house.staff(house.eve), {"elsewhere"})
    for call in (use.of_request(elsewhere, request_id), use.of_session(elsewhere, opened.record.id)):
        with pytest.raises(NotFound):
            await call
    with pytest.raises(NotFound):
        await use.of_session(house.technician(), opened.record.id)
    assert (await use.of_request(house.technician(), request_id)).rows


async def test_where_there_was_no_session_there_is_nothing_to_compare(house, use):
    request = await house.approved()
    assert await use.of_request(house.staff(house.eve), request.id) is None

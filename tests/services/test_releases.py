import pytest

from bastion.domain.held_file import FileState
from bastion.errors import (
    Conflict,
    Forbidden,
    FreshFactorNeeded,
    IllegalTransition,
    NotFound,
    ReasonNeeded,
    SelfApproval,
)
from bastion.services.releases import FoundThing, read_finding
from policies.model import Sas
from tests.services.house import moved
from tests.services.test_files import OUT, Verdicts, brought


@pytest.fixture
async def session(house):
    house.services.files._antivirus = Verdicts()
    return await house.opened()


@pytest.fixture
async def held(house, session):
    return await brought(house, session, uploads=Sas.PERSON)


async def test_an_approver_of_the_facility_releases_it_and_says_why(house, held):
    eve = house.staff(house.eve)
    saved = await house.services.releases.release(eve, held.id, held.version, " compared with the supplier ")
    assert (saved.stored_state, saved.decided_by, saved.note) == (
        FileState.RELEASED, house.eve.name, "compared with the supplier",
    )  # fmt: skip
    event = await house.event("file:released")
    assert (event.actor_id, event.fields["how"], event.fields["note"]) == (eve.id, "person", saved.note)
    assert event.fields["sha256"] == held.sha256
    async with house.services.files.take(held) as content:
        assert content.read()


async def test_or_refuses_it_and_then_it_goes_nowhere(house, held):
    eve = house.staff(house.eve)
    await house.services.releases.refuse(eve, held.id, held.version, "not the version we agreed on")
    assert (await house.event("file:rejected")).fields["note"] == "not the version we agreed on"
    with pytest.raises(IllegalTransition):
        async with house.services.files.take(held):
            raise AssertionError("refused")
    with pytest.raises(IllegalTransition):
        await house.services.releases.release(eve, held.id, held.version + 1, "after all")


async def test_it_takes_a_fresh_code_a_reason_and_the_version_that_was_read(house, held):
    releases, eve = house.services.releases, house.staff(house.eve)
    for decide in (releases.release, releases.refuse):
        with pytest.raises(FreshFactorNeeded):
            await decide(house.staff(house.eve, fresh=False), held.id, held.version, "looked")
        with pytest.raises(ReasonNeeded):
            await decide(eve, held.id, held.version, " ")
        with pytest.raises(Conflict):
            await decide(eve, held.id, held.version + 1, "looked")
        with pytest.raises(NotFound):
            await decide(eve, "nothing", 1, "looked")
    assert await house.tags("file:") == ["file:held"]


async def test_T32_who_asked_for_the_intervention_does_not_release_its_files(house):
    house.services.files._antivirus = Verdicts()
    request = await house.services.access.request(
        house.staff(house.eve), house.draft(technician_login="alice", reason="Eve asks for Alice")
    )
    max_ = house.staff(house.max)
    request = await house.services.approvals.approve(max_, request.id, request.version, 60, "ok")
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    from tests.services.house import CONNECTION

    session = await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)
    held = await brought(house, session, uploads=Sas.PERSON)
    with pytest.raises(SelfApproval):
        await house.services.releases.release(house.staff(house.eve), held.id, held.version, "looked")
    view = await house.services.releases.get(house.staff(house.eve), held.id)
    assert (view.can_decide, bool(view.why_not)) == (False, True)
    assert (await house.services.releases.get(max_, held.id)).can_decide
    await house.services.releases.release(max_, held.id, held.version, "looked")


async def test_others_do_not_decide_nor_see(house, held):
    releases = house.services.releases
    ruth, alice, bob = house.staff(house.ruth), house.technician(), house.technician(house.bob)
    with pytest.raises(Forbidden):
        await releases.release(ruth, held.id, held.version, "looked")
    with pytest.raises((SelfApproval, Forbidden)):
        await releases.release(alice, held.id, held.version, "looked")
    elsewhere = moved(house.staff(house.eve), {"another"})
    for stranger in (bob, elsewhere):
        with pytest.raises(NotFound):
            await releases.release(stranger, held.id, held.version, "looked")
        with pytest.raises(NotFound):
            await releases.get(stranger, held.id)
        assert await releases.search(stranger) == []
        assert await releases.count(moved(stranger, {"another"})) == 0
    assert [view.file.id for view in await releases.search(alice)] == [held.id]


async def test_the_desk_shows_what_waits(house, session, held):
    releases, eve = house.services.releases, house.staff(house.eve)
    passed = await brought(house, session)
    assert [view.file.id for view in await releases.search(eve)] == [passed.id, held.id]
    assert [view.file.id for view in await releases.search(eve, state="held")] == [held.id]
    assert await releases.search(eve, text="nothing like it") == []
    assert [v.file.id for v in await releases.search(eve, session_id=session.record.id, limit=1)] == [passed.id]
    assert await releases.count(eve) == 1
    view = await releases.get(eve, held.id)
    assert (view.state, view.can_decide, view.why_not) == (FileState.HELD, True, "")
    assert (view.device.code, view.request.reason) == ("ct-01", "replace the tube")
    assert not (await releases.get(eve, passed.id)).can_decide


async def test_findings_come_back_as_they_were_found(house, session):
    message = b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.5\rPID|1||123^^^H||DUPONT^JEANNE||19700101|F\r"
    file = await brought(house, session, message, OUT, "/log/a.hl7")
    view = await house.services.releases.get(house.staff(house.eve), file.id)
    assert view.findings == (FoundThing("hl7", "a.hl7", 1, "segments MSH PID"),)
    assert read_finding("odd") == FoundThing("odd", "", 1, "")

"""Who may follow a session, who does, and how it ends (R-34, T11)."""

import pytest

from bastion.domain.parties import Role
from bastion.domain.session_effects import Audit
from bastion.domain.session_events import EndReason
from bastion.domain.watch import Left
from bastion.errors import Conflict, Forbidden, FreshFactorNeeded, NotFound
from bastion.services.duties import Duty
from bastion.services.people import StaffForm
from bastion.services.sessions import Ending
from tests.services.house import CONNECTION, OPERATOR, as_only
from tests.services.postroom import ADDRESS, heard, turn
from tests.services.watched import approver, watched_session

HERE, THERE = "browser-1", "browser-2"


@pytest.fixture
async def opened(house):
    return await watched_session(house)


async def standing(house, opened):
    return await house.services.watching.standing([opened.grant.id])


async def test_R34_a_critical_device_obliges_and_the_records_say_that_nobody_follows(house, opened):
    assert opened.grant.watcher
    view = await house.services.supervision.get(house.staff(house.eve), opened.record.id)
    assert (view.state, view.must_be_watched, view.watched_by) == ("unwatched", True, ())


async def test_taking_the_watch_is_in_the_trail_and_following_shows_once_it_is_seen(house, opened):
    eve, ident = house.staff(house.eve), opened.record.id
    watching = house.services.watching
    assert (await watching.offer(eve, ident, HERE)).may
    watch = await watching.take(eve, ident, HERE)
    event = await house.event("watch:taken")
    assert (event.actor_name, event.subject_id, event.fields["grant"]) == ("Eve", ident, opened.grant.id)
    assert (await watching.offer(eve, ident, HERE)).mine
    assert not (await watching.offer(eve, ident, THERE)).mine
    view = await house.services.supervision.get(eve, ident)
    assert view.state == "unwatched", "the code alone is no presence"
    await watching.judged({watch.id: True}, [])
    view = await house.services.supervision.get(eve, ident)
    assert (view.state, view.watched_by) == ("active", ("Eve",))
    assert (await watching.take(eve, ident, HERE)).id == watch.id, "the same browser takes it once"


async def test_T11_it_needs_a_fresh_code_of_this_browser(house, opened):
    watching, ident = house.services.watching, opened.record.id
    with pytest.raises(FreshFactorNeeded):
        await watching.take(house.staff(house.eve, fresh=False), ident, HERE)
    await watching.take(house.staff(house.eve), ident, HERE)
    with pytest.raises(Conflict):
        await watching.beat(house.staff(house.eve, fresh=False), ident, THERE)
    await watching.beat(house.staff(house.eve, fresh=False), ident, HERE)
    assert [one.beats for one in await standing(house, opened)] == [1]


async def test_who_asked_for_the_work_does_not_follow_it(house):
    pia, jo = await approver(house, "pia"), await approver(house, "jo")
    opened = await watched_session(house, asked_by=house.eve, agreed_by=(pia, jo))
    eve = house.staff(house.eve)
    offer = await house.services.watching.offer(eve, opened.record.id, HERE)
    assert not offer.may
    assert offer.why_not == ("Nobody follows, in the hospital’s stead, the work he asked for himself.",)
    with pytest.raises(Forbidden):
        await house.services.watching.take(eve, opened.record.id, HERE)
    await house.services.watching.take(house.staff(pia), opened.record.id, HERE)


async def test_whoever_has_no_part_in_it_does_not_follow(house, opened):
    auditor = await house.services.people.save_staff(
        OPERATOR, StaffForm("ada", "Ada", "ada@chu", frozenset({Role.AUDITOR}), ("chu",), "en")
    )
    basil = await approver(house, "basil", "ch2")
    for person, error in ((auditor, Forbidden), (basil, NotFound)):
        with pytest.raises(error):
            await house.services.watching.take(house.staff(person), opened.record.id, HERE)
    with pytest.raises(Forbidden):
        await house.services.watching.take(OPERATOR, opened.record.id, HERE)
    with pytest.raises(Forbidden):
        await house.services.watching.take(house.staff(house.eve), opened.record.id, "")
    assert await standing(house, opened) == []


async def test_what_no_rule_wants_followed_is_not(house):
    opened = await house.opened()
    with pytest.raises(Conflict):
        await house.services.watching.take(house.staff(house.eve), opened.record.id, HERE)


async def test_a_lost_duty_ends_the_watch_at_the_next_sign_of_life(house, opened):
    watching, ident = house.services.watching, opened.record.id
    await watching.take(house.staff(house.eve), ident, HERE)
    demoted = as_only(house.staff(house.eve), {Role.AUDITOR})
    with pytest.raises(Forbidden):
        await watching.beat(demoted, ident, HERE)
    assert await standing(house, opened) == []
    assert (await house.event("watch:left")).fields["how"] == Left.NOT_ALLOWED


async def test_leaving_by_hand_and_twice(house, opened):
    watching, ident, eve = house.services.watching, opened.record.id, house.staff(house.eve)
    await watching.take(eve, ident, HERE)
    await watching.leave(eve, ident, HERE)
    await watching.leave(eve, ident, HERE)
    assert await house.tags("watch") == ["watch:taken", "watch:left"]
    with pytest.raises(Conflict):
        await watching.beat(eve, ident, HERE)


async def test_silence_ends_it_for_good(house, opened):
    watching = house.services.watching
    watch = await watching.take(house.staff(house.eve), opened.record.id, HERE)
    await watching.judged({watch.id: False}, [watch])
    event = await house.event("watch:left")
    assert (event.actor_kind, event.actor_name, event.fields["how"]) == ("system", "Eve", "silent")
    assert await standing(house, opened) == []


async def test_with_the_last_session_under_the_grant_the_watch_ends(house, opened):
    watching, sessions = house.services.watching, house.services.sessions
    await watching.take(house.staff(house.eve), opened.record.id, HERE)
    second = await sessions.open(house.technician(), opened.grant.id, CONNECTION)
    await sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert len(await standing(house, opened)) == 1, "her other window is still followed"
    await sessions.closed(second.record, Ending(EndReason.TECHNICIAN_LEFT))
    assert await standing(house, opened) == []
    assert (await house.event("watch:left")).fields["how"] == Left.SESSION_OVER
    with pytest.raises(Conflict):
        await watching.take(house.staff(house.eve), opened.record.id, HERE)


async def test_whoever_may_follow_is_told_by_mail_once_in_five_minutes(house, box, tell):
    pia, jo = await approver(house, "pia"), await approver(house, "jo")
    opened = await watched_session(house, asked_by=house.eve, agreed_by=(pia, jo))
    for _ in range(2):
        await house.services.sessions.note(opened.record, [Audit("session:unwatched", {"by": ""})])
    await turn(tell)
    wanted = "Somebody must follow the session on ct-01"
    told = {to: subjects.count(wanted) for to, subjects in heard(box).items() if wanted in subjects}
    assert told == {"pia@chu": 1, "jo@chu": 1, "max@chu": 1, "ruth@chu": 1}, "Eve asked for it herself"
    begun = [to for to, subjects in heard(box).items() if "Somebody is at work on ct-01" in subjects]
    assert begun == [], "it has not begun yet"
    body = next(one.get_content() for one in box.letters if one["Subject"] == wanted)
    assert f"{ADDRESS}/sessions/{opened.record.id}" in body


async def test_R28_an_approver_of_other_wards_is_not_called_to_follow(house, box, tell):
    """He could not, and one of the device's own ward can."""
    for login, ward in (("zoe", "Bloc"), ("yves", "Gériatrie")):
        duty = Duty(Role.APPROVER, "chu", (ward,))
        form = StaffForm(login, login.title(), f"{login}@chu", language="en", duties=(duty,))
        await house.services.people.save_staff(OPERATOR, form)
    opened = await watched_session(house)
    await house.services.sessions.note(opened.record, [Audit("session:unwatched", {"by": ""})])
    await turn(tell)
    told = {to for to, subjects in heard(box).items() if "Somebody must follow the session on ct-01" in subjects}
    assert {"zoe@chu", "eve@chu", "ruth@chu"} <= told
    assert "yves@chu" not in told

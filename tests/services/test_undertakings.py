"""R-47: nobody works before he has accepted, in person, the undertaking that is in force."""

import pytest

from bastion.domain.undertaking import SHIPPED, Way
from bastion.errors import Conflict, Forbidden, FreshFactorNeeded, Invalid, NotFound, UndertakingOwed
from tests.services.house import CONNECTION, OPERATOR, undertake


@pytest.fixture
def use(house):
    return house.services.undertakings


async def ready(house):
    request = await house.approved()
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    return request.grant_id


async def test_a_new_version_must_be_accepted_before_the_next_session(house, use):
    grant = await ready(house)
    await house.services.sessions.open(house.technician(), grant, CONNECTION)
    assert await use.owed(house.technician()) is None
    made = await use.publish(house.staff(house.ruth), "Je garde le secret.", "I keep the secret.")
    assert (made.version, made.published_by) == (2, "Ruth")
    with pytest.raises(UndertakingOwed):
        await house.services.sessions.open(house.technician(), grant, CONNECTION)
    refused = await house.event("session:refused")
    assert refused.fields["why"] == "undertaking_owed"
    entry = await house.services.sessions.enter(house.technician(), "ct-01")
    assert (entry.undertaking, entry.acknowledged, entry.ready) == (made, True, False)
    await use.accept(house.technician(), 2, Way.TERMINAL)
    assert (await house.services.sessions.enter(house.technician(), "ct-01")).ready
    await house.services.sessions.open(house.technician(), grant, CONNECTION)


async def test_running_sessions_go_on(house, use):
    opened = await house.opened()
    await use.publish(OPERATOR, "a", "b")
    assert (await house.services.sessions.wishes("n1"))[opened.record.id].welcome


async def test_it_is_accepted_in_person_once_and_audited(house, use):
    await use.publish(OPERATOR, "a", "b")
    with pytest.raises(Forbidden):
        await use.accept(house.staff(house.ruth), 2, Way.WEB)
    with pytest.raises(Conflict):
        await use.accept(house.technician(), 1, Way.WEB)
    with pytest.raises(Conflict):
        await use.accept(house.technician(), 3, Way.WEB)
    before = len(await house.tags("undertaking:accepted"))
    assert (await use.owed(house.technician())).version == 2
    await use.accept(house.technician(), 2, Way.WEB)
    await use.accept(house.technician(), 2, Way.WEB)
    assert len(await house.tags("undertaking:accepted")) == before + 1
    event = await house.event("undertaking:accepted")
    assert (event.actor_id, event.fields["version"], event.fields["how"], event.fields["technician"]) == (
        house.alice.id, "2", "web", "alice",
    )  # fmt: skip


async def test_what_a_technician_accepted_is_seen_by_staff_and_by_himself_only(house, use):
    seen = await use.of(house.staff(house.eve), house.alice.id)
    assert ([one.version for one in seen.acceptances], seen.owed, seen.current) == ([1], False, SHIPPED)
    await use.publish(OPERATOR, "a", "b")
    assert (await use.of(house.technician(), house.alice.id)).owed
    assert {person.login for person in (await use.owing(house.staff(house.eve)))[0]} == {"alice", "bob"}
    await use.accept(house.technician(), 2, Way.WEB)
    (bob,), count = await use.owing(house.staff(house.eve), 1)
    assert (bob.login, count) == ("bob", 1)
    with pytest.raises(Forbidden):
        await use.of(house.technician(), house.bob.id)
    with pytest.raises(Forbidden):
        await use.versions(house.technician())
    with pytest.raises(NotFound):
        await use.of(house.staff(house.eve), "0" * 32)


async def test_texts_are_the_administrators_and_every_version_is_kept(house, use):
    with pytest.raises(Forbidden):
        await use.publish(house.staff(house.eve), "a", "b")
    with pytest.raises(FreshFactorNeeded):
        await use.publish(house.staff(house.ruth, fresh=False), "a", "b")
    with pytest.raises(Invalid):
        await use.publish(OPERATOR, "a", " ")
    await use.publish(OPERATOR, "a", "b")
    with pytest.raises(Conflict):
        await use.publish(OPERATOR, "a", "b")
    await use.publish(OPERATOR, "c", "d")
    assert [(one.version, one.text_en) for one in await use.versions(house.staff(house.eve))][:2] == [
        (3, "d"),
        (2, "b"),
    ]
    assert (await use.versions(OPERATOR))[-1] == SHIPPED
    assert (await house.event("undertaking:published")).fields["version"] == "3"


async def test_accepting_in_a_house_accepts_the_shipped_text(house):
    await undertake(house.services, house.alice)
    assert (await house.services.undertakings.of(OPERATOR, house.alice.id)).acceptances[0].way is Way.ENROLMENT

"""From when the agreed time counts, and how far from a planned start one may begin: as the rules say (R-24)."""

from datetime import UTC, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

import policies
from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.maintenance import Rhythm
from bastion.errors import Conflict, NoGrant, PolicyRefused
from bastion.services.answering import NO_LONGER
from bastion.services.maintenance import WindowForm
from policies.engine import PolicyEngine
from policies.loader import load
from tests.services.house import CONNECTION
from tests.services.professionals import LABEL, a_professional, needing

MINUTE = timedelta(minutes=1)


@pytest.fixture
def rules(house, tmp_path):
    """Let the rule of ordinary work say more."""

    def say(annotations: str) -> None:
        folder = tmp_path / "rules"
        folder.mkdir()
        for file in (Path(policies.__file__).parent / "library").iterdir():
            text = file.read_text()
            if file.name == "suppliers.cedar":
                text = text.replace('@id("maintainer")', f'@id("maintainer")\n{annotations}', 1)
            (folder / file.name).write_text(text)
        house.services.decisions.replace_engine(PolicyEngine(load(folder)))

    return say


async def connect(house, request):
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    return await house.services.sessions.open(house.technician(), request.grant_id, CONNECTION)


async def granted(house, request):
    async with house.database.read() as uow:
        return await uow.grants.get(request.grant_id)


async def test_as_shipped_it_counts_from_the_agreement(house, later):
    request = await house.approved()
    before = await granted(house, request)
    later(minutes=20)
    opened = await connect(house, request)
    assert (opened.grant.end, before.slack) == (before.end, timedelta())
    assert opened.grant.first_used_at is not None


async def test_counted_from_the_first_connection_within_the_time(house, rules, later):
    rules('@counted("connection")')
    request = await house.approved()
    before = await granted(house, request)
    later(minutes=20)
    opened = await connect(house, request)
    assert opened.grant.end - opened.grant.first_used_at == timedelta(hours=1)
    assert opened.grant.end > before.end
    later(minutes=10)
    again = await connect(house, request)
    assert again.grant.end == opened.grant.end, "from the first one only"
    assert (await granted(house, request)).end == opened.grant.end


async def test_who_does_not_come_within_the_time_comes_too_late(house, rules, later):
    rules('@counted("connection")')
    request = await house.approved()
    later(minutes=61)
    with pytest.raises(NoGrant):
        await connect(house, request)


async def test_four_hours_counted_from_a_late_connection_are_still_four_hours_to_the_rules(house, rules, later):
    rules('@counted("connection")')
    asked = await house.asked(minutes=240)
    request = await house.services.approvals.approve(house.staff(house.eve), asked.id, asked.version, 240)
    later(minutes=200)
    assert (await connect(house, request)).grant.length == timedelta(hours=4)
    with pytest.raises(PolicyRefused):
        await house.services.access.extend(house.technician(), request.grant_id, 5, "a little more")


async def test_a_planned_start_may_be_met_a_little_early_or_late(house, rules, later):
    rules('@early("PT10M") @late("PT20M")')
    planned = clock.now() + 60 * MINUTE
    request = await house.approved(start=planned)
    before = await granted(house, request)
    assert (before.start, before.planned, before.end) == (
        planned - 10 * MINUTE, planned, planned + 60 * MINUTE,
    )  # fmt: skip
    later(minutes=45)
    with pytest.raises(NoGrant):
        await connect(house, request)
    later(minutes=30)
    opened = await connect(house, request)
    assert timedelta(minutes=14) < opened.grant.end - before.end < timedelta(minutes=16)


async def test_later_than_that_the_rest_is_lost(house, rules, later):
    rules('@late("PT20M")')
    planned = clock.now() + 60 * MINUTE
    request = await house.approved(start=planned)
    later(minutes=100)
    opened = await connect(house, request)
    assert opened.grant.end == planned + 80 * MINUTE


async def test_what_begins_at_once_knows_no_lateness(house, rules):
    rules('@early("PT10M") @late("PT20M")')
    before = await granted(house, await house.approved())
    assert (before.slack, before.start) == (timedelta(), before.planned)


async def test_a_window_ends_when_it_ends_whenever_the_first_connection_comes(house, rules, later):
    rules('@counted("connection")')
    wall = (clock.now() + 10 * MINUTE).astimezone(ZoneInfo("Europe/Paris"))
    rhythm = Rhythm(0, wall.weekday(), wall.hour * 60 + wall.minute, 60)
    kind = InterventionKind.TELEDIAGNOSTIC
    form = WindowForm("ct-01", "", kind, rhythm, clock.now() + timedelta(days=90), "weekly look")
    made = await house.services.maintenance.propose(house.staff(house.eve), form)
    await house.services.maintenance.agree(house.staff(house.max), made.id, made.version)
    later(minutes=15)
    request = await house.asked(kind=kind, minutes=120)
    agreed = await granted(house, request)
    later(minutes=30)
    assert (await connect(house, request)).grant.end == agreed.end <= clock.now() + 30 * MINUTE


async def test_R38_a_late_connection_moves_no_end_beyond_the_last_day_of_who_answers_for_patient_data(
    house, rules, later
):
    """It is eleven at night in Paris, on his last day: fifty minutes counted from ten past would last into the next."""
    rules('@counted("connection")')
    paris = clock.now().astimezone(ZoneInfo("Europe/Paris"))
    night = (paris + timedelta(days=1)).replace(hour=23, minute=0, second=0, microsecond=0)
    one = await a_professional(house, until=night.date())
    later(seconds=(night.astimezone(UTC) - paris).total_seconds())
    asked, approve = await house.asked(minutes=50, plan=needing()), house.services.approvals.approve
    request = await approve(house.staff(house.eve), asked.id, asked.version, 50)
    await refused_more_time(house, request)
    before = await granted(house, request)
    later(minutes=45)
    after = (await connect(house, request)).grant
    assert before.end < after.end == one.ends
    assert (after.whole, after.slack) == (50 * MINUTE, before.slack)
    await refused_more_time(house, request)


async def test_R38_however_early_work_may_begin_it_does_not_before_the_first_day_of_who_answers_for_patient_data(
    house, rules, later
):
    """It is planned for midnight in Paris, at which he begins to answer: a quarter of an hour before nothing opens."""
    rules('@early("PT15M")')
    day = (clock.now() + timedelta(days=2)).astimezone(ZoneInfo("Europe/Paris")).date()
    one = await a_professional(house, since=day)
    request = await house.approved(plan=needing(), start=one.starts + 5 * MINUTE)
    before = await granted(house, request)
    assert (before.start, before.planned) == (one.starts, one.starts + 5 * MINUTE)
    assert (await house.services.asked.get(house.staff(house.eve), request.id)).unanswered == ""
    later(seconds=(one.starts - clock.now() - MINUTE).total_seconds())
    entry = await house.services.sessions.enter(house.technician(), "ct-01")
    assert (entry.grant, entry.unanswered) == (None, None)
    later(seconds=(one.starts - clock.now() + MINUTE).total_seconds())
    assert (await connect(house, request)).record


async def refused_more_time(house, request) -> None:
    with pytest.raises(Conflict) as problem:
        await house.services.access.extend(house.technician(), request.grant_id, 5, "not finished")
    assert problem.value.public == NO_LONGER.format(professional=LABEL)

"""R-10: who makes a derogation, who sees it, and that the trail knows of each."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.derogation import DerogationKind, DerogationStatus
from bastion.domain.parties import system_actor
from bastion.errors import Forbidden, FreshFactorNeeded, IllegalTransition, Invalid, NotFound
from bastion.services.derogations import DerogationForm
from bastion.services.inventory import DeviceForm
from tests.services.house import OPERATOR, moved

DAY = timedelta(days=1)


def form(**changes) -> DerogationForm:
    usual = DerogationForm(
        DerogationKind.SSH_LEGACY, "Dr Vasseur", "no update from the maker", clock.now() + 90 * DAY, ("ssh-rsa",)
    )
    return replace(usual, **changes)


@pytest.fixture
def use(house):
    return house.services.derogations


async def test_one_is_made_seen_and_taken_back(house, use):
    ruth = house.staff(house.ruth)
    made = await use.make(ruth, house.device.id, form())
    assert (made.created_by, made.status(clock.now())) == ("Ruth", DerogationStatus.ACTIVE)
    assert await use.of(house.staff(house.eve), house.device.id) == [made]
    gone = await use.withdraw(ruth, made.id)
    assert (gone.withdrawn_by, gone.status(clock.now())) == ("Ruth", DerogationStatus.WITHDRAWN)
    assert await use.of(ruth, house.device.id) == [gone]
    assert await house.tags("derogation") == ["derogation:made", "derogation:withdrawn"]
    event = await house.event("derogation:made")
    assert event.fields["device"] == "ct-01"
    assert event.fields["algorithms"] == "ssh-rsa"
    assert (event.fields["owner"], event.fields["reason"]) == ("Dr Vasseur", "no update from the maker")
    assert event.facility_id == house.device.facility_id
    with pytest.raises(IllegalTransition):
        await use.withdraw(ruth, made.id)


async def test_R23_only_administrators_make_and_withdraw_and_with_a_fresh_code(house, use):
    made = await use.make(OPERATOR, house.device.id, form())
    for person, error in (
        (house.staff(house.eve), Forbidden),
        (house.technician(), Forbidden),
        (house.staff(house.ruth, fresh=False), FreshFactorNeeded),
    ):
        with pytest.raises(error):
            await use.make(person, house.device.id, form())
        with pytest.raises(error):
            await use.withdraw(person, made.id)
    with pytest.raises(Forbidden):
        await use.of(house.technician(), house.device.id)
    assert await house.tags("derogation") == ["derogation:made"]


async def test_T32_a_derogation_of_another_hospital_or_device_is_not_there(house, use):
    made = await use.make(OPERATOR, house.device.id, form())
    other = await house.services.inventory.save_device(OPERATOR, DeviceForm("mri-01", "MRI", "ch2", ("acme",)))
    elsewhere = moved(house.staff(house.ruth), {other.facility_id})
    for act in (
        use.of(elsewhere, house.device.id),
        use.make(elsewhere, house.device.id, form()),
        use.withdraw(elsewhere, made.id),
        use.withdraw(OPERATOR, made.id, other.id),
        use.withdraw(OPERATOR, "0" * 32),
        use.make(OPERATOR, "0" * 32, form()),
    ):
        with pytest.raises(NotFound):
            await act
    assert await use.ending(elsewhere) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"owner": " "}, "owner"),
        ({"owner": "Dr\u202eX"}, "owner"),
        ({"reason": "ok"}, "reason"),
        ({"reason": "x" * 2001}, "reason"),
        ({"algorithms": ()}, "algorithms"),
        ({"algorithms": ("ssh-dss",)}, "algorithms"),
        ({"kind": DerogationKind.TELNET}, "algorithms"),
        ({"ends": clock.now() - DAY}, "ends"),
        ({"ends": clock.now() + 400 * DAY}, "ends"),
    ],
    ids=range(9),
)
async def test_R10_bad_ones_are_refused_at_their_field(house, use, wrong, field):
    with pytest.raises(Invalid) as refused:
        await use.make(OPERATOR, house.device.id, form(**wrong))
    assert refused.value.field == field


async def test_the_trail_is_told_once_thirty_days_before_the_end(house, use, monkeypatch):
    made = await use.make(OPERATOR, house.device.id, form())
    gone = await use.make(OPERATOR, house.device.id, form(kind=DerogationKind.TELNET, algorithms=()))
    await use.withdraw(OPERATOR, gone.id)
    assert await use.warn(system_actor()) == 0
    assert await use.ending(house.staff(house.eve)) == []
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + 61 * DAY)
    (view,) = await use.ending(house.staff(house.eve))
    assert (view.derogation.id, view.device.code) == (made.id, "ct-01")
    assert await use.warn(system_actor()) == 1
    assert await use.warn(system_actor()) == 0
    assert (await house.event("derogation:ending")).fields["derogation"] == made.id

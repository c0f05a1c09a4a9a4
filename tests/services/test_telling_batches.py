"""Several devices asked for at once: one mail to each, of what still waits (R-25)."""

from bastion.domain.telling import DeliveryState, RecipientKind, Topic
from bastion.services.webhooks import WebhookForm
from tests.services.batches import a_batch, more_devices
from tests.services.postroom import ADDRESS, heard, letter_to, point, states, turn


async def test_R25_several_devices_asked_at_once_are_one_mail_to_each_approver(house, tell, box):
    await more_devices(house)
    asked = await a_batch(house)
    await turn(tell)
    told = heard(box)
    assert told["eve@chu"] == ["2 requests wait for your decision: ct-01, ct-02"], "the third is another hospital's"
    text = letter_to(box, "eve@chu").get_content()
    assert "Acme Imaging · ct-01 (CHU Demo), ct-02 (CHU Demo)" in text
    assert "ct-03" not in text
    assert any(f"{ADDRESS}/requests/{one.id}" in text for one in asked[:2])
    for one in asked[:2]:
        view = await house.services.asked.get(house.staff(house.eve), one.id)
        assert {told.delivery.state for told in view.told} == {DeliveryState.SENT}, "each says that she was told"


async def test_of_what_was_asked_together_only_what_still_waits_is_told(house, tell, box):
    await more_devices(house)
    first, second, _third = await a_batch(house)
    await house.services.taking_back.withdraw(house.technician(), first.id)
    await turn(tell)
    assert heard(box)["eve@chu"] == [f"Request {second.ref} waits for your decision: ct-02"]
    assert ("request_waiting", "dropped") in await states(house)


async def test_what_was_asked_together_and_left_unanswered_is_one_mail_again(house, tell, box, later):
    await more_devices(house)
    await a_batch(house)
    await turn(tell)
    box.raw.clear()
    later(minutes=16)
    await tell.escalate()
    await turn(tell)
    assert [len(said) for said in heard(box).values()] == [1] * len(heard(box))
    assert heard(box)["ruth@chu"][0].startswith("3 requests still wait for a decision: ct-01")


async def test_a_program_hears_of_each_request_and_of_what_they_have_in_common(house, tell):
    await more_devices(house)
    form = WebhookForm("hook", "https://198.51.100.7/hook", frozenset({Topic.REQUEST_WAITING}))
    await house.services.webhooks.register(house.staff(house.ruth), form)
    asked = await a_batch(house)
    while await tell.gather():
        pass
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=100)
    hooked = [one for one in rows if one.recipient_kind is RecipientKind.WEBHOOK]
    assert {one.facts["request"] for one in hooked} == {one.id for one in asked}
    assert {one.facts["batch"] for one in hooked} == {asked[0].batch_id}


async def test_a_mail_for_several_that_fails_is_tried_again_for_all_of_them(house, tell, box):
    await more_devices(house)
    await a_batch(house)
    point(tell, 1)
    await turn(tell)
    async with house.database.read() as uow:
        rows = await uow.deliveries.search(limit=100)
    assert {(one.attempts, one.state) for one in rows} == {(1, DeliveryState.WAITING)}
    assert all(one.trouble for one in rows)

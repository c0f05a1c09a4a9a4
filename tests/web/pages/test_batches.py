"""Several devices in one form, and one act for all of them."""

import html
import re

from bastion.services.inventory import DeviceForm
from tests.services.batches import a_batch, more_devices
from tests.services.house import OPERATOR
from tests.web.saying import SAID

ASK = {
    "technician": "alice", "device": "ct-01", "kind": "telemaintenance", "minutes": "60", "reason": "yearly check",
    **SAID,
}  # fmt: skip


def plain(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def versions(page: str) -> tuple[str, ...]:
    return tuple(re.findall(r'name="versions" value="([^"]+)"', page))


async def test_one_form_makes_one_request_for_each_device(house, visitor):
    await more_devices(house)
    max_ = await visitor().enter(house.max)
    assert 'name="others" value="ct-02"' in (await max_.see("/requests/new?technician=alice")).text
    path = (await max_.send("/requests/new", **ASK, others=["ct-02", "ct-03, ct-02"])).headers["location"]
    page = (await max_.see(path)).text
    assert "Asked together" in page
    (first, *_) = views = await house.services.asked.search(house.technician())
    assert len(views) == 3
    listed = (await max_.see(f"/requests?text={first.request.batch_ref}")).text
    assert listed.count(f"together {first.request.batch_ref}") == 3
    assert f"together {first.request.batch_ref}" in (await max_.see("/")).text
    assert "Take all 3 back" in plain(page)
    assert (await max_.send(f"{path}/withdraw-all")).headers["location"] == path
    assert "Take all" not in plain((await max_.see(path)).text)


async def test_a_device_that_is_not_there_makes_nothing_and_loses_nothing(house, visitor):
    await more_devices(house)
    max_ = await visitor().enter(house.max)
    for others in ("nothing", ", ".join(f"x{n}" for n in range(11))):
        answer = await max_.send("/requests/new", **ASK, others=others)
        assert (answer.status_code, "yearly check" in answer.text) == (422, True)
    assert await house.services.asked.search(house.technician()) == []


async def test_a_decision_on_all_says_what_became_of_each(house, visitor):
    await more_devices(house)
    made = await a_batch(house, "ct-01", "ct-02")
    eve = await visitor().enter(house.eve)
    path = f"/requests/{made[0].id}"
    page = (await eve.see(path)).text
    assert "Agree to all 2" in plain(page)
    said = {"versions": list(versions(page)), "minutes": "30", "note": "go on"}
    assert (await eve.send(f"{path}/approve-all", **said | {"versions": []})).status_code == 422
    assert (await eve.send(f"{path}/approve-all", **said | {"versions": ["x"]})).status_code == 422
    assert (await eve.send(f"{path}/approve-all", **said | {"versions": [f"{'0' * 32}:1"]})).status_code == 404
    stale = await visitor().enter(house.eve, fresh=False)
    assert "enter a new code" in (await stale.send(f"{path}/approve-all", **said)).text
    await house.services.approvals.deny(house.staff(house.max), made[1].id, 1, "not this one")
    answer = await eve.send(f"{path}/approve-all", **said)
    assert answer.status_code == 200
    assert "What became of your decision" in answer.text
    assert re.search(r"ct-01 done", plain(answer.text))
    assert re.search(r"ct-02 .{20,}", plain(answer.text))
    assert "Agreed" in plain((await eve.see(path)).text)


async def test_after_an_agreement_to_all_it_is_said_which_still_lacks_one(house, visitor):
    await more_devices(house)
    vital = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, vital)
    made = await a_batch(house, "ct-01", "ct-02")
    eve, path = await visitor().enter(house.eve), f"/requests/{made[0].id}"
    said = {"versions": list(versions((await eve.see(path)).text)), "minutes": "30", "note": "go on"}
    answer = plain((await eve.send(f"{path}/approve-all", **said)).text)
    assert "ct-01 agreed; 1 more person must agree before it opens" in answer
    assert "ct-02 done" in answer
    assert "Agreed, for each of the devices." not in answer


async def test_which_must_be_followed_is_said_before_all_are_agreed_to_and_after(house, visitor):
    """The one that must, and not the other."""
    await more_devices(house)
    await house.services.inventory.save_device(
        OPERATOR, DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Imagerie", "B12", id=house.device.id)
    )
    made = await a_batch(house, "ct-02", "ct-01")
    path, must = f"/requests/{made[0].id}", "Somebody of the hospital has to follow the session."
    eve, max_ = await visitor().enter(house.eve), await visitor().enter(house.max)
    page = (await eve.see(path)).text
    said = plain(page)
    assert f"ct-01 {must}" in said
    assert f"ct-02 {must}" not in said
    assert f"criticality 4 of 4 {must}" in said, "where what was asked together is listed, too"
    assert said.count(must) == 2, "nothing of it is said of the request that the page is about"
    await eve.send(f"{path}/approve-all", versions=versions(page), minutes="30", note="go on")
    assert must in plain((await max_.see(f"/requests/{made[1].id}")).text)
    left = {"versions": [f"{made[1].id}:2"], "minutes": "30"}
    answer = plain((await max_.send(f"/requests/{made[1].id}/approve-all", **left)).text)
    assert "ct-01 agreed; somebody of the hospital has to follow the session" in answer


async def test_all_are_refused_with_one_reason(house, visitor):
    await more_devices(house)
    made = await a_batch(house, "ct-01", "ct-02")
    eve = await visitor().enter(house.eve)
    path = f"/requests/{made[0].id}"
    said = {"versions": list(versions((await eve.see(path)).text))}
    assert (await eve.send(f"{path}/refuse-all", **said, note="")).status_code == 422
    assert (await eve.send(f"{path}/refuse-all", **said, note="a patient is there")).headers["location"] == path
    rows = await house.services.asked.search(house.technician())
    assert {view.request.decision_note for view in rows} == {"a patient is there"}
    assert (await eve.send(f"/requests/{made[1].id}/refuse-all", **said, note="a patient is there")).status_code == 200


async def test_T33_somebody_of_one_hospital_reads_nothing_of_the_others_device(house, visitor):
    await more_devices(house)
    made = await a_batch(house)
    eve = await visitor().enter(house.eve)
    page = (await eve.see(f"/requests/{made[0].id}")).text
    assert "ct-02" in page
    assert "ct-03" not in page
    assert len(versions(page)) == 2

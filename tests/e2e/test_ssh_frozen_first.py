"""An approver who wants to begin together: the terminal opens, and no key reaches the device before he lets it."""

import asyncio

from bastion.domain.conditions import Condition, Terms


async def test_nothing_typed_reaches_the_device_before_somebody_lets_it(hospital, screens):
    request = await hospital.ask()
    approver = hospital.staff(hospital.eve)
    terms = Terms(frozenset({Condition.FREEZE_FIRST, Condition.NO_UPLOAD}))
    agreed = await hospital.services.approvals.approve(approver, request.id, request.version, 60, "ok", terms)
    assert agreed.conditions == terms.conditions
    screen = screens(hospital.screen())
    await screen.expect("On condition that no file is sent to the device: no transfer to it")
    await screen.expect("Eve has agreed on condition that you begin together.")
    screen.send("echo too''early\r")
    (record,) = [one for one in await hospital.records() if one.live]
    await asyncio.sleep(0.5)
    await hospital.services.supervision.thaw(approver, record.id)
    await screen.expect("The session goes on. What you typed meanwhile was not sent.")
    screen.send("echo in''time; exit\r")
    await screen.expect("intime")
    await screen.ended()
    assert b"tooearly" not in screen.seen
    assert b"early" not in await hospital.recorded("i")

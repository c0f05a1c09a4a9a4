import asyncio

import pytest

from bastion.proxy.pulse import Pulse


async def test_a_beat_wakes_everybody_who_waits_and_nobody_later():
    pulse = Pulse()
    waiting = [asyncio.ensure_future(pulse.wait(5)) for _ in range(3)]
    await asyncio.sleep(0)
    pulse.beat()
    async with asyncio.timeout(30):
        await asyncio.gather(*waiting)
    late = asyncio.ensure_future(pulse.wait(5))
    await asyncio.sleep(0.01)
    assert not late.done()
    late.cancel()


@pytest.mark.timed
async def test_waiting_ends_without_a_beat_too_and_not_before():
    loop = asyncio.get_running_loop()
    begun = loop.time()
    async with asyncio.timeout(30):
        await Pulse().wait(0.05)
    assert 0.04 < loop.time() - begun < 1


async def test_a_beat_that_comes_while_one_reads_is_not_missed():
    pulse = Pulse()
    beat = pulse.coming()
    pulse.beat()
    waiting = asyncio.ensure_future(pulse.wait(5, beat))
    await asyncio.sleep(0.01)
    assert waiting.done()

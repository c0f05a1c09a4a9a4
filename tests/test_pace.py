import time

from tests.pace import seconds_until


async def test_what_holds_the_event_loop_up_counts():
    """A bastion that blocks its own loop breaks its promises, however few steps that loop takes."""
    held = iter([False, False, True])

    def soon() -> bool:
        time.sleep(0.3)
        return next(held)

    assert await seconds_until(soon) > 0.5


async def test_what_stands_already_takes_no_time():
    assert await seconds_until(lambda: True) == 0

"""The small decisions of a visit. The visits themselves are made by real clients in tests/e2e."""

import asyncssh
import pytest

from bastion.proxy.ssh.visit import MOST_CHANNELS, Visit


def test_one_connection_has_a_measure_of_channels():
    visit = Visit.__new__(Visit)
    visit._ends, visit._tunnels, visit._refusals = set(), set(), 0
    for _ in range(MOST_CHANNELS):
        visit.new_channel()
    with pytest.raises(asyncssh.ChannelOpenError) as refused:
        visit.new_channel()
    assert refused.value.code == asyncssh.OPEN_RESOURCE_SHORTAGE
    visit.channel_gone(next(iter(visit._ends)))
    assert visit.new_channel() in visit._ends, "where one has gone there is room again"

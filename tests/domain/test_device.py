from bastion.domain.device import ChannelKind, Device


def test_channel_kinds_are_a_closed_set():
    assert {k.value for k in ChannelKind} == {"shell", "exec", "sftp", "forward"}


def test_a_device_says_its_defaults():
    device = Device("d", "ct-01", "Scanner", "chu", frozenset({"acme"}))
    assert (device.criticality, device.active) == (2, True)

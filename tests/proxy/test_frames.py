from bastion.proxy.frames import Data, Exit, Stream


def test_an_outcome_is_a_status_or_a_signal():
    assert (Exit(3).outcome, Exit(0, "TERM").outcome) == ("status 3", "signal TERM")


def test_data_from_a_technician_has_one_stream():
    assert Data(b"x").stream is Stream.OUT

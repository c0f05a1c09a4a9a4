"""Which terminal modes reach a device, and how the recording names them."""

from asyncssh import constants

from bastion.proxy.ssh.modes import NAMES, known, named


def test_the_names_are_those_of_the_standard():
    theirs = {
        value: name.removeprefix("PTY_").removeprefix("OP_")
        for name, value in vars(constants).items()
        if name.startswith("PTY_") and name not in {"PTY_OP_END", "PTY_OP_RESERVED"}
    }
    theirs[13] = "VWERASE"  # the one they abbreviate
    assert {opcode: name.removeprefix("TTY_OP_") for opcode, name in NAMES.items()} == theirs


def test_an_opcode_nobody_knows_goes_no_further():
    assert known({0: 1, 1: 3, 19: 5, 53: 0, 127: 9, 128: 38400, 159: 7, 255: 1}) == {1: 3, 53: 0, 128: 38400}


def test_modes_are_kept_by_name():
    assert named({1: 3, 53: 0, 42: 1}) == {"VINTR": 3, "ECHO": 0, "IUTF8": 1}

import pickle

import pytest

from bastion.secret import Secret


def test_a_secret_never_shows():
    secret = Secret.of("hunter2")
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{[secret]}"):
        assert "hunter2" not in shown
    assert secret.reveal() == b"hunter2"


def test_a_secret_is_not_pickled():
    with pytest.raises(TypeError):
        pickle.dumps(Secret.of("x"))

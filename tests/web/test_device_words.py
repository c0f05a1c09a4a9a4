import pytest

from bastion.domain.derogation import LEGACY, AlgorithmUse, DerogationKind, DerogationStatus
from bastion.domain.device import Protocol, Recordability
from bastion.domain.endpoint_options import LINE, LOGIN
from policies.model import Sas
from web import device_words as words


@pytest.mark.parametrize(("table", "members"), [
    (words.DEROGATIONS, DerogationKind), (words.DEROGATION_STATES, DerogationStatus), (words.PROTOCOLS, Protocol),
    (words.ALGORITHM_USES, AlgorithmUse), (words.RECORDABILITY, Recordability), (words.PASSING, Sas),
    (words.PARITIES, LINE["parity"]), (words.SERVERS, LINE["server"]), (words.LOGINS, LOGIN["login"]),
])  # fmt: skip
def test_every_member_has_a_word_and_no_word_is_idle(table, members):
    assert set(table) == set(members)


def test_only_algorithms_there_are_have_another_name():
    assert words.ALGORITHM_NAMES.keys() <= LEGACY.keys()

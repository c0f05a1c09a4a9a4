import re

import pytest

from bastion.i18n import catalogue, translator
from policies.problems import Fault, PolicyProblem, problem


def test_a_problem_says_every_fault_in_a_sentence():
    faults = [problem(Fault.SYNTAX, file="a.cedar", why="no end"), problem(Fault.EXAMPLE_NONE)]
    raised = PolicyProblem(faults)
    assert raised.sentences == (
        "a.cedar is not written in Cedar: no end",
        "examples.toml holds no [[example]].",
    )
    assert str(raised) == "\n".join(raised.sentences)


@pytest.mark.parametrize("fault", list(Fault), ids=lambda fault: fault.name)
def test_every_fault_is_said_in_french_with_the_same_facts(fault: Fault):
    assert fault.value in catalogue("fr")
    french = translator("fr")(fault.value)
    assert french != fault.value
    assert sorted(re.findall(r"{\w+}", french)) == sorted(re.findall(r"{\w+}", fault.value))

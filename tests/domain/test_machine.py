from enum import StrEnum

import pytest

from bastion.domain.machine import mermaid, step
from bastion.errors import IllegalTransition


class Light(StrEnum):
    RED = "red"
    GREEN = "green"


TABLE = {Light.RED: {"go": frozenset({Light.GREEN})}, Light.GREEN: {}}


def test_a_listed_event_leads_on():
    assert step(TABLE, Light.RED, "go") == {Light.GREEN}


def test_an_unlisted_event_raises_with_the_state():
    with pytest.raises(IllegalTransition) as caught:
        step(TABLE, Light.GREEN, "go")
    assert caught.value.params == {"state": "green"}


def test_the_diagram_is_drawn_from_the_table():
    assert "red --> green: go" in mermaid(TABLE, "Light")

"""Each call that changes something does change it: with what it needs, it succeeds; and none is left out."""

import pytest

from bastion.networks import Networks
from tests.web.api import contract
from tests.web.api.contract import STAFF, SUPPLIERS

DOORS = {"staff": STAFF, "suppliers": SUPPLIERS}
EACH = [(door, label) for door, one in DOORS.items() for label in sorted(one.ways)]


@pytest.mark.parametrize("door", DOORS)
def test_no_call_that_changes_something_is_without_a_way_to_succeed(door):
    """A new one fails here until `ways.py` knows what it needs: no change is tried with refusals alone."""
    assert DOORS[door].ways.keys() == DOORS[door].changing


@pytest.mark.parametrize(("door", "label"), EACH)
async def test_with_what_it_needs_each_change_succeeds(house, tmp_path, client, door, label):
    house.services.webhooks._networks = Networks()
    person = await contract.somebody(house, tmp_path, DOORS[door], label)
    given = await DOORS[door].ways[label](person.yard)
    answer = await contract.send(client, person, label, given)
    assert answer.status_code in {200, 201, 204}, answer.text
    assert str(answer.status_code) in person.door.calls[label]["responses"]

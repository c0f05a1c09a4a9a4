"""What the description says that an answer leads to is there: made, then read, changed, ended, by its links alone."""

from typing import Any

import pytest

from bastion.networks import Networks
from tests.web.api import contract
from tests.web.api.contract import STAFF, SUPPLIERS, Door
from tests.web.api.yard import Given

DOORS = {"staff": STAFF, "suppliers": SUPPLIERS}


def links(door: Door, label: str) -> list[tuple[str, dict[str, str]]]:
    """The calls that the answer of `label` leads to, those that end a thing last."""
    there = {told["operationId"]: name for name, told in door.calls.items()}
    answers = door.calls[label]["responses"].values()
    found = [(there[one["operationId"]], one["parameters"]) for a in answers for one in a.get("links", {}).values()]
    return sorted(found, key=lambda pair: (not pair[0].startswith("GET"), pair[0].startswith("DELETE"), pair[0]))


NAMING = {"lines": [], "people": []}
"""What a body names of other things than the one it is about: nothing, here."""
LATER = {f"/api/v1/requests/{{ident}}/{name}" for name in ("colleagues", "extend", "hand-over")}
"""What the suppliers' API knows of a request once it is agreed to."""
EACH = [(door, label) for door, one in DOORS.items() for label in sorted(one.ways) if links(one, label)]


def value(expression: str, given: Given, answered: Any) -> str:
    """Of `$request.path.NAME` or `$response.body#/KEY/KEY`."""
    if expression.startswith("$request.path."):
        return given.path[expression.rpartition(".")[2]]
    for key in expression.partition("#/")[2].split("/"):
        answered = answered[int(key) if key.isdigit() else key]
    return answered


def test_what_is_made_leads_somewhere():
    made = {
        (door, label) for door, one in DOORS.items() for label in one.ways if "201" in one.calls[label]["responses"]
    }
    dead_ends = {label for door, label in made - set(EACH) if "{" not in label}
    assert dead_ends == {"POST /api/v1/undertakings"}, "what is published is never changed"


@pytest.mark.parametrize(("door", "label"), EACH)
async def test_by_its_links_what_was_made_is_read_changed_and_ended(house, tmp_path, client, door, label):
    house.services.webhooks._networks = Networks()
    one = DOORS[door]
    person = await contract.somebody(house, tmp_path, one, label)
    given = await one.ways[label](person.yard)
    made = await contract.send(client, person, label, given)
    assert made.status_code == 201, made.text
    for target, parameters in links(one, label):
        path = {name: value(expression, given, made.json()) for name, expression in parameters.items()}
        body = (await one.ways[target](person.yard)).body if target in one.ways else None
        if isinstance(body, dict):
            body |= {name: nothing for name, nothing in NAMING.items() if name in body}
        if isinstance(body, dict) and "versions" in body:
            body["versions"] = {row["id"]: row["version"] for row in made.json()}
        answer = await contract.send(client, person, target, Given(path, body))
        later = one is SUPPLIERS and target.split()[1] in LATER
        assert (answer.status_code == 404) == later, (target, answer.text)
        assert str(answer.status_code) in one.calls[target]["responses"], (target, answer.text)

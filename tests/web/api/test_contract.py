"""Schemathesis finds nothing: the API does what it says of itself, whatever is sent and whoever sends it.

`BASTION_CONTRACT=500` asks with that many examples a call and another seed each time, and follows what answers lead to:
hours, for whoever looks for what a fixed seed does not find. It prints the seed; `BASTION_CONTRACT_SEED` repeats one.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import sqlite_fresh
from tests.web.api import contract, ways

LONG = int(os.environ.get("BASTION_CONTRACT", "0"))
SEED = int(os.environ.get("BASTION_CONTRACT_SEED") or (random.SystemRandom().getrandbits(32) if LONG else 0))
PARTS = {
    "reading": contract.Only(("GET",)),
    "adding, a to l": contract.Only(("POST",), "a-l"),
    "adding, m to z": contract.Only(("POST",), "m-z"),
    "changing": contract.Only(("PUT", "DELETE")),
}
pytestmark = pytest.mark.timeout(0 if LONG else 300)


@pytest.fixture
def console(migrated_sqlite: Path, tmp_path: Path) -> Iterator[contract.Running]:
    with contract.running(sqlite_fresh(migrated_sqlite, tmp_path), tmp_path) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("part", PARTS)
def test_the_api_keeps_what_it_describes(console, part):
    """Somebody with every duty asks: no guard stands before what is tried."""
    print(f"seed {SEED}")
    phases = ("examples", "coverage", "fuzzing", "stateful") if LONG else ("coverage", "fuzzing")
    report = contract.ask(console, "all", contract.config(SEED, LONG or 1, phases), only=PARTS[part])
    assert report.found == {}
    refused = report.asked - report.answered
    assert refused & contract.STAFF.changing == report.asked & ways.LONE
    assert len(refused - ways.LONE) < len(report.asked) * 0.05


@pytest.mark.slow
@pytest.mark.parametrize("role", ["approver", "security", "auditor", "admin"])
def test_the_api_keeps_it_for_each_role(console, role):
    report = contract.ask(console, role, contract.config(SEED, LONG or 1, ("fuzzing",)))
    assert report.found == {}
    assert len(report.asked) > 100
    assert 0 < len(report.answered) < len(report.asked)
    assert (role == "approver") == (report.answered >= ways.LONE)


@pytest.mark.slow
@pytest.mark.parametrize(("who", "company"), [("alice", False), ("carla", True)])
def test_the_suppliers_api_keeps_what_it_describes(console, who, company):
    """A technician, and one who speaks for his company: to the other its calls are not there."""
    print(f"seed {SEED}")
    phases = ("examples", "coverage", "fuzzing") if company or LONG else ("fuzzing",)
    report = contract.ask(console, who, contract.config(SEED, LONG or 1, phases))
    assert report.found == {}
    assert report.asked == set(contract.SUPPLIERS.calls)
    shut = set() if company else {label for label in report.asked if "/company/" in label}
    assert report.asked - report.answered == shut


@pytest.mark.slow
def test_the_suppliers_api_keeps_it_for_a_token_that_only_reads(console):
    report = contract.ask(console, "reader", contract.config(SEED, LONG or 1, ("fuzzing",)))
    assert report.found == {}
    assert report.answered == {label for label in report.asked if label.startswith("GET") and "/company/" not in label}


@pytest.mark.slow
@pytest.mark.parametrize("who", ["all", "carla"])
def test_from_one_call_to_the_next(console, who):
    """Wherever chance leads by the links of the description, until one was followed to the end; `test_links.py` follows
    each of them.
    """
    for seed in range(SEED, SEED + 6):
        report = contract.ask(console, who, contract.config(seed, LONG or 50, ("stateful",)))
        assert report.found == {}
        if report.followed:
            return
    raise AssertionError("no link of the description leads anywhere")


def test_what_breaks_the_description_is_found(console, monkeypatch):
    """The checks look: an answer that is not what the description says is told, with the call that got it."""
    monkeypatch.setattr("web.api.problems.MEDIA_TYPE", "text/plain")
    report = contract.ask(console, "auditor", contract.config(0, 1, ("fuzzing",)), only=contract.Only(("DELETE",)))
    assert any("content_type_conformance" in one for one in report.found)

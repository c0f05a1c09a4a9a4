from dataclasses import replace
from datetime import timedelta

import pytest

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.parties import Supplier
from bastion.errors import Forbidden
from bastion.services.decisions import Decisions, judged_source, why
from bastion.services.paperwork import Lacks
from policies.engine import PolicyEngine
from policies.model import NO_RULE, Action
from tests import policy_sets
from tests.services.house import OPERATOR

HOUR = timedelta(hours=1)


async def facts(house):
    async with house.database.read() as uow:
        return await uow.suppliers.by_code("acme")


async def test_every_answer_comes_with_its_reason_in_the_readers_language(house):
    supplier = await facts(house)
    far = house.technician(source="203.0.113.1")
    decision = house.services.decisions.on_device(
        Action.CONNECT,
        far,
        supplier,
        house.device,
        InterventionKind.TELEDIAGNOSTIC,
        HOUR,
        clock.now(),
        1,
        lacks=Lacks(country="FR", countries=("FR",)),
    )
    assert not decision.allowed
    assert why(decision, "fr") != why(decision, "en") != ""


async def test_a_policy_that_cannot_decide_says_no_and_the_log_says_why(house, caplog):
    class Broken(PolicyEngine):
        def decide(self, query):
            return replace(super().decide(query), allowed=False, reasons=(NO_RULE,), errors=("attribute is missing",))

    decisions = Decisions(Broken(house.services.decisions._engine._policies))
    with pytest.raises(Forbidden):
        decisions.require_about(Action.LOCK, OPERATOR, None, clock.now())
    assert "attribute is missing" in caplog.text


async def test_a_new_engine_takes_over_at_once(house):
    house.services.decisions.replace_engine(policy_sets.engine())
    assert house.services.decisions.about(Action.LOCK, OPERATOR, None, clock.now()).allowed
    assert house.services.decisions.explain(("gone-rule",), "en") == ()


def test_the_address_judged_before_anybody_connects():
    supplier = Supplier("s", "acme", "Acme", ("192.0.2.0/24",))
    assert judged_source("198.51.100.1", True, supplier) == "198.51.100.1"
    assert judged_source("198.51.100.1", False, supplier) == "192.0.2.0"
    assert judged_source("198.51.100.1", False, replace(supplier, networks=())) == "198.51.100.1"

import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.entities import question, source_declared
from policies.model import Query

NETWORKS = ("198.51.100.0/24", "203.0.113.0/25", "2001:db8:7::/48", "192.0.2.7")


@pytest.mark.parametrize(
    "source",
    ["198.51.100.255", "203.0.113.127", "2001:db8:7:ffff::1", "192.0.2.7", "::ffff:203.0.113.7", "2001:db8:7::1%eth0"],
)
def test_an_address_in_any_of_the_networks_is_declared(source: str):
    assert source_declared(source, NETWORKS)


@pytest.mark.parametrize(
    "source",
    ["203.0.113.128", "2001:db8:8::1", "192.0.2.8", "::203.0.113.7", "", "console", "203.0.113.7/32", "203.0.113.007"],
)
def test_any_other_address_is_not(source: str):
    assert not source_declared(source, NETWORKS)


def test_no_network_declared_means_none_allowed():
    assert not source_declared("203.0.113.7", ())


def test_what_is_no_network_declares_nothing_and_spoils_nothing():
    assert not source_declared("203.0.113.7", ("everywhere", "", "203.0.113.0/33"))
    assert source_declared("203.0.113.7", ("everywhere", "203.0.113.0/24"))


def test_a_network_written_with_a_host_in_it_is_the_network():
    assert source_declared("203.0.113.99", ("203.0.113.7/24",))


@given(st.ip_addresses(), st.lists(st.ip_addresses(v=4).map(lambda ip: f"{ip}/24"), max_size=3))
def test_declared_means_that_one_network_holds_it(address, networks: list[str]):
    one_by_one = [source_declared(str(address), (network,)) for network in networks]
    assert source_declared(str(address), tuple(networks)) == any(one_by_one)


def test_a_technician_belongs_to_his_supplier(query: Query):
    asked = question(query)
    assert asked.request["principal"] == {"type": "Technician", "id": "alice"}
    assert asked.request["action"] == {"type": "Action", "id": "shell"}
    assert asked.request["resource"] == {"type": "Device", "id": "ct-01"}
    technician = json.loads(asked.entities)[0]
    assert technician["parents"] == [{"type": "Supplier", "id": "acme"}]


def test_without_a_device_the_whole_bastion_is_meant(query: Query):
    asked = question(replace(query, device=None))
    assert asked.request["resource"] == {"type": "Bastion", "id": "bastion"}
    assert all(entity["uid"]["type"] != "Device" for entity in json.loads(asked.entities))


def test_where_no_supplier_is_named_there_is_one_without_contract(query: Query):
    asked = question(replace(query, supplier=None))
    supplier = next(e for e in json.loads(asked.entities) if e["uid"]["type"] == "Supplier")
    assert supplier["attrs"]["contractActive"] is False
    assert asked.request["context"]["sourceDeclared"] is False


def test_an_address_reaches_the_rules_as_they_compare_it(query: Query):
    def source(text: str) -> object:
        context = replace(query.context, source_ip=text)
        return question(replace(query, context=context)).request["context"].get("source")

    assert source("::ffff:203.0.113.7") == {"__extn": {"fn": "ip", "arg": "203.0.113.7"}}
    assert source("fe80::1%eth0") == {"__extn": {"fn": "ip", "arg": "fe80::1"}}
    assert source("console") is None


@pytest.mark.parametrize(
    ("kind", "told"), [("teleassistance", "teleassistance"), ("telepathy", "unknown"), ("", "unknown")]
)
def test_a_kind_that_is_none_is_told_as_unknown(query: Query, kind: str, told: str):
    asked = question(replace(query, context=replace(query.context, kind=kind)))
    assert asked.request["context"]["kind"] == {"__entity": {"type": "Kind", "id": told}}


def test_instants_are_told_in_utc_and_durations_rounded_up(query: Query):
    paris = timezone(timedelta(hours=1))
    context = replace(
        query.context, now=datetime(2026, 11, 23, 11, 0, 5, 999, tzinfo=paris), duration=timedelta(microseconds=1001)
    )
    told = question(replace(query, context=context)).request["context"]
    assert told["now"]["__extn"]["arg"] == "2026-11-23T10:00:05Z"
    assert told["duration"]["__extn"]["arg"] == "2ms"


def test_a_naive_instant_is_refused(query: Query):
    naive = replace(query.context, now=datetime(2026, 11, 23, 10, 0))  # noqa: DTZ001 - what is tested
    with pytest.raises(ValueError, match="time zone"):
        question(replace(query, context=naive))


def test_an_unknown_kind_of_principal_is_refused(query: Query):
    ghost = replace(query.principal, kind="ghost")
    with pytest.raises(ValueError, match="ghost"):
        question(replace(query, principal=ghost))

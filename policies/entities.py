"""A `Query` in Cedar's terms: the request, and the entities it speaks of.

Two things are worked out here because Cedar cannot:
- `context.sourceDeclared`: a supplier has several networks, and Cedar has no way to walk through a set of ranges;
- `context.kind` is `Kind::"unknown"` for anything but the three kinds, so that a rule can say so in a sentence.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from policies.model import ContextFacts, DeviceFacts, PrincipalFacts, Query, SupplierFacts, place_of

KINDS = frozenset({"telediagnostic", "telemaintenance", "teleassistance"})
UNKNOWN_KIND = "unknown"
EVERYWHERE = "*"
"""The place that all facilities stand in; who has a role there has it everywhere."""
ROLES = ("approver", "security", "auditor", "admin")

Uid = dict[str, str]
_NOBODY = SupplierFacts(id="", code="", networks=(), contract_active=False)
"""Stands for the supplier where none is named: maintains nothing, has no contract and no network."""


@dataclass(frozen=True, slots=True)
class Question:
    """What `cedarpy.is_authorized` takes: the request, and the entities as JSON."""

    request: dict[str, Any]
    entities: str


def question(query: Query) -> Question:
    """Translate. Raises `ValueError` for facts that cannot be meant, such as a naive instant."""
    supplier = query.supplier or _NOBODY
    entities = [_principal(query.principal), *_device(query.device), _supplier(supplier)]
    request = {
        "principal": entities[0]["uid"],
        "action": _uid("Action", query.action),
        "resource": _uid("Device", query.device.id) if query.device else _uid("Bastion", "bastion"),
        "context": _context(query.context, supplier),
    }
    return Question(request, json.dumps(entities))


def source_declared(source_ip: str, networks: tuple[str, ...]) -> bool:
    """Say whether the address lies in one of the CIDR ranges; what cannot be read as either declares nothing (R-5)."""
    address = _address(source_ip)
    if address is None:
        return False
    return any(network is not None and address in network for network in map(_network, networks))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Read an address; IPv4 inside IPv6 (`::ffff:a.b.c.d`, as dual-stack sockets say it) counts as IPv4."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=4096)
def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _uid(kind: str, name: str) -> Uid:
    return {"type": kind, "id": str(name)}


def _ref(kind: str, name: str) -> dict[str, Uid]:
    return {"__entity": _uid(kind, name)}


def _extension(function: str, argument: str) -> dict[str, dict[str, str]]:
    return {"__extn": {"fn": function, "arg": argument}}


def _entity(uid: Uid, attributes: dict[str, Any], parents: list[Uid]) -> dict[str, Any]:
    return {"uid": uid, "attrs": attributes, "parents": parents}


def _principal(facts: PrincipalFacts) -> dict[str, Any]:
    if facts.kind == "technician":
        return _entity(_uid("Technician", facts.id), {}, [_uid("Supplier", facts.supplier_id)])
    if facts.kind == "staff":
        places: dict[str, list[Any]] = {role: [] for role in ROLES}
        for role, place in sorted(facts.duties):
            places[role].append(_ref("Place", place))
        return _entity(_uid("Staff", facts.id), places, [_uid("Role", role) for role in ROLES if places[role]])
    raise ValueError(f"no such kind of principal: {facts.kind!r}")


def _supplier(facts: SupplierFacts) -> dict[str, Any]:
    attributes = {
        "code": facts.code,
        "contractActive": facts.contract_active,
        "papersInOrder": facts.papers_in_order,
    }
    return _entity(_uid("Supplier", facts.id), attributes, [])


def _device(facts: DeviceFacts | None) -> list[dict[str, Any]]:
    if facts is None:
        return []
    attributes = {
        "code": facts.code,
        "facility": _ref("Place", facts.facility_id),
        "place": _ref("Place", place_of(facts.facility_id, facts.ward)),
        "suppliers": [_ref("Supplier", name) for name in sorted(facts.supplier_ids)],
        "criticality": facts.criticality,
    }
    places = [_entity(_uid("Place", facts.facility_id), {}, [_uid("Place", EVERYWHERE)])]
    if facts.ward:
        ward = _uid("Place", place_of(facts.facility_id, facts.ward))
        places.append(_entity(ward, {}, [_uid("Place", facts.facility_id)]))
    return [_entity(_uid("Device", facts.id), attributes, []), *places]


def _context(facts: ContextFacts, supplier: SupplierFacts) -> dict[str, Any]:
    context: dict[str, Any] = {
        "now": _extension("datetime", _instant(facts.now)),
        "sourceDeclared": source_declared(facts.source_ip, supplier.networks),
        "supplier": _ref("Supplier", supplier.id),
        "kind": _ref("Kind", facts.kind if facts.kind in KINDS else UNKNOWN_KIND),
        "duration": _extension("duration", _milliseconds(facts.duration)),
        "factors": facts.factors,
        "approvals": facts.approvals,
        "emergency": facts.emergency,
        "isRequester": facts.is_requester,
        "isCaller": facts.is_caller,
        "reviewOverdue": facts.review_overdue,
        "reportOverdue": facts.report_overdue,
        "countryDeclared": facts.country_declared,
        "outsideEea": facts.outside_eea,
    }
    address = _address(facts.source_ip)
    if address is not None:
        context["source"] = _extension("ip", str(address))
    return context


def _instant(now: datetime) -> str:
    if now.tzinfo is None:
        raise ValueError("an instant without its time zone")
    return now.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def _milliseconds(duration: timedelta) -> str:
    """Cedar counts in milliseconds; a part of one counts as a whole, so that no limit is passed unseen."""
    return f"{-(-duration // timedelta(milliseconds=1))}ms"

"""Facilities, suppliers and their people, staff, devices and what is on them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from bastion.domain.device import Device, DeviceAccount, Endpoint
from bastion.domain.parties import EVERYWHERE, Facility, Staff, Supplier, Technician, TechnicianKey
from bastion.store import tables as t
from bastion.store.columns import CommaSet, Instant, findable, storable
from bastion.store.looking import holds
from bastion.store.repository import Repository


def _named(select: "sa.Select[Any]", column: "sa.Column[Any]") -> "sa.Select[Any]":
    """Names are the same whatever their case; the unique index is on the lower-case form."""
    return select.where(sa.func.lower(column) == sa.func.lower(sa.bindparam("name", type_=column.type)))


_SUPPLIER_IDS = sa.type_coerce(
    sa.select(sa.func.aggregate_strings(t.device_suppliers.c.supplier_id, ","))
    .where(t.device_suppliers.c.device_id == t.devices.c.id)
    .correlate(t.devices)
    .scalar_subquery(),
    CommaSet,
)


class Facilities(Repository[Facility]):
    kind, table, named, order = Facility, t.facilities, "code", ("name", "id")

    async def by_code(self, code: str) -> Facility | None:
        return await self._one(_FACILITY_BY_CODE, {"name": code}) if storable(code) else None


class Suppliers(Repository[Supplier]):
    kind, table, named, order = Supplier, t.suppliers, "code", ("name", "id")

    async def by_code(self, code: str) -> Supplier | None:
        return await self._one(_SUPPLIER_BY_CODE, {"name": code}) if storable(code) else None


class Technicians(Repository[Technician]):
    kind, table, named, order = Technician, t.technicians, "login", ("name", "id")

    async def by_login(self, login: str) -> Technician | None:
        return await self._one(_TECHNICIAN_BY_LOGIN, {"name": login}) if storable(login) else None

    async def search(
        self, text: str = "", supplier_ids: frozenset[str] | None = None, limit: int = 50, offset: int = 0
    ) -> list[Technician]:
        """Those whose name, login or company contains `text`, by name."""
        if not findable(text):
            return []
        query = self.sql_all.limit(limit).offset(offset)
        if text:
            s, p = t.suppliers.c, t.technicians.c
            companies = sa.select(s.id).where(holds(text, s.name, s.code))
            query = query.where(holds(text, p.name, p.login, p.email) | p.supplier_id.in_(companies))
        if supplier_ids is not None:
            query = query.where(t.technicians.c.supplier_id.in_(supplier_ids))
        return await self._many(query)

    async def more_than(self, count: int) -> bool:
        """Whether there are more people than this."""
        return bool(await self._tx.rows(sa.select(t.technicians.c.id).limit(1).offset(count)))

    async def abroad(self, inside: Collection[str], now: datetime) -> list[Technician]:
        """Those in use whose country is none of `inside`."""
        return await self._many(_ABROAD, {"inside": sorted(inside), "now": now})

    async def owing(self, version: int, now: datetime, limit: int, offset: int = 0) -> tuple[list[Technician], int]:
        """Those in use who have accepted no undertaking of this version or a later one, and how many they are."""
        values = {"version": version, "now": now}
        count = int((await self._tx.rows(_OWING_COUNT, values))[0][0])
        return await self._many(_OWING, {**values, "limit": limit, "offset": offset}), count

    async def in_use(self, now: datetime, facility_ids: frozenset[str] | None) -> list[Technician]:
        """Whoever is in use: of companies that maintain a device in one of these facilities, or (`None`) of all."""
        if facility_ids is None:
            return await self._many(_ALL_IN_USE, {"now": now})
        return await self._many(_IN_USE_AT, {"now": now, "places": sorted(facility_ids)})

    async def of_supplier(self, supplier_id: str) -> list[Technician]:
        return await self._many(_TECHNICIANS_OF, {"supplier_id": supplier_id}) if storable(supplier_id) else []


class Keys(Repository[TechnicianKey]):
    kind, table, named, order = TechnicianKey, t.technician_keys, "fingerprint", ("added_at", "id")

    async def of(self, technician_id: str) -> list[TechnicianKey]:
        return await self._many(_KEYS_OF, {"technician_id": technician_id})

    async def of_several(self, technician_ids: Iterable[str]) -> list[TechnicianKey]:
        ids = sorted(set(technician_ids))
        return await self._many(_KEYS_OF_SEVERAL, {"ids": ids}) if ids else []

    async def holder(self, login: str, public: str) -> tuple[Technician, str] | None:
        """The technician of this login who has registered this very key, and the key's fingerprint."""
        if not storable(login + public):
            return None
        rows = await self._tx.rows(_HOLDER, {"name": login, "public": public})
        if not rows:
            return None
        *facts, fingerprint = tuple(rows[0])
        return Technician(*facts), fingerprint


class StaffMembers(Repository[Staff]):
    kind, table, named, order = Staff, t.staff, "login", ("name", "id")

    async def by_login(self, login: str) -> Staff | None:
        return await self._one(_STAFF_BY_LOGIN, {"name": login}) if storable(login) else None

    async def everywhere(self) -> list[Staff]:
        """Whoever has a duty in every hospital at once."""
        return [one for one in await self._many(_STAFF_OF_THE_GROUP) if EVERYWHERE in one.facilities]


class Devices(Repository[Device]):
    kind, table, named, order = Device, t.devices, "code", ("code", "id")

    @classmethod
    def columns(cls) -> "list[sa.ColumnElement[Any]]":
        return [*t.devices.c[:4], _SUPPLIER_IDS, *t.devices.c[4:]]

    async def by_code(self, code: str) -> Device | None:
        return await self._one(_DEVICE_BY_CODE, {"name": code}) if storable(code) else None

    async def places_of_several(self, supplier_ids: Collection[str]) -> dict[str, set[str]]:
        """The hospitals where each of these companies maintains a device in use."""
        places: dict[str, set[str]] = {ident: set() for ident in supplier_ids}
        for supplier, facility in map(tuple, await self._tx.rows(_PLACES_OF, {"ids": [*places]}) if places else []):
            places[supplier].add(facility)
        return places

    async def wards_of(self, facility_ids: Collection[str]) -> set[tuple[str, str]]:
        """Each of these hospitals with each ward in it, as its devices name them."""
        rows = await self._tx.rows(_WARDS_OF, {"ids": sorted(facility_ids)})
        return {(facility, ward) for facility, ward in map(tuple, rows)}

    async def add(self, entity: Device) -> None:
        await super().add(entity)
        await self._link(entity)

    async def save(self, entity: Device) -> Device:
        await super().save(entity)
        await self._tx.change(_UNLINK, {"device": entity.id, "kept": list(entity.supplier_ids)})
        await self._link(entity)
        return entity

    async def add_all(self, entities: Sequence[Device]) -> None:
        await super().add_all(entities)
        await self._link(*entities)

    async def save_all(self, entities: Sequence[Device]) -> None:
        await super().save_all(entities)
        if entities:
            await self._tx.change(_UNLINK_ALL, [{"device": entity.id} for entity in entities])
        await self._link(*entities)

    async def search(
        self,
        text: str = "",
        facility_ids: frozenset[str] | None = None,
        supplier_id: str = "",
        limit: int = 50,
        offset: int = 0,
        *,
        active: bool = False,
    ) -> list[Device]:
        """Devices whose code, name, place, maker, model or serial number contains `text`, by code."""
        if not findable(text):
            return []
        query = _among(_IN_ORDER, facility_ids, supplier_id, active=active).limit(limit).offset(offset)
        if text:
            query = query.where(holds(text, *_SEARCHED))
        return await self.some([row.id for row in await self._tx.rows(query)])

    async def more_than(
        self, count: int, facility_ids: frozenset[str] | None = None, supplier_id: str = "", *, active: bool = False
    ) -> bool:
        """Whether `search` without a text would find more devices than this."""
        query = _among(sa.select(t.devices.c.id), facility_ids, supplier_id, active=active)
        return bool(await self._tx.rows(query.limit(1).offset(count)))

    async def _link(self, *devices: Device) -> None:
        pairs = [
            {"device_id": device.id, "supplier_id": supplier}
            for device in devices
            for supplier in sorted(device.supplier_ids)
        ]
        if pairs:
            await self._tx.change(_LINK, pairs)

    def _row(self, entity: Device) -> dict[str, Any]:
        row = super()._row(entity)
        del row["supplier_ids"]
        return row


class Endpoints(Repository[Endpoint]):
    kind, table = Endpoint, t.endpoints

    async def of(self, device_id: str) -> list[Endpoint]:
        return await self._many(_ENDPOINTS_OF, {"device_id": device_id})

    async def of_several(self, device_ids: Iterable[str]) -> list[Endpoint]:
        ids = sorted(set(device_ids))
        return await self._many(_ENDPOINTS_OF_SEVERAL, {"ids": ids}) if ids else []

    async def at(self, host: str, port: int) -> list[Endpoint]:
        """Those at this address; names of hosts know no case."""
        return await self._many(_ENDPOINTS_AT, {"place": host.lower(), "port": port})

    async def showing(self, host_key: str) -> list[Endpoint]:
        """Those for which this public key is pinned, whatever its comment says."""
        body = host_key.split()[1]
        kept = sa.type_coerce(t.endpoints.c.host_keys, sa.String)
        return await self._many(self.sql_all.where(kept.contains(body, autoescape=True)))


class Accounts(Repository[DeviceAccount]):
    kind, table, named = DeviceAccount, t.device_accounts, "login"

    async def of(self, device_id: str) -> list[DeviceAccount]:
        return await self._many(_ACCOUNTS_OF, {"device_id": device_id})

    async def of_several(self, device_ids: Iterable[str]) -> list[DeviceAccount]:
        ids = sorted(set(device_ids))
        return await self._many(_ACCOUNTS_OF_SEVERAL, {"ids": ids}) if ids else []

    async def named_by_work(self, account: DeviceAccount) -> bool:
        """Whether a request or an authorisation of its device names it; a session does by its authorisation."""
        about = {"device": account.device_id, "account": account.id}
        return any([await self._tx.rows(query, about) for query in _NAMING_ACCOUNT])

    async def refused(self) -> list[DeviceAccount]:
        """Those their devices refuse."""
        return await self._many(_ACCOUNTS_REFUSED, {})


_ACCOUNTS_REFUSED = Accounts.sql_all.where(t.device_accounts.c.refused_at.is_not(None))
_NAMING_ACCOUNT = tuple(
    sa.select(table.c.id)
    .where(table.c.device_id == sa.bindparam("device"), table.c.account_id == sa.bindparam("account"))
    .limit(1)
    for table in (t.access_requests, t.grants)
)
_FACILITY_BY_CODE = _named(Facilities.sql_select, t.facilities.c.code)
_SUPPLIER_BY_CODE = _named(Suppliers.sql_select, t.suppliers.c.code)
_DEVICE_BY_CODE = _named(Devices.sql_select, t.devices.c.code)
_TECHNICIAN_BY_LOGIN = _named(Technicians.sql_select, t.technicians.c.login)
_STAFF_BY_LOGIN = _named(StaffMembers.sql_select, t.staff.c.login)
_WITH_DEVICES = sa.select(t.device_suppliers.c.supplier_id).join(
    t.devices, t.devices.c.id == t.device_suppliers.c.device_id
)
_PLACES_OF = (
    sa.select(t.device_suppliers.c.supplier_id, t.devices.c.facility_id)
    .join(t.devices, t.devices.c.id == t.device_suppliers.c.device_id)
    .where(t.devices.c.active, t.device_suppliers.c.supplier_id.in_(sa.bindparam("ids", expanding=True)))
    .distinct()
)
_WARDS_OF = (
    sa.select(t.devices.c.facility_id, t.devices.c.ward)
    .where(t.devices.c.facility_id.in_(sa.bindparam("ids", expanding=True)))
    .distinct()
)
_IN_USE = sa.and_(
    t.technicians.c.active,
    sa.or_(t.technicians.c.valid_until.is_(None), t.technicians.c.valid_until > sa.bindparam("now", type_=Instant)),
)
_ALL_IN_USE = Technicians.sql_all.where(_IN_USE)
_IN_USE_AT = _ALL_IN_USE.where(
    t.technicians.c.supplier_id.in_(
        _WITH_DEVICES.where(t.devices.c.facility_id.in_(sa.bindparam("places", expanding=True)))
    )
)
_ABROAD = Technicians.sql_all.where(_IN_USE, t.technicians.c.country.not_in(sa.bindparam("inside", expanding=True)))
_ACCEPTED = sa.exists().where(
    t.undertaking_acceptances.c.technician_id == t.technicians.c.id,
    t.undertaking_acceptances.c.version >= sa.bindparam("version"),
)
_OWING = Technicians.sql_all.where(_IN_USE, ~_ACCEPTED).limit(sa.bindparam("limit")).offset(sa.bindparam("offset"))
_OWING_COUNT = sa.select(sa.func.count()).select_from(t.technicians).where(_IN_USE, ~_ACCEPTED)
_TECHNICIANS_OF = Technicians.sql_all.where(t.technicians.c.supplier_id == sa.bindparam("supplier_id"))
_STAFF_OF_THE_GROUP = StaffMembers.sql_all.where(
    sa.type_coerce(t.staff.c.assignments, sa.String).contains(f'"{EVERYWHERE}"', autoescape=True)
)
_KEYS_OF = Keys.sql_all.where(t.technician_keys.c.technician_id == sa.bindparam("technician_id"))
_HOLDER = (
    _TECHNICIAN_BY_LOGIN.add_columns(t.technician_keys.c.fingerprint)
    .join(t.technician_keys, t.technician_keys.c.technician_id == t.technicians.c.id)
    .where(t.technician_keys.c.public == sa.bindparam("public"))
)
_ENDPOINTS_OF = Endpoints.sql_all.where(t.endpoints.c.device_id == sa.bindparam("device_id"))
_ENDPOINTS_AT = Endpoints.sql_all.where(
    sa.func.lower(t.endpoints.c.host) == sa.bindparam("place"), t.endpoints.c.port == sa.bindparam("port")
)
_SEVERAL: Any = sa.bindparam("ids", expanding=True)
_KEYS_OF_SEVERAL = Keys.sql_all.where(t.technician_keys.c.technician_id.in_(_SEVERAL))
_ENDPOINTS_OF_SEVERAL = Endpoints.sql_all.where(t.endpoints.c.device_id.in_(_SEVERAL))
_ACCOUNTS_OF_SEVERAL = Accounts.sql_all.where(t.device_accounts.c.device_id.in_(_SEVERAL))
_ACCOUNTS_OF = Accounts.sql_all.where(t.device_accounts.c.device_id == sa.bindparam("device_id"))
_LINK = insert(t.device_suppliers).on_conflict_do_nothing()
_UNLINK = sa.delete(t.device_suppliers).where(
    t.device_suppliers.c.device_id == sa.bindparam("device"),
    t.device_suppliers.c.supplier_id.not_in(sa.bindparam("kept", expanding=True)),
)
_UNLINK_ALL = sa.delete(t.device_suppliers).where(t.device_suppliers.c.device_id == sa.bindparam("device"))
_IN_ORDER = sa.select(t.devices.c.id).order_by(t.devices.c.code, t.devices.c.id)
"""Ids first: PostgreSQL would look up the suppliers of every device that a later page leaves behind."""


def _among(
    query: "sa.Select[Any]", facility_ids: frozenset[str] | None, supplier_id: str, *, active: bool
) -> "sa.Select[Any]":
    """Those of these facilities (`None`: of all), of this supplier if one is named, and in use if only such count."""
    if facility_ids is not None:
        query = query.where(t.devices.c.facility_id.in_(facility_ids))
    if active:
        query = query.where(t.devices.c.active)
    if supplier_id:
        linked = sa.select(t.device_suppliers.c.device_id).where(t.device_suppliers.c.supplier_id == supplier_id)
        query = query.where(t.devices.c.id.in_(linked))
    return query


_SEARCHED = tuple(t.devices.c[name] for name in ("code", "name", "ward", "location", "maker", "model", "serial"))

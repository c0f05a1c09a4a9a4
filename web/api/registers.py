"""`/facilities` and `/suppliers`."""

from fastapi import APIRouter

from bastion.domain.country import HOME
from bastion.services.directory import FacilityForm, SupplierForm
from web.api.bearer import Me, Use
from web.api.register_shapes import FacilityShape, SupplierShape
from web.api.shapes import Flag, Instant, Shape


class FacilityBody(Shape):
    code: str
    name: str
    finess: str = ""
    timezone: str = "Europe/Paris"


class SupplierBody(Shape):
    """`networks` are the CIDR ranges its people connect from; without any none can (R-5); `countries` are where they
    work from, as ISO 3166 codes (R-45).
    """

    code: str
    name: str
    networks: tuple[str, ...] = ()
    contract_end: Instant | None = None
    contact: str = ""
    active: Flag = True
    countries: tuple[str, ...] = (HOME,)
    contract_number: str = ""
    contract_start: Instant | None = None
    security_contact: str = ""


def add_to(router: APIRouter) -> None:
    router.add_api_route("/facilities", facilities, methods=["GET"])
    router.add_api_route("/facilities", add_facility, methods=["POST"], status_code=201)
    router.add_api_route("/facilities/{ident}", change_facility, methods=["PUT"])
    router.add_api_route("/suppliers", suppliers, methods=["GET"])
    router.add_api_route("/suppliers", add_supplier, methods=["POST"], status_code=201)
    router.add_api_route("/suppliers/{ident}", change_supplier, methods=["PUT"])


async def facilities(me: Me, use: Use) -> list[FacilityShape]:
    """The hospitals one sees."""
    return [FacilityShape.model_validate(f) for f in await use.directory.facilities(me)]


async def add_facility(body: FacilityBody, me: Me, use: Use) -> FacilityShape:
    """Register a hospital."""
    return await change_facility("", body, me, use)


async def change_facility(ident: str, body: FacilityBody, me: Me, use: Use) -> FacilityShape:
    """Replace what is known of a hospital."""
    form = FacilityForm(**body.model_dump(), id=ident)
    return FacilityShape.model_validate(await use.directory.save_facility(me, form))


async def suppliers(me: Me, use: Use) -> list[SupplierShape]:
    """The companies."""
    return [SupplierShape.model_validate(s) for s in await use.directory.suppliers(me)]


async def add_supplier(body: SupplierBody, me: Me, use: Use) -> SupplierShape:
    """Register a company."""
    return await change_supplier("", body, me, use)


async def change_supplier(ident: str, body: SupplierBody, me: Me, use: Use) -> SupplierShape:
    """Replace what is known of a company."""
    form = SupplierForm(**body.model_dump(), id=ident)
    return SupplierShape.model_validate(await use.directory.save_supplier(me, form))

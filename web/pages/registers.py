"""Suppliers and facilities: who works for the hospital, and which hospitals share the bastion."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Form
from pydantic import BaseModel
from starlette.responses import Response

from bastion.domain.country import HOME
from bastion.domain.local_time import HOME_ZONE
from bastion.errors import BastionError
from bastion.i18n import N_
from bastion.services.directory import FacilityForm, SupplierForm
from web import fields, paper_words
from web.console import Console, Seen, go, one_of
from web.views import local_day, local_last_day

router = APIRouter(prefix="/directory")


class SupplierFields(BaseModel):
    """The supplier form as it was typed; `networks` one a line, `contract_end` the last local day."""

    code: str = ""
    name: str = ""
    networks: str = ""
    contract_end: str = ""
    contact: str = ""
    contract_number: str = ""
    contract_start: str = ""
    security_contact: str = ""
    countries: str = HOME
    active: bool = False


class FacilityFields(BaseModel):
    code: str = ""
    name: str = ""
    finess: str = ""
    timezone: str = HOME_ZONE


# -- suppliers ---------------------------------------------------------------------------------------------------------
@router.get("/suppliers")
async def suppliers(seen: Seen) -> Response:
    return seen.page(
        "directory/suppliers.html", N_("Suppliers"), rows=await seen.services.directory.suppliers(seen.actor),
        intro=N_("Companies with a maintenance contract, and the addresses their people connect from."),
        add=N_("New supplier"), from_file="suppliers",
        standing=await seen.services.papers.standing(seen.actor), paper_words=paper_words.KINDS,
    )  # fmt: skip


@router.get("/suppliers/new")
async def new_supplier(seen: Seen) -> Response:
    return await _supplier_form(seen, "", SupplierFields(active=True))


@router.post("/suppliers/new")
async def create_supplier(seen: Seen, typed: Annotated[SupplierFields, Form()]) -> Response:
    return await seen.keep(_save_supplier, _supplier_form, "", typed)


@router.get("/suppliers/{ident}")
async def supplier(seen: Seen, ident: str) -> Response:
    found = one_of(await seen.services.directory.suppliers(seen.actor), ident)
    kept = SupplierFields(
        code=found.code, name=found.name, networks="\n".join(found.networks), contact=found.contact,
        active=found.active, contract_end=local_last_day(found.contract_end) if found.contract_end else "",
        contract_number=found.contract_number, security_contact=found.security_contact,
        contract_start=local_day(found.contract_start) if found.contract_start else "",
        countries=" ".join(found.countries),
    )  # fmt: skip
    return await _supplier_form(seen, ident, kept)


@router.post("/suppliers/{ident}")
async def save_supplier(seen: Seen, ident: str, typed: Annotated[SupplierFields, Form()]) -> Response:
    return await seen.keep(_save_supplier, _supplier_form, ident, typed)


async def _save_supplier(seen: Console, ident: str, typed: SupplierFields) -> Response:
    known = one_of(await seen.services.directory.suppliers(seen.actor), ident).contract_end if ident else None
    end = fields.day_end(typed.contract_end, "contract_end", known=known)
    form = SupplierForm(
        typed.code.strip(), typed.name, tuple(typed.networks.split()), end, typed.contact, typed.active, ident,
        tuple(typed.countries.replace(",", " ").split()), typed.contract_number,
        fields.day_start(typed.contract_start, "contract_start"), typed.security_contact,
    )  # fmt: skip
    await seen.services.directory.save_supplier(seen.actor, form)
    return go("/directory/suppliers", "saved")


async def _supplier_form(
    seen: Console, ident: str, typed: SupplierFields, error: BastionError | None = None
) -> Response:
    title = N_("Edit supplier") if ident else N_("New supplier")
    return seen.page("directory/supplier_form.html", title, error=error, typed=typed)


# -- facilities --------------------------------------------------------------------------------------------------------
@router.get("/facilities")
async def facilities(seen: Seen) -> Response:
    return seen.page(
        "directory/facilities.html", N_("Facilities"), rows=await seen.services.directory.facilities(seen.actor),
        intro=N_("The hospitals that share this bastion."), add=N_("New facility"),
    )  # fmt: skip


@router.get("/facilities/new")
async def new_facility(seen: Seen) -> Response:
    return await _facility_form(seen, "", FacilityFields())


@router.post("/facilities/new")
async def create_facility(seen: Seen, typed: Annotated[FacilityFields, Form()]) -> Response:
    return await seen.keep(_save_facility, _facility_form, "", typed)


@router.get("/facilities/{ident}")
async def facility(seen: Seen, ident: str) -> Response:
    found = one_of(await seen.services.directory.facilities(seen.actor), ident)
    return await _facility_form(seen, ident, FacilityFields(**asdict(found)))


@router.post("/facilities/{ident}")
async def save_facility(seen: Seen, ident: str, typed: Annotated[FacilityFields, Form()]) -> Response:
    return await seen.keep(_save_facility, _facility_form, ident, typed)


async def _save_facility(seen: Console, ident: str, typed: FacilityFields) -> Response:
    form = FacilityForm(typed.code.strip(), typed.name, typed.finess, typed.timezone, ident)
    await seen.services.directory.save_facility(seen.actor, form)
    return go("/directory/facilities", "saved")


async def _facility_form(
    seen: Console, ident: str, typed: FacilityFields, error: BastionError | None = None
) -> Response:
    title = N_("Edit facility") if ident else N_("New facility")
    return seen.page("directory/facility_form.html", title, error=error, typed=typed)

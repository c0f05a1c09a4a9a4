"""Joins the API's files into one router; `web/app.py` includes it."""

from functools import cache
from typing import Any, Final

from fastapi import APIRouter

from web.api import (
    audit,
    batches,
    calendar,
    comparisons,
    devices,
    duty,
    emergencies,
    files,
    forecasts,
    gmao,
    imports,
    locks,
    me,
    messages,
    papers,
    people,
    professionals,
    recordings,
    registers,
    reports,
    requests,
    reviews,
    sessions,
    supplier_files,
    templates,
    undertakings,
    windows,
)
from web.api.bearer import PREFIX, SCOPE, admit
from web.api.building import Api
from web.api.description import Manner, described
from web.api.guards import API_GUARDS, Key

PARTS = (
    me, requests, batches, comparisons, reports, templates, forecasts, emergencies, windows, calendar, sessions, files,
    recordings, locks, audit, registers, people, devices, imports, papers, supplier_files, undertakings, reviews, gmao,
    duty, professionals, messages,
)  # fmt: skip
ASKING: Final[frozenset[Key]] = frozenset(
    {
        ("POST", "/requests"), ("POST", "/batches"), ("POST", "/grants/{ident}/extend"),
        ("POST", "/grants/{ident}/hand-over"), ("POST", "/requests/{ident}/approve"),
    }
)  # fmt: skip
"""What a kill switch refuses."""


@cache
def describe() -> dict[str, Any]:
    """The API in OpenAPI form. It takes a fifth of a second to write down and never changes."""
    scopes = {key: tuple((role.value,) for role in sorted(guard.roles)) for key, guard in API_GUARDS.items()}
    return described(
        router, Manner(PREFIX, scopes, SCOPE, cut=ASKING), title="Bastion",
        says="The bastion's use cases for programs.", servers=[],
    )  # fmt: skip


API: Final = Api(PREFIX, "api", PARTS, admit, describe)
router: Final[APIRouter] = API.build(API_GUARDS)

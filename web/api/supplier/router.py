"""Joins the files of the suppliers' API into one router; `web/portal/app.py` includes it."""

from functools import cache
from typing import Any, Final

from fastapi import APIRouter

from web.api.building import Api
from web.api.description import Manner, Scopes, described
from web.api.guards import SUPPLIER_API_GUARDS, Key
from web.api.supplier import account, batches, company, people, work
from web.api.supplier.bearer import PREFIX, SCOPE, admit, scope_of
from web.portal.guards import Guard

PARTS = (account, work, batches, company, people)
ASKING: Final[frozenset[Key]] = frozenset(
    {
        ("POST", "/requests"), ("POST", "/batches"), ("POST", "/requests/{ident}/extend"),
        ("POST", "/requests/{ident}/hand-over"),
    }
)  # fmt: skip
"""What a kill switch refuses."""


@cache
def describe() -> dict[str, Any]:
    """The suppliers' API in OpenAPI form."""
    scopes = {key: _scopes(key, guard) for key, guard in SUPPLIER_API_GUARDS.items()}
    return described(
        router, Manner(PREFIX, scopes, SCOPE, cut=ASKING), title="Bastion, suppliers’ entrance",
        says="A supplier’s person asks for access and follows it, with a program: his own work only. A correspondent "
        "also keeps the list of his company’s people.",
        servers=[{"url": "/supplier"}],
    )  # fmt: skip


def _scopes(key: Key, guard: Guard) -> Scopes:
    if guard is Guard.ANYONE:
        return ()
    does = scope_of(key)
    return ((does, "correspondent"),) if guard is Guard.CORRESPONDENT else ((does,),)


API: Final = Api(PREFIX, "supplier", PARTS, admit, describe)
router: Final[APIRouter] = API.build(SUPPLIER_API_GUARDS)

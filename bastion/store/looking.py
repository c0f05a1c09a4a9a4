"""Looking for a text in tables of a million rows, without an engine of its own for it.

What people copy from somewhere (a reference, a work order, the code of a device, a login, a name) is found by index
however old it is. Any other text is looked for among the newest `STRETCH` rows that the other filters leave; whoever
wants more looks further back from there (`floor`), so no page waits for a whole table.
"""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from bastion.store import tables as t
from bastion.store.columns import findable
from bastion.store.transaction import Transaction

STRETCH: Final = 5_000
MOST_NAMED: Final = 200
"""So many rows may share a work order, or technicians a name."""


async def named(transaction: Transaction, text: str, facility_ids: frozenset[str] | None) -> dict[str, list[str]]:
    """What is called exactly `text`: the column that would hold it, and the ids. Empty when it is just a text.

    What a device or a request of another hospital is called is just a text: else that a search ends here would tell
    that there is one (T33). Suppliers and their people are known in all of the group.
    """
    if not text.strip() or not findable(text):
        return {}
    found: dict[str, list[str]] = {}
    wanted: dict[str, object] = {"text": text.strip()}
    if facility_ids is not None:
        wanted["places"] = sorted(facility_ids)
    for row in await transaction.rows(_NAMED if facility_ids is None else _NAMED_AT, wanted):
        found.setdefault(row.what, []).append(row.id)
    first = next((what for what in _ORDER if what in found), "")
    return {first: found[first]} if first else {}


async def floor(
    transaction: Transaction, at: "sa.Column[Any]", wanted: "list[sa.ColumnElement[bool]]"
) -> datetime | None:
    """The instant of the last of the `STRETCH` newest rows that are wanted; `None` when there are fewer."""
    rows = await transaction.rows(sa.select(at).where(*wanted).order_by(at.desc()).offset(STRETCH - 1).limit(1))
    return rows[0][0] if rows else None


def within(column: "sa.Column[Any]", idents: frozenset[str]) -> "sa.ColumnElement[bool]":
    """One of these; of a single one said as such, so that an index gives the rows in their order."""
    return column == next(iter(idents)) if len(idents) == 1 else column.in_(idents)


def holds(text: str, *columns: "sa.ColumnElement[str]") -> "sa.ColumnElement[bool]":
    """One of these columns of a row holds the text, in either case.

    They are joined first, by what nobody types into a field: PostgreSQL lowers both sides for each comparison, and six
    for each of five thousand rows took longer than all the rest of a page.
    """
    joined = columns[0]
    for column in columns[1:]:
        joined = joined + _BREAK + column
    return joined.icontains(text, autoescape=True)


_BREAK = sa.literal("\x1f", sa.String())


def _called(what: str, ident: "sa.Column[Any]", condition: "sa.ColumnElement[bool]") -> "sa.Select[Any]":
    query = sa.select(sa.literal_column(f"'{what}'").label("what"), ident.label("id"))
    return query.where(condition).limit(MOST_NAMED)


_TEXT = sa.bindparam("text", type_=sa.String())
_SAME = sa.func.lower(_TEXT)
"""As the database lowers it: SQLite leaves É as it is, on both sides."""
_R, _D, _P, _S = t.access_requests.c, t.devices.c, t.technicians.c, t.suppliers.c
_ORDER: Final = ("request_id", "device_id", "technician_id", "supplier_id")
_PARTS: Final = tuple(
    (what, _called(what, ident, condition))
    for what, ident, condition in (
        ("request_id", _R.id, sa.func.lower(_R.work_order) == _SAME),
        ("request_id", _R.id, sa.func.substr(_R.id, sa.literal_column("25")) == _SAME),
        (
            "request_id", _R.id,
            (sa.func.substr(_R.batch_id, sa.literal_column("25")) == _SAME) & (_R.batch_id != sa.literal_column("''")),
        ),
        ("device_id", _D.id, sa.func.lower(_D.code) == _SAME),
        ("technician_id", _P.id, sa.func.lower(_P.login) == _SAME),
        ("technician_id", _P.id, sa.func.lower(_P.name) == _SAME),
        ("supplier_id", _S.id, sa.func.lower(_S.code) == _SAME),
        ("supplier_id", _S.id, sa.func.lower(_S.name) == _SAME),
    )
)  # fmt: skip
_PLACES: Any = sa.bindparam("places", expanding=True)
_OF = {"request_id": _R.facility_id, "device_id": _D.facility_id}
PARTS: Final = tuple(part for _, part in _PARTS)
PARTS_AT: Final = tuple(part.where(_OF[what].in_(_PLACES)) if what in _OF else part for what, part in _PARTS)
"""The same for whoever works in some hospitals only."""
_NAMED = sa.union_all(*(sa.select(part.subquery()) for part in PARTS))
_NAMED_AT = sa.union_all(*(sa.select(part.subquery()) for part in PARTS_AT))

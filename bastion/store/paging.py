"""The rows beyond a place in a list, by the index that has them in their order."""

from typing import Any

import sqlalchemy as sa

from bastion.domain.place import Place


def older(at: "sa.Column[Any]", ident: "sa.Column[Any]", place: Place | None) -> "list[sa.ColumnElement[bool]]":
    """What stands after `place` in a list that begins with the newest; nothing is left out without one.

    The instant stands alone first, because that is what an index is walked from; the rest tells apart what happened at
    the same moment.
    """
    if place is None:
        return []
    return [at <= place.at, sa.or_(at < place.at, ident < place.id)]

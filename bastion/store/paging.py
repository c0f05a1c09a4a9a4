"""The rows beyond a place in a list, by the index that has them in their order."""

from typing import Any, TypeVar

import sqlalchemy as sa

from bastion.domain.place import Newer, Place

T = TypeVar("T")


def beyond(
    newest: "sa.Select[Any]", at: "sa.Column[Any]", ident: "sa.Column[Any]", place: Place | None
) -> "sa.Select[Any]":
    """Of a list that begins with the newest, what stands after `place`; of `Newer`, what stands before it, the nearest
    first. Nothing is left out without a place.

    The instant stands alone first, because that is what an index is walked from; the rest tells apart what happened at
    the same moment.
    """
    if place is None:
        return newest
    if isinstance(place, Newer):
        nearest = newest.where(at >= place.at, sa.or_(at > place.at, ident > place.id))
        return nearest.order_by(None).order_by(at, ident)
    return newest.where(at <= place.at, sa.or_(at < place.at, ident < place.id))


def newest_first(rows: list[T], place: Place | None) -> list[T]:
    """What `beyond` found, in the order in which people read it."""
    return rows[::-1] if isinstance(place, Newer) else rows

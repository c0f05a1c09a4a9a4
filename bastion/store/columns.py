"""Column types: how a domain value is kept, the same on both databases and exactly reversible."""

# ruff: noqa: ARG002 - the dialect is part of SQLAlchemy's signature

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final, cast

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

from bastion.errors import Invalid

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

LONGEST_SOUGHT: Final = 1000
"""Characters of a text that is looked for."""


def storable(text: str) -> bool:
    """PostgreSQL keeps no NUL and neither database a lone surrogate; what cannot be kept cannot be found either."""
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def findable(text: str) -> bool:
    """Whether something kept may hold what somebody looks for; SQLite refuses to compare with much longer texts."""
    return len(text) <= LONGEST_SOUGHT and storable(text)


_read = json.JSONDecoder().raw_decode


def _parsed(text: str) -> Any:
    """What a JSON column holds. A page reads thousands of them, and `json.loads` spends three quarters of its time on
    blanks around the value, of which `json.dumps` wrote none.
    """
    value, end = _read(text)
    if end != len(text):
        raise ValueError(f"more than one value in {text!r}")
    return value


def _member_of(kind: type[StrEnum]) -> Callable[[str], StrEnum]:
    """Finds the member of a value as quickly as a dict does; `kind` itself says what it does not know."""
    members = {one.value: one for one in kind}
    return lambda value: members.get(value) or kind(value)


class Text(TypeDecorator[str]):
    """Text that both databases keep alike; `Invalid` for what they cannot keep."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        if value is not None and not storable(value):
            raise Invalid("text with NUL or a lone surrogate")
        return value


class Ref(TypeDecorator[str]):
    """An id that may be missing: empty in the domain, NULL in the database so that foreign keys hold."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return value or None

    def process_result_value(self, value: str | None, dialect: Dialect) -> str:
        return value or ""


class Instant(TypeDecorator[datetime]):
    """Aware UTC: `timestamptz` on PostgreSQL, microseconds since 1970 on SQLite, which has no type for time."""

    impl = sa.DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind: TypeEngine[Any] = sa.BigInteger() if dialect.name == "sqlite" else sa.DateTime(timezone=True)
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant is aware")
        return (value - _EPOCH) // _MICROSECOND if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if isinstance(value, datetime):
            return value.astimezone(UTC)
        return _EPOCH + timedelta(microseconds=value)


class Span(TypeDecorator[timedelta]):
    """A duration, in microseconds."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: timedelta | None, dialect: Dialect) -> int | None:
        return None if value is None else value // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> timedelta | None:
        return None if value is None else timedelta(microseconds=value)


class Closed(TypeDecorator[StrEnum]):
    """A member of a closed set, by its value; a CHECK in the migration names the same set."""

    impl = sa.String
    cache_ok = True

    def __init__(self, kind: type[StrEnum]) -> None:
        super().__init__()
        self.kind = kind
        self._member = _member_of(kind)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> StrEnum | None:
        return None if value is None else self._member(value)


class Several(TypeDecorator[Any]):
    """A tuple or a frozenset of strings (or of a closed set), as a JSON list; a set is sorted, so equal is equal."""

    impl = sa.String
    cache_ok = True

    def __init__(self, kind: Callable[..., Any], member: type[StrEnum] | None = None) -> None:
        """Without a `member` they are any strings."""
        super().__init__()
        self.kind = kind
        self.member = member
        self._member = _member_of(member) if member else None

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        members = [str(member) for member in value]
        return json.dumps(sorted(members) if self.kind is frozenset else members, ensure_ascii=False)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        if value is None:
            return self.kind()
        return self.kind(map(self._member, _parsed(value)) if self._member else _parsed(value))


class Records(TypeDecorator[Any]):
    """A tuple of small dataclasses, as a JSON list of objects."""

    impl = sa.String
    cache_ok = True

    def __init__(self, kind: Callable[..., Any]) -> None:
        """`kind` makes one of its fields, by name."""
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        members = [asdict(one) for one in value]
        if not all(storable(str(part)) for member in members for part in member.values()):
            raise Invalid("text with NUL or a lone surrogate")
        return json.dumps(members, ensure_ascii=False, sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return tuple(self.kind(**one) for one in _parsed(value)) if value else ()


class CommaSet(TypeDecorator[Any]):
    """Read only: ids that the database strings together with commas."""

    impl = sa.String
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> frozenset[str]:
        return frozenset(value.split(",")) if value else frozenset()


class Fields(TypeDecorator[dict[str, str]]):
    """The named values of an audit event, as a JSON object with sorted names."""

    impl = sa.String
    cache_ok = True

    def process_bind_param(self, value: dict[str, str] | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, ensure_ascii=False, sort_keys=True)

    def process_result_value(self, value: str | None, dialect: Dialect) -> dict[str, str]:
        return cast(dict[str, str], _parsed(value)) if value else {}

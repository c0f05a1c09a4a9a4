"""What a database error means for the person who meets it: one place, both databases."""

import sqlite3
from types import TracebackType

import sqlalchemy.exc as sa_errors

from bastion.errors import Conflict, Invalid, Unavailable

_UNIQUE_SQLSTATE = "23505"
_INVALID_SQLSTATES = frozenset({"23502", "23514", "22001", "22003", "22021"})


class AlreadyThere(Conflict):
    """A unique index refused a row; a repository that knows the row's name turns it into `AlreadyExists`."""


class translated:  # noqa: N801 - reads as a word in `with translated():`
    """Turn driver errors into `Unavailable`, `Conflict` or `Invalid`; leave everything else alone.

    A class, not a generator: it stands around each statement.
    """

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            _raise(error)


def _raise(error: BaseException) -> None:
    match error:
        case sa_errors.IntegrityError():
            raise _integrity(error.orig) from error
        case sqlite3.IntegrityError():
            raise _integrity(error) from error
        case sa_errors.DataError():
            raise Invalid(str(error.orig)) from error
        case sa_errors.ProgrammingError():
            return  # our own fault, or a schema that was never migrated: let it be seen
        case sa_errors.OperationalError() if getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR":
            return  # the same, as SQLite says it
        case sa_errors.StatementError() if isinstance(error.orig, Invalid):
            raise error.orig from error
        case sa_errors.DBAPIError() | sa_errors.TimeoutError() | sqlite3.Error() | OSError():
            raise Unavailable(f"database: {error}") from error
        case _:
            return


def _integrity(error: BaseException | None) -> Conflict | Invalid:
    """SQLite names its kinds (`SQLITE_CONSTRAINT_UNIQUE`), PostgreSQL numbers them."""
    kind = getattr(error, "sqlite_errorname", "") or getattr(error, "sqlstate", "") or ""
    if kind in {_UNIQUE_SQLSTATE, "SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"}:
        return AlreadyThere(str(error))
    if kind in {"SQLITE_CONSTRAINT_CHECK", "SQLITE_CONSTRAINT_NOTNULL"} or kind in _INVALID_SQLSTATES:
        return Invalid(str(error))
    return Conflict(str(error))

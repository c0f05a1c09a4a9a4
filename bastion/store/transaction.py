"""The seam between repositories and the two databases."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.sql import Executable

Values = Mapping[str, Any] | Sequence[Mapping[str, Any]]
Change = tuple[Executable, Values]


class Transaction(Protocol):
    """One transaction on one connection. Every method raises `Unavailable` when the database is away."""

    dialect: str
    reading: bool

    async def rows(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Sequence[Row[Any]]: ...

    async def change(self, statement: Executable, values: Values | None = None) -> int:
        """Run an INSERT, UPDATE or DELETE and return how many rows it touched."""
        ...

    async def commit(self, last: Sequence[Change] = ()) -> None:
        """Run the `last` changes, then commit: together, because each trip to the database costs time."""
        ...

    async def close(self) -> None:
        """Roll back what was not committed and give the connection back. Never raises for a lost connection."""
        ...


class Backend(Protocol):
    """Hands out transactions. `reading` ones see one snapshot and cannot write; `quick` as `Database.write` says."""

    dialect: str

    async def begin(self, *, reading: bool, quick: bool = False) -> Transaction: ...

    async def close(self) -> None: ...

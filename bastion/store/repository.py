"""What every noun's repository can do. Statements are built once, at import, and cached compiled by SQLAlchemy."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, ClassVar, Generic, TypeVar, cast

import sqlalchemy as sa
from sqlalchemy import Row
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.sql import Executable

from bastion.errors import AlreadyExists, Conflict, NotFound
from bastion.store.columns import storable
from bastion.store.transaction import Transaction
from bastion.store.troubles import AlreadyThere

T = TypeVar("T")


def upsert(table: sa.Table) -> Any:
    """INSERT that replaces the row of the same primary key. Both databases understand PostgreSQL's form."""
    statement = insert(table)
    keys = [column.name for column in table.primary_key]
    rest = {column.name: statement.excluded[column.name] for column in table.c if column.name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


class Repository(Generic[T]):
    """One table, one dataclass. A subclass sets `kind`, `table` and, when people know its rows by name, `named`.

    `columns()` stand in the order of the dataclass's fields.
    """

    kind: ClassVar[type[Any]]
    table: ClassVar[sa.Table]
    named: ClassVar[str] = ""
    order: ClassVar[tuple[str, ...]] = ("id",)

    sql_select: ClassVar["sa.Select[Any]"]
    sql_by_id: ClassVar["sa.Select[Any]"]
    sql_all: ClassVar["sa.Select[Any]"]
    sql_some: ClassVar["sa.Select[Any]"]
    sql_insert: ClassVar[sa.Insert]
    sql_update: ClassVar[sa.Update]
    sql_delete: ClassVar[sa.Delete]

    def __init_subclass__(cls) -> None:
        if "table" not in cls.__dict__:
            return
        key = next(iter(cls.table.primary_key))
        cls.sql_select = sa.select(*cls.columns())
        cls.sql_by_id = cls.sql_select.where(key == sa.bindparam("this"))
        cls.sql_all = cls.sql_select.order_by(*(cls.table.c[name] for name in cls.order))
        cls.sql_some = cls.sql_all.where(key.in_(sa.bindparam("ids", expanding=True)))
        cls.sql_insert = sa.insert(cls.table)
        cls.sql_update = sa.update(cls.table).where(key == sa.bindparam("this"))
        cls.sql_delete = sa.delete(cls.table).where(key == sa.bindparam("this"))

    def __init__(self, transaction: Transaction) -> None:
        self._tx = transaction

    @classmethod
    def columns(cls) -> "list[sa.ColumnElement[Any]]":
        return [cls.table.c[field.name] for field in fields(cls.kind)]

    async def get(self, key: str) -> T | None:
        return await self._one(self.sql_by_id, {"this": key}) if storable(key) else None

    async def some(self, keys: Iterable[str]) -> list[T]:
        """Those of these ids that there are, in one go: what a list of fifty rows names."""
        ids = sorted({key for key in keys if storable(key)})
        return await self._many(self.sql_some, {"ids": ids}) if ids else []

    async def all(self) -> list[T]:
        return await self._many(self.sql_all)

    async def add(self, entity: T) -> None:
        try:
            await self._tx.change(self.sql_insert, self._row(entity))
        except AlreadyThere as error:
            raise self._taken(entity, error) from error

    async def save(self, entity: T) -> T:
        """Replace the row of the same id; `NotFound` when there is none."""
        try:
            touched = await self._tx.change(self.sql_update, self._row(entity) | {"this": self._key(entity)})
        except AlreadyThere as error:
            raise self._taken(entity, error) from error
        if not touched:
            raise NotFound(f"{self.table.name} {self._key(entity)}")
        return entity

    async def remove(self, key: str) -> bool:
        """Forget the row of this id; return whether there was one. Only for what nothing refers to."""
        return bool(await self._tx.change(self.sql_delete, {"this": key}))

    async def add_all(self, entities: Sequence[T]) -> None:
        """Add many at once; none of their names may be taken."""
        if entities:
            await self._tx.change(self.sql_insert, [self._row(entity) for entity in entities])

    async def save_all(self, entities: Sequence[T]) -> None:
        """Replace many rows at once, each of which the caller has read in this transaction."""
        if entities:
            await self._tx.change(self.sql_update, [self._row(one) | {"this": self._key(one)} for one in entities])

    def _taken(self, entity: T, error: AlreadyThere) -> Conflict | AlreadyExists:
        """A new row under an id that exists says nothing to anybody; a name that is taken does."""
        if not self.named:
            return Conflict(error.detail)
        return AlreadyExists(error.detail, name=getattr(entity, self.named))

    def _key(self, entity: T) -> str:
        return cast(str, getattr(entity, next(iter(self.table.primary_key)).name))

    def _row(self, entity: T) -> dict[str, Any]:
        return {field.name: getattr(entity, field.name) for field in fields(self.kind)}

    async def _made(self, rows: Sequence[Row[Any]]) -> list[T]:
        return [self.kind(*row) for row in rows]

    async def _many(self, statement: Executable, values: Mapping[str, Any] | None = None) -> list[T]:
        return await self._made(await self._tx.rows(statement, values))

    async def _one(self, statement: Executable, values: Mapping[str, Any] | None = None) -> T | None:
        return next(iter(await self._many(statement, values)), None)


class Versioned(Repository[T]):
    """Rows that several people may change at once: whoever read an older version gets `Conflict`.

    What a writing transaction gets by id it holds until its commit. So a use case that reads, decides and saves in one
    transaction never meets that `Conflict`, on PostgreSQL as little as on SQLite, where one writes at a time anyway.
    """

    sql_hold: ClassVar["sa.Select[Any]"]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "table" in cls.__dict__:
            cls.sql_hold = cls.sql_by_id.with_for_update(key_share=True)
            cls.sql_update = cls.sql_update.where(cls.table.c.version == sa.bindparam("read_version"))

    async def get(self, key: str) -> T | None:
        if self._tx.reading or not storable(key):
            return await super().get(key)
        return await self._one(self.sql_hold, {"this": key})

    async def save(self, entity: T) -> T:
        """Write if the stored version is the entity's, and return the entity with the next version."""
        version = cast(int, getattr(entity, "version"))  # noqa: B009 - T has no bound that names it
        condition = {"this": self._key(entity), "read_version": version}
        touched = await self._tx.change(self.sql_update, self._row(entity) | {"version": version + 1} | condition)
        if not touched:
            raise Conflict(f"{self.table.name} {self._key(entity)} is no longer at version {version}")
        return cast(T, replace(cast(Any, entity), version=version + 1))

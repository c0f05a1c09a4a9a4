"""The schema's history, and the way to bring a database up to date: `await upgrade(url)`.

Each version is written by hand and stands alone: it imports nothing from the product, which will have changed by the
time an old database meets it. Going back is restoring a backup; there are no downgrades.
"""

import asyncio
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import URL

from bastion.store import stock
from bastion.store.database import parse
from bastion.store.troubles import translated

if TYPE_CHECKING:
    from alembic.config import Config

_HERE = Path(__file__).parent
_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps its context in a global; other processes wait at the database


async def upgrade(url: str) -> None:
    """Make or update the schema. An SQLite file is created readable by its owner alone."""
    await asyncio.to_thread(_upgrade, parse(url))


async def current(url: str) -> str:
    """The version the database is at; empty for a database without schema. `Unavailable` when it is away."""
    return await asyncio.to_thread(_current, parse(url))


def latest() -> str:
    """The version this program expects: the number of the newest file (alembic itself takes half a second to load)."""
    return max(path.stem.split("_")[0] for path in (_HERE / "versions").glob("[0-9]*.py"))


def config(url: URL) -> "Config":
    """Alembic's settings, without its ini file. The URL may hold a `%` and a password, so it goes as an attribute."""
    from alembic.config import Config  # noqa: PLC0415 - loaded only by who changes a schema

    settings = Config()
    settings.set_main_option("script_location", str(_HERE).replace("%", "%%"))
    settings.attributes["url"] = url
    return settings


def _upgrade(url: URL) -> None:
    from alembic import command  # noqa: PLC0415 - same

    from migrations.connect import connected  # noqa: PLC0415 - a way round the cycle with env.py

    with translated(), _ONE_AT_A_TIME:
        _private(url)
        before = connected(url, _version)
        command.upgrade(config(url), "head")
        if before and before != latest():  # a new one is better not known than known to be empty
            connected(url, _take_stock)


def _current(url: URL) -> str:
    from migrations.connect import connected  # noqa: PLC0415 - a way round the cycle with env.py

    if url.drivername.startswith("sqlite") and not Path(url.database or "").exists():
        return ""
    with translated():
        return connected(url, _version)


def _version(connection: sa.Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(sa.text("select version_num from alembic_version")) or "")


def _take_stock(connection: sa.Connection) -> None:
    """What a migration has filled or indexed is found by the right index from the first page on."""
    for statements in stock.taking(connection.dialect.name):
        for statement in statements:
            connection.exec_driver_sql(statement)


def _private(url: URL) -> None:
    """The file holds sealed secrets and personal data; SQLite gives its journal files the same mode."""
    if url.drivername.startswith("sqlite") and url.database and not Path(url.database).exists():
        os.close(os.open(url.database, os.O_CREAT | os.O_WRONLY, 0o600))

"""Every test that asks for `database` runs twice: on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from bastion.store import sqlite
from bastion.store.database import Database
from tests.databases import SHIPPED, Postgres, compiled_once, postgres_server, sqlite_fresh, sqlite_template, unhurried


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once() -> Iterator[None]:
    with compiled_once():
        yield


@pytest.fixture(scope="session", autouse=True)
def commits_wait_for_no_disk() -> Iterator[None]:
    with unhurried():
        yield


@pytest.fixture
def as_in_a_hospital(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each commit on SQLite waits for the disk."""
    monkeypatch.setattr(sqlite, "_SETUP", SHIPPED)


@pytest.fixture(autouse=True)
def what_is_timed_waits_for_the_disk(request: pytest.FixtureRequest) -> None:
    if request.node.get_closest_marker("timed"):
        request.getfixturevalue("as_in_a_hospital")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture
def sqlite_url(migrated_sqlite: Path, tmp_path: Path) -> str:
    return sqlite_fresh(migrated_sqlite, tmp_path)


@pytest.fixture
def postgres_url(postgres: Postgres) -> str:
    return postgres.emptied()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A migrated database without rows."""
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = await Database.open(database_url)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def plain_logging() -> Iterator[None]:
    """What a command or a server set up for its own log is not the next test's."""
    yield
    structlog.reset_defaults()


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """What is packed, signed or made now differs from one worker to the next; names of tests may not."""
    return argname if isinstance(val, bytes) or (isinstance(val, str) and len(val) > 80) else None

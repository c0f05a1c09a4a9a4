import sqlite3

import pytest
import sqlalchemy as sa

from bastion.errors import Conflict, Invalid, Unavailable
from bastion.store.database import Database
from bastion.store.troubles import AlreadyThere, translated
from tests.store.samples import CHU, NOW
from tests.store.tampering import attempt


@pytest.mark.parametrize(
    ("raised", "meant"),
    [
        (sqlite3.OperationalError("disk I/O error"), Unavailable),
        (sqlite3.DatabaseError("file is not a database"), Unavailable),
        (ConnectionRefusedError(), Unavailable),
        (TimeoutError(), Unavailable),
        (sa.exc.TimeoutError("pool"), Unavailable),
        (sa.exc.InterfaceError("select", None, Exception("closed")), Unavailable),
        (sa.exc.DataError("select", None, Exception("too long")), Invalid),
        (sa.exc.StatementError("bind", "select", None, Invalid("nul")), Invalid),
        (sa.exc.ProgrammingError("select", None, Exception("no such table")), sa.exc.ProgrammingError),
        (sa.exc.StatementError("bind", "select", None, ValueError("naive")), sa.exc.StatementError),
        (KeyError("ours"), KeyError),
    ],
)
def test_what_each_error_means(raised: Exception, meant: type[Exception]) -> None:
    with pytest.raises(meant), translated():
        raise raised


def test_nothing_wrong_nothing_raised() -> None:
    passed = []
    with translated():
        passed.append("through")
    assert passed == ["through"]


async def test_each_database_says_it_its_own_way(hospital: Database) -> None:
    for statement, meant in (
        ("insert into settings values ('a', 'b'), ('a', 'c')", AlreadyThere),
        ("insert into settings (key) values ('a')", Invalid),
        ("insert into leases values (null, 'x', null)", Invalid),
        ("update devices set criticality = 9", Invalid),
        ("update devices set facility_id = 'none'", Conflict),
        ("delete from audit_head", Conflict),
    ):
        with pytest.raises(meant) as caught:
            await attempt(hospital, sa.text(statement))
        assert caught.type is meant
    async with hospital.write() as uow:
        await uow.failures.add("still", "works", NOW)
        assert await uow.facilities.get(CHU.id) == CHU

from bastion.store.database import Database
from tests.store.samples import ACCOUNT, ALICE, CHU, GE, SCANNER, a_grant, a_request


async def test_a_grant_comes_with_everything_around_it(granted: Database) -> None:
    async with granted.write() as uow:
        held = await uow.whole_grants.get("gra-1")
    async with granted.read() as uow:
        whole = await uow.whole_grants.get("gra-1")
        assert await uow.whole_grants.get("gra-9") is None
        assert await uow.whole_grants.get("gra\x00") is None
    assert whole == held
    assert whole is not None
    assert (whole.grant, whole.technician, whole.supplier) == (a_grant(), ALICE, GE)
    assert (whole.device, whole.facility, whole.account) == (SCANNER, CHU, ACCOUNT)
    assert (whole.reason, whole.work_order) == (a_request().reason, a_request().work_order)


async def test_what_a_writer_gets_he_holds(granted: Database) -> None:
    """As `grants.get`: who reads, decides and saves in one transaction meets no `Conflict`."""
    async with granted.write() as uow:
        whole = await uow.whole_grants.get("gra-1")
        assert whole is not None
        saved = await uow.grants.save(whole.grant)
    assert saved.version == whole.grant.version + 1

"""A request that waits, in a home of the command's own."""

import io

from bastion import clock
from bastion.cli.terminal import perform
from bastion.domain.access_request import InterventionKind
from bastion.domain.work_plan import PLAIN
from bastion.services.actors import technician_actor
from bastion.services.drafts import RequestDraft


def a_request(bastion, monkeypatch):
    for words in (
        ("facility", "add", "chu", "CHU Demo"),
        ("supplier", "add", "acme", "Acme Imaging", "--network", "127.0.0.0/8", "--contract-end", "2090-01-01"),
        ("technician", "add", "alice", "Alice Martin", "--supplier", "acme"),
        ("device", "add", "ct-01", "Scanner 1", "--facility", "chu", "--supplier", "acme"),
    ):
        assert bastion("admin", *words).code == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("canary-s3cret"))
    assert bastion("admin", "account", "add", "ct-01", "service", "--password-stdin").code == 0

    async def ask(services, me):
        return await services.access.request(
            await as_alice(services),
            RequestDraft("ct-01", InterventionKind.TELEMAINTENANCE, "replace the tube", 60, plan=PLAIN),
        )

    made = perform(ask)
    return made.id, made.ref


async def as_alice(services):
    async with services.database.read() as uow:
        return technician_actor(await uow.technicians.by_login("alice"), "127.0.0.1", clock.now())

"""R-5: whoever comes from an address his company has not declared is told so, and sees nothing of the hospital."""

from collections import Counter

import pytest

from bastion.services.directory import SupplierForm
from tests.e2e.world import OPERATOR

HOSPITAL = ("CHU", "Device sim-01", "Imaging", "B12", "accept", "authorisation", "Number or name", "log in as")
SAID = (
    "The hospital's policy does not allow this: This network address is not one that the supplier has declared to the"
    " hospital."
)
DIT = "Cette adresse réseau n’est pas de celles que le fournisseur a déclarées à l’établissement."


async def declare(world, *networks):
    form = SupplierForm("acme", "Acme Imaging", networks, id=world.alice.technician.supplier_id)
    await world.services.directory.save_supplier(OPERATOR, form)


@pytest.fixture
async def elsewhere(world):
    """Alice has an open authorisation, and her company's networks are not where she is."""
    world.ran = Counter()

    async def anything(process):
        world.ran["command"] += 1
        process.exit(0)

    await world.simulated_device(anything)
    await world.grant()
    await declare(world, "203.0.113.0/24")
    return world


async def refusals(world):
    """The refusals of the trail, when there is one."""
    await world.settled()
    return [
        (event.fields["why"], event.fields["policy"], event.fields["because"], event.source)
        for event in await world.events("session:refused")
    ]


ONCE = [
    (
        "policy_refused", "web-door-network",
        "This network address is not one that the supplier has declared to the hospital.", "127.0.0.1",
    )
]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "command", "name"),
    [
        (["-tt"], (), "alice"),
        (["-tt"], (), "alice+sim-01"),
        (["-tt"], ("id",), "alice+sim-01"),
        ([], ("id",), "alice+sim-01"),
        ([], ("id",), "alice"),
        ([], ("id",), "alice+no-such-device"),
        (["-s"], ("sftp",), "alice+sim-01"),
        (["-W", "localhost:80"], (), "alice+sim-01"),
    ],
    ids=["menu", "device", "command on a terminal", "command", "no device", "another device", "files", "tunnel"],
)
async def test_R05_from_an_undeclared_network_there_is_one_sentence_and_nothing_else(elsewhere, before, command, name):
    done = await elsewhere.ssh(*command, name=name, before=before)
    said = " ".join(done.says.split())
    assert SAID in said
    assert not [word for word in HOSPITAL if word in said]
    assert done.status not in {0, None}
    assert await refusals(elsewhere) == ONCE
    assert await elsewhere.tags("auth:succeeded") == ["auth:succeeded"], "who it was is known"
    assert not elsewhere.ran
    assert not await elsewhere.records()


async def test_R05_he_is_told_in_his_own_language(elsewhere):
    luc = await elsewhere.person("luc", "fr")
    done = await elsewhere.ssh(name="luc", who=luc, before=["-tt"])
    assert DIT in " ".join(done.says.split())


async def test_R05_networks_declared_anew_count_from_the_next_connection_on(elsewhere):
    assert SAID in " ".join((await elsewhere.ssh("id")).says.split())
    await declare(elsewhere, "203.0.113.0/24", "127.0.0.1/32")
    await elsewhere.forget_codes()
    assert (await elsewhere.ssh("id")).status == 0
    assert elsewhere.ran == {"command": 1}

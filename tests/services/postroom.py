"""What tests of notifications share: a courier pointed at a real mail server, and one turn of the job."""

from bastion.config import MailServer
from bastion.networks import Networks
from bastion.services.couriers import Couriers

ADDRESS = "https://bastion.test"
ENTRANCE = "https://suppliers.test"
LOOPBACK = Networks(["127.0.0.0/8"])
CANARY = "canary-Durand"
"""Typed by people where it may be read, so that no mail may hold it."""


def point(tell, port: int, **more) -> None:
    server = MailServer.read(f"smtp://127.0.0.1:{port}")
    usual = {"mail_server": server, "mail_from": "b@chu.test", "networks": LOOPBACK, "patience": 60}
    tell._couriers = Couriers(**(usual | more))


async def turn(tell) -> None:
    while await tell.gather():
        pass
    while await tell.deliver(ADDRESS, ENTRANCE):
        pass


async def states(house) -> list[tuple[str, str]]:
    async with house.database.read() as uow:
        return sorted((one.topic, one.state) for one in await uow.deliveries.search(limit=500))


def heard(box) -> dict[str, list[str]]:
    """Subjects by address, in order of arrival."""
    told: dict[str, list[str]] = {}
    for one in box.letters:
        told.setdefault(one["To"], []).append(one["Subject"])
    return told


def letter_to(box, address: str):
    """The latest."""
    return next(one for one in reversed(box.letters) if one["To"] == address)


def nothing_typed(box) -> None:
    for one in box.letters:
        assert CANARY not in one["Subject"] + one.get_content()

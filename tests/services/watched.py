"""A session on a device of the highest criticality, which somebody of the hospital must follow by the shipped rules."""

from dataclasses import replace

from bastion.domain.parties import Role, Staff
from bastion.services.inventory import DeviceForm
from bastion.services.people import StaffForm
from bastion.services.views import Opened
from tests.services.house import CONNECTION, OPERATOR, House


async def make_critical(house: House) -> None:
    form = DeviceForm("ct-01", "Scanner 1", "chu", ("acme",), 4, "Bloc", "Salle 7", id=house.device.id)
    await house.services.inventory.save_device(OPERATOR, form)


async def approver(house: House, login: str, *facilities: str) -> Staff:
    form = StaffForm(login, login.title(), f"{login}@chu", frozenset({Role.APPROVER}), facilities or ("chu",), "en")
    return await house.services.people.save_staff(OPERATOR, form)


async def watched_session(house: House, *, asked_by: Staff | None = None, agreed_by: tuple[Staff, ...] = ()) -> Opened:
    """Asked by Alice herself, or by staff on her behalf; then two people agree."""
    await make_critical(house)
    if asked_by is None:
        request = await house.asked()
    else:
        draft = house.draft(technician_login="alice")
        request = await house.services.access.request(house.staff(asked_by), draft)
    for person in agreed_by or (house.eve, await approver(house, "pia")):
        agreed = house.services.approvals.approve(house.staff(person), request.id, request.version, 60, "ok")
        request = await agreed
    await house.services.sessions.acknowledge(house.technician(), request.grant_id, "terminal")
    connection = replace(CONNECTION, node="n1")
    return await house.services.sessions.open(house.technician(), request.grant_id, connection)

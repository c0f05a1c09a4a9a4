"""A usual request for the house's scanner, which gets a maker and a model by it."""

from dataclasses import replace
from datetime import timedelta

from bastion import clock
from bastion.domain.access_request import InterventionKind
from bastion.domain.conditions import Condition
from bastion.domain.request_template import RequestTemplate
from bastion.domain.work_plan import PLAIN
from bastion.services.inventory import DeviceForm
from bastion.services.templates import TemplateForm
from tests.services.house import OPERATOR, House

PLAN = replace(
    PLAIN, keeps="viewing goes on", procedure="1. save\n2. update\n3. test", software_change=True, backup_place="NAS",
    rollback="restore the image",
)  # fmt: skip
USUAL = TemplateForm(
    "Maker", "CT 9000", "Yearly update", InterventionKind.TELEMAINTENANCE, "update to the yearly version", 90, "chu",
    PLAN, frozenset({Condition.WATCHER}),
)  # fmt: skip
BACKUP = replace(PLAN, backup_at=clock.now() - timedelta(hours=1))


async def a_model(house: House, maker: str = "MAKER", model: str = "ct  9000") -> None:
    """Give the scanner a model, spelt as one spells in a hurry."""
    form = DeviceForm(
        "ct-01", "Scanner 1", "chu", ("acme",), 2, "Imagerie", "B12", maker, model, id=house.device.id
    )  # fmt: skip
    await house.services.inventory.save_device(OPERATOR, form)


async def a_template(house: House, **changes: object) -> RequestTemplate:
    await a_model(house)
    return await house.services.templates.add(house.staff(house.eve), replace(USUAL, **changes))

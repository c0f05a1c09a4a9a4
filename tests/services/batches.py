"""More devices of the same company for the house: one beside the scanner, one in the other hospital."""

from bastion.domain.access_request import AccessRequest
from bastion.domain.device import SecretKind
from bastion.secret import Secret
from bastion.services.inventory import DeviceForm
from tests.services.house import OPERATOR, House


async def more_devices(house: House) -> None:
    for code, facility in (("ct-02", "chu"), ("ct-03", "ch2")):
        form = DeviceForm(code, f"Scanner {code[-1]}", facility, ("acme",), 2, "Imagerie")
        device = await house.services.inventory.save_device(OPERATOR, form)
        await house.services.inventory.save_account(
            OPERATOR, device.id, "service", SecretKind.PASSWORD, Secret.of("another-s3cret")
        )


async def a_batch(house: House, *codes: str, **changes: object) -> list[AccessRequest]:
    """Alice asks for all of these at once."""
    named = codes or ("ct-01", "ct-02", "ct-03")
    return await house.services.access.request_several(house.technician(), house.draft(**changes), named)

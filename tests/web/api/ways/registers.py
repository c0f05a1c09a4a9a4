"""Hospitals, companies, people and devices."""

from bastion.domain.derogation import DerogationKind
from bastion.domain.device import SecretKind
from bastion.secret import Secret
from bastion.services.derogations import DerogationForm
from tests.services.house import OPERATOR, public_line
from tests.web.api.ways.book import soon, way, written
from tests.web.api.yard import Given, Scene, Yard


# -- registers ---------------------------------------------------------------------------------------------------------
def _facility_body(code: str) -> dict[str, object]:
    return {"code": code, "name": f"Hospital {code}", "finess": "", "timezone": "Europe/Paris"}


def _supplier_body(code: str) -> dict[str, object]:
    return {
        "code": code, "name": f"Company {code}", "networks": ["127.0.0.0/8"], "contract_end": None, "countries": ["FR"],
        "contract_start": None, "active": True,
    }  # fmt: skip


@way("POST /facilities")
async def _(yard: Yard) -> Given:
    return Given(body=_facility_body(yard.name()))


@way("PUT /facilities/{ident}")
async def _(yard: Yard) -> Given:
    one = await yard.facility()
    return Given({"ident": one.id}, _facility_body(one.code))


@way("POST /suppliers")
async def _(yard: Yard) -> Given:
    return Given(body=_supplier_body(yard.name()))


@way("PUT /suppliers/{ident}")
async def _(yard: Yard) -> Given:
    one = await yard.supplier()
    return Given({"ident": one.id}, _supplier_body(one.code))


def _person_body(login: str, supplier: str) -> dict[str, object]:
    return {
        "login": login, "name": "A Person", "email": f"{login}@x.example", "supplier": supplier, "language": "fr",
        "valid_until": None, "employer_id": "", "country": "FR", "active": True,
    }  # fmt: skip


@way("POST /technicians")
async def _(yard: Yard) -> Given:
    return Given(body=_person_body(yard.name(), (await yard.supplier()).code))


@way("PUT /technicians/{ident}")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    return Given({"ident": scene.person.id}, _person_body(scene.person.login, scene.supplier.code))


async def _technician(yard: Yard) -> Given:
    return Given.of((await yard.technician(await yard.supplier())).id)


way("POST /technicians/{ident}/totp")(_technician)
way("POST /technicians/{ident}/invite")(_technician)


@way("PUT /technicians/{ident}/correspondent")
async def _(yard: Yard) -> Given:
    return Given((await _technician(yard)).path, {"correspondent": True})


@way("POST /technicians/{ident}/leave")
async def _(yard: Yard) -> Given:
    return Given((await _technician(yard)).path, {"why": "resigned"})


@way("POST /technicians/{ident}/keys")
async def _(yard: Yard) -> Given:
    return Given((await _technician(yard)).path, {"public": public_line(), "label": "laptop"})


@way("DELETE /technicians/{ident}/keys/{key}")
async def _(yard: Yard) -> Given:
    path = (await _technician(yard)).path
    key = await yard.use.people.add_key(OPERATOR, path["ident"], public_line(), "laptop")
    return Given({**path, "key": key.id})


@way("DELETE /technicians/{ident}/tokens/{token}")
async def _(yard: Yard) -> Given:
    who = await yard.technician(await yard.supplier())
    token, _text = await yard.use.supplier_tokens.create(yard.house.technician(who), "", 1, writes=False)
    return Given({"ident": who.id, "token": token.id})


def _staff_body(login: str) -> dict[str, object]:
    return {
        "login": login, "name": "A Person", "email": f"{login}@x.example", "roles": ["approver"], "facilities": [],
        "duties": [], "language": "fr", "active": True,
    }  # fmt: skip


@way("POST /staff")
async def _(yard: Yard) -> Given:
    return Given(body=_staff_body(yard.name()))


@way("PUT /staff/{ident}")
async def _(yard: Yard) -> Given:
    one = await yard.staff()
    return Given({"ident": one.id}, _staff_body(one.login))


@way("POST /staff/{ident}/invite")
async def _(yard: Yard) -> Given:
    return Given.of((await yard.staff()).id)


# -- devices -----------------------------------------------------------------------------------------------------------
def _device_body(code: str, scene: Scene) -> dict[str, object]:
    return {
        "code": code, "name": "A device", "facility": scene.facility.code, "suppliers": [scene.supplier.code],
        "criticality": 2, "active": True,
    }  # fmt: skip


@way("POST /devices")
async def _(yard: Yard) -> Given:
    return Given(body=_device_body(yard.name(), await yard.scene()))


@way("PUT /devices/{ident}")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    return Given({"ident": scene.device.id}, _device_body(scene.device.code, scene))


@way("POST /devices/{ident}/endpoints")
async def _(yard: Yard) -> Given:
    ident = (await yard.scene()).device.id
    return Given.of(ident, host="127.0.0.1", port=yard.port(), id="", protocol="ssh", options={})


@way("POST /devices/{ident}/accounts")
async def _(yard: Yard) -> Given:
    return Given.of((await yard.scene()).device.id, login="root", kind="password", secret="canary-s3cret", id="")


@way("POST /devices/{ident}/derogations")
async def _(yard: Yard) -> Given:
    return Given.of(
        (await yard.scene()).device.id, kind="ssh_legacy", owner="Dr Roux", reason="no update from the maker",
        ends=written(soon(90)), algorithms=["ssh-rsa"], starts=None,
    )  # fmt: skip


@way("POST /derogations/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    form = DerogationForm(DerogationKind.SSH_LEGACY, "Dr Roux", "no update from the maker", soon(90), ("ssh-rsa",))
    return Given.of((await yard.use.derogations.make(OPERATOR, (await yard.scene()).device.id, form)).id)


@way("POST /endpoints/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    wrong = await yard.use.inventory.save_endpoint(OPERATOR, (await yard.scene()).device.id, "127.0.0.1", yard.port())
    return Given.of(wrong.id, version=wrong.version)


@way("POST /accounts/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    device, secret = (await yard.scene()).device.id, Secret.of("canary-s3cret")
    wrong = await yard.use.inventory.save_account(OPERATOR, device, "mistyped", SecretKind.PASSWORD, secret)
    return Given.of(wrong.id, version=wrong.version)


@way("POST /endpoints/{ident}/scan")
async def _(yard: Yard) -> Given:
    endpoint = await yard.use.inventory.save_endpoint(
        OPERATOR, (await yard.scene()).device.id, "127.0.0.1", yard.port()
    )
    return Given.of(endpoint.id)


@way("POST /endpoints/{ident}/pin")
async def _(yard: Yard) -> Given:
    endpoint = await yard.use.inventory.save_endpoint(
        OPERATOR, (await yard.scene()).device.id, "127.0.0.1", yard.port()
    )
    offer = await yard.use.inventory.scan_host_keys(OPERATOR, endpoint.id)
    return Given.of(endpoint.id, fingerprints=sorted(offer.fingerprints), shared=True)


async def _sheet(yard: Yard) -> Given:
    scene = await yard.scene()
    data = f"name,title,facility\n{yard.name()},radiologist,{scene.facility.code}\n"
    return Given({"register": "professionals"}, data.encode(), {"mark": "", "skip_bad": "false", "name": "gmao.csv"})


way("POST /imports/{register}")(_sheet)
way("POST /imports/{register}/apply")(_sheet)

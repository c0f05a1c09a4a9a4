"""What must be there for each call of the staff's API that changes something to succeed. One function a call."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bastion import clock
from bastion.domain.derogation import DerogationKind
from bastion.domain.lock import LockScope
from bastion.domain.paper import PaperKind
from bastion.domain.parties import Role
from bastion.domain.telling import DeliveryState, Topic
from bastion.domain.work_order import OrderRule
from bastion.services.derogations import DerogationForm
from bastion.services.papers import PaperForm
from bastion.services.reviews import CampaignForm
from bastion.services.rota import ShiftForm
from bastion.services.standins import DelegationForm
from bastion.services.subcontractors import SubcontractorForm
from bastion.services.templates import TemplateForm
from bastion.services.webhooks import WebhookForm
from bastion.services.work_orders import GmaoForm
from tests.services.house import OPERATOR, public_line
from tests.web.api.yard import KIND, Given, Scene, Yard

Way = Callable[[Yard], Awaitable[Given]]
WAYS: dict[str, Way] = {}
LONE = frozenset(
    f"POST /api/v1{path}"
    for path in (
        "/requests/{ident}/approve", "/requests/{ident}/deny", "/requests/{ident}/question", "/windows/{ident}/agree",
        "/files/{ident}/release", "/files/{ident}/refuse",
    )
)  # fmt: skip
"""What an approver does not do who also secures, audits or administers: these take one who has no other duty."""


def way(call: str) -> Callable[[Way], Way]:
    def keep(made: Way) -> Way:
        method, path = call.split()
        WAYS[f"{method} /api/v1{path}"] = made
        return made

    return keep


def soon(days: float = 9) -> datetime:
    return clock.now() + timedelta(days=days)


def written(at: datetime) -> str:
    return at.isoformat()


# -- me ----------------------------------------------------------------------------------------------------------------
@way("DELETE /tokens/{ident}")
async def _(yard: Yard) -> Given:
    token, _text = await yard.use.tokens.create(yard.myself, "another", 1, yard.me.roles)
    return Given.of(token.id)


@way("PUT /me/mails")
async def _(_yard: Yard) -> Given:
    return Given(body={"wanted": ["session_begun"]})


@way("PUT /me/language")
async def _(_yard: Yard) -> Given:
    return Given(body={"language": "en"})


# -- requests ----------------------------------------------------------------------------------------------------------
@way("POST /requests")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    return Given(body={**scene.wish(), "technician": scene.person.login})


@way("POST /requests/{ident}/approve")
async def _(yard: Yard) -> Given:
    one = await (await yard.scene()).asked()
    return Given.of(one.id, version=one.version, minutes=30, start=None, note="go")


@way("POST /requests/{ident}/deny")
async def _(yard: Yard) -> Given:
    one = await (await yard.scene()).asked()
    return Given.of(one.id, version=one.version, note="not today")


@way("POST /requests/{ident}/question")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).asked()).id, text="which tube?")


@way("POST /requests/{ident}/answer")
async def _(yard: Yard) -> Given:
    one = await (await yard.scene()).asked(by_me=True)
    await yard.use.threads.ask(yard.house.staff(await yard.staff()), one.id, "which tube?")
    return Given.of(one.id, text="the left one")


@way("POST /requests/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).asked(by_me=True)).id, note="no need")


@way("POST /requests/{ident}/report")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).worked()).record.request_id, **REPORT)


REPORT = {"done": "Tube replaced.", "after": "in_service", "taken": "", "erased_by": None}


@way("POST /grants/{ident}/revoke")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).agreed()).grant_id, reason="over")


@way("POST /grants/{ident}/extend")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).agreed()).grant_id, minutes=15, reason="one more screw")


@way("POST /grants/{ident}/hand-over")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    colleague = await yard.technician(scene.supplier)
    return Given.of((await scene.agreed()).grant_id, technician=colleague.login, reason="my shift is over")


# -- batches -----------------------------------------------------------------------------------------------------------
@way("POST /batches")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    other = await yard.device(scene.facility, scene.supplier)
    return Given(body={**scene.wish(), "technician": scene.person.login, "others": [other.code]})


@way("POST /batches/{ident}/approve")
async def _(yard: Yard) -> Given:
    rows = await (await yard.scene()).batch()
    return Given.of(rows[0].batch_id, versions={one.id: one.version for one in rows}, minutes=30, start=None)


@way("POST /batches/{ident}/deny")
async def _(yard: Yard) -> Given:
    rows = await (await yard.scene()).batch()
    return Given.of(rows[0].batch_id, versions={one.id: one.version for one in rows}, note="not today")


@way("POST /batches/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).batch(by_me=True))[0].batch_id, note="no need")


# -- templates ---------------------------------------------------------------------------------------------------------
async def model(yard: Yard) -> str:
    """One that a device in use has."""
    name = yard.name()
    await yard.device(await yard.facility(), await yard.supplier(), model=name)
    return name


def usual(name: str, place: str) -> TemplateForm:
    return TemplateForm("Maker", name, f"Change of {name}", KIND, "change the tube", 90, place)


def template_body(name: str, place: str) -> dict[str, object]:
    return {
        "maker": "Maker", "model": name, "name": f"Change of {name}", "facility": place, "kind": KIND.value,
        "reason": "change the tube", "minutes": 100, "plan": None,
    }  # fmt: skip


@way("POST /templates")
async def _(yard: Yard) -> Given:
    return Given(body=template_body(await model(yard), yard.place))


@way("PUT /templates/{ident}")
async def _(yard: Yard) -> Given:
    name = await model(yard)
    made = await yard.use.templates.add(yard.myself, usual(name, yard.place))
    return Given({"ident": made.id}, template_body(name, yard.place))


@way("POST /templates/{ident}/retire")
async def _(yard: Yard) -> Given:
    return Given.of((await yard.use.templates.add(yard.myself, usual(await model(yard), yard.place))).id)


# -- emergencies and windows -------------------------------------------------------------------------------------------
@way("POST /emergencies/{ident}/review")
async def _(yard: Yard) -> Given:
    request = await (await yard.scene()).emergency()
    version = (await yard.use.emergencies.get(yard.myself, request.id)).emergency.version
    return Given.of(request.id, version=version, outcome="justified", note="read the recording")


@way("POST /windows")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    rhythm = {"week": 0, "weekday": 6, "begins": 60, "minutes": 60}
    body = {
        "device": scene.device.code, "supplier": scene.supplier.code, "kind": "telediagnostic", "rhythm": rhythm,
        "starts": None, "ends": written(soon(60)), "reason": "weekly look",
    }  # fmt: skip
    return Given(body=body)


@way("POST /windows/{ident}/agree")
async def _(yard: Yard) -> Given:
    window = await (await yard.scene()).window(await yard.staff())
    return Given.of(window.id, version=window.version)


@way("POST /windows/{ident}/end")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).window(yard.me)).id, reason="no longer")


# -- sessions ----------------------------------------------------------------------------------------------------------
@way("POST /sessions/{ident}/freeze")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).opened()).record.id)


@way("POST /sessions/{ident}/thaw")
async def _(yard: Yard) -> Given:
    ident = (await (await yard.scene()).opened()).record.id
    await yard.use.supervision.freeze(yard.myself, ident)
    return Given.of(ident)


@way("POST /sessions/{ident}/cut")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).opened()).record.id, why="patient")


@way("POST /sessions/{ident}/watch")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene(4)).opened()).record.id)


async def _watched(yard: Yard) -> Given:
    ident = (await (await yard.scene(4)).opened()).record.id
    await yard.use.watching.take(yard.myself, ident, f"token:{yard.token_id}")
    return Given.of(ident)


way("POST /sessions/{ident}/watch/beat")(_watched)
way("POST /sessions/{ident}/watch/leave")(_watched)


# -- files and recordings ----------------------------------------------------------------------------------------------
async def _held(yard: Yard) -> Given:
    file = await (await yard.scene()).held()
    return Given.of(file.id, version=file.version, note="looked at it")


way("POST /files/{ident}/release")(_held)
way("POST /files/{ident}/refuse")(_held)


def _recording(track: int | None) -> Way:
    async def there(yard: Yard) -> Given:
        more = {} if track is None else {"track": track}
        return Given.of(await (await yard.scene()).recorded(), reason="complaint 17", **more)

    return there


way("POST /recordings/{ident}/open")(_recording(None))
way("POST /recordings/{ident}/files")(_recording(None))
way("POST /recordings/{ident}/cast")(_recording(0))
way("POST /recordings/{ident}/capture")(_recording(3))


# -- locks and the trail -----------------------------------------------------------------------------------------------
@way("POST /locks")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    return Given(body={"scope": "device", "subject": scene.device.code, "reason": "a drill", "until": None})


@way("POST /locks/{ident}/lift")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    lock = await yard.use.locks.impose(OPERATOR, LockScope.DEVICE, scene.device.code, "a drill")
    return Given.of(lock.id, why="over")


@way("POST /audit/verify")
async def _(_yard: Yard) -> Given:
    return Given()


@way("POST /audit/export")
async def _(_yard: Yard) -> Given:
    return Given(body={"since": written(soon(-1))})


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
        "login": login, "name": "A Person", "email": "a@b.example", "supplier": supplier, "language": "fr",
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
        "login": login, "name": "A Person", "email": "a@b.example", "roles": ["approver"], "facilities": [],
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
    data = f"code,name,facility,suppliers\n{yard.name()},New,{scene.facility.code},{scene.supplier.code}\n"
    return Given({"register": "devices"}, data.encode(), {"mark": "", "skip_bad": "false", "name": "gmao.csv"})


way("POST /imports/{register}")(_sheet)
way("POST /imports/{register}/apply")(_sheet)


# -- what a supplier must have -----------------------------------------------------------------------------------------
@way("POST /suppliers/{ident}/papers")
async def _(yard: Yard) -> Given:
    return Given.of((await yard.supplier()).id, kind="contract", reference="C-1", valid_from=None, valid_to=None)


@way("POST /papers/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    supplier = await yard.supplier()
    return Given.of((await yard.use.papers.add(OPERATOR, supplier.id, PaperForm(PaperKind.CONTRACT, "C-1"))).id)


@way("PUT /paper-rules/{kind}")
async def _(_yard: Yard) -> Given:
    return Given({"kind": "other"}, {"required_from": written(soon(90))})


@way("POST /suppliers/{ident}/subcontractors")
async def _(yard: Yard) -> Given:
    return Given.of((await yard.supplier()).id, name="Sub", registration="1", country="FR")


async def _subcontractor(yard: Yard) -> Given:
    form = SubcontractorForm("Sub")
    return Given.of((await yard.use.subcontractors.declare(OPERATOR, (await yard.supplier()).id, form)).id)


way("POST /subcontractors/{ident}/end")(_subcontractor)


@way("POST /subcontractors/{ident}/object")
async def _(yard: Yard) -> Given:
    return Given((await _subcontractor(yard)).path, {"reason": "no papers"})


@way("POST /suppliers/{ident}/roster")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    return Given.of(scene.supplier.id, people=[scene.person.id], reference="L-7")


@way("POST /undertakings")
async def _(yard: Yard) -> Given:
    text = f"I keep {yard.name()} to myself."  # never the one that is in force
    return Given(body={"text_fr": "Je garde le secret de tout.", "text_en": text})


# -- reviews -----------------------------------------------------------------------------------------------------------
@way("POST /reviews")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    return Given(body={"name": "H2", "due_at": written(soon()), "facilities": [scene.facility.code]})


@way("POST /reviews/{ident}/decide")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    await yard.staff()
    made = await yard.use.reviews.start(OPERATOR, CampaignForm("H2", soon(), (scene.facility.code,)))
    review = await yard.use.reviews.of(yard.myself, made.id)
    line = next(seen.line.id for seen in review.lines if seen.line.subject_id == scene.person.id)
    return Given.of(made.id, lines=[line], verdict="confirmed", note="")


@way("POST /reviews/{ident}/export")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    return Given.of((await yard.use.reviews.start(OPERATOR, CampaignForm("H2", soon(), (scene.facility.code,)))).id)


# -- programs that are told --------------------------------------------------------------------------------------------
@way("PUT /gmao")
async def _(yard: Yard) -> Given:
    return Given(body={"facility": (await yard.facility()).code, "url": "https://gmao.chu.example/", "rule": "warn"})


@way("DELETE /gmao/{ident}")
async def _(yard: Yard) -> Given:
    form = GmaoForm((await yard.facility()).code, "https://gmao.chu.example/", OrderRule.WARN)
    return Given.of((await yard.use.work_orders.save(OPERATOR, form))[0].id)


def hearer(name: str) -> WebhookForm:
    return WebhookForm(name, f"https://{name}.example/", frozenset({Topic.REQUEST_WAITING}))


@way("POST /messages/{ident}/retry")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    form = hearer(yard.name())
    made, _secret = await yard.use.webhooks.register(OPERATOR, form)
    await scene.asked()
    while await yard.use.notifications.gather():
        pass
    async with yard.house.database.write() as uow:
        rows = await uow.deliveries.search(limit=50)
        one = next(row for row in rows if row.recipient_id == made.id)
        await uow.deliveries.save(replace(one, attempts=12).settled(DeliveryState.FAILED, clock.now(), "refused"))
    await yard.use.webhooks.remove(OPERATOR, made.id)
    return Given.of(one.id)


@way("POST /webhooks")
async def _(yard: Yard) -> Given:
    name = yard.name()
    return Given(body={"name": name, "url": f"https://{name}.example/", "topics": ["request_waiting"], "facility": ""})


@way("DELETE /webhooks/{ident}")
async def _(yard: Yard) -> Given:
    form = hearer(yard.name())
    return Given.of((await yard.use.webhooks.register(OPERATOR, form))[0].id)


# -- duty --------------------------------------------------------------------------------------------------------------
@way("POST /rota")
async def _(yard: Yard) -> Given:
    person, facility = await yard.staff(), await yard.facility()
    starts, ends = yard.span()
    body = {"login": person.login, "facility": facility.code, "starts": starts, "ends": ends, "ward": "", "line": 1}
    return Given(body=body)


@way("POST /rota/import")
async def _(yard: Yard) -> Given:
    person, facility = await yard.staff(), await yard.facility()
    line = ",".join((person.login, facility.code, *yard.span()))
    return Given(body=f"login,facility,starts,ends\n{line}\n".encode())


@way("POST /rota/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    person, facility = await yard.staff(), await yard.facility()
    return Given.of((await yard.use.rota.add(OPERATOR, ShiftForm(person.login, facility.code, *yard.span()))).id)


@way("POST /delegations")
async def _(yard: Yard) -> Given:
    to, (starts, ends) = await yard.staff(), yard.span()
    facility = await yard.facility()
    body = {"to": to.login, "starts": starts, "ends": ends, "reason": "leave", "facility": facility.code}
    return Given(body=body)


@way("POST /delegations/{ident}/revoke")
async def _(yard: Yard) -> Given:
    form = DelegationForm((await yard.staff()).login, *yard.span(), "leave", (await yard.facility()).code)
    return Given.of((await yard.use.standins.delegate(yard.myself, form)).id)


@way("POST /absences")
async def _(yard: Yard) -> Given:
    person, (starts, ends) = await yard.staff(Role.APPROVER), yard.span()
    return Given(body={"starts": starts, "ends": ends, "login": person.login})


@way("POST /absences/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    person = await yard.staff()
    return Given.of((await yard.use.standins.away(yard.house.staff(person), *yard.span())).id)

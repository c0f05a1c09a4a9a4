"""One's own account; requests, alone and in batches; what is usual, what is urgent, what comes again."""

from bastion.services.templates import TemplateForm
from tests.web.api.ways.book import soon, way, written
from tests.web.api.yard import KIND, Given, Yard


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


@way("POST /grants/{ident}/give-back")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).agreed()).grant_id, reason="no need")


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

"""What must be there for each call of the suppliers' API that changes something to succeed. One function a call."""

from collections.abc import Callable

from tests.web.api.ways import Way
from tests.web.api.ways.work import REPORT
from tests.web.api.yard import Given, Yard

WAYS: dict[str, Way] = {}


def way(call: str) -> Callable[[Way], Way]:
    def keep(made: Way) -> Way:
        method, path = call.split()
        WAYS[f"{method} /api/v1{path}"] = made
        return made

    return keep


@way("DELETE /tokens/{ident}")
async def _(yard: Yard) -> Given:
    me = yard.house.technician(yard.worker)
    token, _text = await yard.use.supplier_tokens.create(me, "another", 1, writes=False)
    return Given.of(token.id)


@way("POST /requests")
async def _(yard: Yard) -> Given:
    return Given(body=(await yard.scene()).wish())


@way("POST /requests/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).asked()).id, note="no need")


@way("POST /requests/{ident}/answer")
async def _(yard: Yard) -> Given:
    one = await (await yard.scene()).asked()
    await yard.use.threads.ask(yard.house.staff(await yard.staff()), one.id, "which tube?")
    return Given.of(one.id, text="the left one")


@way("POST /requests/{ident}/give-back")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).agreed()).id, reason="no need")


@way("POST /requests/{ident}/extend")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).agreed()).id, minutes=15, reason="one more screw")


@way("POST /requests/{ident}/hand-over")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    colleague = await yard.technician(scene.supplier)
    return Given.of((await scene.agreed()).id, technician=colleague.login, reason="my shift is over")


@way("POST /requests/{ident}/report")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).worked()).record.request_id, **REPORT)


PERSON = {"name": "Anna Roy", "email": "anna@x.example", "language": "fr", "country": "FR"}


@way("POST /company/people")
async def _(yard: Yard) -> Given:
    return Given(body={**PERSON, "login": yard.name(), "name": f"Anna {yard.name()}", "employer_id": ""})


@way("PUT /company/people/{ident}")
async def _(yard: Yard) -> Given:
    return Given.of((await yard.colleague()).id, **PERSON, valid_until=None)


@way("POST /company/people/{ident}/invite")
async def _(yard: Yard) -> Given:
    return Given.of((await yard.colleague()).id)


@way("POST /company/people/{ident}/part")
async def _(yard: Yard) -> Given:
    return Given.of((await yard.colleague()).id, why="has left us")


@way("POST /company/roster")
async def _(yard: Yard) -> Given:
    return Given(body={"people": [(await yard.colleague()).id]})


@way("POST /batches")
async def _(yard: Yard) -> Given:
    scene = await yard.scene()
    other = await yard.device(scene.facility, scene.supplier)
    return Given(body={**scene.wish(), "others": [other.code]})


@way("POST /batches/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    return Given.of((await (await yard.scene()).batch())[0].batch_id, note="no need")

"""What goes on, what is held, what was recorded, what is cut."""

from bastion.domain.lock import LockScope
from tests.services.house import OPERATOR
from tests.web.api.ways.book import Way, soon, way, written
from tests.web.api.yard import Given, Yard


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

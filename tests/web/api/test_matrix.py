"""Who gets what from every call of the staff's API, about things that exist: one table, `matrix.txt` (T30, R-19)."""

from pathlib import Path

import httpx2

from bastion import clock
from bastion.domain.parties import Staff
from bastion.networks import Networks
from bastion.services.actors import staff_actor
from tests.services.house import SOURCE, House, enrol
from tests.web import matrix
from tests.web.api import contract
from tests.web.api.contract import STAFF, Person
from tests.web.api.desk import Call, made
from tests.web.api.ways import WAYS
from tests.web.api.yard import Given, Yard
from web.api.guards import API_GUARDS, NOWHERE

TABLE = matrix.table(Path(__file__).with_name("matrix.txt"))
OWN, FOREIGN = "approver", "approver of another hospital"
ORDER = (matrix.NOBODY, FOREIGN, "approver of another ward", "auditor", "security", "admin", OWN)
"""Who is refused asks first: what he asks about stays as it is for the next."""
CHANGED = range(200, 300)


async def person(house: House, home: Path, one: Staff) -> Person:
    _, totp = await enrol(house, one)
    token, text = await house.services.tokens.create(staff_actor(one, SOURCE, clock.now()), "matrix", 1, one.roles)
    return Person(STAFF, text, Yard(house, home, one, token.id, place="chu"), {}, WAYS, totp)


async def things(yard: Yard) -> matrix.Known:
    """What there is to read, by the beginning of a call's path: all of it of one device, of the hospital `chu`."""
    scene = await yard.scene()
    opened, batch = await scene.opened(), await (await yard.scene()).batch()
    emergency = await (await yard.scene()).emergency()
    template = await WAYS["PUT /api/v1/templates/{ident}"](yard)
    review = await WAYS["POST /api/v1/reviews/{ident}/export"](yard)
    return {
        "/requests": {"ident": opened.record.request_id},
        "/emergencies": {"ident": emergency.id},
        "/windows": {"ident": (await scene.window(yard.me)).id},
        "/templates": template.path,
        "/device-templates": {"device": scene.device.code},
        "/device-professionals": {"device": scene.device.code},
        "/batches": {"ident": batch[0].batch_id},
        "/sessions": {"ident": opened.record.id},
        "/files": {"ident": (await (await yard.scene()).held()).id},
        "/devices": {"ident": scene.device.id},
        "/suppliers": {"ident": scene.supplier.id},
        "/technicians": {"ident": scene.person.id},
        "/reviews": review.path,
    }


async def given(yard: Yard, known: matrix.Known, method: str, path: str) -> Given:
    """What the call needs so that somebody succeeds with it."""
    await yard.open_doors()
    if (method, path) == ("GET", "/forecast"):
        scene = await yard.scene()
        return Given(
            query={
                "device": scene.device.code,
                "technician": scene.person.login,
                "kind": "telemaintenance",
                "minutes": 60,
            }
        )
    if method == "GET" or path == NOWHERE:
        return Given(next((names for family, names in known.items() if path.startswith(family)), {}))
    return await WAYS[f"{method} /api/v1{path}"](yard)


async def statuses(client: httpx2.AsyncClient, people: dict[str, Person], yard: Yard) -> dict:
    known, found = await things(yard), {}
    for method, path in API_GUARDS:
        label = f"{method} /api/v1{path}".replace("{rest:path}", "nothing")
        ready = await given(yard, known, method, path)
        for who in ORDER:
            await contract.forget(yard.house.database)
            answer = await made(client, Call(people[who], label, ready))
            found.setdefault((method, path), {})[who] = answer.status_code
            if answer.status_code in CHANGED and method != "GET" and who != ORDER[-1]:
                ready = await given(yard, known, method, path)
    return found


def test_T30_the_table_has_a_row_for_every_call_and_a_column_for_each_who():
    assert TABLE.keys() == API_GUARDS.keys()
    assert {frozenset(row) for row in TABLE.values()} == {frozenset(ORDER)}


def test_T30_what_an_approver_reads_or_changes_of_his_hospital_is_not_there_for_one_of_another():
    """Suppliers, their people and papers are the whole group's."""
    of_the_group = ("/suppliers/", "/technicians/", "/facilities/", "/staff/")
    odd = {
        key: row[FOREIGN]
        for key, row in TABLE.items()
        if "{" in key[1] and not key[1].startswith(of_the_group) and row[OWN] in CHANGED and row[FOREIGN] != 404
    }
    assert odd == {}


async def test_T30_every_call_gives_each_person_what_the_table_says(house, people, tmp_path, client):
    house.services.webhooks._networks = Networks()
    asking = {who: await person(house, tmp_path, one) for who, one in people.items()}
    asking[matrix.NOBODY] = Person(STAFF, "", asking[OWN].yard, {}, {})
    found = await statuses(client, asking, asking[OWN].yard)
    odd = [
        f"{method} {path}: {who} got {got:d}, not {TABLE[method, path][who]}"
        for (method, path), row in found.items()
        for who, got in row.items()
        if got != TABLE[method, path][who]
    ]
    assert odd == []

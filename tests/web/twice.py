"""Every form that changes something, filled in rightly, with what it is about: to be sent twice at once.

**A new form needs a row**: in `ONCE` when of two only one may be done, in `SAME` when two come to the same as one, in
`APART` when it is tried elsewhere or changes nothing. `tests/web/test_twice.py` says which one is missing.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Final

from bastion import clock
from bastion.domain.derogation import DerogationKind
from bastion.domain.device import SecretKind
from bastion.domain.emergency import Call
from bastion.domain.lock import LockScope
from bastion.domain.paper import PaperKind
from bastion.domain.review import Verdict
from bastion.domain.session_events import EndReason
from bastion.domain.telling import DeliveryState, Topic
from bastion.domain.work_order import OrderRule
from bastion.secret import Secret
from bastion.services.derogations import DerogationForm
from bastion.services.papers import PaperForm
from bastion.services.people import TechnicianForm
from bastion.services.reviews import CampaignForm
from bastion.services.sessions import Ending
from bastion.services.standins import DelegationForm
from bastion.services.subcontractors import SubcontractorForm
from bastion.services.tokens import Role
from bastion.services.webhooks import WebhookForm
from bastion.services.work_orders import GmaoForm
from tests.services.batches import a_batch, more_devices
from tests.services.house import OPERATOR, House, public_line, undertake
from tests.services.professionals import a_professional
from tests.services.templates import a_model, a_template
from tests.web import matrix

Values = dict[str, str | list[str]]
Scene = Callable[[House], Awaitable[Values]]
STARTS, ENDS = "2091-01-01 18:00", "2091-01-02 08:00"
SOON: Final = f"{clock.now() + timedelta(days=40):%Y-%m-%d}"
"""For what may not lie years ahead."""
USUAL: Final[Values] = {
    "technician": "alice", "device": "ct-01", "kind": "telemaintenance", "reason": "replace the tube", "minutes": "30",
    "why": "a drill", "note": "as agreed", "text": "which version?", "name": "A name", "email": "a@b.example",
    "language": "fr", "country": "FR", "countries": "FR", "networks": "10.0.0.0/8", "version": "1", "login": "newcomer",
    "starts": STARTS, "ends": ENDS, "key": public_line(), "label": "laptop", "owner": "Dr Roux", "reference": "REF-1",
    "done": "Tube replaced.", "after": "in_service", "criticality": "2", "finess": "750000009", "active": "on",
    "timezone": "Europe/Paris", "facility": "chu", "facility_code": "chu", "supplier_code": "acme", "named": "on",
    "supplier_codes": ["acme"], "patient_data": "none", "software_change": "no", "host": "127.0.0.1", "port": "2201",
    "protocol": "ssh", "password": "canary-s3cret-2", "line": "1", "to": "eve", "registration": "123", "days": "3",
    "topics": ["request_waiting"], "text_fr": "Je garde le secret.", "text_en": "I keep it.", "scope": "device",
    "usable": "everything", "outcome": "justified", "verdict": "confirmed", "rule": "warn", "agreed": "on",
    "track": "0",
}  # fmt: skip
"""What stands in a field of this name; a field that is not named here stays empty."""


async def nothing(_house: House) -> Values:
    return {}


@dataclass(frozen=True)
class Act:
    """`leaves` is the event that tells that it was done; `form` what stands elsewhere than in `USUAL`."""

    leaves: str
    scene: Scene = nothing
    form: Values = field(default_factory=dict)


# -- what it is about --------------------------------------------------------------------------------------------------
async def pending(house: House) -> Values:
    request = await house.asked()
    return {"ident": request.id, "version": str(request.version)}


async def asked_back(house: House) -> Values:
    request = await house.services.access.request(house.staff(house.max), house.draft(technician_login="alice"))
    await house.services.threads.ask(house.staff(house.eve), request.id, "which tube?")
    return {"ident": request.id}


async def own_asked_back(house: House) -> Values:
    request = await house.asked()
    await house.services.threads.ask(house.staff(house.eve), request.id, "which tube?")
    return {"ident": request.id}


async def own(house: House) -> Values:
    request = await house.services.access.request(house.staff(house.max), house.draft(technician_login="alice"))
    return {"ident": request.id}


async def granted(house: House) -> Values:
    request = await house.approved()
    return {"ident": request.grant_id, "request": request.id}


async def passing(house: House) -> Values:
    form = TechnicianForm("carl", "Carl Weber", "c@acme", "acme", "en")
    await undertake(house.services, await house.services.people.save_technician(OPERATOR, form))
    return await granted(house)


async def own_granted(house: House) -> Values:
    return {"ident": str((await granted(house))["request"])}


async def own_passing(house: House) -> Values:
    return {"ident": str((await passing(house))["request"])}


async def batch(house: House) -> Values:
    await more_devices(house)
    made = await a_batch(house)
    return {"ident": made[0].id, "versions": [f"{one.id}:{one.version}" for one in made]}


async def staffs_batch(house: House) -> Values:
    await more_devices(house)
    draft = house.draft(technician_login="alice")
    made = await house.services.access.request_several(house.staff(house.max), draft, ("ct-01", "ct-02", "ct-03"))
    return {"ident": made[0].id}


async def ended(house: House) -> Values:
    opened = await house.opened()
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    return {"ident": opened.record.request_id}


async def live(house: House) -> Values:
    return {"ident": (await house.opened()).record.id}


async def frozen(house: House) -> Values:
    at_work = await live(house)
    await house.services.supervision.freeze(house.staff(house.max), str(at_work["ident"]))
    return at_work


async def held(house: House) -> Values:
    ident = await matrix.held_file(house, await house.opened())
    view = await house.services.releases.get(house.staff(house.max), ident)
    return {"ident": ident, "version": str(view.file.version)}


async def locked(house: House) -> Values:
    lock = await house.services.locks.impose(house.staff(house.ruth), LockScope.DEVICE, "ct-01", "a drill")
    return {"ident": lock.id}


async def emergency(house: House) -> Values:
    """Eve agrees to what Alice asked for; whoever reviews is a third person."""
    opened = await house.opened(emergency=Call("Dr Anne Roux"))
    await house.services.sessions.closed(opened.record, Ending(EndReason.TECHNICIAN_LEFT))
    view = await house.services.emergencies.get(house.staff(house.max), opened.record.request_id)
    return {"ident": opened.record.request_id, "version": str(view.emergency.version)}


async def window(house: House) -> Values:
    return {"ident": await matrix.window(house)}


async def review(house: House) -> Values:
    ruth = house.staff(house.ruth)
    form = CampaignForm("H2", clock.now() + timedelta(days=20), ("chu",))
    made = await house.services.reviews.start(ruth, form)
    lines = (await house.services.reviews.of(ruth, made.id)).lines
    line = next(one.line.id for one in lines if one.mine)
    return {"ident": made.id, "lines": [line], "line": line}


async def decided_review(house: House) -> Values:
    ident = (await review(house))["ident"]
    lines = [one.line.id for one in (await house.services.reviews.of(OPERATOR, str(ident))).lines]
    await house.services.reviews.decide(OPERATOR, str(ident), lines, Verdict.CONFIRMED)
    return {"ident": ident}


async def professional(house: House) -> Values:
    return {"ident": (await a_professional(house)).id}


async def shift(house: House) -> Values:
    return dict((await matrix.duty(house))["/rota"])


async def lent(house: House) -> Values:
    made = await house.services.standins.delegate(house.staff(house.max), DelegationForm("eve", STARTS, ENDS, "leave"))
    return {"ident": made.id}


async def away(house: House) -> Values:
    return {"ident": (await house.services.standins.away(house.staff(house.ruth), STARTS, ENDS)).id}


async def token(house: House) -> Values:
    ruth = house.staff(house.ruth)
    return {"ident": (await house.services.tokens.create(ruth, "old", 1, frozenset({Role.ADMIN})))[0].id}


async def own_token(house: House) -> Values:
    made, _ = await house.services.supplier_tokens.create(house.technician(), "old", 1, writes=False)
    return {"ident": made.id}


async def device(house: House) -> Values:
    return {"ident": house.device.id}


async def endpoint(house: House) -> Values:
    made = await house.services.inventory.save_endpoint(OPERATOR, house.device.id, "127.0.0.1", 2209)
    offer = await house.services.inventory.scan_host_keys(OPERATOR, made.id)
    return {"ident": house.device.id, "endpoint": made.id, "fingerprint": list(offer.fingerprints)}


async def wrong_endpoint(house: House) -> Values:
    made = await house.services.inventory.save_endpoint(OPERATOR, house.device.id, "127.0.0.1", 2999)
    return {"ident": house.device.id, "endpoint": made.id, "version": str(made.version)}


async def wrong_account(house: House) -> Values:
    secret = Secret.of("canary-s3cret")
    made = await house.services.inventory.save_account(
        OPERATOR, house.device.id, "mistyped", SecretKind.PASSWORD, secret
    )
    return {"ident": house.device.id, "account": made.id, "version": str(made.version)}


async def derogation(house: House) -> Values:
    ends = clock.now() + timedelta(days=30)
    form = DerogationForm(DerogationKind.SSH_LEGACY, "Dr Roux", "of 2008", ends, ("hmac-sha1",))
    return {
        "ident": house.device.id,
        "derogation": (await house.services.derogations.make(OPERATOR, house.device.id, form)).id,
    }


async def technician(house: House) -> Values:
    return {"ident": house.alice.id}


async def key(house: House) -> Values:
    return {
        "ident": house.alice.id,
        "key": (await house.services.people.add_key(OPERATOR, house.alice.id, public_line())).id,
    }


async def supplier(house: House) -> Values:
    return {"ident": house.alice.supplier_id, "people": [house.alice.id]}


async def paper(house: House) -> Values:
    form = PaperForm(PaperKind.CHARTER, "REF-9", None, None)
    return {
        "ident": house.alice.supplier_id,
        "paper": (await house.services.papers.add(OPERATOR, house.alice.supplier_id, form)).id,
    }


async def subcontractor(house: House) -> Values:
    form = SubcontractorForm("Sub & Co", "1", "FR")
    made = await house.services.subcontractors.declare(OPERATOR, house.alice.supplier_id, form)
    return {"ident": house.alice.supplier_id, "sub": made.id}


async def person(house: House) -> Values:
    return {"ident": house.eve.id}


async def facility(house: House) -> Values:
    return {"ident": house.device.facility_id}


async def template(house: House) -> Values:
    return {"ident": (await a_template(house)).id}


async def model(house: House) -> Values:
    await a_model(house)
    return {}


async def failed(house: House) -> Values:
    """What was told to a program that is gone."""
    made = str((await webhook(house))["ident"])
    await house.asked()
    while await house.services.notifications.gather():
        pass
    async with house.database.write() as uow:
        one = next(row for row in await uow.deliveries.search(limit=50) if row.recipient_id == made)
        await uow.deliveries.save(replace(one, attempts=12).settled(DeliveryState.FAILED, clock.now(), "refused"))
    return {"ident": one.id}


async def webhook(house: House) -> Values:
    form = WebhookForm("all", "https://programs.example/", frozenset({Topic.REQUEST_WAITING}))
    return {"ident": (await house.services.webhooks.register(house.staff(house.ruth), form))[0].id}


async def gmao(house: House) -> Values:
    form = GmaoForm("chu", "https://gmao.chu.example/", OrderRule.WARN)
    return {"ident": (await house.services.work_orders.save(house.staff(house.ruth), form))[0].id}


async def colleague(house: House) -> Values:
    form = TechnicianForm("carl", "Carl Weber", "c@acme", "acme", "en")
    return {"ident": (await house.services.people.save_technician(OPERATOR, form)).id}


async def newly_owed(house: House) -> Values:
    made = await house.services.undertakings.publish(house.staff(house.ruth), "Un autre.", "Another.")
    return {"version": str(made.version)}


# -- the rows ----------------------------------------------------------------------------------------------------------
WRITTEN: Final[Values] = {"model": "MAKER · ct  9000", "kind": "telediagnostic"}
NEW_CODE: Final[Values] = {"code": "new-1"}
DUTIES: Final[Values] = {"duties": ["approver@chu"], "places": ["chu"], "wards": [""]}
DAY: Final[Values] = {"kind": "contract", "since": SOON, "valid_from": "", "valid_to": SOON}
ONCE: Final[dict[str, Act]] = {
    "/requests/new": Act("request:created"),
    "/requests/{ident}/approve": Act("request:approved", pending),
    "/requests/{ident}/refuse": Act("request:denied", pending),
    "/requests/{ident}/question": Act("request:question", pending),
    "/requests/{ident}/answer": Act("request:answer", asked_back),
    "/requests/{ident}/withdraw": Act("request:withdrawn", own),
    "/requests/{ident}/report": Act("request:reported", ended),
    "/grants/{ident}/revoke": Act("grant:revoked", granted),
    "/grants/{ident}/give-back": Act("grant:given_back", granted),
    "/grants/{ident}/extend": Act("request:created", granted),
    "/grants/{ident}/hand-over": Act("request:created", passing, {"technician": "carl"}),
    "/sessions/{ident}/freeze": Act("session:freeze_asked", live),
    "/sessions/{ident}/thaw": Act("session:thaw_asked", frozen),
    "/desk/{ident}/release": Act("file:released", held),
    "/desk/{ident}/refuse": Act("file:rejected", held),
    "/locks/{ident}/lift": Act("lock:lifted", locked),
    "/messages/webhooks": Act("webhook:registered", nothing, {"url": "https://programs.example/"}),
    "/messages/webhooks/{ident}/remove": Act("webhook:removed", webhook),
    "/messages/gmao/{ident}/remove": Act("gmao:removed", gmao),
    "/directory/devices/new": Act("directory:device_saved", nothing, NEW_CODE),
    "/directory/devices/{ident}/endpoint": Act("directory:endpoint_saved", device),
    "/directory/devices/{ident}/account": Act("directory:account_saved", device, {"kind": "password"}),
    "/directory/devices/{ident}/endpoint/withdraw": Act("directory:endpoint_withdrawn", wrong_endpoint),
    "/directory/devices/{ident}/account/withdraw": Act("directory:account_withdrawn", wrong_account),
    "/directory/devices/{ident}/derogations": Act(
        "derogation:made", device, {"algorithms": ["hmac-sha1"], "allows": "ssh_legacy", "ends": SOON}
    ),
    "/directory/devices/{ident}/derogations/{derogation}/withdraw": Act("derogation:withdrawn", derogation),
    "/directory/technicians/new": Act("directory:technician_saved"),
    "/directory/technicians/{ident}/keys": Act("directory:key_added", technician),
    "/directory/technicians/{ident}/keys/{key}/remove": Act("directory:key_removed", key),
    "/directory/staff/new": Act("directory:staff_saved", nothing, DUTIES),
    "/directory/suppliers/new": Act("directory:supplier_saved", nothing, NEW_CODE),
    "/directory/facilities/new": Act("directory:facility_saved", nothing, NEW_CODE),
    "/directory/suppliers/{ident}/papers": Act("paper:added", supplier, DAY),
    "/directory/suppliers/{ident}/papers/{paper}/withdraw": Act("paper:withdrawn", paper),
    "/directory/suppliers/{ident}/subcontractors": Act("subcontractor:declared", supplier),
    "/directory/suppliers/{ident}/subcontractors/{sub}/object": Act("subcontractor:objected", subcontractor),
    "/directory/suppliers/{ident}/subcontractors/{sub}/end": Act("subcontractor:ended", subcontractor),
    "/directory/templates/new": Act("template:added", model, WRITTEN),
    "/directory/templates/{ident}/edit": Act("template:replaced", template, WRITTEN),
    "/directory/templates/{ident}/retire": Act("template:retired", template),
    "/messages/{ident}/retry": Act("delivery:retried", failed),
    "/directory/undertaking": Act("undertaking:published"),
    "/emergencies/{ident}/review": Act("emergency:reviewed", emergency, {"note": "The tube had failed indeed."}),
    "/windows/new": Act(
        "window:proposed", nothing,
        {"kind": "telediagnostic", "week": "0", "weekday": "1", "begins": "08:00", "minutes": "60",
         "ends": SOON, "supplier": ""},
    ),
    "/windows/{ident}/agree": Act("window:agreed", window),
    "/windows/{ident}/end": Act("window:ended", window),
    "/reviews/{ident}/sign": Act("review:signed", decided_review, {"remark": "seen with the wards"}),
    "/reviews": Act("review:started", nothing, {"due": SOON, "facilities": ["chu"]}),
    "/directory/professionals": Act("professional:added", nothing, {"title": "radiologist", "since": SOON}),
    "/directory/professionals/{ident}/retire": Act("professional:retired", professional),
    "/rota": Act("rota:added", nothing, {"login": "eve"}),
    "/rota/{ident}/withdraw": Act("rota:withdrawn", shift),
    "/standins/delegations": Act("delegation:made"),
    "/standins/delegations/{ident}/revoke": Act("delegation:revoked", lent),
    "/standins/absences": Act("absence:noted", nothing, {"login": "ruth"}),
    "/standins/absences/{ident}/withdraw": Act("absence:withdrawn", away),
}  # fmt: skip
"""Of two at once one is done, and the other is told why not."""
SAME: Final[dict[str, Act]] = {
    "/locks": Act("lock:imposed", nothing, {"technician": "", "supplier": ""}),
    "/account/tokens/{ident}/revoke": Act("token:revoked", token),
    "/directory/technicians/{ident}/correspondent": Act("portal:correspondent_named", technician),
    "/directory/technicians/{ident}/leave": Act("technician:left", technician),
    "/reviews/{ident}/decide": Act("review:decided", review),
    "/reviews/{ident}/lines/{line}/withdraw": Act("review:decided", review, {"note": "left"}),
}
"""Both are answered as done, and one thing was: what is cut or taken back must never be refused."""
APART: Final = {
    "/sign-in": "proves somebody and changes nothing else; a code counts once (T21)",
    "/setup": "looks",
    "/setup/finish": "tests/services/test_links.py",
    "/decide": "looks",
    "/decide/agree": "tests/services/test_decision_links.py",
    "/decide/refuse": "tests/services/test_decision_links.py",
    "/decide/ask": "tests/services/test_decision_links.py",
    "/directory/technicians/{ident}/tokens/{token}/revoke": "the suppliers' own revoking, sent twice in `OWN_SAME`",
    "/requests/fill": "fills a form",
    "/requests/forecast": "looks ahead",
    "/requests/{ident}/approve-all": "judges each alone, and says of each what became of it",
    "/requests/{ident}/refuse-all": "judges each alone, and says of each what became of it",
    "/requests/{ident}/withdraw-all": "takes back what still waits; of nothing it says that there is nothing",
    "/sessions/{ident}/cut": "cuts again: what must end is never refused",
    "/sessions/{ident}/watch": "one browser follows, however often it says so",
    "/sessions/{ident}/watch/beat": "one sign of life after the other",
    "/sessions/{ident}/watch/leave": "has gone, however often it says so",
    "/recordings/{ident}/open": "each viewing stands in the trail",
    "/recordings/{ident}/download": "each copy stands in the trail",
    "/audit/verify": "looks",
    "/audit/export": "each copy stands in the trail",
    "/messages/gmao": "one row for each hospital, written over",
    "/account/language": "one row, written over",
    "/account/password": "ends the session that sends it",
    "/account/tokens": "each text is shown once: two are two, in a list where each can be taken back",
    "/account/mails": "one row, written over",
    "/sign-out": "ends the session that sends it",
    "/directory/devices/{ident}/edit": "one row, written over",
    "/directory/devices/{ident}/scan": "looks",
    "/directory/devices/{ident}/pin": "one row, written over with what the device shows now",
    "/directory/technicians/{ident}/edit": "one row, written over",
    "/directory/technicians/{ident}/totp": "shown once: the newer voids the older",
    "/directory/technicians/{ident}/invite": "shown once: the newer voids the older",
    "/directory/staff/{ident}": "one row, written over",
    "/directory/staff/{ident}/invite": "shown once: the newer voids the older",
    "/directory/suppliers/{ident}": "one row, written over",
    "/directory/facilities/{ident}": "one row, written over",
    "/directory/import": "a person has one draft: the newer takes the place of the older",
    "/directory/import/{ident}": "tests/services/test_imports.py: a mark, and entries that bear names",
    "/directory/papers": "one row for each kind, written over",
    "/directory/suppliers/{ident}/roster": "what was said at a moment, and said again a moment later",
    "/reviews/{ident}/export": "each copy stands in the trail",
    "/rota/import": "tests/services/test_rota.py: times of one line do not overlap",
}
"""Not sent twice here, and why."""
OWN_ONCE: Final[dict[str, Act]] = {
    "/requests/new": Act("request:created"),
    "/requests/{ident}/withdraw": Act("request:withdrawn", pending),
    "/requests/{ident}/extend": Act("request:created", own_granted),
    "/requests/{ident}/give-back": Act("grant:given_back", own_granted),
    "/requests/{ident}/answer": Act("request:answer", own_asked_back),
    "/requests/{ident}/hand-over": Act("request:created", own_passing, {"technician": "carl"}),
    "/reports/{ident}": Act("request:reported", ended),
    "/account/keys": Act("directory:key_added"),
    "/account/keys/{key}/remove": Act("directory:key_removed", key),
    "/company/people/new": Act("directory:technician_saved"),
}
"""The same of the suppliers' entrance."""
OWN_SAME: Final[dict[str, Act]] = {
    "/account/tokens/{ident}/revoke": Act("token:revoked", own_token),
    "/undertaking": Act("undertaking:accepted", newly_owed),
    "/company/people/{ident}/part": Act("technician:left", colleague),
}
OWN_APART: Final = {
    "/requests/forecast": APART["/requests/forecast"],
    "/sign-in": APART["/sign-in"],
    "/welcome": "looks",
    "/welcome/finish": "tests/services/test_links.py",
    "/requests/fill": "fills a form",
    "/requests/{ident}/withdraw-all": APART["/requests/{ident}/withdraw-all"],
    "/account/language": APART["/account/language"],
    "/account/password": APART["/account/password"],
    "/account/tokens": APART["/account/tokens"],
    "/sign-out": APART["/sign-out"],
    "/company/roster": APART["/directory/suppliers/{ident}/roster"],
    "/company/people/{ident}/change": APART["/directory/technicians/{ident}/edit"],
    "/company/people/{ident}/invite": APART["/directory/staff/{ident}/invite"],
}


def filled_in(act: Act, fields: list[str], found: Values) -> Values:
    """What goes into the form; a field that stays empty is not sent."""
    wanted = USUAL | {name: value for name, value in found.items() if name != "ident"} | act.form
    return {name: wanted[name] for name in fields if wanted.get(name)}


def address(path: str, found: Values) -> str:
    for name, value in found.items():
        path = path.replace("{" + name + "}", str(value))
    return path


def without_version(act: Act) -> Act:
    """The same act from a page that is old: the version it carries is of the past."""
    return replace(act, form=act.form | {"version": "0"})

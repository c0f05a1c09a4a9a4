"""What the tour of the pages goes to see: people, and a hospital in which each page has something to show."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bastion import clock
from bastion.domain.access_request import AccessRequest, InterventionKind
from bastion.domain.conditions import Condition
from bastion.domain.device import SecretKind
from bastion.domain.emergency import Call
from bastion.domain.importing import Register
from bastion.domain.lock import LockScope
from bastion.domain.maintenance import LAST, Rhythm
from bastion.domain.paper import PaperKind
from bastion.domain.parties import Role, Staff, Technician
from bastion.domain.report import After, ReportForm
from bastion.domain.review import RightKind, Sought, Verdict
from bastion.domain.session_effects import Audit
from bastion.domain.work_order import Finding, OrderLook, OrderRule
from bastion.domain.work_plan import ANSWERED, WorkPlan
from bastion.secret import Secret
from bastion.services.inventory import DeviceForm
from bastion.services.maintenance import WindowForm
from bastion.services.papers import PaperForm
from bastion.services.people import StaffForm, TechnicianForm
from bastion.services.reviews import CampaignForm
from bastion.services.rota import ShiftForm
from bastion.services.standins import DelegationForm
from bastion.services.subcontractors import SubcontractorForm
from bastion.services.templates import TemplateForm
from bastion.services.work_orders import GmaoForm
from tests.services.house import OPERATOR, House
from tests.web.scenery import HOSTILE, Scenery

MARK = "<script>"
"""What the hostile request has in its reason, and no other."""
PEOPLE = (
    ("claire", "Claire Dubois", Role.APPROVER),
    ("samir", "Samir Benali", Role.SECURITY),
    ("denis", "Denis Moreau", Role.ADMIN),
)


async def people(house: House) -> dict[str, Staff | Technician]:
    """The hospital's people, and Karim, who speaks for his company at the suppliers' entrance."""
    made: dict[str, Staff | Technician] = {"karim": await _karim(house)}
    await house.services.company.name_correspondent(OPERATOR, made["karim"].id, named=True)
    for login, name, role in PEOPLE:
        form = StaffForm(login, name, f"{login}@chu.example", frozenset({role}), (), "fr")
        made[login] = await house.services.people.save_staff(OPERATOR, form)
    return made


async def things(house: House) -> dict[str, str]:
    """What stands for `{name}` in the paths of the tour, in a hospital that `scenery.furnish` has filled."""
    me = house.staff(house.max)
    pending = [view.request for view in await house.services.asked.pending(me)]
    hostile = [request for request in pending if MARK in request.reason]
    waiting = [request for request in pending if MARK not in request.reason and not request.batch_id]
    at_work = await house.services.supervision.live(me)
    watched = next((view.record.id for view in at_work if view.must_be_watched), "") or await _watched(house)
    await _papers(house)
    await _on_call(house)
    await _looked_up(house, waiting[0])
    await _asked_back(house, waiting[0])
    await _locked(house)
    ended = await house.services.supervision.search(me, live=False)
    held = await house.services.releases.search(me, state="held")
    return {
        "waiting": waiting[0].id,
        "vital": waiting[-1].id,
        "hostile": hostile[0].id if hostile else await _hostile(house),
        "urgent": await _urgent(house),
        "window": await _window(house),
        "live": next(view.record.id for view in at_work if not view.must_be_watched),
        "watched": watched,
        "ended": ended[0].record.id,
        "recording": ended[-1].record.id,
        "reported": await _reported(house, ended[-1].record.request_id),
        "held": held[0].file.id,
        "virus": held[-1].file.id,
        **await _reviews(house),
        "draft": await _import(house),
        "device": house.device.id,
        "supplier": house.alice.supplier_id,
        "technician": house.alice.id,
        "person": house.eve.id,
        "facility": house.device.facility_id,
        **await _usual(house),
        "together": await _together(house),
        **await _own(house),
    }


async def _reported(house: House, request_id: str) -> str:
    """An intervention that was reported on, by telephone."""
    me = house.staff(house.max)
    if not (await house.services.reports.of(me, request_id)).reports:
        form = ReportForm(
            "Tube remplacé, étalonnage refait, trois coupes de contrôle conformes.", After.LIMITED,
            "Journal du générateur, sans donnée de patient", clock.now() + timedelta(days=30),
        )  # fmt: skip
        await house.services.reports.write(me, request_id, form)
    return request_id


async def _usual(house: House) -> dict[str, str]:
    """A usual request of a model, and a request that was made from it."""
    own = await house.services.asked.search(house.technician(await _karim(house)))
    known = next(((v.request.template_id, v.request.id) for v in own if v.request.template_id), None)
    template, request = known or await _written(house)
    return {"usual": template, "from_usual": request}


async def _together(house: House) -> str:
    """One of two requests that were made at once."""
    alice = house.technician()
    own = await house.services.asked.search(alice)
    known = next((view.request.id for view in own if view.request.batch_id), "")
    if known:
        return known
    draft = house.draft(reason="Contrôle annuel de la sécurité électrique et relevé des compteurs", minutes=60)
    return (await house.services.access.request_several(alice, draft, ("mri-02", "linac-1")))[0].id


async def _written(house: House) -> tuple[str, str]:
    """Two usual requests of a model, one of them the group's, and a request that was made from one."""
    me = house.staff(house.max)
    plan = WorkPlan(
        keeps="Aucune analyse pendant la mise à jour ; le second automate prend le relais.", software_change=True,
        procedure="1. Vider la file d’échantillons\n2. Sauvegarder la configuration\n3. Mettre à jour\n4. Contrôler",
        backup_place="NAS biomédical, dossier lab-07", rollback="Restaurer l’image du disque, 40 minutes",
        said=ANSWERED,
    )  # fmt: skip
    form = TemplateForm(
        "Sysmex", "XN-2000", "Mise à jour annuelle", InterventionKind.TELEMAINTENANCE,
        "Mise à jour annuelle du logiciel, selon la procédure du constructeur", 90, "chu", plan,
        frozenset({Condition.WATCHER, Condition.FREEZE_FIRST}),
    )  # fmt: skip
    made = await house.services.templates.add(me, form)
    look = replace(form, name="Lecture des journaux", facility="", minutes=30, plan=WorkPlan(), conditions=frozenset())
    await house.services.templates.add(me, replace(look, kind=InterventionKind.TELEDIAGNOSTIC))
    draft = house.draft(
        device_code="lab-07", reason="Mise à jour et remplacement d’une vanne", minutes=120, template=made.id,
        plan=replace(plan, backup_at=clock.now(), said=ANSWERED),
    )  # fmt: skip
    asked = await house.services.access.request(house.technician(await _karim(house)), draft)
    return made.id, asked.id


async def _own(house: House) -> dict[str, str]:
    """What Karim sees of his own work."""
    me = house.technician(await _karim(house))
    own = await house.services.asked.search(me)
    waiting = next(view.request.id for view in own if not view.grant)
    if not await house.services.threads.of(me, waiting):
        question = "Quelle version du logiciel est en place, et qui sera auprès du dispositif\u202f?"
        await house.services.threads.ask(house.staff(house.max), waiting, question)
    return {
        "own_held": next(view.request.id for view in own if view.grant and view.grant.revoked_at is None),
        "own_waiting": waiting,
        "own_owed": (await house.services.reports.mine(me))[0].request.id,
    }


async def _hostile(house: House) -> str:
    """A request of somebody who types what should run in the reader's browser (T39)."""
    scene = Scenery(house, Path())
    mallory = await scene.technician("mallory", "Mallory")
    return (await scene.ask(mallory, "mri-02", HOSTILE, 15, work_order=HOSTILE[:90])).id


async def _asked_back(house: House, request: AccessRequest) -> None:
    """A question with its answer, and one that still waits for it."""
    threads, eve = house.services.threads, house.staff(house.eve)
    if await threads.of(eve, request.id):
        return
    await threads.ask(eve, request.id, "Le tube a-t-il refroidi ?")
    await threads.answer(house.technician(), request.id, "Oui, depuis 8 h.")
    await threads.ask(eve, request.id, "Qui reste en salle pendant l’intervention ?")


async def _locked(house: House) -> None:
    ruth = house.staff(house.ruth)
    if not await house.services.locks.view():
        await house.services.locks.impose(ruth, LockScope.SUPPLIER, "other", "Poste compromis chez le fournisseur")


async def _karim(house: House) -> Technician:
    views = await house.services.people.technicians(OPERATOR)
    return next(v.technician for v in views if v.technician.login == "karim")


IMPORT = """N° inventaire;Désignation;Établissement;Fournisseur;Criticité;Service;N° de série;Prix
ct-01;Scanner 1;chu;acme;3;Imagerie;S-20417;
us-11;Échographe portable;chu;acme other;2;Urgences;E-11;4 200 €
us-12;=cmd|' /C calc'!A0;chu;acme;1;;;
us-13;Échographe;ch9;acme;2;;;
us-14;Échographe;chu;personne;2;;;
us-11;Échographe;chu;acme;2;;;
"""


async def _watched(house: House) -> str:
    """A session that somebody must follow and nobody does."""
    opened = await Scenery(house, Path()).at_work(house.alice, "linac-1", "Calibrage du collimateur", 60)
    put = {
        "op": "put", "direction": "in", "path": "/opt/linac/mises à jour/collimateur-4.2.bin", "target": "",
        "size": 48_201_334, "sha256": "5f" * 32, "pieces": "", "seconds": 4.2, "outcome": "done", "detail": "",
    }  # fmt: skip
    facts = [
        Audit("channel:opened", {"channel": 1, "kind": "exec", "detail": "journalctl -u linac --since yesterday"}),
        Audit("channel:closed", {"channel": 1, "kind": "exec", "outcome": "status 0"}),
        Audit("channel:opened", {"channel": 2, "kind": "forward", "detail": "vnc linac-1:5900"}),
        Audit("channel:opened", {"channel": 3, "kind": "sftp", "detail": "sftp"}),
        Audit("channel:refused", {"channel": 0, "kind": "forward", "why": "no service of it", "detail": "pacs:104"}),
        Audit("file:passed", put),
        Audit("file:refused", {"op": "remove", "path": "/etc/" + "long" * 40, "why": "delete_not_granted"}),
    ]
    await house.services.sessions.note(opened.record, facts)
    return opened.record.id


async def _looked_up(house: House, request: AccessRequest) -> None:
    """The GMAO knows the order of the first request, of another device."""
    ruth = house.staff(house.ruth)
    if await house.services.work_orders.all(ruth):
        return
    form = GmaoForm("chu", "https://gmao.chu.example/api", OrderRule.WARN)
    await house.services.work_orders.save(ruth, form)
    first = OrderLook(
        "look-1", request.id, request.facility_id, request.work_order, Finding.OTHER_DEVICE, request.created_at,
        "Contrôle annuel de l’onduleur", "en cours", "Service imagerie", "", request.technician_name,
    )  # fmt: skip
    again = replace(first, id="look-2", finding=Finding.CLOSED, state="clos", looked_by="Claire Dubois")
    async with house.database.write() as uow:
        await uow.order_looks.add(first)
        await uow.order_looks.add(replace(again, checked_at=first.checked_at + timedelta(minutes=9)))


async def _import(house: House) -> str:
    """A GMAO export that the administrator has handed in and not applied yet."""
    denis = next(p for p in await house.services.people.staff(OPERATOR) if p.login == "denis")
    draft = await house.services.imports.hand_in(
        house.staff(denis), Register.DEVICES, "export GMAO été.csv", IMPORT.encode()
    )
    return draft.id


async def _urgent(house: House) -> str:
    """An emergency that somebody agreed to and nobody has reviewed yet."""
    me, services = house.staff(house.max), house.services
    known = await services.emergencies.search(me)
    if known:
        return known[0].emergency.id
    form = DeviceForm("ech-07", "Échographe Acuson 7", "chu", ("acme",), 2, "Urgences", "U03")
    device = await services.inventory.save_device(OPERATOR, form)
    secret = Secret.of("canary-s3cret")
    await services.inventory.save_account(OPERATOR, device.id, "service", SecretKind.PASSWORD, secret)
    call = Call("Dr Anne Roux, urgences", "Alice Martin", "poste 4512")
    draft = house.draft(device_code="ech-07", reason="Plus d’image depuis 2 h, patient en attente", emergency=call)
    request = await services.access.request(house.technician(), draft)
    await services.approvals.approve(
        house.staff(house.eve), request.id, request.version, 60, "J’ai rappelé le Dr Roux."
    )
    return request.id


async def _window(house: House) -> str:
    """One that is agreed to and one that waits."""
    me, services = house.staff(house.max), house.services.maintenance
    known = await services.search(me)
    if known:
        return known[0].window.id
    ends = clock.now() + timedelta(days=200)
    for code, rhythm, why in (
        ("ct-01", Rhythm(0, 1, 22 * 60, 120), "Relevé hebdomadaire du tube"),
        ("ech-07", Rhythm(LAST, 3, 12 * 60 + 30, 60), "Contrôle mensuel des sondes"),
    ):
        form = WindowForm(code, "acme", InterventionKind.TELEDIAGNOSTIC, rhythm, ends, why)
        made = await services.propose(house.staff(house.eve), form)
        if code == "ct-01":
            await services.agree(me, made.id, made.version)
    return made.id


async def _subcontractors(house: House) -> None:
    """One that works from far away, and somebody it employs; one the hospital objected to."""
    use, acme = house.services.subcontractors, house.alice.supplier_id
    if await use.of(OPERATOR, acme):
        return
    far = await use.declare(OPERATOR, acme, SubcontractorForm("Atlas Maintenance SARL", "RC 40213", "MA"))
    gone = await use.declare(OPERATOR, acme, SubcontractorForm("Sous-Traitance Express", "812 345 678", "FR"))
    await use.object(OPERATOR, gone.id, "Pas d’attestation de sécurité des postes")
    form = TechnicianForm("youssef", "Youssef Alami", "y@atlas.example", "acme", employer_id=far.id, country="MA")
    await house.services.people.save_technician(OPERATOR, form)


async def _reviews(house: House) -> dict[str, str]:
    """Two of the group, one to be signed and one signed; one of a hospital that somebody has begun to decide."""
    use, due, made = house.services.reviews, clock.now() + timedelta(days=20), {}
    names = {"review_signed": "Second semestre 2025", "review_to_sign": "Premier semestre 2026"}
    for key, name in {**names, "review": "Second semestre 2026"}.items():
        made[key] = (await use.start(OPERATOR, CampaignForm(name, due, () if key in names else ("chu",)))).id
        lines = [one.line.id for one in (await use.of(OPERATOR, made[key])).lines]
        chosen = lines if key in names else lines[:1]
        await use.decide(OPERATOR, made[key], chosen, Verdict.CONFIRMED, "vu avec le service")
    (line,) = (await use.of(OPERATOR, made["review"], Sought(RightKind.TECHNICIAN))).lines[:1]
    made["review_line"] = line.line.id
    await use.sign(OPERATOR, made["review_signed"], "Vu en comité de sécurité du 3 novembre")
    return made


async def _on_call(house: House) -> None:
    """Eve is on call, Max next; Claire lends her approving to Max, and Eve will be away."""
    now = clock.now()
    soon, later = ((now + timedelta(hours=hours)).strftime("%Y-%m-%d %H:%M") for hours in (-3, 30))
    for line, login in enumerate(("eve", "max"), 1):
        await house.services.rota.add(OPERATOR, ShiftForm(login, "chu", soon, later, "", line))
    form = DelegationForm("max", soon, later, "annual leave")
    async with house.database.read() as uow:
        claire = await uow.staff.by_login("claire")
    if claire is not None:
        await house.services.standins.delegate(house.staff(claire), form)
    await house.services.standins.away(house.staff(house.eve), soon, later)


async def _papers(house: House) -> None:
    """One paper that holds, one that ends soon, one that ran out, and one that is required from next week on."""
    papers, now, day = house.services.papers, clock.now(), timedelta(days=1)
    for kind, reference, end in (
        (PaperKind.CONTRACT, "MAR-2026-118", now + 400 * day),
        (PaperKind.ATTESTATION, "ATT-2026", now + 12 * day),
        (PaperKind.CHARTER, "CH-2023-4", now - 3 * day),
    ):
        form = PaperForm(kind, reference, now - 300 * day, end, "Original au service des marchés" if end > now else "")
        await papers.add(OPERATOR, house.alice.supplier_id, form)
    await _subcontractors(house)
    await papers.require(OPERATOR, PaperKind.ATTESTATION, now - 90 * day)
    await papers.require(OPERATOR, PaperKind.CHARTER, now + 7 * day)

"""What a supplier must have before its people work."""

from bastion.domain.paper import PaperKind
from bastion.services.papers import PaperForm
from bastion.services.subcontractors import SubcontractorForm
from tests.services.house import OPERATOR
from tests.web.api.ways.book import soon, way, written
from tests.web.api.yard import Given, Yard


# -- what a supplier must have -----------------------------------------------------------------------------------------
@way("POST /suppliers/{ident}/papers")
async def _(yard: Yard) -> Given:
    return Given.of((await yard.supplier()).id, kind="charter", reference="C-1", valid_from=None, valid_to=None)


@way("POST /papers/{ident}/withdraw")
async def _(yard: Yard) -> Given:
    supplier = await yard.supplier()
    return Given.of((await yard.use.papers.add(OPERATOR, supplier.id, PaperForm(PaperKind.CHARTER, "C-1"))).id)


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

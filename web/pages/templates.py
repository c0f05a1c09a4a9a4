"""Usual requests: what is asked for again and again on a model of device, kept by those who know it (R-25)."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from bastion.domain.access_request import InterventionKind
from bastion.domain.conditions import Condition
from bastion.domain.parties import EVERYWHERE
from bastion.domain.request_template import RequestTemplate
from bastion.errors import BastionError, Forbidden, Invalid, NotFound
from bastion.i18n import N_
from bastion.services.templates import Model, TemplateForm, TemplateView, may_write
from web import condition_words, fields, labels, plan_words, template_words
from web.choices import OFFERED, READABLE, Choice
from web.console import Console, Seen, Typed, go
from web.pages.asking import USUAL, durations
from web.paging import PAGE, pages
from web.plan_fields import PlanFields

router = APIRouter(prefix="/directory/templates")
Text = Annotated[str, Form()]
Asked = Annotated[str, Query()]


class Written(PlanFields):
    """The form as it was typed: every field is text, and none is missing."""

    facility: str = ""
    model: str = ""
    name: str = ""
    kind: str = ""
    reason: str = ""
    minutes: str = ""
    conditions: tuple[str, ...] = ()
    code: str = ""

    def form(self, model: Model) -> TemplateForm:
        return TemplateForm(
            model.maker, model.model, self.name, fields.choice(self.kind, InterventionKind, "kind"), self.reason,
            fields.count(self.minutes), self.facility, self.work(),
            frozenset(fields.choice(one, Condition, "conditions") for one in self.conditions),
        )  # fmt: skip


@router.get("")
async def listing(seen: Seen, text: Asked = "", retired: Asked = "", at: Asked = "") -> Response:
    number = fields.page_number(at)
    filters = Typed(text=text.strip()[:200], retired="yes" if retired == "yes" else "")
    rows = await seen.services.templates.search(
        seen.actor, text=filters.text, retired=bool(filters.retired), limit=PAGE + 1, offset=number * PAGE
    )
    newer, older = pages(seen.request, number, len(rows))
    return seen.page(
        "directory/templates.html", N_("Usual requests"), rows=rows[:PAGE], filters=filters, newer=newer, older=older,
        words=template_words, writes=bool(await _places(seen)),
    )  # fmt: skip


@router.get("/new")
async def new(seen: Seen, model: Asked = "") -> Response:
    return await _form(seen, "", Typed(USUAL, model=model))


@router.post("/new")
async def add(seen: Seen, said: Annotated[Written, Form()]) -> Response:
    async def work() -> Response:
        form = said.form(await _model(seen, said.model))
        made = await seen.services.templates.add(await seen.fresh(said.code), form)
        return go(f"/directory/templates/{made.id}", "template_added")

    return await seen.attempt(work(), partial(_form, seen, "", _typed(said)))


@router.get("/{ident}")
async def show(seen: Seen, ident: str) -> Response:
    return await _show(seen, ident)


@router.get("/{ident}/edit")
async def edit(seen: Seen, ident: str) -> Response:
    return await _form(seen, ident, _as_typed(await _writable(seen, ident)))


@router.post("/{ident}/edit")
async def correct(seen: Seen, ident: str, said: Annotated[Written, Form()]) -> Response:
    await _writable(seen, ident)

    async def work() -> Response:
        form = said.form(await _model(seen, said.model))
        made = await seen.services.templates.correct(await seen.fresh(said.code), ident, form)
        return go(f"/directory/templates/{made.id}", "template_corrected")

    return await seen.attempt(work(), partial(_form, seen, ident, _typed(said)))


@router.post("/{ident}/retire")
async def retire(seen: Seen, ident: str, code: Text = "") -> Response:
    async def work() -> Response:
        await seen.services.templates.retire(await seen.fresh(code), ident)
        return go("/directory/templates", "template_retired")

    return await seen.attempt(work(), partial(_show, seen, ident))


# -- parts -------------------------------------------------------------------------------------------------------------
async def _writable(seen: Console, ident: str) -> TemplateView:
    """One that this person may correct; of another there is no form."""
    view = await seen.services.templates.get(seen.actor, ident)
    if not view.may_write:
        raise NotFound(ident)
    return view


async def _model(seen: Console, label: str) -> Model:
    """The model that was chosen; one nobody has is none."""
    known = await seen.services.templates.models(seen.actor)
    found = next((one for one in known if one.label == label.strip()), None)
    if found is None:
        raise Invalid(label, field="model", sentence="Choose a model from the list.")
    return found


async def _models(seen: Console, typed: str) -> Choice:
    known = await seen.services.templates.models(seen.actor)
    if len(known) <= READABLE:
        return Choice([(one.label, one.label) for one in known])
    text = typed.strip().casefold()
    return Choice([(one.label, one.label) for one in known if text in one.label.casefold()][:OFFERED], whole=False)


async def _places(seen: Console) -> list[tuple[str, str]]:
    """Where this person may write one: hospitals in all wards of which he decides, and the group if he does in all."""
    known = await seen.services.directory.facilities(seen.actor)
    own = [(one.code, one.name) for one in known if may_write(seen.actor, one.id)]
    return [("", seen.t("the whole group")), *own] if may_write(seen.actor, EVERYWHERE) else own


async def _show(seen: Console, ident: str, error: BastionError | None = None) -> Response:
    view = await seen.services.templates.get(seen.actor, ident)
    return seen.page(
        "directory/template.html", view.template.name, error=error, view=view, words=template_words,
        terms=condition_words, plans=plan_words,
    )  # fmt: skip


async def _form(seen: Console, ident: str, typed: Typed, error: BastionError | None = None) -> Response:
    t, places = seen.t, await _places(seen)
    if not places:
        raise Forbidden(f"{seen.actor.login} decides for some wards only")
    return seen.page(
        "directory/template_form.html", N_("Correct a usual request") if ident else N_("New usual request"),
        error=error, ident=ident, typed=typed, models=await _models(seen, typed.model), places_of=places,
        kinds=[(kind.value, t(labels.KINDS[kind]), "") for kind in InterventionKind],
        durations=durations(seen, typed.minutes), terms=condition_words, usual=True,
        **plan_words.choices(t, typed, usual=True),
    )  # fmt: skip


def _typed(said: Written) -> Typed:
    return Typed(said.model_dump(exclude={"code"}))


def _as_typed(view: TemplateView) -> Typed:
    one: RequestTemplate = view.template
    more = {"facility": view.facility.code if view.facility else "", "name": one.name}
    return Typed(
        template_words.filled(more, one), model=template_words.label(one), conditions=tuple(sorted(one.conditions))
    )

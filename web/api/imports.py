"""`/imports`: a register from a CSV file, first as a dry run."""

from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Query, Request

from bastion.domain.importing import Change, Plan, Register
from bastion.errors import BastionError
from bastion.i18n import sentence
from web.api.bearer import Me, Use
from web.api.shapes import Shape

FILE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The file as it is, up to 16 MiB and 50,000 lines; its first line names the columns.",
        "content": {"text/csv": {"schema": {"type": "string", "format": "binary"}}},
    }
}
Mark = Annotated[str, Query(max_length=64, description="What the dry run answered; empty applies whatever it is.")]
SkipBad = Annotated[bool, Query(description="Apply the others although lines cannot be used.")]
FileName = Annotated[str, Query(max_length=200, description="What the file is called, for the trail.")]


class FieldShape(Shape):
    name: str
    old: str
    new: str


class ChangeShape(Shape):
    line: int
    key: str
    new: bool
    fields: list[FieldShape]

    @classmethod
    def of(cls, change: Change) -> Self:
        return cls(
            line=change.line, key=change.key, new=change.new,
            fields=[FieldShape.model_validate(one) for one in change.fields],
        )  # fmt: skip


class BadLineShape(Shape):
    line: int
    column: str
    problem: str

    @classmethod
    def told(cls, line: int, problem: BastionError, language: str) -> Self:
        return cls(line=line, column=problem.field, problem=sentence(problem, language))


class PlanShape(Shape):
    """`mark` stands for all of this: give it back to apply just this and nothing else."""

    mark: str
    created: int
    changed: int
    unchanged: int
    ignored: list[str]
    changes: list[ChangeShape]
    bad: list[BadLineShape]

    @classmethod
    def of(cls, plan: Plan, language: str) -> Self:
        return cls(
            mark=plan.mark, created=plan.created, changed=plan.changed,
            unchanged=plan.unchanged, ignored=list(plan.ignored),
            changes=[ChangeShape.of(change) for change in plan.changes],
            bad=[BadLineShape.told(line, problem, language) for line, problem in plan.faults],
        )  # fmt: skip


def add_to(router: APIRouter) -> None:
    router.add_api_route("/imports/{register}", check, methods=["POST"], openapi_extra=FILE)
    router.add_api_route("/imports/{register}/apply", apply, methods=["POST"], openapi_extra=FILE)


async def check(register: Register, request: Request, me: Me, use: Use) -> PlanShape:
    """The dry run: each change and each bad line. Nothing is written."""
    return PlanShape.of(await use.imports.check(me, register, await request.body()), me.language)


async def apply(
    register: Register, request: Request, me: Me, use: Use, mark: Mark = "", skip_bad: SkipBad = False,
    name: FileName = "",
) -> PlanShape:  # fmt: skip
    """Write all of it or nothing; needs a fresh code. 409 when it is no longer what the dry run showed."""
    plan = await use.imports.apply(me, register, await request.body(), mark=mark, skip_bad=skip_bad, file_name=name)
    return PlanShape.of(plan, me.language)

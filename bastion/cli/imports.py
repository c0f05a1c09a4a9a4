"""`bastion import`: a register from a CSV file of the GMAO. A dry run unless `--apply` is said."""

from pathlib import Path
from typing import Annotated

import typer

from bastion.cli.exits import Exit
from bastion.cli.terminal import AsJson, complain, group, language, perform, say, show, t
from bastion.domain.importing import Plan, Register
from bastion.i18n import sentence

imports = group("Fill a register from a CSV file: what it would change, then --apply.")

File = Annotated[Path, typer.Argument(help="The CSV file; its first line names the columns.", exists=True)]
Apply = Annotated[bool, typer.Option("--apply", help="Write the changes instead of only showing them.")]
Mark = Annotated[str, typer.Option(help="Apply only if the dry run still shows this mark.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Apply although some lines cannot be used.")]


@imports.command("devices")
def import_devices(
    file: File, *, apply: Apply = False, mark: Mark = "", skip_bad: SkipBad = False, as_json: AsJson = False
) -> None:
    """Devices, known by their code."""
    _import(Register.DEVICES, file, apply=apply, mark=mark, skip_bad=skip_bad, as_json=as_json)


@imports.command("suppliers")
def import_suppliers(
    file: File, *, apply: Apply = False, mark: Mark = "", skip_bad: SkipBad = False, as_json: AsJson = False
) -> None:
    """Suppliers, known by their code."""
    _import(Register.SUPPLIERS, file, apply=apply, mark=mark, skip_bad=skip_bad, as_json=as_json)


@imports.command("technicians")
def import_technicians(
    file: File, *, apply: Apply = False, mark: Mark = "", skip_bad: SkipBad = False, as_json: AsJson = False
) -> None:
    """Technicians, known by their login."""
    _import(Register.TECHNICIANS, file, apply=apply, mark=mark, skip_bad=skip_bad, as_json=as_json)


@imports.command("staff")
def import_staff(
    file: File, *, apply: Apply = False, mark: Mark = "", skip_bad: SkipBad = False, as_json: AsJson = False
) -> None:
    """The hospital's people with their roles, known by their login."""
    _import(Register.STAFF, file, apply=apply, mark=mark, skip_bad=skip_bad, as_json=as_json)


@imports.command("professionals")
def import_professionals(
    file: File, *, apply: Apply = False, mark: Mark = "", skip_bad: SkipBad = False, as_json: AsJson = False
) -> None:
    """Who may answer for patient data, known by name, function and hospital; an entry is never changed."""
    _import(Register.PROFESSIONALS, file, apply=apply, mark=mark, skip_bad=skip_bad, as_json=as_json)


def _import(register: Register, file: Path, *, apply: bool, mark: str, skip_bad: bool, as_json: bool) -> None:
    data = file.read_bytes()
    plan = perform(lambda services, me: services.imports.check(me, register, data))
    _show(plan, as_json=as_json)
    if apply:
        wanted = mark or plan.mark
        plan = perform(
            lambda services, me: services.imports.apply(
                me, register, data, mark=wanted, skip_bad=skip_bad, file_name=file.name
            )
        )
        complain(t("Applied: {created} new, {changed} changed.", created=plan.created, changed=plan.changed))
    elif plan.changes:
        complain(t("Nothing is written yet. To apply just this: --apply --mark {mark}", mark=plan.mark))
    if plan.bad and not (apply and skip_bad):
        raise typer.Exit(Exit.REFUSED_VALUE)


def _show(plan: Plan, *, as_json: bool) -> None:
    changes = [
        {"line": c.line, "entry": c.key, "new": c.new, "field": f.name, "old": f.old, "to": f.new}
        for c in plan.changes
        for f in c.fields
    ]
    bad = [{"line": n, "column": one.field, "problem": sentence(one, language())} for n, one in plan.faults]
    if as_json:
        show([{"mark": plan.mark, "unchanged": plan.unchanged, "changes": changes, "bad": bad}], as_json=True)
        return
    if changes:
        show(changes, as_json=False)
    for one in bad:
        complain(t("line {line}, {column}: {problem}", **one))
    say(
        "{created} new, {changed} changed, {unchanged} as they are, {bad} line(s) that cannot be used.",
        created=plan.created, changed=plan.changed, unchanged=plan.unchanged, bad=len(plan.bad),
    )  # fmt: skip
    if plan.ignored:
        say("Columns not used: {columns}", columns=", ".join(plan.ignored))

"""The words for what a request may say otherwise than the usual one it was made from. English msgids."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Final

from bastion.domain.request_template import RequestTemplate
from bastion.domain.timebox import whole_minutes
from bastion.i18n import N_
from web import plan_fields

FIELDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "kind": N_("the kind of work"),
        "reason": N_("what is to be done"),
        "wanted": N_("how long"),
        "keeps": N_("what stays usable"),
        "procedure": N_("the procedure"),
        "patient_data": N_("patient data"),
        "patient_why": N_("why patient data are needed"),
        "professional": N_("who answers for patient data"),
        "software_change": N_("the change of software"),
        "backup_place": N_("where the backup lies"),
        "rollback": N_("the way back"),
    }
)


def label(one: RequestTemplate) -> str:
    """The model it is for, as people say it."""
    return " · ".join(part for part in (one.maker, one.model) if part)


def filled(said: Mapping[str, str], template: RequestTemplate) -> dict[str, str]:
    """What stands in a form once the template has filled it in: what is only this request's own stays as it was."""
    usual = {"kind": template.kind.value, "reason": template.reason, "minutes": minutes(template)}
    return {**said, **usual, **plan_fields.filled(said, template.plan), "template": template.id}


def minutes(template: RequestTemplate) -> str:
    return str(whole_minutes(template.wanted))


def chosen(templates: Iterable[RequestTemplate], ident: str) -> RequestTemplate | None:
    return next((one for one in templates if one.id == ident), None)

"""Which earlier emergencies of a supplier stand in the way of another, for whoever asks the policy (R-26)."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from bastion.i18n import LANGUAGES, translator
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Decision, Reason

RULE: Final = "emergency-unreviewed"
"""The rule of the library that refuses until they are reviewed; a hospital's own set may keep it or not."""
_WHICH: Final = "To be reviewed: {refs}."


async def unreviewed(uow: UnitOfWork, supplier_id: str, now: datetime) -> tuple[str, ...]:
    """The short names of this supplier's emergencies whose review is overdue, the longest overdue first."""
    return tuple(one.ref for one in await uow.emergencies.overdue(supplier_id, now))


def naming_unreviewed(decision: Decision, refs: tuple[str, ...]) -> Decision:
    """Let the reason for a refusal say which, in both languages."""
    if not refs:
        return decision
    return replace(decision, reasons=tuple(_naming(reason, refs) for reason in decision.reasons))


def _naming(reason: Reason, refs: tuple[str, ...]) -> Reason:
    if reason.policy_id != RULE:
        return reason
    which = {language: translator(language)(_WHICH).format(refs=", ".join(refs)) for language in LANGUAGES}
    return replace(
        reason, sentence_en=f"{reason.sentence_en} {which['en']}", sentence_fr=f"{reason.sentence_fr} {which['fr']}"
    )

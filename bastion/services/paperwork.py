"""Whether a supplier's papers are in order, for whoever is about to ask the policy (R-67)."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from bastion.domain.paper import NAMES, PaperKind, missing
from bastion.i18n import LANGUAGES, translator
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Decision, Reason

RULE: Final = "papers-missing"
"""The rule of the library that refuses for want of a paper; a hospital's own set may keep it or not."""
_LACKS: Final = "Missing or expired: {papers}."


async def missing_of(uow: UnitOfWork, supplier_id: str, now: datetime) -> tuple[PaperKind, ...]:
    """The kinds of paper whose lack blocks this supplier now."""
    rules = [rule for rule in await uow.paper_rules.all() if rule.blocks(now)]
    return missing(await uow.papers.of(supplier_id), rules, now) if rules else ()


def named(kinds: tuple[PaperKind, ...], language: str) -> str:
    say = translator(language)
    return ", ".join(say(NAMES[kind]) for kind in kinds)


def naming(decision: Decision, kinds: tuple[PaperKind, ...]) -> Decision:
    """Let the reason for a refusal say which papers, in both languages."""
    if not kinds:
        return decision
    return replace(decision, reasons=tuple(_naming(reason, kinds) for reason in decision.reasons))


def _naming(reason: Reason, kinds: tuple[PaperKind, ...]) -> Reason:
    if reason.policy_id != RULE:
        return reason
    lacks = {language: translator(language)(_LACKS).format(papers=named(kinds, language)) for language in LANGUAGES}
    return replace(
        reason, sentence_en=f"{reason.sentence_en} {lacks['en']}", sentence_fr=f"{reason.sentence_fr} {lacks['fr']}"
    )

"""What a supplier and its person lack, for whoever asks the policy: papers (R-67), a declared country (R-45), reports
(R-59).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bastion.domain.paper import NAMES, PaperKind, missing
from bastion.domain.parties import Supplier, Technician
from bastion.i18n import LANGUAGES, translator
from bastion.store.unit_of_work import UnitOfWork
from policies.model import Decision, Reason

RULE: Final = "papers-missing"
"""The rule of the library that refuses for want of a paper; a hospital's own set may keep it or not."""
ABROAD: Final = "country-undeclared"
"""The rule that refuses work from a country the supplier did not declare."""
REPORTS: Final = "report-overdue"
"""The rule that refuses new work while a report is owed for too long."""
_LACKS: Final = "Missing or expired: {papers}."
_OWED: Final = "Owed: {refs}."
_FROM: Final = "Declared: {countries}; this person: {country}."


@dataclass(frozen=True, slots=True)
class Lacks:
    """`papers` block the supplier now; `country` is where the person works from, `countries` what was declared."""

    papers: tuple[PaperKind, ...] = ()
    country: str = ""
    countries: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    """References of requests whose report is overdue; looked for where something new is asked for."""

    @property
    def country_declared(self) -> bool:
        return bool(self.country) and self.country in self.countries


async def lacks_of(
    uow: UnitOfWork, technician: Technician, supplier: Supplier, now: datetime, *, rules: bool = True
) -> Lacks:
    """`rules`: whether there are any rules for papers, if the caller knows."""
    papers = await missing_of(uow, supplier.id, now) if rules else ()
    return Lacks(papers, technician.country, supplier.countries)


async def lacks_of_company(uow: UnitOfWork, supplier: Supplier, now: datetime) -> Lacks:
    """The same where nobody is named yet: from where somebody works is judged when he asks."""
    return (await lacks_of_companies(uow, [supplier], now))[supplier.id]


async def lacks_of_companies(uow: UnitOfWork, suppliers: Sequence[Supplier], now: datetime) -> dict[str, Lacks]:
    """The same for each of several suppliers, by id."""
    lack = await missing_of_several(uow, [one.id for one in suppliers], now)
    return {one.id: Lacks(lack[one.id], next(iter(one.countries), ""), one.countries) for one in suppliers}


async def missing_of(uow: UnitOfWork, supplier_id: str, now: datetime) -> tuple[PaperKind, ...]:
    """The kinds of paper whose lack blocks this supplier now."""
    return (await missing_of_several(uow, [supplier_id], now))[supplier_id]


async def missing_of_several(
    uow: UnitOfWork, supplier_ids: Collection[str], now: datetime
) -> dict[str, tuple[PaperKind, ...]]:
    """The same for each of several suppliers."""
    rules = [rule for rule in await uow.paper_rules.all() if rule.blocks(now)]
    if not rules:
        return dict.fromkeys(supplier_ids, ())
    return {ident: missing(held, rules, now) for ident, held in (await uow.papers.of_several(supplier_ids)).items()}


def named(kinds: tuple[PaperKind, ...], language: str) -> str:
    say = translator(language)
    return ", ".join(say(NAMES[kind]) for kind in kinds)


def naming(decision: Decision, lacks: Lacks) -> Decision:
    """Let the reason for a refusal say which papers, or which country, in both languages."""
    return replace(decision, reasons=tuple(_naming(reason, lacks) for reason in decision.reasons))


def _naming(reason: Reason, lacks: Lacks) -> Reason:
    if reason.policy_id == RULE and lacks.papers:
        said = {one: translator(one)(_LACKS).format(papers=named(lacks.papers, one)) for one in LANGUAGES}
    elif reason.policy_id == REPORTS and lacks.reports:
        said = {one: translator(one)(_OWED).format(refs=", ".join(lacks.reports)) for one in LANGUAGES}
    elif reason.policy_id == ABROAD:
        facts = {"countries": ", ".join(lacks.countries) or "–", "country": lacks.country or "–"}
        said = {one: translator(one)(_FROM).format(**facts) for one in LANGUAGES}
    else:
        return reason
    return replace(
        reason, sentence_en=f"{reason.sentence_en} {said['en']}", sentence_fr=f"{reason.sentence_fr} {said['fr']}"
    )

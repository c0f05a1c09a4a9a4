"""Asks the rules. Whatever goes wrong, the answer is no."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final

from cedarpy import AuthzResult, Entities, is_authorized
from cedarpy import Decision as Verdict

from policies.entities import question
from policies.model import (
    APPROVALS_MISSING,
    BUILT_IN,
    NEVER_STANDING,
    NO_RULE,
    POLICY_ERROR,
    SESSION_ACTIONS,
    Action,
    Decision,
    Query,
    Reason,
)
from policies.obligations import DENIED, HIGHEST_CRITICALITY, raise_to_floor, strictest
from policies.rules import LoadedPolicies, Rule

REMEMBERED: Final = 1024
"""Who, at which device, of which supplier: what was asked last. Reading such facts costs Cedar as much as deciding."""
ANSWERED: Final = 8192
"""Whole questions whose answers are kept. After a decision every open page asks the same of each request that waits."""
ANY_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)


class PolicyEngine:
    """One set of rules in force; a new set is a new engine.

    No decision leaves a trace in the next. Only the very same question is answered from memory: every fact is part of
    it, but for the time where no rule of the set looks at that.
    """

    def __init__(self, policy_set: LoadedPolicies) -> None:
        self._policies = policy_set
        self._entities = lru_cache(REMEMBERED)(lambda facts: Entities.from_json_str(facts, policy_set.schema))
        self._answers = lru_cache(ANSWERED)(self._decide)
        self._order = {name: position for position, name in enumerate(policy_set.rules)}
        self._reasons = {reason.policy_id: reason for reason in BUILT_IN} | {
            name: rule.reason for name, rule in policy_set.rules.items()
        }

    @property
    def policy_hash(self) -> str:
        return self._policies.hash

    @property
    def in_turn(self) -> bool:
        """Whether a rule may look at how many have agreed so far, so that people agree one after the other."""
        return self._policies.count_agreements

    def reason(self, policy_id: str) -> Reason | None:
        """Return the sentence of a rule, or of a built-in answer; `None` for a rule of some other set."""
        return self._reasons.get(policy_id)

    def outdone(self, policy_ids: Iterable[str]) -> frozenset[str]:
        """Which of these permits ask for nothing that another of them does not ask for more strictly: together with
        its sentence, theirs would contradict it.
        """
        rules = {name: self._policies.rules[name] for name in policy_ids if name in self._policies.rules}
        asked = {name: rule.obligations for name, rule in rules.items() if rule.obligations is not None}
        return frozenset(
            name
            for name, mine in asked.items()
            if any(mine != other and strictest((mine, other)) == other for other in asked.values())
        )

    def decide(self, query: Query) -> Decision:
        """Answer. Never raises: facts that cannot be meant, unknown actions and rules that fail are a no.

        Cedar skips a rule that fails, a forbid too; so any error it reports is a no, whatever it decided.
        """
        try:
            return self._answers(self._timeless(query))
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - a panic inside Cedar is no Exception; it too means no
            return self._denied([POLICY_ERROR], errors=(f"{type(error).__name__}: {error}",))

    def _timeless(self, query: Query) -> Query:
        """The question without its time, if no rule looks at it; a time that cannot be meant stays, and is refused."""
        if self._policies.read_the_clock or query.context.now.tzinfo is None:
            return query
        return replace(query, context=replace(query.context, now=ANY_TIME))

    def _decide(self, query: Query) -> Decision:
        asked = question(query)
        entities = self._entities(asked.entities)
        result = is_authorized(asked.request, self._policies.policy_set, entities, self._policies.schema)
        errors = tuple(result.diagnostics.errors)
        if errors or result.decision is Verdict.NoDecision:
            return self._denied([POLICY_ERROR], errors or ("no decision",))
        rules = self._deciding(result)
        if result.decision is not Verdict.Allow:
            return self._denied([rule.reason for rule in rules] or [NO_RULE])
        return self._allowed(query, rules)

    def _deciding(self, result: AuthzResult) -> list[Rule]:
        names = sorted(result.diagnostics.reasons, key=self._order.__getitem__)
        return [self._policies.rules[name] for name in names]

    def _allowed(self, query: Query, rules: list[Rule]) -> Decision:
        """Say yes, unless fewer people have agreed than the rules, or the floor of R-22, ask for; nor does that floor
        let anything be agreed to beforehand.
        """
        highest = query.device is not None and query.device.criticality >= HIGHEST_CRITICALITY
        if query.action is Action.STANDING and (highest or query.device is None):
            return self._denied([NEVER_STANDING])
        permits = [rule.obligations for rule in rules if rule.obligations is not None]
        obligations = raise_to_floor(strictest(permits), query.device)
        if query.action in SESSION_ACTIONS and query.context.approvals < obligations.approvals:
            return self._denied([APPROVALS_MISSING])
        return Decision(True, tuple(rule.reason for rule in rules), obligations, self.policy_hash)

    def _denied(self, reasons: Iterable[Reason], errors: tuple[str, ...] = ()) -> Decision:
        return Decision(False, tuple(reasons), DENIED, self.policy_hash, errors)

"""Transition tables: one per machine, the single truth for code, database constraints and diagrams."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from bastion.errors import IllegalTransition

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E")

Table = Mapping[S, Mapping[E, frozenset[S]]]


def step(table: Mapping[S, Mapping[E, frozenset[S]]], state: S, event: E) -> frozenset[S]:
    """Return the states `event` may lead to from `state`; raise `IllegalTransition` when there are none."""
    targets = table[state].get(event)
    if targets is None:
        raise IllegalTransition(f"{event} in state {state.value}", state=state.value)
    return targets


def mermaid(table: Mapping[S, Mapping[E, frozenset[S]]], name: str) -> str:
    """Draw the table as a Mermaid state diagram; `docs/` is generated from this."""
    lines = [f"%% {name}", "stateDiagram-v2"]
    for state, row in table.items():
        for event, targets in row.items():
            label = event.__name__ if isinstance(event, type) else str(event)
            lines += [f"    {state.value} --> {target.value}: {label}" for target in sorted(targets)]
    return "\n".join(lines) + "\n"

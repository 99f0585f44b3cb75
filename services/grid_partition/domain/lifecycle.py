"""The life of a plan: which action leads from which state to which, and who may take it.

The table is the rule; the doors and the worker only ask it.  `publish` has two outcomes, so its
target is decided by the day of the switch (see `after_publication`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, get_args

from kit.errors import TransitionRefused

State = Literal[
    "computing",
    "computed",
    "submitted",
    "approved",
    "publicised",
    "in_force",
    "superseded",
    "failed",
    "cancelled",
    "rejected",
    "withdrawn",
]
Action = Literal["cancel", "submit", "withdraw", "approve", "reject", "publish"]

STATES: tuple[State, ...] = get_args(State)
ACTIONS: tuple[Action, ...] = get_args(Action)

PROPOSE = "partition:propose"
REVIEW = "partition:review"
PUBLISH = "partition:publish"


@dataclass(frozen=True, slots=True)
class Step:
    """Where an action leads, and the scope that it takes."""

    to: State
    scope: str


TRANSITIONS: Mapping[tuple[State, Action], Step] = {
    ("computing", "cancel"): Step("cancelled", PROPOSE),
    ("computed", "submit"): Step("submitted", PROPOSE),
    ("computed", "withdraw"): Step("withdrawn", PROPOSE),
    ("submitted", "withdraw"): Step("withdrawn", PROPOSE),
    ("submitted", "approve"): Step("approved", REVIEW),
    ("submitted", "reject"): Step("rejected", REVIEW),
    ("approved", "publish"): Step("publicised", PUBLISH),
    ("approved", "withdraw"): Step("withdrawn", PROPOSE),
    # Objections in the publicity period stop a plan; only who published it may do so.
    ("publicised", "withdraw"): Step("withdrawn", PUBLISH),
}


def advance(state: State, action: Action) -> Step:
    """Return the step that the action takes from the state; raises TransitionRefused."""
    step = TRANSITIONS.get((state, action))
    if step is None:
        possible = [known for at, known in TRANSITIONS if at == state]
        raise TransitionRefused(state=state, action=action, allowed=possible)
    return step


def allowed_actions(state: State, scopes: Collection[str]) -> list[Action]:
    """Return the actions that a caller with these scopes can take now, in the table's order."""
    return [
        action for (at, action), step in TRANSITIONS.items() if at == state and step.scope in scopes
    ]


def switch_day(effective_date: date | None, *, publicity_days: int, published_on: date) -> date:
    """Return the local day from which a published plan is in force.

    The date that the plan names wins; without one the publicity period counts from publication.
    """
    return effective_date or published_on + timedelta(days=publicity_days)


def after_publication(switches_on: date, today: date) -> State:
    """Return the state of a plan that is published today and switches on the given day."""
    return "in_force" if switches_on <= today else "publicised"

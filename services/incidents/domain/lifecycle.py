"""The life of an incident: states, actions and what each needs, read from a data file."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kit.errors import Text
from services.incidents.domain.guards import GUARDS, Parameters

#: What an action may ask of its caller; each is a field of the request.
NEEDS = frozenset(
    {
        "reason",
        "evidence",
        "party",
        "master_id",
        "approval",
        "until",
        "dispute_id",
        "handoff_id",
        "outcome",
    }
)

#: Counters that an incident keeps; each is a column.
COUNTERS = (
    "returned_count",
    "rework_count",
    "reopened_count",
    "extended_count",
    "suspended_count",
    "urged_count",
    "escalated_level",
)

#: States whose entry or exit has an effect beyond the table (see `domain.moves`).
NAMED_STATES = frozenset({"accepted", "suspended", "resolved", "closed", "merged"})


@dataclass(frozen=True, slots=True)
class State:
    """One state; `is_open` is what Open311 shows as open."""

    code: str
    name: Text
    is_terminal: bool
    is_open: bool


@dataclass(frozen=True, slots=True)
class Transition:
    """One action: where it may start, where it leads (None: stays), and its conditions."""

    action: str
    name: Text
    starts: frozenset[str]
    target: str | None
    scope: str
    needs: tuple[str, ...]
    counters: tuple[str, ...]
    guards: tuple[str, ...]
    sets: tuple[tuple[str, bool], ...]

    def optional(self) -> frozenset[str]:
        """Return the fields that the action takes beyond those that it needs."""
        party = {"party"} if "party_known" in self.guards else set()
        return frozenset({"reason", "note", "evidence"} | party)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The whole table, checked when it was read."""

    version: str
    initial: str
    states: Mapping[str, State]
    transitions: Mapping[str, Transition]
    parameters: Parameters
    guard_texts: Mapping[str, Text]

    def actions_from(self, state: str) -> tuple[Transition, ...]:
        """Return the actions that the state knows, in the order of the table."""
        return tuple(step for step in self.transitions.values() if state in step.starts)

    def is_open(self, state: str) -> bool:
        """Tell whether an incident in this state still waits for its end."""
        return self.states[state].is_open


def _text(content: Mapping[str, Any]) -> Text:
    return Text(content["en"], content["zh"])


def read_lifecycle(content: Mapping[str, Any]) -> Lifecycle:
    """Return the table of a parsed `transitions.json`.

    Raises ValueError naming every state, guard, counter or need that the table uses and that is
    not defined, or that this service does not know; KeyError when a member is missing.
    """
    states = {entry["code"]: _state(entry) for entry in content["states"]}
    transitions = {entry["action"]: _transition(entry) for entry in content["actions"]}
    if len(transitions) != len(content["actions"]) or len(states) != len(content["states"]):
        message = "a state or an action stands twice in the table"
        raise ValueError(message)
    lifecycle = Lifecycle(
        version=content["version"],
        initial=content["initial"],
        states=states,
        transitions=transitions,
        parameters=_parameters(content["parameters"]),
        guard_texts={name: _text(text) for name, text in content["guards"].items()},
    )
    wrong = _defects(lifecycle, frozenset(content["flags"]))
    if wrong:
        raise ValueError("; ".join(wrong))
    return lifecycle


def _state(entry: Mapping[str, Any]) -> State:
    return State(entry["code"], _text(entry), entry["terminal"], entry["open311"] == "open")


def _transition(entry: Mapping[str, Any]) -> Transition:
    return Transition(
        action=entry["action"],
        name=_text(entry),
        starts=frozenset(entry["from"]),
        target=entry["to"],
        scope=entry["scope"],
        needs=tuple(entry["needs"]),
        counters=tuple(entry["counters"]),
        guards=tuple(entry["guards"]),
        sets=tuple(entry.get("sets", {}).items()),
    )


def _parameters(content: Mapping[str, Any]) -> Parameters:
    return Parameters(
        max_returns=content["max_returns"],
        max_extensions=content["max_extensions"],
        reopen_days=content["reopen_days"],
        suspension_days_max=content["suspension_days_max"],
        urge_interval_hours=content["urge_interval_hours"],
        sources_to_verify=frozenset(content["sources_to_verify"]),
    )


def _unknown(what: str, used: Sequence[str], known: Container[str]) -> list[str]:
    return [f"unknown {what}: {name}" for name in dict.fromkeys(used) if name not in known]


def _defects(lifecycle: Lifecycle, flags: frozenset[str]) -> list[str]:
    steps = tuple(lifecycle.transitions.values())
    starts = [state for step in steps for state in sorted(step.starts)]
    targets = [step.target for step in steps if step.target is not None]
    guards = [guard for step in steps for guard in step.guards]
    named = [lifecycle.initial, *starts, *targets, *sorted(NAMED_STATES)]
    return [
        *_unknown("state", named, lifecycle.states),
        *_unknown("guard", guards, GUARDS),
        *_unknown("guard text", guards, lifecycle.guard_texts),
        *_unknown("need", [need for step in steps for need in step.needs], NEEDS),
        *_unknown("counter", [name for step in steps for name in step.counters], COUNTERS),
        *_unknown("flag", [name for step in steps for name, _ in step.sets], flags),
        *_left_after_the_end(lifecycle),
    ]


def _left_after_the_end(lifecycle: Lifecycle) -> list[str]:
    ended = {state.code for state in lifecycle.states.values() if state.is_terminal}
    return [
        f"a terminal state is left by {step.action}"
        for step in lifecycle.transitions.values()
        if ended & step.starts
    ]

"""Moving an incident: may it move, and what changes when it does.  Pure: values in, values out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from kit.errors import FieldError, Text, TransitionRefused
from services.incidents.domain.guards import Actor, Case, Given, Question, first_refusal
from services.incidents.domain.lifecycle import NEEDS, Lifecycle, Transition
from services.incidents.domain.problems import ActionInvalid

_MISSING = Text("This field is required.", "缺少必填字段。")
_NOT_TAKEN = Text("This action does not take this field.", "该操作不使用此字段。")
_PAST = Text("The time must lie in the future.", "时间须晚于当前时间。")


def allowed_actions(
    lifecycle: Lifecycle, case: Case, actor: Actor, scopes: Collection[str], now: datetime
) -> list[str]:
    """Return the actions that this actor may take now, in the order of the table."""
    asked = Question(case, actor, now, lifecycle.parameters)
    return [
        step.action
        for step in lifecycle.actions_from(case.state)
        if step.scope in scopes and first_refusal(step.guards, asked) is None
    ]


def check_move(
    lifecycle: Lifecycle, step: Transition, asked: Question, scopes: Collection[str]
) -> None:
    """Let the action pass, or raise TransitionRefused (state, guard) or ActionInvalid (fields)."""
    case, given = asked.case, asked.given or Given()
    allowed = allowed_actions(lifecycle, case, asked.actor, scopes, asked.now)
    if case.state not in step.starts:
        raise TransitionRefused(state=case.state, action=step.action, allowed=allowed)
    check_fields(step, given, asked)
    guard = first_refusal(step.guards, asked)
    if guard is not None:
        raise TransitionRefused(
            state=case.state,
            action=step.action,
            allowed=allowed,
            guard=guard,
            why=lifecycle.guard_texts[guard],
        )


def check_fields(step: Transition, given: Given, asked: Question) -> None:
    """Raise ActionInvalid unless exactly the fields came that the action needs or may take."""
    needs = set(step.needs)
    if "party_known" in step.guards and asked.case.handling_party is None:
        needs.add("party")
    sent = {name for name in NEEDS if getattr(given, _SLOT.get(name, name)) not in (None, ())}
    errors = [
        FieldError("field.missing", _MISSING, pointer=f"/{name}") for name in sorted(needs - sent)
    ]
    errors += [
        FieldError("field.not_taken", _NOT_TAKEN, pointer=f"/{name}")
        for name in sorted(sent - needs - step.optional())
    ]
    if given.until is not None and given.until <= asked.now:
        errors.append(FieldError("field.past", _PAST, pointer="/until"))
    if errors:
        raise ActionInvalid(errors=errors, action=step.action)


#: The request's `master_id` has become the master itself by the time the rules look at it.
_SLOT = {"master_id": "master"}


def changes_of(lifecycle: Lifecycle, step: Transition, asked: Question) -> dict[str, Any]:
    """Return the columns that the action changes, with their new values."""
    case, given, now = asked.case, asked.given or Given(), asked.now
    target = step.target or case.state
    changed: dict[str, Any] = {"state": target, "is_open": lifecycle.is_open(target)}
    changed |= {name: asked.counted(name) + 1 for name in step.counters}
    if step.sets:
        lowered = {name for name, raised in step.sets if not raised}
        raised = {name for name, raised in step.sets if raised}
        changed["flags"] = sorted((case.flags - lowered) | raised)
    if "urged_count" in step.counters:
        changed["urged_at"] = now
    if given.party is not None:
        changed["handling_party"] = given.party
    changed |= _linked(given) | _granted(step, given)
    if target != case.state:
        changed |= _entered(target, asked.actor, now)
    if not changed["is_open"]:
        # A closed incident no longer folds repeats; its key may be claimed by a new one.
        changed["dedup_claim"] = None
    return changed


def _linked(given: Given) -> dict[str, Any]:
    linked = given.dispute_id or given.handoff_id
    return {} if linked is None else {"linked_id": linked}


def _granted(step: Transition, given: Given) -> dict[str, Any]:
    if given.until is None or "approval" not in step.needs:
        return {}
    column = "suspended_until" if step.target == "suspended" else "extended_until"
    return {column: given.until}


def _entered(target: str, actor: Actor, now: datetime) -> dict[str, Any]:
    changed: dict[str, Any] = {}
    if target != "suspended":
        changed["suspended_until"] = None
    if target == "accepted":
        # Returned: the party that gave it back no longer sees it; the history keeps who it was.
        changed["handling_party"] = None
    if target == "resolved":
        changed |= {"resolved_by": actor.client_id, "resolved_at": now}
    changed["closed_at"] = now if target == "closed" else None
    return changed

"""Actions on an incident: one row lock, one winner, one line of history, one event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from kit.auth import Principal
from kit.conditional import check_if_match
from kit.db import Tx
from kit.errors import Forbidden
from services.incidents.domain.guards import Actor, Case, Given, Master, Question
from services.incidents.domain.lifecycle import COUNTERS, Lifecycle, Transition
from services.incidents.domain.moves import allowed_actions, changes_of, check_move
from services.incidents.domain.problems import IncidentNotFound
from services.incidents.operations.reports import event_of
from services.incidents.storage import incidents as storage
from services.incidents.storage import recording
from services.incidents.storage.recording import Entry

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Move:
    """An action on an incident as it was asked for; `master_id` is the incident to merge into."""

    incident_id: UUID
    action: str
    given: Given
    master_id: UUID | None = None
    if_match: str | None = None


def case_of(row: Row) -> Case:
    """Return what the rules look at in an incident's row."""
    return Case(
        state=row["state"],
        source=row["source"],
        reported_by=row["reported_by"],
        handling_party=row["handling_party"],
        resolved_by=row["resolved_by"],
        closed_at=row["closed_at"],
        urged_at=row["urged_at"],
        extended_until=row["extended_until"],
        linked_id=row["linked_id"],
        flags=frozenset(row["flags"]),
        counters={name: row[name] for name in COUNTERS},
    )


def actor_of(caller: Principal) -> Actor:
    """Return the caller as the rules see it."""
    return Actor(caller.client_id, caller.organization_id)


def actions_for(lifecycle: Lifecycle, row: Row, caller: Principal, now: datetime) -> list[str]:
    """Return the actions that this caller may take on the incident now."""
    return allowed_actions(lifecycle, case_of(row), actor_of(caller), caller.scopes, now)


async def move_incident(
    tx: Tx, move: Move, *, lifecycle: Lifecycle, by: Principal, now: datetime
) -> Row:
    """Take an action; returns the incident's new row.

    Raises IncidentNotFound, PreconditionFailed, Forbidden (the action's scope is missing),
    TransitionRefused, ActionInvalid.
    """
    ids = [move.incident_id] + ([move.master_id] if move.master_id else [])
    locked = await storage.lock_incidents(tx, ids, by)
    row = locked.get(move.incident_id)
    if row is None:
        raise IncidentNotFound
    if move.if_match is not None:
        check_if_match(move.if_match, row["version"])
    step = lifecycle.transitions[move.action]
    _check_scope(step, by)
    master = locked.get(move.master_id) if move.master_id else None
    asked = Question(
        case_of(row), actor_of(by), now, lifecycle.parameters, _given(move, row, master)
    )
    check_move(lifecycle, step, asked, by.scopes)
    changes = changes_of(lifecycle, step, asked)
    if master is not None:
        changes["master_id"] = master["id"]
        await _note_on_master(tx, master, row, by=by, now=now)
    entry = _entry(move, step, row, by, now)
    told = event_of("transitioned", dict(row) | changes, action=step.action, previous=row["state"])
    return await recording.change_incident(tx, row, changes, entry, told)


def _check_scope(step: Transition, caller: Principal) -> None:
    if step.scope not in caller.scopes:
        challenge = f'Bearer error="insufficient_scope", scope="{step.scope}"'
        raise Forbidden(scope=step.scope, headers={"WWW-Authenticate": challenge})


def _given(move: Move, row: Row, master: Row | None) -> Given:
    if move.master_id is None:
        return move.given
    # An incident that is absent, or that the caller may not see, is as good as a closed one.
    is_open = master is not None and master["is_open"]
    found = Master(is_open=is_open, is_itself=move.master_id == row["id"])
    return replace(move.given, master=found)


def _entry(move: Move, step: Transition, row: Row, by: Principal, now: datetime) -> Entry:
    given = move.given
    details: dict[str, Any] = {
        "evidence": list(given.evidence),
        "party": given.party,
        "master_id": str(move.master_id) if move.master_id else None,
        "approval": given.approval,
        "until": given.until.isoformat() if given.until else None,
        "dispute_id": given.dispute_id,
        "handoff_id": given.handoff_id,
        "outcome": given.outcome,
    }
    return Entry(
        at=now,
        actor=by.client_id,
        organization_id=by.organization_id,
        action=step.action,
        from_state=row["state"],
        to_state=step.target or row["state"],
        reason=given.reason,
        note=given.note,
        details={name: value for name, value in details.items() if value},
    )


async def _note_on_master(
    tx: Tx, master: Row, merged: Row, *, by: Principal, now: datetime
) -> None:
    entry = Entry(
        at=now,
        actor=by.client_id,
        organization_id=by.organization_id,
        action="absorb",
        from_state=master["state"],
        to_state=master["state"],
        details={"incident_id": str(merged["id"])},
    )
    told = event_of("absorbed", master, incident_id=str(merged["id"]))
    await recording.change_incident(tx, master, {}, entry, told)

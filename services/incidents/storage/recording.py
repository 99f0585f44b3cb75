"""Writes of incidents: the row, its line of history and its event, in one statement each.

The statements are built once: building them costs more than sending them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, Table, bindparam, insert, literal, select, update
from sqlalchemy.dialects import postgresql

from kit.db import Tx
from kit.ids import new_id
from kit.outbox import Event
from services.incidents.storage.tables import CATEGORIES, HISTORY, INCIDENTS, OUTBOX

_I = INCIDENTS.c

COUNTED = (
    "returned_count",
    "rework_count",
    "reopened_count",
    "extended_count",
    "suspended_count",
    "urged_count",
    "escalated_level",
    "repeated_count",
)

#: What no action ever changes.
_FIXED = frozenset(
    {"id", "serial", "category_code", "source", "text", "attributes", "occurred_at", "reported_by"}
    | {"dedup_key", "address", "lon", "lat", "named_grid_code", "created_at"}
)
_INSERTED = tuple(column.name for column in _I if column.name != "serial")
_CHANGED = tuple(column.name for column in _I if column.name not in _FIXED)
_TOLD = ("id", "type", "subject", "area", "at", "data")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of an incident's history."""

    at: datetime
    actor: str
    action: str
    from_state: str | None
    to_state: str
    organization_id: str | None = None
    reason: str | None = None
    note: str | None = None
    details: Mapping[str, Any] | None = None


def _slots(table: Table, names: Sequence[str], prefix: str) -> dict[str, Any]:
    """Return a typed placeholder for each column; the prefix keeps tables apart."""
    return {name: bindparam(f"{prefix}_{name}", type_=table.c[name].type) for name in names}


_LINE = _slots(HISTORY, [column.name for column in HISTORY.c], "line")
_EVENT = _slots(OUTBOX, _TOLD, "event")


def _add_statement() -> Select[Any]:
    made = (
        postgresql.insert(INCIDENTS)
        .values(_slots(INCIDENTS, _INSERTED, "row"))
        .on_conflict_do_nothing(
            index_elements=[_I.reported_by, _I.dedup_claim],
            index_where=_I.dedup_claim.is_not(None),
        )
        .returning(_I.serial)
        .cte("made")
    )
    line = select(*(slot.label(name) for name, slot in _LINE.items())).select_from(made)
    event = select(*(slot.label(name) for name, slot in _EVENT.items())).select_from(made)
    noted = insert(HISTORY).from_select(list(_LINE), line).cte("noted")
    told = insert(OUTBOX).from_select(list(_EVENT), event).cte("told")
    return select(made.c.serial).add_cte(noted, told)


def _change_statement() -> Select[Any]:
    changed = (
        update(INCIDENTS)
        .where(_I.id == bindparam("changed_id", type_=_I.id.type))
        .values(_slots(INCIDENTS, _CHANGED, "row"))
        .cte("changed")
    )
    noted = insert(HISTORY).values(_LINE).cte("noted")
    told = insert(OUTBOX).values(_EVENT).cte("told")
    return select(literal(1)).add_cte(changed, noted, told)


def _intake_statement() -> Select[Any]:
    # SQL's `= NULL` is never true: without a key nothing is a repeat.
    repeated = select(_I.id).where(
        _I.reported_by == bindparam("client_id", type_=_I.reported_by.type),
        _I.dedup_claim == bindparam("dedup_key", type_=_I.dedup_claim.type),
    )
    code = bindparam("category_code", type_=CATEGORIES.c.code.type)
    asked = select(code.label("asked")).subquery()
    return select(CATEGORIES, repeated.scalar_subquery().label("repeated_id")).select_from(
        asked.outerjoin(CATEGORIES, CATEGORIES.c.code == asked.c.asked)
    )


_ADD = _add_statement()
_CHANGE = _change_statement()
_INTAKE = _intake_statement()


async def find_for_report(
    tx: Tx, category_code: str, client_id: str, dedup_key: str | None
) -> dict[str, Any]:
    """Return one row for an intake: the category's columns, and `repeated_id`.

    `code` is None when there is no such category; `repeated_id` is the open incident into which
    a repeat with this key folds, if there is one.
    """
    asked = {"category_code": category_code, "client_id": client_id, "dedup_key": dedup_key}
    return dict((await tx.execute(_INTAKE, asked)).mappings().one())


async def add_incident(
    tx: Tx, values: Mapping[str, Any], entry: Entry, event: Event
) -> dict[str, Any] | None:
    """Store a report, its first line of history and its event; columns left out are null.

    Returns the stored row; None, with nothing stored, when an open incident already holds the
    report's dedup key.
    """
    row = dict.fromkeys(_INSERTED) | dict(values)
    filled = _filled(row, _INSERTED, "row") | _line_and_event(row, entry, event)
    serial = await tx.scalar(_ADD, filled)
    return None if serial is None else row | {"serial": serial}


async def change_incident(
    tx: Tx, row: Mapping[str, Any], changes: Mapping[str, Any], entry: Entry, event: Event
) -> dict[str, Any]:
    """Write changes to a locked row with their history line and event; returns the new row."""
    new = dict(row) | dict(changes) | {"version": row["version"] + 1, "updated_at": entry.at}
    filled = _filled(new, _CHANGED, "row") | _line_and_event(new, entry, event)
    await tx.execute(_CHANGE, filled | {"changed_id": row["id"]})
    return new


def _filled(row: Mapping[str, Any], names: Sequence[str], prefix: str) -> dict[str, Any]:
    return {f"{prefix}_{name}": row[name] for name in names}


def _line_and_event(row: Mapping[str, Any], entry: Entry, event: Event) -> dict[str, Any]:
    return {
        "line_incident_id": row["id"],
        "line_version": row["version"],
        "line_at": entry.at,
        "line_actor": entry.actor,
        "line_organization_id": entry.organization_id,
        "line_action": entry.action,
        "line_from_state": entry.from_state,
        "line_to_state": entry.to_state,
        "line_reason": entry.reason,
        "line_note": entry.note,
        "line_details": dict(entry.details or {}),
        "line_counters": {name: row[name] for name in COUNTED if row[name]},
        "event_id": new_id(),
        "event_type": event.type,
        "event_subject": event.subject,
        "event_area": event.area,
        "event_at": entry.at,
        "event_data": dict(event.data),
    }

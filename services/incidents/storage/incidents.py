"""Queries about incidents.  Everything that a caller asks goes through `visible`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    false,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.dialects import postgresql

from kit.areas import EVERYWHERE, in_areas, under
from kit.auth import Principal
from kit.db import Tx
from kit.ids import new_id
from kit.outbox import Event
from services.incidents.storage.tables import CATEGORIES, HISTORY, INCIDENTS, OUTBOX

_I = INCIDENTS.c

#: Order a list of incidents, and the history of one.
KEY = _I.id
HISTORY_KEY = HISTORY.c.version


def visible(caller: Principal) -> ColumnElement[bool]:
    """Return the condition that a caller may see an incident: the only place of that rule.

    A client with areas sees what lies in them, and its own reports as long as nobody knows where
    they lie.  A client that speaks for an organisation sees what is assigned to that
    organisation, and its own reports.
    """
    if caller.organization_id is not None:
        return or_(_I.handling_party == caller.organization_id, _I.reported_by == caller.client_id)
    if EVERYWHERE in caller.areas:
        return true()
    own = and_(_I.is_placed.is_(False), _I.reported_by == caller.client_id)
    return or_(in_areas(_I.area, caller.areas), own)


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


def counters_of(row: Mapping[str, Any]) -> dict[str, int]:
    """Return the counters of an incident's row that are not zero."""
    return {name: row[name] for name in COUNTED if row[name]}


async def find_for_report(
    tx: Tx, category_code: str, client_id: str, dedup_key: str | None
) -> Mapping[str, Any]:
    """Return one row for an intake: the category's columns, and `repeated_id`.

    `code` is None when there is no such category; `repeated_id` is the open incident into which
    a repeat with this key folds, if there is one.
    """
    # Without a key nothing is a repeat: SQL's NULL must not become IS NULL here.
    claimed = false() if dedup_key is None else _I.dedup_claim == dedup_key
    repeated = select(_I.id).where(_I.reported_by == client_id, claimed)
    asked = select(literal(category_code).label("asked")).subquery()
    statement = select(CATEGORIES, repeated.scalar_subquery().label("repeated_id")).select_from(
        asked.outerjoin(CATEGORIES, CATEGORIES.c.code == asked.c.asked)
    )
    return dict((await tx.execute(statement)).mappings().one())


async def add_incident(
    tx: Tx, values: Mapping[str, Any], entry: Entry, event: Event
) -> Mapping[str, Any] | None:
    """Store a report, its first line of history and its event in one statement.

    Returns the stored row; None, with nothing stored, when an open incident already holds the
    report's dedup key.
    """
    made = (
        postgresql.insert(INCIDENTS)
        .values(dict(values))
        .on_conflict_do_nothing(
            index_elements=[_I.reported_by, _I.dedup_claim],
            index_where=_I.dedup_claim.is_not(None),
        )
        .returning(*_I)
        .cte("made")
    )
    line = history_values(values, entry)
    noted = insert(HISTORY).from_select(list(line), _selected(HISTORY, line, made)).cte("noted")
    told_of = outbox_values(event, entry.at)
    told = insert(OUTBOX).from_select(list(told_of), _selected(OUTBOX, told_of, made)).cte("told")
    found = await tx.execute(select(made).add_cte(noted, told))
    row = found.mappings().one_or_none()
    return dict(row) if row is not None else None


def _selected(table: Any, values: Mapping[str, Any], made: Any) -> Select[Any]:
    return select(
        *(literal(value, table.c[name].type).label(name) for name, value in values.items())
    ).select_from(made)


def history_values(row: Mapping[str, Any], entry: Entry) -> dict[str, Any]:
    """Return the columns of a history line of an incident that has just become `row`."""
    return {
        "incident_id": row["id"],
        "version": row["version"],
        "at": entry.at,
        "actor": entry.actor,
        "organization_id": entry.organization_id,
        "action": entry.action,
        "from_state": entry.from_state,
        "to_state": entry.to_state,
        "reason": entry.reason,
        "note": entry.note,
        "details": dict(entry.details or {}),
        "counters": counters_of(row),
    }


def outbox_values(event: Event, at: datetime) -> dict[str, Any]:
    """Return the columns of an event's row."""
    return {
        "id": new_id(),
        "type": event.type,
        "subject": event.subject,
        "area": event.area,
        "at": at,
        "data": dict(event.data),
    }


async def change_incident(
    tx: Tx, row: Mapping[str, Any], changes: Mapping[str, Any], entry: Entry, event: Event
) -> Mapping[str, Any]:
    """Write changes to a locked row with their history line and event; returns the new row."""
    new = dict(row) | dict(changes) | {"version": row["version"] + 1, "updated_at": entry.at}
    written = {name: new[name] for name in (*changes, "version", "updated_at")}
    changed = update(INCIDENTS).where(_I.id == row["id"]).values(written).cte("changed")
    noted = insert(HISTORY).values(history_values(new, entry)).cte("noted")
    told = insert(OUTBOX).values(outbox_values(event, entry.at)).cte("told")
    await tx.execute(select(literal(1)).add_cte(changed, noted, told))
    return new


async def get_incident(tx: Tx, incident_id: UUID, caller: Principal) -> Mapping[str, Any] | None:
    """Return an incident that the caller may see."""
    found = await tx.execute(select(INCIDENTS).where(_I.id == incident_id, visible(caller)))
    row = found.mappings().one_or_none()
    return dict(row) if row is not None else None


async def lock_incidents(
    tx: Tx, ids: Sequence[UUID], caller: Principal | None
) -> dict[UUID, Mapping[str, Any]]:
    """Lock and return the incidents that exist and that the caller may see (None: all).

    Locked in id order, so that two merges in opposite directions cannot wait for each other.
    """
    seen = true() if caller is None else visible(caller)
    statement = select(INCIDENTS).where(_I.id.in_(ids), seen).order_by(_I.id).with_for_update()
    return {row["id"]: dict(row) for row in (await tx.execute(statement)).mappings()}


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of incidents is narrowed to."""

    area: str | None = None
    grid_code: str | None = None
    state: str | None = None
    category: str | None = None
    source: str | None = None
    placement: str | None = None
    is_open: bool | None = None
    bbox: tuple[float, float, float, float] | None = None
    updated_since: datetime | None = None


def incident_list(caller: Principal, filters: Filters) -> Select[Any]:
    """Return the statement of a list of incidents; its key is the id, in order of report."""
    statement = select(INCIDENTS).where(visible(caller))
    for column, value in (
        (_I.grid_code, filters.grid_code),
        (_I.state, filters.state),
        (_I.source, filters.source),
        (_I.placement, filters.placement),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if filters.area is not None:
        statement = statement.where(under(_I.area, filters.area))
    if filters.category is not None:
        statement = statement.where(under(_I.category_code, filters.category))
    if filters.is_open is not None:
        statement = statement.where(_I.is_open.is_(filters.is_open))
    if filters.updated_since is not None:
        statement = statement.where(_I.updated_at >= filters.updated_since)
    if filters.bbox is not None:
        statement = statement.where(_in_box(filters.bbox))
    return statement


def _in_box(bbox: tuple[float, float, float, float]) -> ColumnElement[bool]:
    west, south, east, north = bbox
    # RFC 7946 5.2: a box whose west lies east of its east crosses the antimeridian.
    across = or_(_I.lon >= west, _I.lon <= east)
    return and_(across if west > east else _I.lon.between(west, east), _I.lat.between(south, north))


def history_list(incident_id: UUID) -> Select[Any]:
    """Return the statement of an incident's history; its key is the version."""
    return select(HISTORY).where(HISTORY.c.incident_id == incident_id)

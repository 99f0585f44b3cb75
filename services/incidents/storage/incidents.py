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
    or_,
    select,
    true,
)

from kit.areas import EVERYWHERE, in_areas, under
from kit.auth import Principal
from kit.db import Tx
from services.incidents.storage.tables import HISTORY, INCIDENTS

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

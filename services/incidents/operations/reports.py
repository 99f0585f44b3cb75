"""Intake: a report becomes an incident, wherever it lies and whoever is down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from kit.areas import covers
from kit.auth import Principal
from kit.db import Tx
from kit.errors import FieldError, Text, Unavailable
from kit.ids import new_id
from kit.outbox import Event
from kit.peers import PeerUnavailable
from services.incidents.clients.grid_partition import PointsRefused
from services.incidents.domain.categories import Category, check_attributes, level_of
from services.incidents.domain.places import (
    Placement,
    Point,
    Spot,
    Whereabouts,
    at_spot,
    in_grid,
    narrowest_area,
    unplaced,
)
from services.incidents.domain.problems import GridUnknown, OutsideArea, ReportInvalid
from services.incidents.storage import incidents as storage
from services.incidents.storage import recording
from services.incidents.storage.recording import COUNTED, Entry

#: Tries of a report whose dedup key is opened or closed by others meanwhile.
_ATTEMPTS = 3
#: How far the clock of a reporter's device may run ahead of ours.
_CLOCKS_APART = timedelta(minutes=10)
_FUTURE = Text("The time must not lie in the future.", "时间不得晚于当前时间。")
_NO_CATEGORY = Text("There is no such category.", "类别不存在。")
_NO_LEAF = Text(
    "A leaf with four digits is needed, not a class.", "须使用四位小类编码，不能用大类。"
)
_INACTIVE = Text("This category is no longer used.", "该类别已停用。")
_NO_GRID = Text("No grid with this code is in force.", "没有使用该编码的现行网格。")


@dataclass(frozen=True, slots=True)
class Report:
    """What was reported; the point is in CGCS2000 already."""

    category_code: str
    source: str
    text: str = ""
    point: Point | None = None
    grid_code: str | None = None
    address: str | None = None
    attributes: Mapping[str, Any] | None = None
    occurred_at: datetime | None = None
    dedup_key: str | None = None


class Finder(Protocol):
    """What finds places, soon or not at all."""

    async def locate(self, point: Point) -> Spot:
        """Return where a point lies."""
        ...

    async def is_in_force(self, grid_code: str) -> bool:
        """Tell whether a grid is in force."""
        ...


async def find_place(report: Report, caller: Principal, finder: Finder) -> Whereabouts:
    """Return the place of a report, as far as it can be known at once.

    Asks the partition service and never waits for it long: without an answer the place is
    `locating`.  Raises OutsideArea and GridUnknown.  Holds no connection to the database.
    """
    home = narrowest_area(caller.areas)
    if report.point is not None:
        try:
            place = at_spot(await finder.locate(report.point), home)
        except (PeerUnavailable, PointsRefused, TimeoutError):
            return unplaced(Placement.LOCATING, home)
    elif report.grid_code is not None:
        place = await _named_grid(report.grid_code, caller, finder)
    else:
        return unplaced(Placement.ADDRESS, home)
    if place.is_placed and not covers(caller.areas, place.area):
        raise OutsideArea
    return place


async def _named_grid(grid_code: str, caller: Principal, finder: Finder) -> Whereabouts:
    if not covers(caller.areas, grid_code):
        raise OutsideArea
    try:
        known = await finder.is_in_force(grid_code)
    except (PeerUnavailable, TimeoutError):
        # The caller covers the code, so the row can wait there for its confirmation.
        return replace(unplaced(Placement.LOCATING, grid_code), is_placed=True)
    if not known:
        raise GridUnknown(errors=[FieldError("grid.unknown", _NO_GRID, pointer="/grid_code")])
    return in_grid(grid_code)


async def report_incident(
    tx: Tx,
    report: Report,
    place: Whereabouts,
    *,
    by: Principal,
    initial: str,
    now: datetime,
) -> tuple[Mapping[str, Any], bool]:
    """Store a report; returns the incident's row and whether it is new.

    A report whose dedup key an open incident of the same client holds is folded into that one.
    Raises ReportInvalid, and OutsideArea when the incident that holds the key has moved out of
    the caller's areas.
    """
    for _ in range(_ATTEMPTS):
        found = await recording.find_for_report(
            tx, report.category_code, by.client_id, report.dedup_key
        )
        category = _checked(found, report, now)
        if found["repeated_id"] is not None:
            row = await _fold(tx, found["repeated_id"], by=by, now=now)
            if row is not None:
                return row, False
        else:
            row = await _add(tx, report, place, category, by=by, initial=initial, now=now)
            if row is not None:
                return row, True
        # Between the two statements another request opened or closed the incident of this key.
    raise Unavailable(retry_after_s=1)


def _checked(row: Mapping[str, Any], report: Report, now: datetime) -> Category:
    text = None
    if row["code"] is None:
        text = _NO_CATEGORY
    elif row["parent_code"] is None:
        text = _NO_LEAF
    elif not row["is_active"]:
        text = _INACTIVE
    if text is not None:
        raise ReportInvalid(errors=[FieldError("category.unfit", text, pointer="/category_code")])
    category = Category(row["code"], row["parent_code"], {}, row["level"], row["content"])
    wrong = check_attributes(row["content"]["fields"], report.attributes or {})
    if report.occurred_at is not None and report.occurred_at > now + _CLOCKS_APART:
        wrong.append(FieldError("field.future", _FUTURE, pointer="/occurred_at"))
    if wrong:
        raise ReportInvalid(errors=wrong)
    return category


async def _add(
    tx: Tx,
    report: Report,
    place: Whereabouts,
    category: Category,
    *,
    by: Principal,
    initial: str,
    now: datetime,
) -> Mapping[str, Any] | None:
    level = level_of(category, report.attributes or {})
    values = _columns(report, place) | {
        "level": level,
        "reported_by": by.client_id,
        "state": initial,
        "created_at": now,
        "updated_at": now,
        "locate_after": now if place.placement is Placement.LOCATING else None,
    }
    entry = Entry(
        at=now,
        actor=by.client_id,
        organization_id=by.organization_id,
        action="report",
        from_state=None,
        to_state=initial,
        details={"placement": place.placement.value, "grid_code": place.grid_code},
    )
    return await recording.add_incident(tx, values, entry, event_of("reported", values))


def _columns(report: Report, place: Whereabouts) -> dict[str, Any]:
    return {
        "id": new_id(),
        "category_code": report.category_code,
        "source": report.source,
        "text": report.text,
        "attributes": dict(report.attributes or {}),
        "occurred_at": report.occurred_at,
        "dedup_key": report.dedup_key,
        "dedup_claim": report.dedup_key,
        "address": report.address,
        "lon": report.point.lon if report.point else None,
        "lat": report.point.lat if report.point else None,
        "named_grid_code": report.grid_code,
        "grid_code_at_report": place.grid_code,
        "is_open": True,
        "flags": [],
        "version": 1,
        **place_columns(place),
        **dict.fromkeys(COUNTED, 0),
    }


def place_columns(place: Whereabouts) -> dict[str, Any]:
    """Return the columns of a place."""
    return {
        "area": place.area,
        "is_placed": place.is_placed,
        "placement": place.placement.value,
        "grid_code": place.grid_code,
        "community_code": place.community_code,
        "nearest_grid_code": place.nearest_grid_code,
        "nearest_m": place.nearest_m,
    }


def event_of(what: str, row: Mapping[str, Any], **more: object) -> Event:
    """Return an incident's event: ids and codes only."""
    data = {
        name: row[name]
        for name in ("category_code", "state", "grid_code", "community_code", "placement")
    }
    return Event(f"incidents.incident.{what}", str(row["id"]), row["area"], data | more)


async def _fold(
    tx: Tx, incident_id: UUID, *, by: Principal, now: datetime
) -> Mapping[str, Any] | None:
    locked = await storage.lock_incidents(tx, [incident_id], by)
    row = locked.get(incident_id)
    if row is None:
        raise OutsideArea
    if row["dedup_claim"] is None:
        return None
    entry = Entry(
        at=now,
        actor=by.client_id,
        organization_id=by.organization_id,
        action="repeat",
        from_state=row["state"],
        to_state=row["state"],
    )
    changes = {"repeated_count": row["repeated_count"] + 1}
    return await recording.change_incident(tx, row, changes, entry, event_of("repeated", row))

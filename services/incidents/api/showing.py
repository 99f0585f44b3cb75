"""How incidents and their history are shown, and what is hidden from whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kit.auth import Principal
from kit.clock import local_date
from kit.coordinates import from_cgcs2000
from kit.web.schemas import Crs
from services.incidents.domain.places import Placement

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Zone:
    """The time zone in which days are counted (IANA name)."""

    name: str


def shown_incident(row: Row, caller: Principal, zone: Zone, crs: Crs) -> dict[str, Any]:
    """Return the members of an incident as this caller may see them."""
    day = local_date(row["created_at"], zone.name)
    hidden = {} if _knows_reporter(row, caller) else {"reported_by": None, "dedup_key": None}
    return {
        **row,
        "number": f"{day:%Y%m%d}-{row['serial']:06d}",
        "point": _point(row, crs),
        "locating": row["placement"] == Placement.LOCATING.value,
        "reported_at": row["created_at"],
        **hidden,
    }


def _point(row: Row, crs: Crs) -> dict[str, Any] | None:
    if row["lon"] is None:
        return None
    lon, lat = from_cgcs2000(row["lon"], row["lat"], crs)
    return {"lon": lon, "lat": lat, "crs": crs}


def _knows_reporter(row: Row, caller: Principal) -> bool:
    # A party must not learn who reported it (domain: the rider is hidden from the shop).
    return caller.organization_id is None or row["reported_by"] == caller.client_id


def shown_line(line: Row, row: Row, caller: Principal) -> dict[str, Any]:
    """Return a line of the incident's history as this caller may see it."""
    by_reporter = line["actor"] == row["reported_by"]
    if by_reporter and not _knows_reporter(row, caller):
        return {**line, "actor": None, "organization_id": None}
    return dict(line)

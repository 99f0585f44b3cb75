"""Barriers at the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from kit.coordinates import geometry_from_cgcs2000
from kit.web.schemas import (
    Answer,
    AreaCode,
    Bbox,
    Crs,
    Date,
    DateTime,
    Id,
    ListQuery,
    Query,
    QueryBool,
    SourceName,
)
from services.grid_partition.api.schemas.fields import Version
from services.grid_partition.operations.barriers import BarrierKind


class BarrierOut(Answer):
    """A line that grids should not reach over."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    id: Id
    area: str
    source: str
    source_id: str
    kind: BarrierKind
    barrier_class: Annotated[str, Field(alias="class", description="Such as primary, river")]
    name: str | None
    width_m: float | None
    geometry: dict[str, Any]
    valid_to: Annotated[Date | None, Field(description="First day on which it holds no more")]
    version: Version
    created_at: DateTime
    updated_at: DateTime


COLUMNS = ["class" if name == "barrier_class" else name for name in BarrierOut.model_fields]


class BarrierQuery(ListQuery):
    """Filters of barriers."""

    area: AreaCode | None = None
    kind: BarrierKind | None = None
    source: SourceName | None = None
    bbox: Bbox | None = None
    updated_since: DateTime | None = None
    include_ended: Annotated[
        QueryBool, Field(description="Also rows that have ended: what a sync needs")
    ] = False
    crs: Crs = "CGCS2000"


class BarrierLookup(Query):
    """How one barrier is shown."""

    crs: Crs = "CGCS2000"


def show_barrier(row: Mapping[Any, Any], crs: Crs) -> dict[str, Any]:
    """Return a barrier as it is answered."""
    geometry = row["geometry"]
    if crs not in {"CGCS2000", "WGS84"}:
        geometry = geometry_from_cgcs2000(geometry, crs)
    return BarrierOut.model_validate(dict(row) | {"geometry": geometry}).model_dump(mode="json")

"""Barriers: what an import row must be, and ending one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from kit.areas import EVERYWHERE
from kit.bulk.noun import ImportContext, Noun, Row, RowIssue, RowRefused
from kit.bulk.upsert import Upsert
from kit.conditional import check_if_match
from kit.coordinates import geometry_to_cgcs2000
from kit.db import Tx
from kit.errors import Text
from kit.web.geojson import LineGeometry
from kit.web.schemas import PRINTABLE, AreaCode, Date, SourceName
from services.grid_partition.domain.problems import BarrierNotFound
from services.grid_partition.storage import barriers
from services.grid_partition.storage.tables import BARRIERS

BarrierKind = Literal["road", "rail", "water", "wall"]

AREA_MISSING = RowIssue(
    "barrier.area_missing",
    Text(
        "The row names no area, and your client has not exactly one to take instead.",
        "该行未给出区划代码，且您的客户端不是恰好只有一个授权区域。",
    ),
)
NO_LENGTH = RowIssue(
    "geometry.no_length", Text("All points of the line are the same.", "线的所有点重合。")
)


class BarrierRow(Row):
    """One line of an import; without `area`, the caller's only area is meant."""

    source: SourceName
    source_id: Annotated[str, Field(min_length=1, max_length=64), PRINTABLE]
    area: AreaCode | None = None
    kind: BarrierKind
    barrier_class: Annotated[str, Field(max_length=40), PRINTABLE] = ""
    name: Annotated[str, Field(min_length=1, max_length=100), PRINTABLE] | None = None
    width_m: Annotated[float, Field(ge=0, le=10_000)] | None = None
    valid_to: Date | None = None
    geometry: LineGeometry


def _positions(geometry: Mapping[Any, Any]) -> Iterator[Sequence[float]]:
    lines = geometry["coordinates"]
    for line in [lines] if geometry["type"] == "LineString" else lines:
        yield from line


def _area(row: BarrierRow, context: ImportContext) -> str:
    if row.area is not None:
        return row.area
    if len(context.areas) == 1 and context.areas[0] != EVERYWHERE:
        return context.areas[0]
    raise RowRefused(AREA_MISSING, "area")


def _stage(row: BarrierRow, context: ImportContext) -> Sequence[object]:
    area = _area(row, context)
    given = row.geometry.model_dump(mode="json")
    geometry = geometry_to_cgcs2000(given, context.crs)
    points = list(_positions(geometry))
    lons, lats = [point[0] for point in points], [point[1] for point in points]
    west, south, east, north = min(lons), min(lats), max(lons), max(lats)
    if (west, south) == (east, north):
        raise RowRefused(NO_LENGTH, "geometry")
    return (
        row.source,
        row.source_id,
        area,
        row.kind,
        row.barrier_class,
        row.name,
        row.width_m,
        row.valid_to,
        geometry,
        west,
        south,
        east,
        north,
    )


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("area", "text"),
    ("kind", "text"),
    ("barrier_class", "text"),
    ("name", "text"),
    ("width_m", "double precision"),
    ("valid_to", "date"),
    ("geometry", "jsonb"),
    ("west", "double precision"),
    ("south", "double precision"),
    ("east", "double precision"),
    ("north", "double precision"),
)
_KEY = ("source", "source_id")
_UPSERT = Upsert(
    BARRIERS,
    key=_KEY,
    columns=tuple(name for name, _ in _STAGING if name not in _KEY),
    area="area",
)

BARRIER_NOUN = Noun(
    name="barriers",
    model=BarrierRow,
    headers={
        "source": ("来源",),
        "source_id": ("barrier_id", "编号"),
        "area": ("区划代码",),
        "kind": ("类型",),
        "barrier_class": ("class", "等级"),
        "name": ("名称",),
        "width_m": ("宽度",),
        "valid_to": ("失效日期",),
        "geometry": ("几何",),
    },
    staging=_STAGING,
    stage=_stage,
    keys=(_KEY,),
    area="area",
    geometry="geometry",
    check=_UPSERT.check,
    apply=_UPSERT.apply,
)


async def get(tx: Tx, barrier_id: UUID, areas: Sequence[str]) -> Mapping[Any, Any]:
    """Return one barrier; raises BarrierNotFound."""
    row = await barriers.find(tx, barrier_id, areas)
    if row is None:
        raise BarrierNotFound
    return row


async def end(
    tx: Tx,
    barrier_id: UUID,
    *,
    if_match: str | None,
    areas: Sequence[str],
    today: date,
    now: datetime,
) -> None:
    """End a barrier today: it stays on record and no longer shapes plans."""
    row = await barriers.find(tx, barrier_id, areas, lock=True)
    if row is None:
        raise BarrierNotFound
    check_if_match(if_match, row["version"])
    ends = min(today, row["valid_to"]) if row["valid_to"] else today
    await barriers.end(tx, barrier_id, on=ends, version=row["version"] + 1, now=now)

"""Field types that several nouns of the partition share."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
from pydantic import BeforeValidator, Field, TypeAdapter, WithJsonSchema

from kit.coordinates import geometry_from_cgcs2000
from kit.web.schemas import PRINTABLE, Crs, Date, DateTime
from services.grid_partition.storage.boxes import Box

Name = Annotated[str, Field(min_length=1, max_length=60), PRINTABLE]
Version = Annotated[int, Field(ge=1)]
PlanArea = Annotated[
    str,
    Field(
        pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$",
        description="District, street or community",
        examples=["630102"],
    ),
]
CommunityCode = Annotated[
    str,
    Field(pattern=r"^[0-9]{12}$", description="Community, 12 digits", examples=["630102002008"]),
]
GridCode = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{15}$",
        description="Community code and three digits",
        examples=["630102002008001"],
    ),
]

_LON = r"-?(?:180(?:\.0{1,12})?|1[0-7][0-9](?:\.[0-9]{1,12})?|[0-9]{1,2}(?:\.[0-9]{1,12})?)"
_LAT = r"-?(?:90(?:\.0{1,12})?|[0-8]?[0-9](?:\.[0-9]{1,12})?)"
Bbox = Annotated[
    str,
    Field(
        pattern=f"^{_LON},{_LAT},{_LON},{_LAT}$",
        description="minLon,minLat,maxLon,maxLat in CGCS2000; minLon > maxLon crosses the "
        "antimeridian",
        examples=["101.7,36.5,101.9,36.7"],
    ),
]


def read_bbox(bbox: str | None) -> Box | None:
    """Return the box of a `bbox` parameter; its two latitudes may stand in either order."""
    if bbox is None:
        return None
    west, south, east, north = (float(part) for part in bbox.split(","))
    return Box(west, min(south, north), east, max(south, north))


_DAY = re.compile(r"^\d{4}-\d\d-\d\d$", re.ASCII)
_READ_DAY = TypeAdapter(Date)
_READ_TIME = TypeAdapter(DateTime)


def _moment_or_day(value: object) -> object:
    if isinstance(value, str) and not _DAY.match(value):
        return _READ_TIME.validate_python(value)
    return _READ_DAY.validate_python(value)


AsOf = Annotated[
    datetime | date,
    BeforeValidator(_moment_or_day),
    WithJsonSchema(
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}]}
    ),
    Field(description="A moment, or a day (its end in the local zone); now when absent"),
]


def moment(as_of: datetime | date | None, zone: str) -> datetime | None:
    """Return the moment meant; a day means its last microsecond in the zone."""
    if as_of is None or isinstance(as_of, datetime):
        return as_of
    try:
        midnight = datetime.combine(as_of + timedelta(days=1), time(), ZoneInfo(zone))
        return midnight.astimezone(UTC) - timedelta(microseconds=1)
    except OverflowError:
        year = 9999 if as_of.year > 1 else 1
        return datetime(year, 1, 1, tzinfo=UTC)


def drawn(text: str, crs: Crs) -> Any:
    """Return stored GeoJSON text for an answer, converted when another reference is asked for.

    Unconverted text is passed through as it is: the list encoder writes it without parsing.
    """
    if crs in {"CGCS2000", "WGS84"}:
        return orjson.Fragment(text)
    return geometry_from_cgcs2000(orjson.loads(text), crs)

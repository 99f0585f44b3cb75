"""Field types that several nouns of the partition share."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
from pydantic import BeforeValidator, Field, TypeAdapter, WithJsonSchema

from kit.coordinates import geometry_from_cgcs2000
from kit.web.schemas import PRINTABLE, QUERY_NUMBER, Crs, Date, DateTime

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

SimplifyM = Annotated[
    Annotated[float, Field(ge=0.1, le=100, allow_inf_nan=False), QUERY_NUMBER] | None,
    Field(
        description="For screens: leave out points of borders inside a community, up to triangles "
        "of so many metres squared; the grids still tile it. Without it, full precision",
        examples=[5],
    ),
]

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

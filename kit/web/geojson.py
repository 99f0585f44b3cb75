"""GeoJSON geometries (RFC 7946) as strict request fields: typed, bounded, finite, closed rings."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from kit.web.schemas import Latitude, Longitude, Strict

RING_POINTS_MAX = 20_000


def _pair(value: object) -> object:
    # JSON knows no tuples; strict mode would refuse the list.
    return tuple(value) if isinstance(value, list) else value


Position = Annotated[tuple[Longitude, Latitude], BeforeValidator(_pair)]


def _closed(ring: list[Position]) -> list[Position]:
    if ring[0] != ring[-1]:
        raise PydanticCustomError("geometry_unclosed_ring", "the ring is not closed")
    return ring


Ring = Annotated[
    list[Position],
    Field(min_length=4, max_length=RING_POINTS_MAX),
    AfterValidator(_closed),
]
Line = Annotated[list[Position], Field(min_length=2, max_length=RING_POINTS_MAX)]
Rings = Annotated[list[Ring], Field(min_length=1, max_length=500)]


class PointGeometry(Strict):
    """A point: longitude, latitude."""

    type: Literal["Point"]
    coordinates: Position


class LineStringGeometry(Strict):
    """A line of at least two positions."""

    type: Literal["LineString"]
    coordinates: Line


class MultiLineStringGeometry(Strict):
    """Several lines."""

    type: Literal["MultiLineString"]
    coordinates: Annotated[list[Line], Field(min_length=1, max_length=2000)]


class PolygonGeometry(Strict):
    """A polygon: outer ring, then holes; every ring closed."""

    type: Literal["Polygon"]
    coordinates: Rings


class MultiPolygonGeometry(Strict):
    """Several polygons."""

    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[Rings], Field(min_length=1, max_length=2000)]


AreaGeometry = Annotated[PolygonGeometry | MultiPolygonGeometry, Field(discriminator="type")]
LineGeometry = Annotated[LineStringGeometry | MultiLineStringGeometry, Field(discriminator="type")]
PlaceGeometry = Annotated[
    PointGeometry | PolygonGeometry | MultiPolygonGeometry, Field(discriminator="type")
]

"""Queries on service points; the nearest first where a place is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Float, Text, any_, cast, func, literal, select

from kit.boxes import Box, meets
from services.registry.domain.service_points import box_around
from services.registry.storage import places
from services.registry.storage.places import Listed, PlaceFilter
from services.registry.storage.tables import SERVICE_POINTS

_DIAMETER_MM = 2 * 6_371_008_800


@dataclass(frozen=True, slots=True)
class Near:
    """A place in CGCS2000 and the distance within which service points are asked for."""

    lon: float
    lat: float
    within_m: float


def listing(
    areas: Sequence[str],
    narrowed: PlaceFilter,
    *,
    kind: str | None = None,
    service: str | None = None,
    organization_id: UUID | None = None,
    near: Near | None = None,
) -> Listed:
    """Return the service points visible in the areas, and the paging key.

    With `near` they carry `distance_mm` and stand in its order.
    """
    columns = SERVICE_POINTS.c
    owner = None if organization_id is None else columns.organization_id == organization_id
    statement, key = places.listing(SERVICE_POINTS, areas, narrowed, owner)
    if kind is not None:
        statement = statement.where(columns.kind == kind)
    if service is not None:
        statement = statement.where(literal(service, Text) == any_(columns.services))
    if near is None:
        return statement, key
    around = Box(*box_around(near.lon, near.lat, near.within_m))
    statement = statement.where(columns.geometry.is_not(None) & meets(SERVICE_POINTS, around))
    found = statement.add_columns(_distance_mm(near).label("distance_mm")).subquery("near")
    reached = select(found).where(found.c.distance_mm <= round(near.within_m * 1000))
    return reached, [found.c.distance_mm, found.c.id]


def _distance_mm(near: Near) -> ColumnElement[int]:
    """Return the distance on the sphere, as whole millimetres: a key that pages exactly."""
    lon, lat = SERVICE_POINTS.c.west, SERVICE_POINTS.c.south
    height = func.pow(func.sin(func.radians(lat - literal(near.lat, Float)) / 2), 2)
    width = func.pow(func.sin(func.radians(lon - literal(near.lon, Float)) / 2), 2)
    shrink = func.cos(func.radians(lat)) * math.cos(math.radians(near.lat))
    share = func.least(1.0, height + shrink * width)
    return cast(func.round(_DIAMETER_MM * func.asin(func.sqrt(share))), BigInteger)

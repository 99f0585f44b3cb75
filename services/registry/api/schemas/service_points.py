"""Service points at the door."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from kit.web.geojson import PointGeometry
from kit.web.schemas import PRINTABLE, QUERY_NUMBER, Answer, Crs, DateTime, Id, Strict
from services.registry.api.schemas.fields import (
    Address,
    BoxQuery,
    CommunityCode,
    Kind,
    Name,
    PublicPhone,
    SourceRef,
    Version,
)
from services.registry.domain.service_points import NEAR_MAX_M

_Located = Field(description="Absent: the community whose boundary holds the geometry")
Service = Annotated[str, Field(min_length=1, max_length=40), PRINTABLE]
Services = Annotated[
    list[Service], Field(max_length=50, description="What is offered: 充电, 饮水, 调解 ...")
]
OpeningHours = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        description="OpenStreetMap form: days Mo-Su and PH, times, `24/7`",
        examples=["Mo-Fr 09:00-12:00,14:00-18:00; Sa 10:00-16:00"],
    ),
    PRINTABLE,
]
_LON = r"-?(?:180(?:\.0{1,12})?|1[0-7][0-9](?:\.[0-9]{1,12})?|[0-9]{1,2}(?:\.[0-9]{1,12})?)"
_LAT = r"-?(?:90(?:\.0{1,12})?|[0-8]?[0-9](?:\.[0-9]{1,12})?)"


class ServicePointIn(Strict):
    """A service point, whole; without geometry its place is unknown."""

    name: Name
    kind: Kind
    community_code: Annotated[CommunityCode | None, _Located] = None
    services: Services | None = None
    geometry: PointGeometry | None = None
    crs: Crs = "CGCS2000"
    address: Address | None = None
    phone: PublicPhone | None = None
    opening_hours: OpeningHours | None = None
    organization_id: Id | None = None
    organization: Annotated[SourceRef | None, Field(description="The owner by its source")] = None


class ServicePointPatch(Strict):
    """What a merge patch may change; null empties."""

    name: Name = Field(default_factory=str)
    kind: Kind = Field(default_factory=str)
    community_code: CommunityCode = Field(default_factory=str)
    services: Services | None = None
    geometry: PointGeometry | None = None
    crs: Crs = "CGCS2000"
    address: Address | None = None
    phone: PublicPhone | None = None
    opening_hours: OpeningHours | None = None
    organization_id: Id | None = None
    organization: SourceRef | None = None


class ServicePointOut(Answer):
    """A service point as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    community_code: CommunityCode
    name: str
    kind: str
    services: list[str]
    geometry: dict[str, Any] | None
    address: str | None
    phone: str | None
    opening_hours: str | None
    organization_id: Id | None
    distance_m: Annotated[
        float | None, Field(description="From the place of `near`; null without one")
    ]
    ended_at: DateTime | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class ServicePointQuery(BoxQuery):
    """Filters of service points."""

    kind: Kind | None = None
    service: Annotated[Service | None, Field(description="That offer exactly this")] = None
    organization_id: Id | None = None
    near: Annotated[
        str | None,
        Field(
            pattern=f"^{_LON},{_LAT}$",
            description="lon,lat in `crs`: the nearest come first, each with distance_m",
            examples=["101.79,36.61"],
        ),
    ] = None
    within_m: Annotated[
        float,
        Field(ge=1, le=NEAR_MAX_M, description="How far from `near`, in metres"),
        QUERY_NUMBER,
    ] = 1000

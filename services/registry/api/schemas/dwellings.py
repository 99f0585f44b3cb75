"""Dwellings and addresses at the door."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import PRINTABLE, Answer, Crs, DateTime, Id, Query, Strict
from services.registry.api.schemas.fields import (
    CommunityCode,
    Floor,
    Kind,
    PlaceQuery,
    SourceRef,
    Unit,
    Version,
)

AddressCode = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{3,39}$",
        description="Code of the door plate (二维码门牌), unique for ever",
        examples=["6301020020080012"],
    ),
]
Room = Annotated[
    str,
    Field(min_length=1, max_length=20, description="房号: personal; sealed, answered masked"),
    PRINTABLE,
]
_Masked = Annotated[
    str | None, Field(description="Masked unless X-Purpose and pii:read ask for clear text")
]
AreaM2 = Annotated[float, Field(gt=0, le=1_000_000, description="Floor space in square metres")]


class DwellingIn(Strict):
    """A dwelling, whole; it names its building by our id or by its source."""

    building_id: Id | None = None
    building: Annotated[SourceRef | None, Field(description="The building by its source")] = None
    address_code: AddressCode | None = None
    unit: Unit | None = None
    floor: Floor | None = None
    room: Room | None = None
    use: Kind | None = None
    area_m2: AreaM2 | None = None


class DwellingPatch(Strict):
    """What a merge patch may change; null empties."""

    building_id: Id | None = None
    building: SourceRef | None = None
    address_code: AddressCode | None = None
    unit: Unit | None = None
    floor: Floor | None = None
    room: Room | None = None
    use: Kind | None = None
    area_m2: AreaM2 | None = None


class DwellingOut(Answer):
    """A dwelling as it is answered."""

    id: Id
    source: str | None
    source_id: str | None
    community_code: CommunityCode
    building_id: Id
    address_code: str | None
    unit: str | None
    floor: int | None
    room: _Masked
    use: str | None
    area_m2: float | None
    ended_at: DateTime | None
    is_masked: Annotated[bool, Field(description="Whether the room is masked")]
    version: Version
    created_at: DateTime
    updated_at: DateTime


class DwellingQuery(PlaceQuery):
    """Filters of dwellings."""

    building_id: Id | None = None
    use: Kind | None = None


class AddressLookup(Query):
    """How an address is shown."""

    crs: Annotated[Crs, Field(description="Reference of the answered coordinates")] = "CGCS2000"


class AddressOut(Answer):
    """Where the door of an address code is."""

    address_code: str
    address: Annotated[
        str,
        Field(description="District, street, community, estate, building, unit, floor: one line"),
    ]
    dwelling_id: Id
    community_code: CommunityCode
    community_name: str
    street_name: str | None
    district_name: str | None
    estate_id: Id | None
    estate_name: str | None
    building_id: Id
    building_name: str | None
    unit: str | None
    floor: int | None
    room: Annotated[str | None, Field(description="Masked; the dwelling tells it in clear")]
    use: str | None
    point: Annotated[
        list[float] | None,
        Field(
            min_length=2,
            max_length=2,
            description="Longitude, latitude of the unit's entrance, else of the building",
        ),
    ]

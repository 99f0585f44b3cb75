"""Field types that several nouns of the registry share."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import (
    PRINTABLE,
    WHOLE,
    AreaCode,
    Bbox,
    Crs,
    DateTime,
    ListQuery,
    QueryBool,
    SourceName,
    Strict,
)

Name = Annotated[str, Field(min_length=1, max_length=100), PRINTABLE]
SourceId = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$",
        description="Id of the row in the system that owns it",
    ),
]
DivisionCode = Annotated[
    str,
    Field(
        pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$",
        description="Division code: 6 (district), 9 (street, town) or 12 digits (community)",
        examples=["630102002008"],
    ),
]
CommunityCode = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{12}$",
        description="Code of a community or village, 12 digits",
        examples=["630102002008"],
    ),
]
Kind = Annotated[
    str,
    Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="One of GET kinds", examples=["other"]),
]
PublicPhone = Annotated[
    str,
    Field(
        pattern=r"^[0-9+][0-9 ()+-]{2,29}$",
        description="A phone that is published for the public; never a person's own",
    ),
]
Address = Annotated[str, Field(min_length=1, max_length=200), PRINTABLE]
Count = Annotated[int, Field(ge=0, le=1_000_000), WHOLE]
Storeys = Annotated[int, Field(ge=0, le=300), WHOLE]
Unit = Annotated[str, Field(min_length=1, max_length=20, description="单元"), PRINTABLE]
Floor = Annotated[int, Field(ge=-9, le=300), WHOLE]
Version = Annotated[int, Field(ge=1)]


class SourceRef(Strict):
    """A row named by the system that owns it."""

    source: SourceName
    source_id: SourceId


class SyncQuery(ListQuery):
    """Filters of every noun that sources own."""

    area: AreaCode | None = None
    source: SourceName | None = None
    updated_since: DateTime | None = None
    include_ended: Annotated[
        QueryBool, Field(description="Also rows that have ended: what a sync needs")
    ] = False


class PlaceQuery(SyncQuery):
    """Filters of what belongs to a community."""

    community_code: CommunityCode | None = None


class BoxQuery(PlaceQuery):
    """Filters of what lies somewhere."""

    bbox: Bbox | None = None
    crs: Annotated[Crs, Field(description="Reference of the answered coordinates")] = "CGCS2000"

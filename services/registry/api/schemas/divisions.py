"""Divisions at the door."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from kit.web.geojson import AreaGeometry
from kit.web.schemas import (
    Answer,
    AreaCode,
    Bbox,
    Crs,
    Date,
    DateTime,
    ListQuery,
    Query,
    QueryBool,
    Strict,
)
from services.registry.api.schemas.fields import DivisionCode, Name, Version
from services.registry.domain.divisions import DivisionKind


class DivisionIn(Strict):
    """A division, whole."""

    name: Name
    name_en: Name | None = None
    kind: Annotated[
        DivisionKind | None,
        Field(
            description="Must fit the digits of the code; by default district, street, community"
        ),
    ] = None
    is_governed: Annotated[
        bool | None,
        Field(description="Grids are drawn in it; by default in communities and villages"),
    ] = None
    valid_from: Annotated[
        Date | None, Field(description="First day in force; today when absent, unknown when null")
    ] = None
    boundary: AreaGeometry | None = None
    crs: Crs = "CGCS2000"


class DivisionPatch(Strict):
    """What a merge patch may change; null empties."""

    name: Name = Field(default_factory=str)
    name_en: Name | None = None
    is_governed: bool = Field(default_factory=bool)
    valid_from: Date | None = None
    boundary: AreaGeometry | None = None
    crs: Crs = "CGCS2000"


class DivisionOut(Answer):
    """A division as it is answered."""

    code: DivisionCode
    name: str
    name_en: str | None
    kind: DivisionKind
    parent_code: DivisionCode | None
    status: Literal["active", "revoked"]
    is_governed: bool
    valid_from: Date | None
    valid_to: Annotated[Date | None, Field(description="First day on which it is not in force")]
    boundary: dict[str, Any] | None
    version: Version
    created_at: DateTime
    updated_at: DateTime


class DivisionLookup(Query):
    """How one division is shown."""

    as_of: Annotated[
        Date | None, Field(description="Show it as a division in force on that day")
    ] = None
    crs: Crs = "CGCS2000"


class ChildrenQuery(ListQuery):
    """Filters of the divisions right below one."""

    is_governed: QueryBool | None = None
    updated_since: DateTime | None = None
    crs: Crs = "CGCS2000"


class DivisionQuery(ListQuery):
    """Filters of divisions."""

    area: AreaCode | None = None
    kind: DivisionKind | None = None
    parent: Annotated[DivisionCode | None, Field(description="Right below this division")] = None
    is_governed: QueryBool | None = None
    status: Literal["active", "revoked", "all"] = "active"
    as_of: Annotated[
        Date | None, Field(description="In force on that day, whatever the status is now")
    ] = None
    bbox: Bbox | None = None
    updated_since: DateTime | None = None
    crs: Crs = "CGCS2000"

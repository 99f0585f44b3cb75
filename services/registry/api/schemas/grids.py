"""Grids at the registry's door: which of them holds which building."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import PRINTABLE, WHOLE, Answer, DateTime, Id, Strict
from services.registry.api.schemas.fields import CommunityCode, Count, Version

GridCode = Annotated[
    str,
    Field(pattern=r"^[0-9]{15}$", description="Code of a grid", examples=["630102002008001"]),
]
Bound = Annotated[int, Field(ge=0, le=10_000), WHOLE]


PlanName = Annotated[
    str,
    Field(min_length=1, max_length=100, description="The plan that drew them; null: none in force"),
    PRINTABLE,
]


class GridShare(Strict):
    """A building that a grid holds, or a slice of it by units and floors."""

    grid_code: GridCode
    building_id: Id
    unit_from: Annotated[Bound, Field(description="First unit of the slice; 0: all units")] = 0
    unit_to: Bound = 0
    floor_from: Annotated[Bound, Field(description="First floor of the slice; 0: all floors")] = 0
    floor_to: Bound = 0
    households: Annotated[
        Count, Field(description="As counted for the plan: the weight of a slice")
    ] = 0


class GridLayoutIn(Strict):
    """The grids in force of a community, whole."""

    plan: PlanName | None = None
    shares: Annotated[list[GridShare], Field(max_length=20_000)]


class GridLayoutOut(Answer):
    """The grids of a community as they were told."""

    community_code: CommunityCode
    plan: str | None
    shares: list[GridShare]
    version: Version
    updated_at: DateTime

"""Counts at the door."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kit.web.schemas import Answer, AreaCode, ListQuery
from services.registry.domain.buildings import CountBasis
from services.registry.storage.counts import CountsBy


class CountsQuery(ListQuery):
    """What is counted, and by what."""

    area: AreaCode | None = None
    by: Annotated[
        CountsBy,
        Field(
            description="`division`: districts, streets and communities together; `grid`: the "
            "grids in force as the partition has told them, and under a community's own code what "
            "none of them holds"
        ),
    ] = "community"
    count_basis: CountBasis = "resident"


class CountOut(Answer):
    """The buildings and households of one division, estate, grid or building."""

    code: Annotated[
        str, Field(description="Division or grid code, or id of the estate or building")
    ]
    name: str | None
    community_code: str | None
    buildings: int
    households: int
    buildings_without_count: Annotated[
        int, Field(description="Buildings of unknown count: they add 0 to `households`")
    ]

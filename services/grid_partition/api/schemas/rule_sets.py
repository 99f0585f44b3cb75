"""Rule sets at the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from kit.web.schemas import (
    PRINTABLE,
    WHOLE,
    Answer,
    AreaCode,
    DateTime,
    Id,
    ListQuery,
    Strict,
)
from services.grid_partition.api.schemas.fields import Name, Version

Households = Annotated[int, Field(ge=1, le=1_000_000), WHOLE]
Metres = Annotated[float, Field(ge=0, le=100_000)]
BarrierName = Annotated[str, Field(min_length=1, max_length=40), PRINTABLE]
Weight = Annotated[float, Field(ge=0, le=1)]
RuleArea = Annotated[
    AreaCode | Literal["*"],
    Field(description="Where the rules hold; `*`: everywhere (takes a client of all areas)"),
]


class Rules(Strict):
    """The rules of a division; what is left out keeps its value (the shipped one on creation)."""

    min_households: Households = Field(default_factory=int)
    max_households: Households = Field(default_factory=int)
    target_households: Households = Field(default_factory=int)
    keep_estates: Annotated[bool, Field(description="Keep residential estates whole")] = Field(
        default_factory=bool
    )
    block_weight_m: Annotated[
        Metres, Field(description="Border worth drawing to reach over one barrier less")
    ] = Field(default_factory=float)
    estate_piece_weight_m: Annotated[
        Metres, Field(description="Border worth drawing to keep one estate in one piece more")
    ] = Field(default_factory=float)
    size_weight: Annotated[
        float, Field(ge=0, le=100, description="Price of (households - target) squared, metres")
    ] = Field(default_factory=float)
    move_price_m: Annotated[
        Metres, Field(description="Price of one household that changes its grid (with a base)")
    ] = Field(default_factory=float)
    barrier_weights: Annotated[
        dict[BarrierName, Weight],
        Field(
            max_length=50,
            description="Barrier class or kind -> 0 (no barrier) .. 1 (a border along it is free)",
        ),
    ] = Field(default_factory=dict)
    population_max: Annotated[
        Annotated[int, Field(ge=1, le=10_000_000), WHOLE] | None,
        Field(description="More people in one grid are reported"),
    ] = None
    numbering: Annotated[
        Literal["rows_north_to_south"],
        Field(description="Rows from north to south, inside a row from west to east"),
    ] = Field(default_factory=str)  # type: ignore[arg-type, unused-ignore] # never used: unset
    publicity_days: Annotated[int, Field(ge=0, le=365), WHOLE] = Field(default_factory=int)
    effort: Annotated[
        int, Field(ge=1, le=1000, description="Search steps per building; 20 is plenty"), WHOLE
    ] = Field(default_factory=int)


class RuleSetIn(Strict):
    """A rule set of an area."""

    name: Name
    area: RuleArea
    rules: Rules = Field(default_factory=Rules)


class RuleSetPatch(Strict):
    """What a merge patch may change."""

    rules: Rules


class RulesOut(Answer):
    """The rules in full."""

    min_households: int
    max_households: int
    target_households: int
    keep_estates: bool
    block_weight_m: float
    estate_piece_weight_m: float
    size_weight: float
    move_price_m: float
    barrier_weights: dict[str, float]
    population_max: int | None
    numbering: str
    publicity_days: int
    effort: int


class RuleSetOut(Answer):
    """A rule set."""

    id: Id
    name: str
    area: str
    rules: RulesOut
    version: Version
    created_at: DateTime
    updated_at: DateTime


class RuleSetQuery(ListQuery):
    """Filters of rule sets."""

    area: AreaCode | None = None
    updated_since: DateTime | None = None


def show_rule_set(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a rule set as it is answered."""
    return RuleSetOut.model_validate(dict(row)).model_dump(mode="json")

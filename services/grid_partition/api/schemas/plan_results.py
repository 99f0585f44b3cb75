"""What a plan found, at the door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from kit.errors import Language
from kit.web.schemas import Answer, Crs, DateTime, Id, ListQuery
from services.grid_partition.api.schemas.fields import CommunityCode, GridCode, SimplifyM, drawn
from services.grid_partition.domain import findings
from services.grid_partition.domain.explanation import explain_community

_OF_COMMUNITY = Field(description="Only of this community")


class MetricsOut(Answer):
    """Figures of a cut; lower is better except mean_polsby_popper."""

    internal_boundary_m: float
    blocks_crossed: int
    mean_polsby_popper: float
    estates_split: int
    estate_pieces: int
    moved_households: int
    score_m: float
    optimal: bool
    cpu_s: float


class PlanCommunityOut(Answer):
    """One community of a plan; the figures are null until it is cut."""

    code: str
    name: str
    state: Literal["loading", "waiting", "running", "done"]
    households: int
    buildings: int
    grids: int | None
    feasible: Annotated[bool | None, Field(description="Every grid contiguous and in range")]
    violations: int | None
    metrics: MetricsOut | None
    explanation: Annotated[
        str | None,
        Field(
            description="The cut in words for a report, in the language of Accept-Language: sizes, "
            "what is impossible and whether that is proved, estates and buildings divided, "
            "barriers crossed, households moved"
        ),
    ]
    digest: Annotated[str | None, Field(description="SHA-256 of the cut")]
    snapshot_version: str
    updated_at: DateTime


class PlanGridOut(Answer):
    """One grid of a plan."""

    code: str
    community_code: str
    name: str
    kind: str
    households: int
    population: int | None
    in_range: bool
    contiguous: bool
    bridged: bool
    blocks: int
    compactness: float
    area_m2: float
    geometry: dict[str, Any]


class AssignmentOut(Answer):
    """A building, or a slice of one that is above the maximum, and its grid."""

    community_code: str
    number: int
    grid_code: str
    building_id: str
    source: str | None
    source_id: str | None
    unit_from: Annotated[int, Field(description="First unit of the slice; 0: all units")]
    unit_to: int
    floor_from: Annotated[int, Field(description="First floor of the slice; 0: all floors")]
    floor_to: int
    households: int


class CulpritBuilding(Answer):
    """A building that a violation is about."""

    id: str
    source: str | None
    source_id: str | None


class CulpritsOut(Answer):
    """Whom a violation is about."""

    buildings: list[CulpritBuilding]
    estates: list[str]


class AcknowledgementOut(Answer):
    """Why a violation was accepted, by whom and when."""

    reason: str
    by: str
    at: DateTime


class ViolationOut(Answer):
    """What could not be kept, and why."""

    id: Id
    community_code: str
    number: int
    grid_code: str | None
    code: str
    detail: Annotated[str, Field(description="In the language of Accept-Language")]
    params: dict[str, int | str | bool]
    culprits: CulpritsOut
    acknowledgement: AcknowledgementOut | None


class GridChangeOut(Answer):
    """Households that go from a grid in force to a grid of the plan."""

    community_code: str
    old_code: str
    new_code: str
    households: int
    moved: Annotated[bool, Field(description="They change hands")]
    effect: Literal["kept", "split", "merged", "mixed"]


class PlanGridQuery(ListQuery):
    """Filters of a plan's grids."""

    community: Annotated[CommunityCode | None, _OF_COMMUNITY] = None
    crs: Crs = "CGCS2000"
    simplify_m: SimplifyM = None


class AssignmentQuery(ListQuery):
    """Filters of a plan's assignments."""

    community: Annotated[CommunityCode | None, _OF_COMMUNITY] = None
    grid: GridCode | None = None


class FindingQuery(ListQuery):
    """Filters of a plan's violations and changes."""

    community: Annotated[CommunityCode | None, _OF_COMMUNITY] = None


def show_community(row: Mapping[Any, Any], language: Language) -> dict[str, Any]:
    """Return one community of a plan with its explanation in the language."""
    facts = row["facts"]
    shown = dict(row) | {"explanation": facts and explain_community(facts, language)}
    return PlanCommunityOut.model_validate(shown).model_dump(mode="json")


def show_grid(row: Mapping[Any, Any], crs: Crs) -> dict[str, Any]:
    """Return one grid of a plan; the geometry is ready for the list encoder only."""
    shown = {name: row[name] for name in PlanGridOut.model_fields}
    return shown | {"geometry": drawn(row["geometry"], crs)}


def show_assignment(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return one assignment; the columns are JSON-ready as they are."""
    return {name: row[name] for name in AssignmentOut.model_fields}


def show_violation(row: Mapping[Any, Any], language: Language) -> dict[str, Any]:
    """Return one violation with its sentence in the language."""
    acknowledged = row["acknowledged_at"] and {
        "reason": row["reason"],
        "by": row["acknowledged_by"],
        "at": row["acknowledged_at"],
    }
    shown = dict(row) | {
        "detail": findings.explain(row["code"], row["params"], language),
        "acknowledgement": acknowledged,
    }
    return ViolationOut.model_validate(shown).model_dump(mode="json")


def show_change(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return one flow between grids."""
    return {name: row[name] for name in GridChangeOut.model_fields}

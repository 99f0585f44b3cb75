"""The two computations of a plan, as pure functions of plain values that any process can run.

`frame_communities` once per plan, `cut_community` once per community.  The service's worker and
the command line call exactly these, so their answers agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from services.grid_partition.domain.facts import facts_of
from services.grid_partition.domain.projection import Plane
from services.grid_partition.domain.rules import BarrierSeen, engine_barriers
from services.grid_partition.domain.snapshots import (
    EngineView,
    SnapshotSeen,
    engine_view,
    read_shapes,
    read_snapshot,
)
from services.grid_partition.engine import (
    Change,
    CommunityFrame,
    Partition,
    Rules,
    Violation,
    changes,
    cut,
    node_district,
)

GRIDS_MAX = 999
COMPREHENSIVE = "comprehensive"


class TooManyGrids(ValueError):
    """A community needs more grids than three digits can number."""


@dataclass(frozen=True, slots=True)
class FramesTask:
    """What framing needs: codes with boundaries (GeoJSON text), barriers in degrees, the rules."""

    boundaries: tuple[tuple[str, str], ...]
    barriers: tuple[BarrierSeen, ...]
    rules: Rules


@dataclass(frozen=True, slots=True)
class Frames:
    """The zone of the plan and one stored frame per snapshot, in the order of the task."""

    meridian: int
    frames: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class CutTask:
    """What one community's cut needs."""

    snapshot: str
    frame: bytes
    meridian: int
    rules: Rules


@dataclass(frozen=True, slots=True)
class CutGrid:
    """One grid, drawn in degrees (GeoJSON text); area in square metres of the plane."""

    number: int
    code: str
    kind: str
    households: int
    population: int | None
    in_range: bool
    contiguous: bool
    bridged: bool
    blocks: int
    compactness: float
    area_m2: float
    geometry: str
    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class CutAssignment:
    """A building, or a slice of one above the maximum, and its grid; 0 where not sliced."""

    building_id: str
    source: str | None
    source_id: str | None
    unit_from: int
    unit_to: int
    floor_from: int
    floor_to: int
    households: int
    grid_code: str
    old_grid_code: str | None


@dataclass(frozen=True, slots=True)
class CutViolation:
    """What could not be kept; texts are made from code and params for each reader."""

    code: str
    params: dict[str, Any]
    grid_code: str | None
    culprits: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CutChange:
    """Households that go from an old grid to a new one; `effect`: kept, split, merged, mixed."""

    old_code: str
    new_code: str
    households: int
    moved: bool
    effect: str


@dataclass(frozen=True, slots=True)
class CutResult:
    """Everything that is stored of one community's cut; `facts` is what its explanation tells."""

    code: str
    digest: str
    feasible: bool
    households: int
    buildings: int
    metrics: dict[str, Any]
    facts: dict[str, Any]
    grids: tuple[CutGrid, ...]
    assignments: tuple[CutAssignment, ...]
    violations: tuple[CutViolation, ...]
    changes: tuple[CutChange, ...] = field(default=())


#: An edge that is straight in degrees bends in metres, by 8 mm over a kilometre.  Borders are cut
#: into pieces of about 100 m (0.1 mm), so that a grid fits its community in either measure.
EDGE_MAX_DEG = 0.001


def frame_communities(task: FramesTask) -> Frames:
    """Node the communities and barriers of a plan once; raises ValueError for what is no map."""
    shapes = read_shapes([text for _, text in task.boundaries])
    plane = Plane.around(shapes)
    frames = node_district(
        [code for code, _ in task.boundaries],
        list(plane.to_metres(shapely.segmentize(shapes, EDGE_MAX_DEG))),
        engine_barriers(task.barriers, plane),
        task.rules,
    )
    return Frames(plane.meridian, tuple(frame.to_bytes() for frame in frames))


def cut_community(task: CutTask) -> CutResult:
    """Cut one community and draw the result in degrees.

    Same task, same result, in any process.  Raises SnapshotUnreadable, ValueError or TooManyGrids.
    """
    snapshot = read_snapshot(task.snapshot)
    plane = Plane(task.meridian)
    view = engine_view(snapshot, plane)
    partition = cut(view.community, CommunityFrame.from_bytes(task.frame), task.rules)
    if len(partition.grids) > GRIDS_MAX:
        message = f"community {snapshot.code} needs {len(partition.grids)} grids"
        raise TooManyGrids(message)
    flows = _flows(view, partition)
    return CutResult(
        code=snapshot.code,
        digest=partition.digest,
        feasible=partition.feasible,
        households=snapshot.households,
        buildings=len(snapshot.buildings),
        metrics=_metrics(partition),
        facts=facts_of(snapshot, view, partition, task.rules, flows),
        grids=_grids(snapshot.code, partition, plane),
        assignments=_assignments(snapshot, view, partition),
        violations=tuple(
            _violation(snapshot, view, violation) for violation in partition.violations
        ),
        changes=_changes(snapshot.code, view, flows),
    )


def grid_code(community: str, index: int) -> str:
    """Return the code of the grid with this 0-based index: the community's and three digits."""
    return f"{community}{index + 1:03d}"


def _metrics(partition: Partition) -> dict[str, Any]:
    told = partition.metrics
    return {
        "internal_boundary_m": round(told.internal_boundary_m, 2),
        "blocks_crossed": told.blocks_crossed,
        "mean_polsby_popper": round(told.mean_polsby_popper, 4),
        "estates_split": told.estates_split,
        "estate_pieces": told.estate_pieces,
        "moved_households": told.moved_households,
        "score_m": round(told.score_m, 2),
        "optimal": told.optimal,
        "cpu_s": round(told.cpu_s, 3),
    }


def _grids(code: str, partition: Partition, plane: Plane) -> tuple[CutGrid, ...]:
    metric = np.empty(len(partition.grids), dtype=object)
    metric[:] = [grid.polygon for grid in partition.grids]
    drawn = plane.to_degrees(metric)
    return tuple(
        CutGrid(
            number=index + 1,
            code=grid_code(code, index),
            kind=COMPREHENSIVE,
            households=grid.households,
            population=grid.population,
            in_range=grid.in_range,
            contiguous=grid.contiguous,
            bridged=grid.bridged,
            blocks=grid.blocks,
            compactness=round(grid.compactness, 4),
            area_m2=round(float(grid.polygon.area), 1),
            geometry=shapely.to_geojson(shape),
            west=shape.bounds[0],
            south=shape.bounds[1],
            east=shape.bounds[2],
            north=shape.bounds[3],
        )
        for index, (grid, shape) in enumerate(zip(partition.grids, drawn, strict=True))
    )


def _assignments(
    snapshot: SnapshotSeen, view: EngineView, partition: Partition
) -> tuple[CutAssignment, ...]:
    parts = partition.parts
    old = view.community.legacy
    assert old is not None  # noqa: S101 - CommunityInput fills it
    columns = (
        parts.building,
        parts.unit_from,
        parts.unit_to,
        parts.floor_from,
        parts.floor_to,
        parts.households,
        parts.grid,
    )
    rows = []
    for place, *cut_at, households, grid in zip(*(c.tolist() for c in columns), strict=True):
        unit_from, unit_to, floor_from, floor_to = cut_at
        building = snapshot.buildings[place]
        label = int(old[place])
        rows.append(
            CutAssignment(
                building_id=building.id,
                source=building.source,
                source_id=building.source_id,
                unit_from=unit_from,
                unit_to=unit_to,
                floor_from=floor_from,
                floor_to=floor_to,
                households=households,
                grid_code=grid_code(snapshot.code, grid),
                old_grid_code=view.legacy_grids[label] if label >= 0 else None,
            )
        )
    return tuple(rows)


def _violation(snapshot: SnapshotSeen, view: EngineView, violation: Violation) -> CutViolation:
    buildings = [snapshot.buildings[index] for index in violation.buildings]
    return CutViolation(
        code=violation.code.value,
        params=dict(violation.params),
        grid_code=None if violation.grid is None else grid_code(snapshot.code, violation.grid),
        culprits={
            "buildings": [
                {"id": row.id, "source": row.source, "source_id": row.source_id}
                for row in buildings
            ],
            "estates": [view.estates[label] for label in violation.estates],
        },
    )


def _flows(view: EngineView, partition: Partition) -> tuple[Change, ...]:
    old = view.community.legacy
    assert old is not None  # noqa: S101 - CommunityInput fills it
    parts = partition.parts
    return changes(old[parts.building], parts.grid, parts.households)


def _changes(code: str, view: EngineView, flows: Sequence[Change]) -> tuple[CutChange, ...]:
    from_old: dict[int, int] = {}
    to_new: dict[int, int] = {}
    for change in flows:
        from_old[change.old] = from_old.get(change.old, 0) + 1
        to_new[change.new] = to_new.get(change.new, 0) + 1
    return tuple(
        CutChange(
            old_code=view.legacy_grids[change.old],
            new_code=grid_code(code, change.new),
            households=change.households,
            moved=change.moved,
            effect=_effect(from_old[change.old], to_new[change.new]),
        )
        for change in flows
    )


def _effect(pieces_of_old: int, sources_of_new: int) -> str:
    if pieces_of_old == 1:
        return "kept" if sources_of_new == 1 else "merged"
    return "split" if sources_of_new == 1 else "mixed"

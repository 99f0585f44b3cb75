"""The two computations: pure, portable, the same in any process."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
import shapely

from services.grid_partition.domain import cutting
from services.grid_partition.domain.cutting import (
    CutTask,
    FramesTask,
    TooManyGrids,
    cut_community,
    frame_communities,
    grid_code,
)
from services.grid_partition.domain.rules import BarrierSeen, engine_rules, shipped_rules
from services.grid_partition.domain.snapshots import SnapshotUnreadable, read_snapshot
from tests.fakes.registry import FakeRegistry
from tests.grid_partition.maps import FIRST, SECOND, a_road, fill, two_places

RULES = engine_rules(shipped_rules(), 1)


@pytest.fixture
def registry() -> FakeRegistry:
    made = FakeRegistry()
    fill(made, two_places())
    return made


def tasks(registry: FakeRegistry, *, barriers: tuple[BarrierSeen, ...] = ()) -> list[CutTask]:
    texts = [json.dumps(registry.snapshot(code)) for code in (FIRST, SECOND)]
    boundaries = tuple((s.code, str(s.boundary_text)) for s in map(read_snapshot, texts))
    frames = frame_communities(FramesTask(boundaries, barriers, RULES))
    return [
        CutTask(text, frame, frames.meridian, RULES)
        for text, frame in zip(texts, frames.frames, strict=True)
    ]


def test_tasks_and_results_travel_between_processes(registry: FakeRegistry) -> None:
    (task, _) = pickle.loads(pickle.dumps(tasks(registry)))
    result = cut_community(task)
    assert pickle.loads(pickle.dumps(result)) == result
    again = cut_community(task)
    assert (again.digest, again.grids, again.assignments) == (
        result.digest,
        result.grids,
        result.assignments,
    )


def test_every_household_is_assigned_once(registry: FakeRegistry) -> None:
    result = cut_community(tasks(registry)[0])
    assert sum(part.households for part in result.assignments) == 1200
    by_grid: dict[str, int] = {}
    for part in result.assignments:
        by_grid[part.grid_code] = by_grid.get(part.grid_code, 0) + part.households
    assert by_grid == {grid.code: grid.households for grid in result.grids}
    assert [grid.code for grid in result.grids] == [grid_code(FIRST, n) for n in range(3)]


def test_the_community_border_is_the_same_line_on_both_sides(registry: FakeRegistry) -> None:
    both = [cut_community(task) for task in tasks(registry)]
    shapes = [shapely.from_geojson(g.geometry) for result in both for g in result.grids]
    whole = shapely.union_all(shapes)
    assert whole.geom_type == "Polygon"
    assert sum(shape.area for shape in shapes) == pytest.approx(whole.area, rel=1e-9)


def test_a_border_along_a_road_costs_nothing(registry: FakeRegistry) -> None:
    road = a_road(240.0)
    seen = BarrierSeen(json.dumps(road.geometry), "road", "primary")
    plain = cut_community(tasks(registry)[0])
    fenced = cut_community(tasks(registry, barriers=(seen,))[0])
    assert fenced.digest != plain.digest
    assert fenced.metrics["internal_boundary_m"] <= plain.metrics["internal_boundary_m"]
    assert sum(grid.blocks for grid in fenced.grids) > len(plain.grids)


def test_a_point_stands_in_for_a_missing_footprint(registry: FakeRegistry) -> None:
    registry.put_building(FIRST, "spot", households=9, point=[101.8015, 36.6])
    result = cut_community(tasks(registry)[0])
    assert result.violations == ()
    registry.put_building(FIRST, "lost", households=9)
    (violation,) = cut_community(tasks(registry)[0]).violations
    assert violation.code == "missing_location"
    assert [row["source_id"] for row in violation.culprits["buildings"]] == ["lost"]


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"community_code": 1}',
     '{"community_code": "x", "version": "v", "buildings": [{}]}',
     '{"community_code": "x", "version": "v", "buildings": [{"id": "a", "households": "many"}]}'],
)  # fmt: skip
def test_a_snapshot_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(SnapshotUnreadable):
        read_snapshot(text)


def test_a_geometry_that_is_none_is_refused(registry: FakeRegistry) -> None:
    (task, _) = tasks(registry)
    content: dict[str, Any] = json.loads(task.snapshot)
    content["buildings"][0]["geometry"] = {"type": "Blob"}
    broken = CutTask(json.dumps(content), task.frame, task.meridian, RULES)
    with pytest.raises(SnapshotUnreadable):
        cut_community(broken)


def test_more_grids_than_three_digits_can_number_are_refused(
    registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cutting, "GRIDS_MAX", 2)
    with pytest.raises(TooManyGrids):
        cut_community(tasks(registry)[0])


@pytest.mark.parametrize(
    ("pieces", "sources", "effect"),
    [(1, 1, "kept"), (1, 3, "merged"), (2, 1, "split"), (2, 2, "mixed")],
)
def test_the_effect_of_a_flow(pieces: int, sources: int, effect: str) -> None:
    assert cutting._effect(pieces, sources) == effect

"""Rules: the shipped ones, and what the engine is told of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from services.grid_partition.api.schemas.rule_sets import Rules as RulesIn
from services.grid_partition.api.schemas.rule_sets import RulesOut
from services.grid_partition.domain.projection import Plane
from services.grid_partition.domain.rules import (
    BarrierSeen,
    engine_barriers,
    engine_rules,
    shipped_rules,
)
from services.grid_partition.domain.snapshots import engine_view, read_snapshot


def test_the_shipped_rules_are_whole_and_acceptable() -> None:
    shipped = shipped_rules()
    assert set(shipped) == set(RulesIn.model_fields) == set(RulesOut.model_fields)
    assert RulesIn.model_validate(shipped).model_dump() == shipped
    shipped["effort"] = 99
    assert shipped_rules()["effort"] != 99


def test_the_engine_gets_the_rules_and_the_seed() -> None:
    rules = engine_rules(shipped_rules() | {"barrier_weights": {"wall": 0.5}}, 42)
    assert (rules.min_households, rules.max_households, rules.target_households) == (300, 500, 400)
    assert (rules.seed, rules.population_max) == (42, 2500)
    assert rules.barrier_weight("wall", "") == 0.5


def test_moving_has_a_price_only_where_somebody_can_be_moved() -> None:
    assert engine_rules(shipped_rules(), 1).move_price_m == 0
    assert engine_rules(shipped_rules(), 1, with_base=True).move_price_m == 2


def test_rules_the_engine_cannot_take_are_a_value_error() -> None:
    with pytest.raises(ValueError, match="max_households"):
        engine_rules(shipped_rules() | {"max_households": 1}, 1)


def test_barriers_are_projected_in_their_order() -> None:
    line = json.dumps({"type": "LineString", "coordinates": [[101.8, 36.6], [101.81, 36.6]]})
    found = engine_barriers(
        [BarrierSeen(line, "road", "primary"), BarrierSeen(line, "water", "")], Plane(102)
    )
    assert (found.kinds, found.classes) == (("road", "water"), ("primary", ""))
    assert found.lines[0].length == pytest.approx(894, abs=2)
    assert engine_barriers([], Plane(102)).lines == ()


def a_snapshot(**building: object) -> str:
    rows = [
        {"id": "a", "households": 3, "estate_id": "e2", "point": [101.8, 36.6], "extra": {}},
        {"id": "b", "households": 0, "estate_id": "e1", "units": 2, "floors": 6} | building,
        {"id": "c", "households": 1, "legacy_grid": "g9"},
    ]
    content = {"community_code": "x", "version": "v", "boundary": None, "buildings": rows}
    return json.dumps(content | {"totals": {"buildings": 3}})


def test_a_snapshot_becomes_parallel_arrays_with_labels() -> None:
    seen = read_snapshot(a_snapshot())
    assert (seen.households, seen.boundary_text) == (4, None)
    view = engine_view(seen, Plane(102))
    community = view.community
    assert community.building_ids == ("a", "b", "c")
    assert (view.estates, view.legacy_grids) == (["e1", "e2"], ["g9"])
    for name, wanted in {
        "households": [3, 0, 1],
        "estate": [1, 0, -1],
        "units": [0, 2, 0],
        "floors": [0, 6, 0],
        "legacy": [-1, -1, 0],
    }.items():
        assert np.array_equal(getattr(community, name), wanted), name
    assert isinstance(community.geometries[0], shapely.Point)
    assert community.geometries[1:] == (None, None)
    assert community.population is None


def test_a_footprint_wins_over_the_point() -> None:
    shape = {
        "type": "Polygon",
        "coordinates": [[[101.8, 36.6], [101.9, 36.6], [101.9, 36.7], [101.8, 36.6]]],
    }
    seen = read_snapshot(a_snapshot(geometry=shape, point=[1, 1]))
    footprint = engine_view(seen, Plane(102)).community.geometries[1]
    assert footprint is not None
    assert footprint.geom_type == "Polygon"

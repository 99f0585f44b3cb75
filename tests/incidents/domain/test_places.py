"""Where an incident is, and whose areas that is while nobody knows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.incidents.domain.places import (
    Placement,
    Spot,
    at_spot,
    in_grid,
    narrowest_area,
    unplaced,
)

GRID = "630102002008001"
CODES = st.text("01", min_size=15, max_size=15).flatmap(
    lambda code: st.sampled_from([6, 9, 12, 15]).map(lambda length: code[:length])
)


@pytest.mark.parametrize(
    ("areas", "expected"),
    [
        ([], ""),
        (["*"], ""),
        (["630102", "*"], ""),
        (["630102"], "630102"),
        ([GRID], GRID),
        (["630102002008", "630102002009"], "630102002"),
        (["630102002", "630102003007"], "630102"),
        (["630102002008", GRID], "630102002008"),
        (["630102", "630103"], ""),
    ],
)
def test_an_unplaced_report_belongs_to_the_narrowest_common_area(
    areas: list[str], expected: str
) -> None:
    assert narrowest_area(areas) == expected


@given(st.lists(CODES, min_size=1, max_size=5))
def test_who_covers_the_narrowest_area_covers_every_area(areas: list[str]) -> None:
    found = narrowest_area(areas)
    assert all(area.startswith(found) for area in areas)
    assert len(found) in {0, 6, 9, 12, 15}


def test_a_spot_in_a_grid_is_placed_there() -> None:
    place = at_spot(Spot(GRID, None), "630102")
    assert (place.placement, place.area, place.is_placed) == (Placement.LOCATED, GRID, True)
    assert (place.grid_code, place.community_code) == (GRID, GRID[:12])
    assert in_grid(GRID) == place


def test_a_spot_outside_every_grid_keeps_its_nearest_and_its_community() -> None:
    nowhere = at_spot(Spot(None, None, GRID, 12.5), "630102")
    assert (nowhere.placement, nowhere.area, nowhere.is_placed) == (
        Placement.OUTSIDE,
        "630102",
        False,
    )
    assert (nowhere.nearest_grid_code, nowhere.nearest_m) == (GRID, 12.5)
    known = at_spot(Spot(None, GRID[:12], GRID, 12.5), "630102")
    assert (known.area, known.is_placed) == (GRID[:12], True)


def test_an_unplaced_report_has_no_grid() -> None:
    place = unplaced(Placement.LOCATING, "630102")
    assert (place.is_placed, place.grid_code, place.community_code) == (False, None, None)

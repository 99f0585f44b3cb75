"""Maps that are hard on purpose: each must be cut, or refused by name."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon, box

from services.grid_partition.engine import (
    Barriers,
    CommunityInput,
    Partition,
    Rules,
    ViolationCode,
    cut,
    node_district,
)
from tests.grid_partition.engine import checker, maps


def judged(community: CommunityInput, *args: object, rules: Rules | None = None) -> Partition:
    """Cut, let the checker look, hand back the partition."""
    frame, partition = maps.a_cut(community, *args, rules=rules)
    assert checker.faults(community, frame.polygon, partition, rules or Rules()) == []
    return partition


def test_a_community_below_the_minimum_is_one_grid_with_a_reason() -> None:
    partition = judged(maps.a_community([25] * 10))

    assert [grid.households for grid in partition.grids] == [250]
    assert maps.codes_of(partition) == ["too_few_households"]
    assert partition.violations[0].params == {"households": 250, "min": 300}
    assert not partition.feasible


def test_a_community_without_buildings_is_one_empty_grid() -> None:
    community = maps.a_community([])
    frame, partition = maps.a_cut(community, box(0, 0, 100, 100))

    assert checker.faults(community, frame.polygon, partition, Rules()) == []
    assert [grid.households for grid in partition.grids] == [0]
    assert maps.codes_of(partition) == ["too_few_households"]


@pytest.mark.parametrize("households", [300, 400, 500])
def test_a_community_in_range_is_one_grid(households: int) -> None:
    partition = judged(maps.a_community([households // 10] * 10))

    assert partition.feasible
    assert [grid.households for grid in partition.grids] == [households]
    assert partition.metrics.internal_boundary_m == 0.0


@pytest.mark.parametrize("households", [501, 560, 599])
def test_a_total_between_one_grid_and_two_is_refused_by_arithmetic(households: int) -> None:
    counts = [households // 20] * 20
    counts[0] += households - sum(counts)
    partition = judged(maps.a_community(counts))

    assert maps.codes_of(partition) == ["no_count_between"]
    assert partition.violations[0].params["proof"] == "arithmetic"


def test_a_lumpy_total_is_refused_by_enumeration() -> None:
    # Five lots of 200 make 1,000 households: two parts of 400 and 600, or three, never in range.
    partition = judged(maps.a_community([200] * 5, columns=5), box(0, 0, 150, 30))

    assert maps.codes_of(partition) == ["no_count_between"]
    assert partition.violations[0].params["proof"] == "enumeration"


def test_a_large_building_is_cut_by_unit() -> None:
    community = maps.a_community([30] * 20 + [900], units=[0] * 20 + [3])
    partition = judged(community)

    rows = partition.parts.building == 20
    assert partition.parts.unit_from[rows].tolist() == [1, 2, 3]
    assert partition.parts.unit_to[rows].tolist() == [1, 2, 3]
    assert partition.parts.households[rows].tolist() == [300, 300, 300]
    assert partition.feasible
    assert partition.building_grid(21)[20] == -1


def test_a_large_building_with_one_unit_is_cut_by_floor() -> None:
    community = maps.a_community([30] * 20 + [566], units=[0] * 20 + [1], floors=[0] * 20 + [33])
    partition = judged(community)

    rows = partition.parts.building == 20
    assert partition.parts.floor_from[rows].tolist()[0] == 1
    assert partition.parts.floor_to[rows].tolist()[-1] == 33
    assert sum(partition.parts.households[rows]) == 566
    assert partition.feasible


def test_a_large_building_with_unknown_units_is_named() -> None:
    community = maps.a_community([719] + [31] * 35)
    partition = judged(community)

    assert maps.codes_of(partition) == ["building_over_max"]
    violation = partition.violations[0]
    assert violation.buildings == (0,)
    assert partition.grids[violation.grid or 0].households == 719
    assert sum(grid.in_range for grid in partition.grids) == len(partition.grids) - 1


def test_a_hole_in_the_community_is_nobodys_land() -> None:
    land = box(0, 0, 180, 180).difference(box(60, 60, 120, 120))
    spots = [spot for spot in maps.lattice(36) if land.contains(spot)]
    partition = judged(maps.a_community([40] * len(spots), spots=spots), land)

    assert partition.feasible
    assert sum(grid.polygon.area for grid in partition.grids) == pytest.approx(land.area, abs=1.0)


def test_two_pieces_with_enough_households_each_are_cut_apart() -> None:
    land = MultiPolygon([box(0, 0, 180, 90), box(400, 0, 580, 90)])
    spots = maps.lattice(18) + [Point(p.x + 400, p.y) for p in maps.lattice(18)]
    partition = judged(maps.a_community([22] * 36, spots=spots), land)

    assert partition.feasible
    assert not any(grid.bridged for grid in partition.grids)


def test_a_small_enclave_joins_over_the_nearest_bridge() -> None:
    land = MultiPolygon([box(0, 0, 180, 180), box(300, 0, 360, 30)])
    spots = [*maps.lattice(36), Point(310, 15), Point(340, 15)]
    partition = judged(maps.a_community([34] * 38, spots=spots), land)

    assert partition.feasible
    bridged = [grid for grid in partition.grids if grid.bridged]
    assert len(bridged) == 1
    assert bridged[0].polygon.geom_type == "MultiPolygon"


def test_a_part_that_no_grid_can_reach_is_named_with_its_proof() -> None:
    # The enclave's 40 households can only join the 480 next to the gap: 520 is too many.
    land = MultiPolygon([box(0, 0, 60, 30), box(100, 0, 130, 30)])
    spots = [Point(15, 15), Point(45, 15), Point(115, 15)]
    partition = judged(maps.a_community([400, 480, 40], spots=spots), land)

    (violation,) = partition.violations
    assert violation.code is ViolationCode.UNREACHABLE_PART
    assert violation.buildings == (2,)
    assert violation.params["households"] == 40


def test_coincident_buildings_keep_apart() -> None:
    spots = [Point(45, 45)] * 20 + [Point(135, 45)] * 20
    partition = judged(maps.a_community([20] * 40, spots=spots), box(0, 0, 180, 90))

    assert partition.feasible
    assert [grid.households for grid in partition.grids] == [400, 400]


def test_a_crowd_in_a_tiny_block_is_still_placed() -> None:
    spots = [Point(0.5, 0.5)] * 30
    partition = judged(maps.a_community([15] * 30, spots=spots), box(0, 0, 1.5, 1.5))

    assert [grid.households for grid in partition.grids] == [450]


def test_buildings_without_coordinates_stay_with_their_estate() -> None:
    spots = [*maps.lattice(36), None, None]
    community = maps.a_community(
        [30] * 38, spots=spots, estate=[7 if i < 6 else -1 for i in range(36)] + [7, -1]
    )
    partition = judged(community, maps.around(36))

    grid = partition.building_grid(38)
    assert grid[36] == grid[0]
    (missing,) = partition.violations
    assert missing.code is ViolationCode.MISSING_LOCATION
    assert missing.buildings == (36, 37)
    assert partition.feasible


def test_a_point_outside_the_community_is_drawn_to_its_rim() -> None:
    spots = [*maps.lattice(35), Point(900, 900)]
    partition = judged(maps.a_community([25] * 36, spots=spots), maps.around(36))

    assert partition.feasible
    assert partition.building_grid(36)[35] >= 0


def test_a_community_without_barriers_is_one_block_a_grid() -> None:
    partition = judged(maps.a_community([31] * 36))

    assert [grid.blocks for grid in partition.grids] == [1] * len(partition.grids)
    assert partition.metrics.blocks_crossed == 0


def test_a_barrier_along_the_boundary_makes_no_sliver() -> None:
    rim = maps.roads([(-5, 1.2), (90, -0.8), (185, 0.9)], [(0.5, -5), (0.5, 185)])
    frame, partition = maps.a_cut(maps.a_community([31] * 36), None, rim)

    assert len(frame.block_ends) == 1
    assert partition.feasible


def test_grids_follow_a_road_when_that_is_free() -> None:
    road = maps.roads([(0, 90), (180, 90)])
    partition = judged(maps.a_community([22] * 36), None, road)

    assert [grid.households for grid in partition.grids] == [396, 396]
    assert partition.metrics.internal_boundary_m == 0.0
    assert partition.metrics.blocks_crossed == 0


def test_a_barrier_of_weight_nought_is_no_barrier() -> None:
    road = maps.roads([(0, 60), (180, 60)], name="path")
    rules = Rules(barrier_weights={"path": 0.0})
    frame = maps.a_frame(maps.around(36), road, rules)

    assert len(frame.block_ends) == 1


def test_a_barrier_of_half_weight_makes_half_of_the_border_free() -> None:
    road = maps.roads([(0, 90), (180, 90)], kind="rail")
    rules = Rules(barrier_weights={"rail": 0.5})
    community = maps.a_community([22] * 36)
    partition = judged(community, None, road, rules=rules)

    assert partition.metrics.internal_boundary_m == pytest.approx(90.0, abs=0.1)


def test_an_estate_whose_cells_do_not_touch_is_no_obstacle() -> None:
    estate = [3 if i in (0, 5, 30, 35) else -1 for i in range(36)]
    partition = judged(maps.a_community([31] * 36, estate=estate))

    assert partition.feasible


def test_estates_stay_whole_where_they_can() -> None:
    estate = [i // 6 for i in range(36)]
    partition = judged(maps.a_community([22] * 36, estate=estate))

    assert partition.feasible
    assert partition.metrics.estates_split == 0
    assert partition.violations == ()


def test_estates_that_block_are_opened_with_a_proof() -> None:
    # Three estates of 280: no two fit together, and one alone is too few.
    estate = [i // 12 for i in range(36)]
    community = maps.a_community([23] * 12 + [24] * 12 + [23] * 12, estate=estate)
    partition = judged(community)

    assert partition.feasible
    (told,) = partition.violations
    assert told.code is ViolationCode.ESTATES_BLOCK
    assert told.params["proven"] is True
    assert set(told.estates) <= {0, 1, 2}
    assert partition.metrics.estates_split == len(told.estates) == 1


def test_estates_may_be_ignored() -> None:
    estate = [i // 12 for i in range(36)]
    rules = Rules(keep_estates=False, estate_piece_weight_m=0.0)
    partition = judged(maps.a_community([23] * 36, estate=estate), rules=rules)

    assert partition.feasible
    assert partition.violations == ()


def test_a_moved_household_has_its_price() -> None:
    legacy = [0 if i % 6 < 3 else 1 for i in range(36)]
    community = maps.a_community([22] * 36, legacy=legacy)
    road = maps.roads([(0, 90), (180, 90)])

    free = judged(community, None, road)
    bound = judged(community, None, road, rules=Rules(move_price_m=10.0))

    assert free.metrics.moved_households == 396
    assert bound.metrics.moved_households == 0


def test_population_is_summed_and_reported() -> None:
    community = maps.a_community([31] * 36, population=[90] * 36)
    partition = judged(community, rules=Rules(population_max=1000))

    assert sum(grid.population or 0 for grid in partition.grids) == 90 * 36
    assert set(maps.codes_of(partition)) == {"population_over_max"}
    assert partition.feasible


def test_touching_footprints_are_cut_between_them() -> None:
    spots = [box(i % 6 * 30, i // 6 * 30, i % 6 * 30 + 30, i // 6 * 30 + 30) for i in range(36)]
    partition = judged(maps.a_community([31] * 36, spots=spots))

    for grid in partition.grids:
        assert grid.polygon.area == pytest.approx(900.0 * round(grid.polygon.area / 900), abs=0.5)


def test_a_concave_community_with_a_thin_neck_is_cut() -> None:
    land = Polygon(
        [
            (0, 0),
            (180, 0),
            (180, 80),
            (92, 80),
            (92, 100),
            (180, 100),
            (180, 180),
            (0, 180),
            (0, 100),
            (88, 100),
            (88, 80),
            (0, 80),
        ]
    )
    spots = [spot for spot in maps.lattice(36) if land.contains(spot)]
    partition = judged(maps.a_community([40] * len(spots), spots=spots), land)

    assert partition.feasible


def test_collinear_buildings_are_cut_across_the_line() -> None:
    spots = [Point(10.0 * i + 5, 10) for i in range(40)]
    partition = judged(maps.a_community([25] * 40, spots=spots), box(0, 0, 400, 20))

    assert partition.feasible
    assert partition.metrics.internal_boundary_m <= 20.0 * (len(partition.grids) - 1) + 0.1


def test_many_roads_make_many_blocks_and_the_grids_still_hold_together() -> None:
    lines = [[(0, y), (180, y)] for y in (31, 59, 92, 121, 149)]
    lines += [[(x, 0), (x, 180)] for x in (29, 61, 88, 119, 152)]
    partition = judged(maps.a_community([31] * 36), None, maps.roads(*lines))

    assert partition.feasible


def test_a_frame_of_another_community_is_refused() -> None:
    frame = maps.a_frame(box(0, 0, 90, 90), code="A")

    with pytest.raises(ValueError, match="frame of 'A' given for community 'B'"):
        cut(maps.a_community([10], code="B"), frame)


def test_a_curved_boundary_is_tiled() -> None:
    land = Point(100, 100).buffer(95, quad_segs=40)
    spots = [spot for spot in maps.lattice(49, 7) if land.contains(spot)]
    road = Barriers((LineString([(0, 40), (100, 110), (220, 90)]),), ("water",), ("river",))
    partition = judged(maps.a_community([33] * len(spots), spots=spots), land, road)

    assert partition.feasible


def test_grids_are_numbered_like_lines_of_text() -> None:
    spots = maps.lattice(64, 8)
    partition = judged(maps.a_community([25] * 64, spots=spots), maps.around(64, 8))

    centres = shapely.get_coordinates(shapely.centroid([g.polygon for g in partition.grids]))
    assert len(centres) == 4
    upper, lower = centres[:2], centres[2:]
    assert np.min(upper[:, 1]) > np.max(lower[:, 1])
    assert upper[0, 0] < upper[1, 0]
    assert lower[0, 0] < lower[1, 0]


def test_neighbours_in_a_district_share_every_node() -> None:
    lands = [
        Polygon([(0, 0), (100, 0), (101.337, 150.219), (0, 150)]),
        Polygon([(100, 0), (220, 0), (220, 150), (101.337, 150.219)]),
    ]
    frames = node_district(["A", "B"], lands, maps.roads([(0, 70.3), (220, 81.7)]))

    blocks = np.concatenate([frame.blocks() for frame in frames])
    assert len(blocks) == 4
    assert shapely.coverage_is_valid(blocks)

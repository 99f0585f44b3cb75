"""The parts of the demo generator, where a whole town would hide a mistake."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

import numpy as np
import pytest
import shapely

from infra.demo.case_files import CaseFiles, collection_file
from infra.demo.construction import Builder, Building, Estate, Town, forget_some_footprints, move_in
from infra.demo.districting import Patches, Undividable, bisect, divide, divide_by_street
from infra.demo.housing import House, facing, lay_rows, plots, strip, turn
from infra.demo.landuse import free_ground, plan_uses
from infra.demo.lattice import Block, Lattice, Line, build_lattice
from infra.demo.legacy import apportion
from infra.demo.naming import Namer
from infra.demo.planar import Frame, Plan, build_plan, cut_block
from infra.demo.recipe import LegacyRule, Recipe, Street, load_recipe
from infra.demo.settlement import Settlement, settle

ORIGIN = Frame(101.795, 36.6)


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe()


@pytest.fixture(scope="module")
def lattice(recipe: Recipe) -> Lattice:
    return build_lattice(recipe, np.random.default_rng(11))


@pytest.fixture(scope="module")
def plan(recipe: Recipe, lattice: Lattice) -> Plan:
    """Whole blocks as cells: no small streets, so that it is quick."""
    return build_plan(list(lattice.lines), lattice.blocks, Frame(*recipe.origin))


@pytest.fixture(scope="module")
def settlement(recipe: Recipe, plan: Plan, lattice: Lattice) -> Settlement:
    return settle(recipe, plan, lattice, np.random.default_rng(11))


def square(x: float, y: float, side: float = 300.0) -> Any:
    return shapely.box(x, y, x + side, y + side)


def outlines(*polygons: Any) -> list[Line]:
    return [Line(shapely.LineString(p.exterior.coords), "secondary", "环路") for p in polygons]


def a_house(households: int = 12, kind: str = "slab") -> House:
    return House(shapely.box(0, 0, 40, 12), kind, 3, 6, households)


def a_building(number: int, house: House, estate: Estate | None = None) -> Building:
    return Building(f"b{number}", "1号楼", "c", 0, house, house.footprint, estate)


def an_estate(**changes: Any) -> Estate:
    yard = Estate("E1", "courtyard", "禾苑大院", "c", square(0, 0), None, False, False)
    return dataclasses.replace(yard, **changes)


def test_the_recipe_and_the_division_table_name_the_same_streets(recipe: Recipe) -> None:
    assert {s.code for s in recipe.streets} == {c.street_code for c in recipe.communities}
    assert {s.bank for s in recipe.streets} == {"south", "north"}
    assert recipe.communities[0].short_name == "北关社区"
    assert set(recipe.civic) | {"street", "courtyard", "village"} <= set(recipe.stock)
    for zone in recipe.zones:
        assert sum(zone.kinds.values()) == pytest.approx(1)
        assert set(zone.kinds) <= set(recipe.ladder)


def test_blocks_of_the_lattice_leave_no_gap_and_keep_the_banks_apart(
    recipe: Recipe, lattice: Lattice
) -> None:
    polygons = [block.polygon for block in lattice.blocks]
    assert shapely.coverage_is_valid(polygons)
    valley = recipe.valley
    assert len(polygons) == valley.columns * len(valley.row_m) - round(
        valley.absent_share * 2 * (valley.columns - 2)
    )
    (river,) = [line for line in lattice.lines if line.way == "river"]
    assert shapely.crosses(river.geometry, shapely.union_all(polygons).buffer(-1))
    inner = shapely.buffer(polygons, -1)
    assert not shapely.intersects(inner, river.geometry).any()


def test_cuts_divide_a_block_until_no_cell_is_too_large() -> None:
    block = shapely.Polygon([(0, 0), (420, 15), (400, 380), (-10, 350)])
    cuts = cut_block(block, 36_000, np.random.default_rng(1))
    lines = [*outlines(block), *(Line(cut, "residential", None) for cut in cuts)]
    plan = build_plan(lines, (Block((0, 0), block),), ORIGIN)
    assert len(plan.cells) == len(cuts) + 1
    assert max(cell.metres.area for cell in plan.cells) <= 36_000
    assert sum(cell.metres.area for cell in plan.cells) == pytest.approx(block.area, rel=1e-4)


def test_an_overshooting_cut_ends_on_the_street_that_it_meets() -> None:
    block = square(0, 0)
    cut = Line(shapely.LineString([(150, -0.3), (150, 300.3)]), "residential", "井巷")
    plan = build_plan([*outlines(block), cut], (Block((0, 0), block),), ORIGIN)
    (street,) = [line for line in plan.lines if line.way == "residential"]
    assert street.name == "井巷"
    assert street.geometry.length == pytest.approx(300, abs=0.02)
    assert len(plan.cells) == 2


def test_neighbouring_cells_know_the_length_of_their_border() -> None:
    west, east, far = square(0, 0), square(300, 0), square(300, 300)
    blocks = tuple(Block((k, 0), polygon) for k, polygon in enumerate((west, east, far)))
    plan = build_plan(outlines(west, east, far), blocks, ORIGIN)
    assert [cell.block for cell in plan.cells] == [0, 1, 2]
    assert dict(plan.borders[0]) == {1: pytest.approx(300, abs=0.1)}
    assert set(plan.borders[1]) == {0, 2}


def test_ground_enclosed_by_lines_but_outside_every_block_is_no_cell() -> None:
    plan = build_plan(
        outlines(square(0, 0), square(900, 0)), (Block((0, 0), square(0, 0)),), ORIGIN
    )
    assert len(plan.cells) == 1


def test_communities_are_contiguous_and_stay_on_their_bank(
    recipe: Recipe, plan: Plan, lattice: Lattice, settlement: Settlement
) -> None:
    bank = {street.code: street.bank for street in recipe.streets}
    seen: Counter[int] = Counter()
    for ground in settlement.grounds:
        union = shapely.coverage_union_all([plan.cells[k].units for k in ground.cells])
        assert union.geom_type == "Polygon"
        rows = {lattice.blocks[plan.cells[k].block].key[1] for k in ground.cells}
        is_south = bank[ground.community.street_code] == "south"
        assert all((row < recipe.valley.river_line) == is_south for row in rows)
        seen.update(ground.cells)
    assert set(seen) == set(range(len(plan.cells)))
    assert set(seen.values()) == {1}


def test_communities_share_the_households_of_the_district(
    recipe: Recipe, settlement: Settlement
) -> None:
    wanted = [ground.households for ground in settlement.grounds]
    assert sum(wanted) == pytest.approx(recipe.households)
    assert min(wanted) > 1500
    assert max(wanted) > 1.5 * min(wanted)


def test_streets_follow_the_order_of_their_anchors() -> None:
    patches = chain([1.0] * 12)
    streets = [
        Street("e", "东街", "south", (0.9, 0.5)),
        Street("w", "西街", "south", (0.1, 0.5)),
        Street("m", "中街", "south", (0.5, 0.5)),
    ]
    found = divide_by_street(patches, range(12), streets, {"w": 3, "m": 3, "e": 6})
    assert found == {"w": [0, 1, 2], "m": [3, 4, 5], "e": [6, 7, 8, 9, 10, 11]}


def test_free_ground_keeps_off_roads_and_banks(recipe: Recipe, plan: Plan) -> None:
    free = free_ground(plan, recipe)
    river = next(line.geometry for line in plan.lines if line.way == "river")
    assert len(free) == len(plan.cells)
    for cell, place in zip(plan.cells, free, strict=True):
        assert shapely.contains_properly(cell.metres, place)
    assert min(float(shapely.distance(place, river)) for place in free) > 30 + 8


def test_uses_come_near_the_households_that_a_community_should_hold(
    recipe: Recipe, plan: Plan, settlement: Settlement
) -> None:
    free = free_ground(plan, recipe)
    # Whole blocks as cells are coarse: fewer villages than in the shipped recipe.
    coarse = dataclasses.replace(recipe, village_cells=4)
    uses = plan_uses(plan, coarse, settlement, free, np.random.default_rng(5))
    assert sum(use in ("big", "giant") for use in uses) == len(recipe.big_buildings)
    area = shapely.area(free) / 1e4
    held = sum(a * recipe.density_per_ha[use] for a, use in zip(area, uses, strict=True))
    assert held * recipe.planned_occupancy == pytest.approx(recipe.households, rel=0.1)


def test_a_community_without_room_for_its_tower_is_refused(
    recipe: Recipe, plan: Plan, settlement: Settlement
) -> None:
    nothing = [shapely.Polygon()] * len(plan.cells)
    with pytest.raises(ValueError, match="no cell of 630102006008 holds the giant building"):
        plan_uses(plan, recipe, settlement, nothing, np.random.default_rng(5))


def test_facing_is_the_side_closest_to_east_west() -> None:
    slab = shapely.box(0, 0, 100, 30)
    around = np.array([50.0, 15.0])
    for degrees in (-40, -10, 0, 25, 44):
        assert np.degrees(facing(turn(slab, np.radians(degrees), around))) == pytest.approx(degrees)


def test_plots_are_a_table_with_gaps_inside_the_ground() -> None:
    ground = shapely.box(0, 0, 160, 100)
    found = plots(ground, (52, 50), 3.0)
    assert len(found) == 6
    assert all(ground.covers(plot) for plot in found)
    gaps = [a.distance(b) for k, a in enumerate(found) for b in found[k + 1 :]]
    assert min(gaps) == pytest.approx(3)


def test_the_shop_front_is_the_south_side() -> None:
    front, rest = strip(shapely.box(0, 0, 100, 80), 18)
    assert front.bounds == pytest.approx((0, 0, 100, 18))
    assert rest.bounds == pytest.approx((0, 22, 100, 80))


def test_a_single_tower_takes_the_site_nearest_the_middle(recipe: Recipe) -> None:
    (tower,) = lay_rows(square(0, 0), recipe.stock["giant"], np.random.default_rng(0))
    assert tower.footprint.centroid.distance(shapely.Point(150, 150)) < 80
    assert (tower.units, tower.floors, tower.dwellings) == (5, 33, 660)


def test_shops_on_the_ground_floor_are_no_dwellings(recipe: Recipe) -> None:
    ground = shapely.box(0, 0, 200, 18)
    houses = lay_rows(ground, recipe.stock["street"], np.random.default_rng(2))
    assert houses
    for house in houses:
        assert house.units is not None
        assert house.dwellings == house.units * 2 * (house.floors - 1)


@pytest.mark.parametrize(
    ("changes", "mode", "is_three_no"),
    [
        ({}, "none", True),
        ({"company": "岚栖物业"}, "property_company", False),
        ({"has_resident_organization": True}, "self_managed", False),
        ({"has_owners_committee": True}, "none", False),
        ({"estate_type": "village"}, "none", False),
    ],
)
def test_a_three_no_yard_lacks_company_committee_and_residents_group(
    changes: dict[str, Any], mode: str, is_three_no: bool
) -> None:
    estate = an_estate(**changes)
    assert estate.management_mode == mode
    assert estate.is_three_no is is_three_no


def test_an_old_cell_has_shops_in_front_and_named_courtyards_behind(
    recipe: Recipe, settlement: Settlement
) -> None:
    rng = np.random.default_rng(4)
    ground = dataclasses.replace(settlement.grounds[0], cells=(0,))
    one = dataclasses.replace(settlement, grounds=(ground,))
    town = Builder(recipe, Namer(recipe.names, rng), rng).build(one, [square(0, 0, 170)], ["old"])
    kinds = Counter(building.house.kind for building in town.buildings)
    assert kinds["mixed_street"] >= 3
    assert kinds["courtyard"] >= 6
    assert {estate.estate_type for estate in town.estates} == {"courtyard"}
    assert [b.estate is None for b in town.buildings] == [
        b.house.kind == "mixed_street" for b in town.buildings
    ]
    codes = [b.building_id for b in town.buildings]
    assert codes == sorted(set(codes))


def test_households_move_into_estates_and_villages_are_never_empty(recipe: Recipe) -> None:
    estate = an_estate()
    homes = [a_building(k, a_house(), estate) for k in range(50)]
    farms = [a_building(k, a_house(1, "village_house")) for k in range(50, 80)]
    town = Town([*homes, *farms], [estate])
    small = dataclasses.replace(recipe, households=560)
    move_in(town, small, np.random.default_rng(0))
    assert all(farm.households == 1 for farm in farms)
    assert estate.households == sum(home.households for home in homes)
    assert estate.households == pytest.approx(533, abs=30)


def test_forgotten_footprints_become_points_inside_them() -> None:
    town = Town([a_building(k, a_house()) for k in range(9)])
    for building in town.buildings:
        building.households = 5
    forget_some_footprints(town, 3, np.random.default_rng(0))
    points = [b for b in town.buildings if b.geometry.geom_type == "Point"]
    assert len(points) == 3
    assert all(b.house.footprint.contains(b.geometry) for b in points)


def test_a_collection_packs_to_the_same_bytes_and_unpacks_to_its_features() -> None:
    feature = {"type": "Feature", "properties": {"name": "北关"}, "geometry": None}
    name, packed = collection_file("estates", [feature])
    assert name == "estates.geojson.gz"
    assert collection_file("estates", [feature]) == (name, packed)
    assert CaseFiles({name: packed}).features("estates") == [feature]


def chain(weights: list[float]) -> Patches:
    """Patches in a row, each bordering the next."""
    borders: list[dict[int, float]] = [
        {j: 1.0 for j in (k - 1, k + 1) if 0 <= j < len(weights)} for k in range(len(weights))
    ]
    centre = np.array([[float(k), 0.0] for k in range(len(weights))])
    return Patches(centre, np.array(weights), borders)


def test_a_bisection_keeps_both_parts_contiguous_and_inside_the_bounds() -> None:
    patches = chain([5, 5, 5, 5, 5, 5])
    left, right = bisect(patches, range(6), target=12, bounds=(10, 20), angles=[0.0])
    assert left == [0, 1]
    assert right == [2, 3, 4, 5]


def test_a_division_that_no_bounds_allow_is_refused_by_name() -> None:
    with pytest.raises(Undividable):
        divide(chain([9, 9, 9]), range(3), 2, (10, 12), 0.0, np.random.default_rng(0))


def test_old_grids_are_shared_out_by_size_and_add_up() -> None:
    rule = LegacyRule(count=10, households_min=400, households_max=1600, spread=0.3)
    counts = apportion([2000, 6000, 1500], rule)
    assert sum(counts) == 10
    assert counts[1] > counts[0] >= counts[2]


def test_rows_keep_their_gaps_and_stay_inside_slanted_ground() -> None:
    ground = shapely.Polygon([(0, 0), (180, 25), (170, 140), (-15, 110)])
    houses = lay_rows(ground, load_recipe().stock["slab"], np.random.default_rng(3))
    assert len(houses) >= 8
    footprints = [house.footprint for house in houses]
    assert shapely.contains_properly(ground, footprints).all()
    gaps = [a.distance(b) for k, a in enumerate(footprints) for b in footprints[k + 1 :]]
    assert min(gaps) >= 7


def test_ground_too_small_for_a_building_stays_empty() -> None:
    tiny = shapely.box(0, 0, 9, 6)
    stock = load_recipe().stock["slab"]
    assert lay_rows(tiny, stock, np.random.default_rng(0)) == []
    assert lay_rows(shapely.Polygon(), stock, np.random.default_rng(0)) == []


def test_a_town_with_too_few_dwellings_is_refused() -> None:
    house = House(shapely.box(0, 0, 1, 1), "slab", 1, 6, 12)
    town = Town([Building("x", "1", "c", 0, house, house.footprint, None)], [])
    with pytest.raises(ValueError, match="12 dwellings"):
        move_in(town, load_recipe(), np.random.default_rng(0))


def test_used_up_names_come_again_with_a_compass_word() -> None:
    namer = Namer(load_recipe().names, np.random.default_rng(0))
    names = [namer.estate("village") for _ in range(80)]
    assert len(set(names)) == 80
    assert any(name.startswith("东") for name in names)


def test_metres_and_degrees_convert_back_and_forth() -> None:
    frame = Frame(101.8, 36.6)
    there = frame.to_units(shapely.Point(3000, -2000))
    back = frame.to_metres(there)
    assert back.distance(shapely.Point(3000, -2000)) < 0.01
    # One degree of latitude at 36.6 degrees north is 110.97 km (GRS 80 tables).
    assert frame.to_units(shapely.Point(0, 110_970)).y / 1e7 == pytest.approx(37.6, abs=1e-3)

"""The demo district keeps what its README promises."""

from __future__ import annotations

import functools
import gzip
import json
import re
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

from infra.demo.case_files import CaseFiles, read_case, sha256_of
from infra.demo.districting import Patches, divide
from infra.demo.generate import generate, main
from infra.demo.incidents import sample_reports
from infra.demo.planar import Frame
from infra.demo.recipe import load_recipe

SEED = 630102
HARD = "630102006008"


@pytest.fixture(scope="module")
def case() -> CaseFiles:
    return generate(SEED)


@pytest.fixture(scope="module")
def other() -> CaseFiles:
    return generate(7)


@pytest.fixture(scope="module", params=["shipped seed", "another seed"])
def either(request: pytest.FixtureRequest, case: CaseFiles, other: CaseFiles) -> CaseFiles:
    return case if request.param == "shipped seed" else other


@functools.cache
def unpacked(packed: bytes) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(gzip.decompress(packed))["features"]
    return features


@functools.cache
def unpacked_shapes(packed: bytes) -> Any:
    return np.array([shape(feature["geometry"]) for feature in unpacked(packed)])


def properties(case: CaseFiles, collection: str) -> list[dict[str, Any]]:
    packed = case.files[f"{collection}.geojson.gz"]
    return [feature["properties"] for feature in unpacked(packed)]


def shapes(case: CaseFiles, collection: str) -> Any:
    return unpacked_shapes(case.files[f"{collection}.geojson.gz"])


def by_code(case: CaseFiles, collection: str, key: str) -> dict[str, Any]:
    codes = [p[key] for p in properties(case, collection)]
    return dict(zip(codes, shapes(case, collection), strict=True))


def test_the_district_has_the_size_of_the_real_one(either: CaseFiles) -> None:
    totals = either.summary["totals"]
    assert totals["communities"] == 35
    assert totals["legacy_grids"] == 197
    assert 187_000 <= totals["households"] <= 193_000
    assert 7_000 <= totals["buildings"] <= 9_000


def test_the_communities_are_the_governed_ones_under_their_real_names(case: CaseFiles) -> None:
    recipe = load_recipe()
    found = {p["code"]: (p["name"], p["street_code"]) for p in properties(case, "communities")}
    assert found == {c.code: (c.name, c.street_code) for c in recipe.communities}
    assert {p["street_code"] for p in properties(case, "communities")} == {
        street.code for street in recipe.streets
    }


def test_sums_of_buildings_are_the_totals_of_communities_estates_and_old_grids(
    either: CaseFiles,
) -> None:
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for building in properties(either, "buildings"):
        for key in ("community_code", "estate_id", "legacy_grid"):
            sums[key][building[key]] += building["households"]
            counts[key][building[key]] += 1
    for row in properties(either, "communities"):
        code = row["code"]
        assert row["households"] == sums["community_code"][code]
        assert row["buildings"] == counts["community_code"][code]
    for row in properties(either, "estates"):
        assert row["households"] == sums["estate_id"][row["estate_id"]]
        assert row["buildings"] == counts["estate_id"][row["estate_id"]]
    for row in properties(either, "legacy_grids"):
        assert row["households"] == sums["legacy_grid"][row["grid_code"]]
    assert either.summary["totals"]["households"] == sum(sums["community_code"].values())


def test_every_id_is_given_once_and_extends_the_code_of_its_community(either: CaseFiles) -> None:
    for collection, key, community in (
        ("buildings", "building_id", "community_code"),
        ("legacy_grids", "grid_code", "community_code"),
    ):
        rows = properties(either, collection)
        assert len({row[key] for row in rows}) == len(rows)
        assert all(row[key].startswith(row[community]) for row in rows)
    for collection, key in (("estates", "estate_id"), ("barriers", "barrier_id")):
        rows = properties(either, collection)
        assert len({row[key] for row in rows}) == len(rows)


def test_communities_tile_the_district_vertex_for_vertex(either: CaseFiles) -> None:
    grounds = shapes(either, "communities")
    assert all(ground.geom_type == "Polygon" and ground.is_valid for ground in grounds)
    assert shapely.coverage_is_valid(grounds)
    whole = shapely.coverage_union_all(grounds)
    assert whole.geom_type == "Polygon"
    assert len(whole.interiors) == 0
    # A segment of a border belongs to two communities or to the rim, never to a third part of one.
    segments: Counter[tuple[tuple[float, ...], ...]] = Counter()
    for ground in grounds:
        corners = [tuple(c) for c in shapely.get_coordinates(ground).tolist()]
        segments.update(tuple(sorted(pair)) for pair in pairwise(corners))
    assert set(segments.values()) == {1, 2}
    rim = sum(shapely.LineString(s).length for s, owners in segments.items() if owners == 1)
    assert rim == pytest.approx(whole.exterior.length)


def test_buildings_lie_strictly_inside_their_community(either: CaseFiles) -> None:
    ground = by_code(either, "communities", "code")
    rows = properties(either, "buildings")
    homes = np.array([ground[row["community_code"]] for row in rows])
    for place in set(homes.tolist()):
        shapely.prepare(place)
    assert shapely.contains_properly(homes, shapes(either, "buildings")).all()


def test_footprints_are_valid_and_do_not_touch(either: CaseFiles) -> None:
    footprints = shapes(either, "buildings")
    assert shapely.is_valid(footprints).all()
    first, second = shapely.STRtree(footprints).query(footprints, predicate="intersects")
    assert (first == second).all()


def test_a_handful_of_inhabited_buildings_are_points_only(either: CaseFiles) -> None:
    kinds = Counter(feature["geometry"]["type"] for feature in either.features("buildings"))
    assert kinds["Point"] == 6
    assert set(kinds) == {"Point", "Polygon"}


def test_old_grids_are_contiguous_unbalanced_and_tile_their_community(either: CaseFiles) -> None:
    rows, grids = properties(either, "legacy_grids"), shapes(either, "legacy_grids")
    assert all(grid.geom_type == "Polygon" for grid in grids)
    assert shapely.coverage_is_valid(grids)
    sizes = sorted(row["households"] for row in rows)
    assert sizes[0] >= 400
    assert sizes[-1] <= 1600
    assert sizes[-20] > 2 * sizes[20]
    ground = by_code(either, "communities", "code")
    parts: dict[str, list[Any]] = defaultdict(list)
    for row, grid in zip(rows, grids, strict=True):
        parts[row["community_code"]].append(grid)
    for code, mine in parts.items():
        assert shapely.equals(shapely.coverage_union_all(mine), ground[code])


def test_a_building_lies_in_the_old_grid_that_it_names(either: CaseFiles) -> None:
    grid = by_code(either, "legacy_grids", "grid_code")
    homes = [grid[row["legacy_grid"]] for row in properties(either, "buildings")]
    assert shapely.contains_properly(homes, shapes(either, "buildings")).all()


def test_buildings_of_an_estate_lie_within_it_and_estates_within_their_community(
    either: CaseFiles,
) -> None:
    estate = by_code(either, "estates", "estate_id")
    rows, footprints = properties(either, "buildings"), shapes(either, "buildings")
    housed = [
        (estate[r["estate_id"]], f) for r, f in zip(rows, footprints, strict=True) if r["estate_id"]
    ]
    assert shapely.contains_properly(*(list(side) for side in zip(*housed, strict=True))).all()
    ground = by_code(either, "communities", "code")
    homes = [ground[row["community_code"]] for row in properties(either, "estates")]
    assert shapely.contains_properly(homes, shapes(either, "estates")).all()


def test_the_housing_is_as_mixed_as_a_real_district(either: CaseFiles) -> None:
    kinds = Counter(row["kind"] for row in properties(either, "buildings"))
    for kind in ("slab", "highrise", "tower", "courtyard", "mixed_street", "village_house"):
        assert kinds[kind] >= 50, kind
    assert kinds["apartment_tower"] == 5
    estates = properties(either, "estates")
    assert {row["type"] for row in estates} == {"gated", "courtyard", "village"}
    three_no = [row for row in estates if row["no_property_no_committee"]]
    assert len(three_no) >= 30
    assert all(row["type"] == "courtyard" and row["management_mode"] == "none" for row in three_no)


def test_schools_and_parks_hold_nobody_and_villages_hold_somebody(either: CaseFiles) -> None:
    for row in properties(either, "buildings"):
        if row["kind"] in ("school", "park", "hospital", "market", "office"):
            assert row["households"] == 0
        if row["kind"] == "village_house":
            assert row["households"] >= 1
        assert 0 <= row["households"] <= row["dwellings"]


def test_every_community_is_large_enough_to_be_cut_into_grids(either: CaseFiles) -> None:
    counts = [row["households"] for row in properties(either, "communities")]
    assert min(counts) >= 1200
    assert all(-(-n // 500) <= n // 300 for n in counts)


def test_only_the_hard_community_has_a_building_above_the_maximum(either: CaseFiles) -> None:
    over = [row for row in properties(either, "buildings") if row["households"] > 500]
    assert [row["community_code"] for row in over] == [HARD]
    assert over[0]["units"] == 5
    assert either.summary["hard"] == {HARD: "building_over_max"}


def neighbours(points: Any) -> Patches:
    """Buildings joined by a Delaunay graph: a stand-in for walking from one to the next."""
    index = {tuple(p): k for k, p in enumerate(points.tolist())}
    borders: list[dict[int, float]] = [{} for _ in index]
    edges = shapely.delaunay_triangles(shapely.multipoints(points), only_edges=True)
    for edge in shapely.get_parts(edges):
        a, b = (index[tuple(p)] for p in shapely.get_coordinates(edge).tolist())
        borders[a][b] = borders[b][a] = 1.0
    return Patches(points, np.zeros(len(points)), borders)


def test_whole_buildings_can_be_grouped_into_grids_of_300_to_500(case: CaseFiles) -> None:
    rows, rng = properties(case, "buildings"), np.random.default_rng(0)
    points = shapely.get_coordinates(shapely.centroid(shapes(case, "buildings"))) * (89e3, 111e3)
    codes = sorted({row["community_code"] for row in rows} - {HARD})
    for code in codes[::4]:
        mine = [k for k, row in enumerate(rows) if row["community_code"] == code]
        graph = neighbours(points[mine])
        weight = np.array([float(rows[k]["households"]) for k in mine])
        graph = Patches(graph.centre, weight, graph.borders)
        parts = divide(graph, range(len(mine)), round(weight.sum() / 400), (300, 500), 0.02, rng)
        assert all(300 <= weight[part].sum() <= 500 for part in parts)


def test_the_valley_has_one_river_one_railway_and_roads_of_every_class(either: CaseFiles) -> None:
    rows = properties(either, "barriers")
    assert {row["kind"] for row in rows} == {"road", "rail", "water"}
    assert {row["class"] for row in rows if row["kind"] == "road"} == {
        "primary", "secondary", "tertiary", "residential",
    }  # fmt: skip
    assert all(row["width_m"] > 0 for row in rows)
    lines = shapes(either, "barriers")
    for kind in ("rail", "water"):
        (line,) = [g for row, g in zip(rows, lines, strict=True) if row["kind"] == kind]
        west, _, east, _ = line.bounds
        assert east - west > 0.07


def test_no_building_stands_on_a_road_the_river_or_the_railway(case: CaseFiles) -> None:
    rows, frame = properties(case, "barriers"), Frame(*load_recipe().origin)
    lines = frame.to_metres(shapely.transform(shapes(case, "barriers"), lambda c: c * 1e7))
    footprints = frame.to_metres(shapely.transform(shapes(case, "buildings"), lambda c: c * 1e7))
    strips = shapely.buffer(lines, [row["width_m"] / 2 for row in rows], cap_style="flat")
    assert shapely.STRtree(footprints).query(strips, predicate="intersects").size == 0


def test_residential_streets_end_on_other_streets(case: CaseFiles) -> None:
    rows, lines = properties(case, "barriers"), shapes(case, "barriers")
    known: Counter[tuple[float, ...]] = Counter()
    for line in lines:
        known.update(tuple(c) for c in shapely.get_coordinates(line).tolist())
    rim = shapely.coverage_union_all(shapes(case, "communities")).exterior
    known.update(tuple(c) for c in shapely.get_coordinates(rim).tolist())
    for row, line in zip(rows, lines, strict=True):
        if row["class"] == "residential":
            ends = shapely.get_coordinates(line)[[0, -1]].tolist()
            assert all(known[tuple(end)] >= 2 for end in ends)


def test_coordinates_are_seven_decimals_near_the_real_valley(either: CaseFiles) -> None:
    for collection in ("communities", "buildings", "barriers", "estates", "legacy_grids"):
        coordinates = shapely.get_coordinates(shapes(either, collection))
        assert (np.round(coordinates, 7) == coordinates).all()
        low, high = coordinates.min(axis=0), coordinates.max(axis=0)
        assert (low > (101.7, 36.5)).all()
        assert (high < (101.95, 36.7)).all()


def test_the_command_gives_the_same_bytes_for_the_same_seed(
    tmp_path: Path, case: CaseFiles, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(tmp_path / "out"), "--seed", str(SEED)])
    assert dict(read_case(tmp_path / "out").files) == dict(case.files)
    assert json.loads(capsys.readouterr().out) == case.summary["totals"]


def test_another_seed_gives_another_town(case: CaseFiles, other: CaseFiles) -> None:
    assert case.files["buildings.geojson.gz"] != other.files["buildings.geojson.gz"]
    assert case.files["communities.geojson.gz"] != other.files["communities.geojson.gz"]


def test_a_written_case_reads_back_and_matches_its_digests(tmp_path: Path, case: CaseFiles) -> None:
    case.write(tmp_path / "deep" / "case")
    back = read_case(tmp_path / "deep" / "case")
    assert dict(back.files) == dict(case.files)
    packed = {name: c for name, c in back.files.items() if name.endswith(".gz")}
    assert sha256_of(packed) == back.summary["sha256"]
    assert "made up" in back.files["README.md"].decode()
    assert HARD in back.files["README.md"].decode()
    assert "$" not in back.files["README.md"].decode()


def test_names_are_not_repeated_among_estates(either: CaseFiles) -> None:
    names = [row["name"] for row in properties(either, "estates")]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[\u4e00-\u9fff]{2,8}", name) for name in names)


def test_sample_reports_lie_on_a_building_of_the_community_they_name(either: CaseFiles) -> None:
    reports = sample_reports(either)
    assert 10 <= len(reports) <= 14
    place = by_code(either, "buildings", "building_id")
    ground = by_code(either, "communities", "code")
    for report in reports:
        point = shapely.Point(report.lon, report.lat)
        assert ground[report.community_code].contains_properly(point)
        assert place[report.building_id].distance(point) < 1e-6
        assert "{" not in report.text
    assert sample_reports(either) == reports


def test_a_sample_report_names_no_phone_and_no_id_number(case: CaseFiles) -> None:
    assert not any(re.search(r"\d{5,}", report.text) for report in sample_reports(case))

"""The benchmark's own judge, generator and ratios: what they say can be checked by hand."""

from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import shapely

from tests.bench.partition import checker, houses, instances, methods, ratios, surveyed, towns
from tests.bench.partition.contest import best_setting
from tests.bench.partition.figures import figures
from tests.bench.partition.graph_file import (
    BenchGraph,
    asked_count,
    load_graph,
    overweight,
    window,
)
from tests.bench.partition.page import render

BENCH = Path(__file__).parents[2] / "bench" / "partition"


def squares(weight: list[int] | None = None) -> BenchGraph:
    """Six squares of 10 m in two rows of three; a barrier lies between the rows.

    Atoms 0 1 2 below, 3 4 5 above; blocks are the rows; 0 and 1 are estate 0; old grids are the
    columns.
    """
    pairs = [(0, 1, 10.0), (1, 2, 10.0), (3, 4, 10.0), (4, 5, 10.0)]
    pairs += [(0, 3, 0.0), (1, 4, 0.0), (2, 5, 0.0)]
    rows = sorted([(a, b, m) for a, b, m in pairs] + [(b, a, m) for a, b, m in pairs])
    cells = [
        shapely.box(10 * (i % 3), 10 * (i // 3), 10 * (i % 3) + 10, 10 * (i // 3) + 10)
        for i in range(6)
    ]
    return BenchGraph(
        name="squares",
        family="toy",
        count=2,
        indptr=np.cumsum([0, *np.bincount([a for a, _, _ in rows])]),
        indices=np.array([b for _, b, _ in rows]),
        length=np.array([m for _, _, m in rows]),
        weight=np.array(weight or [130, 130, 140, 130, 130, 140]),
        block_ptr=np.arange(7),
        block=np.array([0, 0, 0, 1, 1, 1]),
        estate=np.array([0, 0, -1, -1, -1, -1]),
        old=np.array([0, 1, 2, 0, 1, 2]),
        xy=shapely.get_coordinates(shapely.centroid(cells)),
        outline=tuple(shapely.to_wkb(cells)),
    )


def judged(
    label: list[int], graph: BenchGraph | None = None, count: int | None = 2
) -> checker.Score:
    return checker.judge(graph or squares(), np.array(label), count)


def test_a_cut_along_the_barrier_is_feasible_and_costs_nothing() -> None:
    score = judged([0, 0, 0, 1, 1, 1])

    assert score.feasible
    assert (score.boundary_m, score.crossings, score.estate_pieces, score.score_m) == (0, 0, 0, 0)
    assert score.polsby_popper == pytest.approx(4 * np.pi * 300 / 80**2)


def test_a_cut_across_the_barrier_pays_border_crossings_pieces_and_size() -> None:
    score = judged([0, 1, 1, 0, 1, 1])

    assert score.boundary_m == 20.0
    assert score.crossings == 2
    assert score.estate_pieces == 1
    assert score.score_m == pytest.approx(20 + 3 * 200 + 0.005 * (140**2 + 140**2))
    assert not score.feasible  # 260 and 540 households


def test_a_part_below_or_above_the_range_is_seen() -> None:
    score = judged([0, 0, 0, 1, 1, 1], squares([99, 100, 100, 167, 167, 167]))

    assert not score.feasible
    assert score.in_range == 0
    assert judged([0, 0, 0, 1, 1, 1], squares([100, 100, 100, 166, 167, 167])).feasible


def test_a_part_in_two_pieces_is_seen() -> None:
    score = judged([0, 1, 0, 1, 0, 1], squares())

    assert score.broken == 2
    assert not score.feasible


def test_an_atom_that_nobody_took_is_seen() -> None:
    assert not judged([0, 0, 0, 1, 1, -1], count=None).feasible
    with pytest.raises(ValueError, match="5 labels for 6 atoms"):
        judged([0, 0, 0, 1, 1])


def test_another_number_of_parts_than_asked_is_seen() -> None:
    assert not judged([0, 0, 0, 1, 1, 1], count=3).feasible
    assert judged([0, 0, 0, 1, 1, 1], count=None).feasible


def test_a_missed_crossing_is_seen_where_an_atom_lies_in_two_blocks() -> None:
    graph = replace(
        squares(), block_ptr=np.array([0, 2, 3, 4, 5, 6, 7]), block=np.array([0, 1, 0, 0, 1, 1, 1])
    )

    assert judged([0, 0, 0, 1, 1, 1], graph).crossings == 1


def test_households_that_follow_a_minority_have_moved() -> None:
    assert judged([0, 0, 0, 1, 1, 1]).moved == 2 * 260
    assert judged([0, 1, 2, 0, 1, 2], count=None).moved == 0


def test_the_names_of_the_parts_do_not_matter() -> None:
    assert judged([7, 7, 7, 3, 3, 3]) == judged([0, 0, 0, 1, 1, 1])


def test_the_judge_the_referee_and_the_peers_know_nothing_of_the_engine() -> None:
    blind = [BENCH / "checker.py", BENCH / "referee.py", BENCH / "graph_file.py"]
    blind += [BENCH / "contestant.py", *(BENCH / "peers").glob("*.py")]
    for path in blind:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert not (node.module or "").startswith("services"), path
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("services") for alias in node.names), path


def test_a_graph_file_gives_back_what_was_written(tmp_path: Path) -> None:
    graph = squares()
    graph.save(tmp_path)

    again = load_graph(tmp_path / "squares.npz")

    assert checker.judge(again, np.array([0, 1, 1, 0, 1, 1])) == judged(
        [0, 1, 1, 0, 1, 1], count=None
    )
    assert (again.family, again.count, again.outline) == ("toy", 2, graph.outline)


def test_peers_get_the_exact_window() -> None:
    assert asked_count(2000) == 5
    assert window(2000, 5) == pytest.approx(0.25)
    assert overweight(2000, 5) == pytest.approx(0.25)
    assert window(1900, 5) == pytest.approx(80 / 380)
    assert window(2100, 5) == pytest.approx(80 / 420)
    assert overweight(2100, 5) == pytest.approx(80 / 420)
    assert window(560, 1) < 0


def test_the_same_seed_gives_the_same_town() -> None:
    first, again, other = (towns.a_town(seed, 2000) for seed in (1, 1, 2))

    assert np.array_equal(first.communities[0].households, again.communities[0].households)
    assert shapely.equals_exact(first.boundaries[0], again.boundaries[0])
    assert not np.array_equal(first.communities[0].households, other.communities[0].households)


def test_a_district_has_the_households_and_communities_asked_for() -> None:
    district = towns.a_district(3, households=30_000, communities=6)

    assert sum(int(c.households.sum()) for c in district.communities) == 30_000
    assert len(district.codes) == 6
    assert all(land.geom_type == "Polygon" and land.is_valid for land in district.boundaries)
    assert shapely.coverage_is_valid(district.boundaries)
    for community, land in zip(district.communities, district.boundaries, strict=True):
        assert shapely.contains(land, shapely.centroid(np.array(community.geometries))).all()


def test_old_grids_leave_estates_whole() -> None:
    community = towns.a_town(1, 6000).communities[0]

    pairs = set(zip(community.estate.tolist(), community.legacy.tolist(), strict=True))
    estates = [estate for estate, _ in pairs if estate >= 0]
    assert len(estates) == len(set(estates))
    assert len(set(community.legacy.tolist())) == 6


def test_scaling_to_a_total_keeps_everybody_housed() -> None:
    held = houses.to_total(np.array([1, 1, 50, 300]), 40, np.random.default_rng(1))

    assert held.sum() == 40
    assert held.min() >= 1


def test_a_graph_of_a_town_holds_its_households_and_its_land() -> None:
    town = towns.a_town(2, 2000)
    (graph,) = surveyed.graphs_of(town, "2k")

    assert graph.households == 2000
    assert shapely.area(graph.polygons()).sum() == pytest.approx(town.boundaries[0].area, abs=1.0)
    assert (graph.weight[graph.estate < 0] <= 100).all()
    assert surveyed.atom_graph(graph).estates == int(graph.estate.max()) + 1


def test_a_planted_graph_can_be_cut_as_planted() -> None:
    graph = instances.planted(1)
    rng = np.random.default_rng([1, graph.count])

    hidden = instances._grown(graph, graph.count, rng)

    score = checker.judge(graph, hidden, graph.count)
    assert score.feasible
    assert set(np.bincount(hidden, graph.weight)) <= set(range(490, 501))


def test_tight_graphs_have_the_slack_their_name_says() -> None:
    for graph in instances.tight_graphs(quick=True):
        assert (graph.weight >= 20).all()
        assert (graph.weight <= 80).all()
        assert graph.households in (4950, 4995, 3005)


def row(method: str, seed: int, score_m: float, *, feasible: bool = True) -> ratios.Row:
    return {
        "method": method,
        "graph": "g",
        "family": "2k",
        "seed": seed,
        "setting": "s",
        "failed": "",
        "rss_mb": 1.0,
        "asked": 5,
        "parts": 5,
        "in_range": 5 if feasible else 3,
        "feasible": feasible,
        "boundary_m": score_m / 2,
        "crossings": 1,
        "estate_pieces": 0,
        "score_m": score_m,
        "polsby_popper": 0.6,
        "cpu_s": 0.01 if method == methods.OURS else 1.0,
        "moved": 0,
    }


def test_ratios_compare_the_same_graph_and_seed_only() -> None:
    rows = [row(methods.OURS, 1, 100.0), row(methods.OURS, 2, 300.0), row("kahip", 1, 150.0)]

    compared = ratios.ratios(rows, "kahip", lambda _: True)

    assert compared is not None
    assert (compared.score, compared.cpu, compared.rows) == (1.5, 100.0, 1)
    assert (compared.better, compared.worst) == (0, 0.0)


def test_a_graph_on_which_the_peer_is_better_is_counted() -> None:
    rows = [row(methods.OURS, 1, 110.0), row("kahip", 1, 100.0)]

    compared = ratios.ratios(rows, "kahip", lambda _: True)

    assert compared is not None
    assert compared.better == 1
    assert compared.worst == pytest.approx(0.1)


def test_infeasible_answers_are_left_out_where_only_feasible_ones_count() -> None:
    rows = [row(methods.OURS, 1, 110.0), row("kahip", 1, 100.0, feasible=False)]

    assert ratios.ratios(rows, "kahip", lambda r: bool(r["feasible"])) is None
    assert ratios.feasible_share(rows, "kahip", "2k") == (0.0, 60.0)


def test_a_peer_runs_with_the_setting_that_is_feasible_most_often() -> None:
    tried = {
        "short": [row("kahip", 1, 50.0, feasible=False)],
        "feasible": [row("kahip", 1, 150.0)],
        "feasible and shorter": [row("kahip", 1, 140.0)],
        "fails": [{"feasible": False}],
    }

    assert best_setting(tried) == "feasible and shorter"


def test_the_page_is_written_from_whatever_parts_were_run() -> None:
    run = {"date": "d", "command": "c", "wall_s": 1.0, "machine": "m", "versions": "v"}
    rows = [row(methods.OURS, 1, 110.0), row("kahip", 1, 100.0)]
    race = {"rows": rows, "graphs": 1, "limit_s": 60.0, "seeds": 1, "run": run}

    page = render({"race": race})

    assert "KaHIP" in page
    assert "Not entered in this run: " in page
    assert {line.met for line in figures({})} == {None}

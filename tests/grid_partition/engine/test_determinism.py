"""Same input and same seed, same answer: in any order, in any process."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest
from shapely.affinity import translate

from services.grid_partition.engine import Rules, cut, node_district, warm_up
from tests.grid_partition.engine import maps


def test_the_same_call_gives_the_same_digest() -> None:
    town, land, barriers = maps.a_town(11)

    first = maps.a_cut(town, land, barriers)[1]
    second = maps.a_cut(town, land, barriers)[1]

    assert first.digest == second.digest
    assert len(first.digest) == 64


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_order_and_ids_of_a_town_do_not_matter(seed: int) -> None:
    town, land, barriers = maps.a_town(12)
    frame, first = maps.a_cut(town, land, barriers)
    other, order = maps.shuffled(town, seed)

    second = cut(other, frame)

    assert second.digest == first.digest
    expected = first.building_grid(len(order))[order]
    assert np.array_equal(second.building_grid(len(order)), expected)


def test_labels_of_estates_and_old_grids_are_only_names() -> None:
    town, land, barriers = maps.a_town(13)
    frame, first = maps.a_cut(town, land, barriers)
    renamed = maps.a_community(
        town.households,
        spots=town.geometries,
        estate=np.where(town.estate >= 0, 5000 - town.estate, -1),
        units=town.units,
        floors=town.floors,
        legacy=7 - town.legacy,
    )

    assert cut(renamed, frame).digest == first.digest


def test_another_seed_may_give_another_cut_and_says_so_in_the_digest() -> None:
    town, land, barriers = maps.a_town(14)

    digests = {
        maps.a_cut(town, land, barriers, Rules(seed=seed, effort=5))[1].digest for seed in (1, 2, 3)
    }

    assert len(digests) == 3


def test_the_order_of_communities_and_barriers_does_not_matter() -> None:
    lands = [maps.around(36), maps.around(36, 6, 30.0)]
    first = translate(lands[1], 180.0)
    codes, shapes = ["A", "B"], [lands[0], first]
    lines = [[(0.0, 77.7), (360.0, 93.1)], [(70.3, 0.0), (88.8, 180.0)]]

    straight = node_district(codes, shapes, maps.roads(*lines))
    turned = node_district(codes[::-1], shapes[::-1], maps.roads(*lines[::-1]))[::-1]

    for one, other in zip(straight, turned, strict=True):
        assert one.code == other.code
        assert np.array_equal(one.coords, other.coords)
        assert np.array_equal(one.block_ends, other.block_ends)


def test_spawned_processes_agree_with_this_one() -> None:
    warm_up()
    towns = [maps.a_town(seed) for seed in (21, 22)]
    frames = [maps.a_frame(land, barriers) for _, land, barriers in towns]
    here = [cut(town, frame).digest for (town, _, _), frame in zip(towns, frames, strict=True)]

    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=2, mp_context=context) as pool:
        waiting = [
            pool.submit(cut, town, frame) for (town, _, _), frame in zip(towns, frames, strict=True)
        ]
        there = [future.result(timeout=120).digest for future in waiting]

    assert there == here

"""Large communities: mended in windows instead of searched again; and plans that move few."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest
from shapely.geometry import box

from services.grid_partition.engine import Rules, cut, kernels, warm_up
from services.grid_partition.engine.contraction import contract_estates
from services.grid_partition.engine.kernels.union import components
from services.grid_partition.engine.promises import PromiseBrokenError, check_promises
from services.grid_partition.engine.search import restarts
from services.grid_partition.engine.terrain import survey
from services.grid_partition.engine.windows import mend
from tests.grid_partition.engine import checker, maps


def test_a_community_of_sixty_thousand_households_is_cut_in_one_piece() -> None:
    town, land, barriers = maps.a_town(5, 1500)

    frame, partition = maps.a_cut(town, land, barriers)

    assert checker.faults(town, frame.polygon, partition, Rules()) == []
    assert partition.feasible
    assert len(partition.grids) > 120


def test_a_window_mends_a_broken_plan_and_leaves_the_rest_alone() -> None:
    town, land, barriers = maps.a_town(6, 600)
    terrain = survey(town, maps.a_frame(land, barriers), Rules())
    table, edges = terrain.table, terrain.edges
    closed = np.zeros(int(table.estate.max()) + 1, dtype=bool)
    graph, group = contract_estates(table, edges, closed)
    total = int(table.households.sum())
    good = next(restarts(graph, total, Rules(), maps_prices(), 1)).label[group]
    low, high = good[edges.low], good[edges.high]
    first = int(np.flatnonzero(low != high)[0])
    broken = np.where(good == high[first], low[first], good)
    broken = np.unique(broken, return_inverse=True)[1].astype(np.int64)

    mended = mend(table, edges, closed, broken, Rules())

    weights = np.bincount(mended, table.households)
    assert ((weights >= 300) & (weights <= 500)).all()
    untouched = sum(
        len(np.unique(mended[broken == part])) == 1
        and int((mended == mended[broken == part][0]).sum()) == int((broken == part).sum())
        for part in range(int(broken.max()) + 1)
    )
    assert untouched >= 0.5 * (int(broken.max()) + 1)


def maps_prices() -> object:
    """Ordinary prices, for searches that the tests start themselves."""
    prices = importlib.import_module("services.grid_partition.engine.prices")
    return prices.prices_for(Rules())


@pytest.mark.parametrize("seed", [31, 32, 33])
def test_a_price_on_moving_keeps_more_households_where_they_are(seed: int) -> None:
    town, land, barriers = maps.a_town(seed, 160)
    frame, free = maps.a_cut(town, land, barriers)

    bound = cut(town, frame, Rules(move_price_m=20.0))

    assert checker.faults(town, frame.polygon, bound, Rules()) == []
    assert bound.feasible
    assert bound.metrics.moved_households < free.metrics.moved_households


def test_a_plan_in_range_is_kept_when_moving_is_dear() -> None:
    town, land, barriers = maps.a_town(34, 160)
    frame, before = maps.a_cut(town, land, barriers)
    again = maps.a_community(
        town.households,
        spots=town.geometries,
        estate=town.estate,
        legacy=before.building_grid(160),
    )

    after = cut(again, frame, Rules(move_price_m=50.0))

    assert after.feasible
    assert after.metrics.moved_households == 0


def test_every_kernel_is_compiled_for_one_signature_only() -> None:
    warm_up()
    several = {}
    for module in pkgutil.iter_modules(kernels.__path__):
        loaded = importlib.import_module(f"{kernels.__name__}.{module.name}")
        for name, item in vars(loaded).items():
            if len(getattr(item, "signatures", ())) > 1:
                several[f"{module.name}.{name}"] = item.signatures

    assert several == {}


def test_a_warm_kernel_refuses_other_types_instead_of_compiling() -> None:
    wide = np.zeros(1, dtype=np.int64)
    components(1, wide[:0], wide[:0])  # Compiles itself when nothing is warm yet.
    warm_up()
    warm_up()
    narrow = np.zeros(1, dtype=np.int32)
    with pytest.raises(TypeError, match="No matching definition"):
        components(2, narrow, narrow)


def test_the_engine_checks_its_own_promises() -> None:
    community = maps.a_community([31] * 36)
    _, partition = maps.a_cut(community)
    grids, parts = partition.grids, partition.parts

    check_promises(community, parts, grids, partition.violations, Rules())
    other = maps.a_community([30] * 36)
    with pytest.raises(PromiseBrokenError, match="lost or doubled"):
        check_promises(other, parts, grids, (), Rules())
    small = maps.a_community([5] * 36)
    bad = maps.a_cut(small)[1]
    with pytest.raises(PromiseBrokenError, match="outside the range without a reason"):
        check_promises(small, bad.parts, bad.grids, (), Rules())


def test_grids_that_overlap_break_a_promise() -> None:
    community = maps.a_community([22] * 36)
    _, partition = maps.a_cut(community)
    shifted = [
        type(grid)(
            **{
                **{f: getattr(grid, f) for f in grid.__dataclass_fields__},
                "polygon": box(0, 0, 100 + number, 180),
            }
        )
        for number, grid in enumerate(partition.grids)
    ]

    with pytest.raises(PromiseBrokenError, match="do not tile"):
        check_promises(community, partition.parts, shifted, partition.violations, Rules())

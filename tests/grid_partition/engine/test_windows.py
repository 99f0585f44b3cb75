"""Windows: what is broken is mended where it is broken, or shown to be beyond mending."""

from __future__ import annotations

import numpy as np
import pytest
from shapely.geometry import Point, box

from services.grid_partition.engine import Rules, ViolationCode
from services.grid_partition.engine.closed import Closed, close
from services.grid_partition.engine.contraction import small_estates
from services.grid_partition.engine.edges import CellEdges
from services.grid_partition.engine.graph import CellTable
from services.grid_partition.engine.last_resort import last_resort
from services.grid_partition.engine.prices import prices_for
from services.grid_partition.engine.search import restarts
from services.grid_partition.engine.terrain import survey
from services.grid_partition.engine.windows import mend
from tests.grid_partition.engine import checker, maps

RULES = Rules()


def a_plain(columns: int, rows: int, households: np.ndarray) -> Closed:
    """A lattice of houses without estates."""
    count = columns * rows
    number = np.arange(count).reshape(rows, columns)
    first = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    second = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    order = np.lexsort((second, first))
    length = np.full(len(first), 30.0)
    table = CellTable(
        households=households,
        block=np.zeros(count, dtype=np.int64),
        estate=np.full(count, -1),
        old=np.full(count, -1),
    )
    edges = CellEdges(first[order], second[order], length, length, np.zeros(len(first), dtype=bool))
    return close(table, edges, np.zeros(0, dtype=bool), RULES)


def squares(columns: int, rows: int, side: int) -> np.ndarray:
    """Labels of square parts of a lattice."""
    x, y = np.arange(columns * rows) % columns, np.arange(columns * rows) // columns
    return np.ascontiguousarray(x // side + y // side * (columns // side))


def outside(closed: Closed, label: np.ndarray) -> int:
    weight = np.bincount(label, closed.table.households).astype(int)
    return int(np.maximum(np.maximum(300 - weight, weight - 500), 0).sum())


@pytest.mark.parametrize("seed", range(5))
def test_a_grid_that_grew_is_mended_and_far_grids_stay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    households = rng.integers(20, 30, 1600)
    label = squares(40, 40, 4)
    middle = int(label[20 * 40 + 20])
    households[label == middle] += 12
    closed = a_plain(40, 40, households)
    assert outside(closed, label) > 0

    mended = mend(closed.table, closed.edges, closed.whole, label, RULES)

    assert outside(closed, mended) == 0
    kept = sum(
        len(np.unique(mended[label == part])) == 1
        and int((mended == mended[label == part][0]).sum()) == int((label == part).sum())
        for part in range(100)
    )
    assert kept >= 100 - 25


def test_a_good_plan_is_left_alone() -> None:
    closed = a_plain(16, 16, np.full(256, 25))
    label = squares(16, 16, 4)

    mended = mend(closed.table, closed.edges, closed.whole, label, RULES)

    assert np.array_equal(mended, label)


def test_two_broken_corners_are_mended_each_for_itself() -> None:
    households = np.full(1600, 25)
    label = squares(40, 40, 4)
    for corner in (0, 99):
        households[label == corner] = 16
    closed = a_plain(40, 40, households)

    mended = mend(closed.table, closed.edges, closed.whole, label, RULES)

    assert outside(closed, mended) == 0
    assert (mended[label == 45] == mended[label == 45][0]).all()


def test_what_cannot_be_mended_is_handed_back_unchanged() -> None:
    # Lots of 280: no two fit together, and none stands alone.
    closed = a_plain(6, 6, np.full(36, 280))
    label = np.arange(36)

    mended = mend(closed.table, closed.edges, closed.whole, label, RULES)

    assert np.array_equal(mended, label)


def test_a_window_may_open_estates_where_whole_ones_block() -> None:
    households = np.full(144, 25)
    label = squares(12, 12, 4)
    plain = a_plain(12, 12, households)
    x, y = np.arange(144) % 12, np.arange(144) // 12
    households[label == 4] = 32
    table = plain.table._replace(households=households, estate=x // 4 + y // 4 * 3)
    whole = small_estates(table, 512)
    closed = close(table, plain.edges, whole, RULES)
    assert outside(closed, label) == 12

    mended = mend(table, plain.edges, whole, label, RULES)

    assert outside(closed, mended) == 0
    assert 1 <= int(closed.opened_by(mended).sum()) <= 4


def test_a_corner_that_no_choice_of_grids_can_hold_is_proved_by_branching() -> None:
    # 250 and 251 touch each other, a full lot of 500, and one common neighbour: one is cut off.
    households = np.full(38, 28)
    closed = a_corner(households)
    label = np.zeros(len(closed.table.households), dtype=np.int64)

    last = last_resort(closed.table, closed.edges, closed.whole, label, RULES)

    assert last.seen.verdict.value == "impossible"
    assert not len(last.seen.stuck)
    assert last.outside > 0


def a_corner(households: np.ndarray) -> Closed:
    plain = a_plain(6, 6, households[:36])
    table = plain.table
    added = np.array([250, 251])
    wider = CellTable(
        np.concatenate([table.households, added]),
        np.zeros(38, dtype=np.int64),
        np.full(38, -1),
        np.full(38, -1),
    )
    low = np.concatenate([plain.edges.low, [35, 35, 36]])
    high = np.concatenate([plain.edges.high, [36, 37, 37]])
    length = np.full(len(low), 30.0)
    edges = CellEdges(low, high, length, length, np.zeros(len(low), dtype=bool))
    return close(wider, edges, np.zeros(0, dtype=bool), RULES)


@pytest.mark.parametrize("seed", [81, 82])
def test_a_giant_community_has_every_grid_in_range(seed: int) -> None:
    town, land, barriers = maps.a_town(seed, 1200)
    frame, partition = maps.a_cut(town, land, barriers)

    assert checker.faults(town, frame.polygon, partition, RULES) == []
    assert partition.feasible
    assert len(partition.grids) > 100


def test_a_giant_search_that_misses_is_mended_without_estates_where_that_goes() -> None:
    town, land, barriers = maps.a_town(83, 1200)
    terrain = survey(town, maps.a_frame(land, barriers), RULES)
    whole = small_estates(terrain.table, RULES.max_households)
    closed = close(terrain.table, terrain.edges, whole, RULES)
    hasty = Rules(effort=1)
    plan = next(restarts(closed.graph, closed.total, hasty, prices_for(hasty), 1))
    label = plan.label[closed.group]

    mended = mend(terrain.table, terrain.edges, whole, label, RULES)

    assert outside(closed, mended) <= outside(closed, label)
    assert outside(closed, mended) == 0


def test_a_large_lot_in_a_street_is_named_and_the_rest_stays_in_range() -> None:
    spots = [Point(15.0 + 30.0 * i, 15.0) for i in range(40)]
    community = maps.a_community([40] * 20 + [460] + [40] * 19, spots=spots)
    frame, partition = maps.a_cut(community, box(0, 0, 1200, 30))

    assert checker.faults(community, frame.polygon, partition, RULES) == []
    assert partition.feasible
    assert all(v.code is not ViolationCode.NOT_FOUND for v in partition.violations)


def test_a_proof_by_branching_is_named_so() -> None:
    households = [28] * 35 + [1001]
    spots = [*maps.lattice(36)[:-1], box(151, 151, 179, 179)]
    community = maps.a_community(
        households, spots=spots, units=[0] * 35 + [2], floors=[0] * 35 + [2]
    )

    frame, partition = maps.a_cut(community, maps.around(36))

    assert checker.faults(community, frame.polygon, partition, RULES) == []
    (told,) = partition.violations
    assert told.code is ViolationCode.NO_COUNT_BETWEEN
    assert told.params["proof"] == "branching"
    assert "columns" not in told.params

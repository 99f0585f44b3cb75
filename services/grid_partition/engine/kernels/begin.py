"""Many hasty beginnings of a search, merged into one plan as they come."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from services.grid_partition.engine.arrays import FloatArray, IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.anneal import anneal
from services.grid_partition.engine.kernels.bisect import bisect
from services.grid_partition.engine.kernels.chance import Chance
from services.grid_partition.engine.kernels.coarsen import clusters, coarse_graph
from services.grid_partition.engine.kernels.jit import inlined, inner, kernel
from services.grid_partition.engine.kernels.merge import merged_labels
from services.grid_partition.engine.kernels.pieces import pieces_of
from services.grid_partition.engine.kernels.plan import Prices, new_plan, objective

__all__ = ["Haste", "begin"]


class Haste(NamedTuple):
    """How a beginning is made.

    `heaviest`: households of a cluster.  `coarse_steps`, `fine_steps`: for each atom, of at least
    `atoms_least` atoms.  `coarse_heat`, `fine_heat`: metres at the start; `cold`: at the end.
    """

    heaviest: int
    atoms_least: int
    coarse_steps: int
    fine_steps: int
    coarse_heat: float
    fine_heat: float
    cold: float


@inlined
def _heats(hot: float, cold: float, steps: int) -> tuple[float, float]:
    """The heat to begin with, and its factor after each 64 of the steps."""
    rounds = max(steps // 64, 1)
    # Rounded, so that no machine's logarithm differs in the last bit.
    return hot, np.round((cold / hot) ** (1.0 / rounds), 9)


@inner
def _begun(
    graph: AtomGraph,
    parts: int,
    prices: Prices,
    haste: Haste,
    manner: tuple[float, float],
    chance: Chance,
) -> tuple[IntArray, int, int, float]:
    """One beginning: labels, how many parts, households outside, J."""
    cluster, count = clusters(graph, haste.heaviest, prices.move > 0.0, chance)
    rough = coarse_graph(graph, pieces_of(graph, cluster, count), cluster)
    label, made = bisect(rough, parts, prices, manner, chance)
    steps = haste.coarse_steps * max(count, haste.atoms_least)
    heats = _heats(haste.coarse_heat, haste.cold, steps)
    label, _, _ = anneal(rough, label, made, prices, steps, heats, chance)
    fine = np.empty(len(cluster), np.int64)
    for atom in range(len(cluster)):
        fine[atom] = label[cluster[atom]]
    steps = haste.fine_steps * max(len(cluster), haste.atoms_least)
    heats = _heats(haste.fine_heat, haste.cold, steps)
    fine, miss, cost = anneal(graph, fine, made, prices, steps, heats, chance)
    return fine, made, miss, cost


@kernel
def begin(
    graph: AtomGraph,
    counts: IntArray,
    manners: FloatArray,
    prices: Prices,
    haste: Haste,
    turns: int,
    chance: Chance,
) -> tuple[IntArray, int, int, float]:
    """The plan that `turns` beginnings make together: labels, parts, households outside, J.

    Each begins with the next of `counts` parts and the next of `manners` (pairs of what `bisect`
    takes).  Where all counts are the same, the plan has so many parts, fewer only where every
    beginning ran out of atoms.
    """
    fixed = counts[0]
    for turn in range(len(counts)):
        if counts[turn] != fixed:
            fixed = 0
    best, parts, miss, cost = _turn(graph, 0, counts, manners, prices, haste, chance)
    for turn in range(1, turns):
        other, made, other_miss, other_cost = _turn(
            graph, turn, counts, manners, prices, haste, chance
        )
        if fixed > 0 and made != parts:
            # Atoms ran out for one of the two: they cannot be one plan of the number asked for.
            if made > parts:
                best, parts, miss, cost = other, made, other_miss, other_cost
            continue
        if other_miss < miss or (other_miss == miss and other_cost < cost):
            best, other = other, best
            parts, miss, cost = made, other_miss, other_cost
        below = cost if miss == 0 else 1e300
        merged = merged_labels(graph, best, other, prices, fixed, below)
        if len(merged) > 0:
            best, parts, miss = merged, merged.max() + 1, 0
            cost = objective(graph, new_plan(graph, merged, parts), prices)[1]
    return best, parts, miss, cost


@inlined
def _turn(
    graph: AtomGraph,
    turn: int,
    counts: IntArray,
    manners: FloatArray,
    prices: Prices,
    haste: Haste,
    chance: Chance,
) -> tuple[IntArray, int, int, float]:
    place = 2 * (turn % (len(manners) // 2))
    manner = (manners[place], manners[place + 1])
    return _begun(graph, counts[turn % len(counts)], prices, haste, manner, chance)

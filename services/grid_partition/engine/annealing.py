"""Plans of the atoms of a graph, and annealing from one of them at one of four heats."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.grid_partition.engine.arrays import IntArray
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.anneal import anneal
from services.grid_partition.engine.kernels.chance import chance_of
from services.grid_partition.engine.kernels.plan import Prices

__all__ = ["Plan", "cooled", "improve", "priced", "stirred", "warm"]

_STIRRING_M = 60.0
_HOT_M = 30.0
_WARM_M = 15.0
_COOL_M = 8.0
_COLD_M = 4.0


@dataclass(frozen=True, eq=False)
class Plan:
    """Labels of the atoms, the households outside the range, and J in metres."""

    label: IntArray
    parts: int
    outside: int
    score_m: float

    def rank(self) -> tuple[int, float]:
        """Less is better: households outside, then J."""
        return self.outside, self.score_m


def priced(graph: AtomGraph, label: IntArray, prices: Prices) -> Plan:
    """The plan of these labels, numbered 0.. without gaps."""
    return _annealed(graph, label, int(label.max()) + 1, prices, 0, (0,), _HOT_M)


def stirred(
    graph: AtomGraph, begin: Plan, prices: Prices, steps: int, seed: tuple[int, ...]
) -> Plan:
    """Like `improve`, from a heat that takes apart what holds a part a few households off."""
    return _annealed(graph, begin.label, begin.parts, prices, steps, seed, _STIRRING_M)


def improve(
    graph: AtomGraph, begin: Plan, prices: Prices, steps: int, seed: tuple[int, ...]
) -> Plan:
    """Anneal from a plan; the answer is never worse under the same prices."""
    return _annealed(graph, begin.label, begin.parts, prices, steps, seed, _HOT_M)


def warm(graph: AtomGraph, begin: Plan, prices: Prices, steps: int, seed: tuple[int, ...]) -> Plan:
    """Like `improve`, from a lower heat: stays near the plan it begins with."""
    return _annealed(graph, begin.label, begin.parts, prices, steps, seed, _WARM_M)


def cooled(
    graph: AtomGraph, begin: Plan, prices: Prices, steps: int, seed: tuple[int, ...]
) -> Plan:
    """Like `improve`, from so low a heat that only borders are straightened."""
    return _annealed(graph, begin.label, begin.parts, prices, steps, seed, _COOL_M)


def _annealed(
    graph: AtomGraph,
    label: IntArray,
    parts: int,
    prices: Prices,
    steps: int,
    seed: tuple[int, ...],
    hot_m: float,
) -> Plan:
    rounds = max(steps // 64, 1)
    fade = round((_COLD_M / hot_m) ** (1.0 / rounds), 9)
    best, outside, score = anneal(
        graph,
        np.ascontiguousarray(label, dtype=np.int64),
        int(parts),
        prices,
        int(steps),
        (float(hot_m), float(fade)),
        chance_of(*seed, 2),
    )
    return Plan(best, int(parts), int(outside), float(score))

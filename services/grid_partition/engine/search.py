"""Heuristic search on one graph: many hasty beginnings, merged into one plan, then annealed.

The first cuts decide which blocks and estates are divided, and annealing seldom undoes that; so it
is not one beginning that is annealed for long, but a dozen for an instant, each on another coarse
graph, and the best of all of them is put together exactly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from services.grid_partition.engine.annealing import Plan, cooled
from services.grid_partition.engine.graph import AtomGraph
from services.grid_partition.engine.kernels.begin import Haste, begin
from services.grid_partition.engine.kernels.chance import chance_of
from services.grid_partition.engine.kernels.plan import Prices
from services.grid_partition.engine.problem import Rules

__all__ = [
    "best_count",
    "first_within",
    "least_outside",
    "possible_counts",
    "restarts",
    "start",
]

#: An atom of a coarse graph holds at most so much of the target.
_CLUSTER_SHARE = 0.15
_HASTE = Haste(
    heaviest=0,
    atoms_least=50,
    coarse_steps=6,
    fine_steps=3,
    coarse_heat=30.0,
    fine_heat=15.0,
    cold=4.0,
)
#: Noise of the growing regions in metres, price of a share off the mean: by turns, to begin apart.
_MANNERS = np.array([10.0, 0.02, 60.0, 0.005, 30.0, 0.01])
#: Numbers of parts of each attempt, off the best: a block that holds a grid more is left whole.
_OFFS = ((0, 1, 0, -1), (0, 1, 0, -1), (1,), (-1,), (0,), (2,), (-2,), (0,))
#: Smaller graphs get as many steps as one of this many atoms: they are searched in no time.
_SMALL_GRAPH = 100


def possible_counts(total: int, rules: Rules) -> range:
    """Numbers of grids that could hold `total` households in range; may be empty."""
    return range(-(-total // rules.max_households), total // rules.min_households + 1)


def best_count(total: int, rules: Rules) -> int:
    """Number of grids nearest the target size; where none is possible, the least outside."""
    counts = possible_counts(total, rules)
    if counts:
        wanted = (2 * total + rules.target_households) // (2 * rules.target_households)
        return min(max(wanted, counts[0]), counts[-1])
    few = max(1, total // rules.max_households)
    near = [few, few + 1]
    return min(near, key=lambda count: (least_outside(total, count, rules), count))


def least_outside(total: int, count: int, rules: Rules) -> int:
    """Households that must stay outside the range with this number of grids."""
    short = count * rules.min_households - total
    return max(0, short, total - count * rules.max_households)


def start(
    graph: AtomGraph,
    counts: Sequence[int],
    prices: Prices,
    effort: int,
    seed: tuple[int, ...],
) -> Plan:
    """Begin `effort` times, with each of `counts` parts by turns; merge as they come; anneal.

    With one number only, the plan has so many parts (fewer only where atoms run out).
    """
    label, parts, outside, score = begin(
        graph,
        np.array(counts, dtype=np.int64),
        _MANNERS,
        prices,
        _HASTE._replace(heaviest=int(_CLUSTER_SHARE * prices.target)),
        effort,
        chance_of(*seed, 1),
    )
    begun = Plan(label, int(parts), int(outside), float(score))
    steps = effort * max(len(graph.weight), _SMALL_GRAPH)
    return cooled(graph, begun, prices, steps, seed)


def restarts(
    graph: AtomGraph,
    total: int,
    rules: Rules,
    prices: Prices,
    tries: int,
    fixed: int | None = None,
) -> Iterator[Plan]:
    """Plans of independent searches: two near the best count, then with one number each.

    With a `fixed` number of parts, all with that.
    """
    count, counts = best_count(total, rules), possible_counts(total, rules)
    if fixed is not None:
        count, counts = fixed, range(fixed, fixed + 1)
    for attempt in range(tries):
        offs = _OFFS[attempt % len(_OFFS)]
        wanted = [count + off for off in offs if off == 0 or count + off in counts] or [count]
        longer = min(1 + attempt // 2, 4)
        yield start(graph, wanted, prices, rules.effort * longer, (rules.seed, attempt))


def first_within(plans: Iterator[Plan], outside: int, best: Plan | None = None) -> Plan:
    """First plan with at most `outside` households outside the range; else the best of all.

    `best`: a plan that is there already.
    """
    best = best or next(plans)
    while best.outside > outside:
        if (plan := next(plans, None)) is None:
            break
        best = min(best, plan, key=Plan.rank)
    return best

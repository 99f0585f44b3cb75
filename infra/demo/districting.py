"""Division of a map into contiguous parts by sweeping a line over it, again and again."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.demo.recipe import Street

Floats = NDArray[np.float64]
_ANGLES = 16
_ATTEMPTS = 400


class Undividable(Exception):
    """No straight sweep leaves two contiguous parts within the bounds."""


@dataclass(frozen=True)
class Patches:
    """Pieces of ground: centre (n, 2) in metres, weight (n,), and shared border by neighbour."""

    centre: Floats
    weight: Floats
    borders: Sequence[dict[int, float]]

    def is_connected(self, members: Sequence[int]) -> bool:
        """Whether one can walk from each member to each other over shared borders."""
        left = set(members)
        waiting = [left.pop()] if left else []
        while waiting:
            reached = [n for n in self.borders[waiting.pop()] if n in left]
            left.difference_update(reached)
            waiting += reached
        return not left

    def cut_length(self, left: Sequence[int], right: Sequence[int]) -> float:
        """Metres of border between two sets."""
        others = set(right)
        return sum(m for a in left for b, m in self.borders[a].items() if b in others)


def bisect(
    patches: Patches,
    members: Sequence[int],
    target: float,
    bounds: tuple[float, float],
    angles: Sequence[float],
) -> tuple[list[int], list[int]]:
    """Split into a first part near weight `target` within `bounds`, and the rest.

    Of all angles with two contiguous parts the shortest cut near the target wins.  Raises
    Undividable when no angle has one.
    """
    best: tuple[float, list[int], list[int]] | None = None
    total = float(patches.weight[list(members)].sum()) or 1.0
    for angle in angles:
        direction = np.array([math.cos(angle), math.sin(angle)])
        along = patches.centre[list(members)] @ direction
        order = [members[k] for k in np.lexsort((members, along))]
        running = np.cumsum(patches.weight[order])[:-1]
        fits = np.flatnonzero((running >= bounds[0]) & (running <= bounds[1]))
        for at in fits[np.argsort(np.abs(running[fits] - target), kind="stable")][:3].tolist():
            left, right = order[: at + 1], order[at + 1 :]
            off = abs(float(running[at]) - target) / total
            score = patches.cut_length(left, right) * (1 + 6 * off)
            better = best is None or score < best[0]
            if better and patches.is_connected(left) and patches.is_connected(right):
                best = score, left, right
    if best is None:
        raise Undividable
    return best[1], best[2]


def _divide(
    patches: Patches,
    members: list[int],
    count: int,
    bounds: tuple[float, float],
    spread: float,
    rng: np.random.Generator,
) -> list[list[int]]:
    total = float(patches.weight[members].sum())
    low, high = bounds
    if count == 1:
        if not low <= total <= high:
            raise Undividable
        return [members]
    first = count // 2 + (count % 2 and int(rng.integers(2)))
    rest = count - first
    window = max(low * first, total - high * rest), min(high * first, total - low * rest)
    target = float(np.clip(total * first / count * math.exp(rng.normal(0, spread)), *window))
    angles = rng.uniform(0, 2 * math.pi, _ANGLES).tolist()
    left, right = bisect(patches, members, target, window, angles)
    return _divide(patches, left, first, bounds, spread, rng) + _divide(
        patches, right, rest, bounds, spread, rng
    )


def divide(
    patches: Patches,
    members: Sequence[int],
    count: int,
    bounds: tuple[float, float],
    spread: float,
    rng: np.random.Generator,
) -> list[list[int]]:
    """Divide into `count` contiguous parts, each with its weight inside `bounds`.

    `spread` is the sigma of the log-normal imbalance of each split.  Raises Undividable after a
    fixed number of attempts.
    """
    for _ in range(_ATTEMPTS):
        try:
            return _divide(patches, list(members), count, bounds, spread, rng)
        except Undividable:
            continue
    raise Undividable(f"{len(members)} patches, {count} parts within {bounds}")


def divide_by_street(
    patches: Patches,
    members: Sequence[int],
    streets: Sequence[Street],
    shares: dict[str, int],
) -> dict[str, list[int]]:
    """Give each street a contiguous part in the order of the streets' anchors.

    A part's weight is near the street's share; neighbours on the anchors' map stay neighbours.
    """
    if len(streets) == 1:
        return {streets[0].code: list(members)}
    extent = np.ptp(patches.centre[list(members)], axis=0)
    spans = np.ptp([s.anchor for s in streets], axis=0)
    axis = int(np.argmax(spans * extent))
    ordered = sorted(streets, key=lambda s: (s.anchor[axis], s.code))
    running = np.cumsum([shares[s.code] for s in ordered])
    at = int(np.argmin(np.abs(running[:-1] - running[-1] / 2))) + 1
    total = float(patches.weight[list(members)].sum())
    target = total * float(running[at - 1] / running[-1])
    lean = np.linspace(-0.35, 0.35, 9)
    angles = (lean + axis * math.pi / 2).tolist()
    window = target - 0.1 * total, target + 0.1 * total
    left, right = bisect(patches, members, target, window, angles)
    return divide_by_street(patches, left, ordered[:at], shares) | divide_by_street(
        patches, right, ordered[at:], shares
    )

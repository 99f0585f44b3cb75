"""Small made-up communities for the tests, in metres."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import LineString, Point, box
from shapely.geometry.base import BaseGeometry

from services.grid_partition.engine import (
    Barriers,
    CommunityFrame,
    CommunityInput,
    Partition,
    Rules,
    cut,
    node_district,
)


def a_community(
    households: Sequence[int],
    *,
    spots: Sequence[BaseGeometry | None] | None = None,
    columns: int = 6,
    step_m: float = 30.0,
    code: str = "C",
    **columns_of: Sequence[int],
) -> CommunityInput:
    """Buildings on a lattice (row by row from the south-west) unless `spots` are given."""
    if spots is None:
        spots = lattice(len(households), columns, step_m)
    return CommunityInput(
        code=code,
        building_ids=tuple(f"b{i:04d}" for i in range(len(households))),
        geometries=tuple(spots),
        households=households,
        **columns_of,
    )


def lattice(count: int, columns: int = 6, step_m: float = 30.0) -> list[Point]:
    """Points in the middle of squares of `step_m`, row by row from (0, 0)."""
    return [
        Point((i % columns + 0.5) * step_m, (i // columns + 0.5) * step_m) for i in range(count)
    ]


def around(count: int, columns: int = 6, step_m: float = 30.0) -> BaseGeometry:
    """The rectangle that a lattice of `count` squares fills (its last row completed)."""
    return box(0.0, 0.0, columns * step_m, -(-count // columns) * step_m)


def roads(*lines: Sequence[tuple[float, float]], kind: str = "road", name: str = "") -> Barriers:
    """Barriers of one kind from coordinate lists."""
    drawn = tuple(LineString(line) for line in lines)
    return Barriers(drawn, (kind,) * len(drawn), (name,) * len(drawn))


def a_frame(
    boundary: BaseGeometry,
    barriers: Barriers | None = None,
    rules: Rules | None = None,
    code: str = "C",
) -> CommunityFrame:
    """Frame of a single community."""
    return node_district([code], [boundary], barriers, rules)[0]


def a_cut(
    community: CommunityInput,
    boundary: BaseGeometry | None = None,
    barriers: Barriers | None = None,
    rules: Rules | None = None,
) -> tuple[CommunityFrame, Partition]:
    """Frame and partition; the boundary defaults to the lattice's rectangle."""
    if boundary is None:
        boundary = around(len(community.building_ids))
    frame = a_frame(boundary, barriers, rules, community.code)
    return frame, cut(community, frame, rules)


def shuffled(community: CommunityInput, seed: int) -> tuple[CommunityInput, np.ndarray]:
    """The same community in another order and under other ids; and the order."""
    order = np.random.default_rng(seed).permutation(len(community.building_ids))
    names = np.random.default_rng(seed + 1).permutation(len(order))
    return (
        CommunityInput(
            code=community.code,
            building_ids=tuple(f"other-{name}" for name in names),
            geometries=tuple(community.geometries[i] for i in order),
            households=community.households[order],
            estate=community.estate[order],
            units=community.units[order],
            floors=community.floors[order],
            legacy=community.legacy[order],
        ),
        order,
    )


def codes_of(partition: Partition) -> list[str]:
    """Codes of the violations, sorted."""
    return sorted(violation.code.value for violation in partition.violations)


def a_town(seed: int, buildings: int = 160) -> tuple[CommunityInput, BaseGeometry, Barriers]:
    """A random community with estates, roads and a few legacy grids; 40 households a house."""
    rng = np.random.default_rng(seed)
    side = 40.0 * np.sqrt(buildings)
    spots = [Point(*spot) for spot in rng.uniform(5.0, side - 5.0, size=(buildings, 2))]
    middle = shapely.get_coordinates(spots)
    estate = (middle // 120.0).astype(int) @ np.array([1, 100])
    estate[rng.random(buildings) < 0.3] = -1
    town = a_community(
        rng.integers(5, 75, buildings),
        spots=spots,
        estate=estate,
        units=rng.integers(0, 5, buildings),
        floors=rng.integers(0, 20, buildings),
        legacy=(middle // (side / 2)).astype(int) @ np.array([1, 2]),
    )
    lines = [
        [(0.0, side * 0.4), (side, side * 0.45)],
        [(side * 0.55, 0.0), (side * 0.5, side)],
        [(side * 0.2, side * 0.1), (side * 0.3, side * 0.3)],
    ]
    return town, box(0.0, 0.0, side, side), roads(*lines)

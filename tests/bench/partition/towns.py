"""Generated towns and districts as the engine's own input: same seed, same town."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from services.grid_partition.engine import Barriers, CommunityInput
from tests.bench.partition.houses import Houses, build_block, footprints, old_grids, to_total
from tests.bench.partition.streets import Streets, draw_streets, share_out
from tests.grid_partition.engine.cases import Case

#: What a block of the usual houses holds on average.
BLOCK_HOUSEHOLDS = 780
DISTRICT_HOUSEHOLDS = 190_000
DISTRICT_COMMUNITIES = 35
#: Mean size of an old grid: a district of 190,000 has 197 of them.
_OLD_GRID_HOUSEHOLDS = 190_000 / 197


def a_town(seed: int, households: int) -> Case:
    """One community of exactly so many households."""
    return _settled(seed, households, 1, f"T{households}-{seed}")


def a_district(
    seed: int,
    households: int = DISTRICT_HOUSEHOLDS,
    communities: int = DISTRICT_COMMUNITIES,
) -> Case:
    """A district of uneven communities, exactly so many households in all."""
    return _settled(seed, households, communities, f"D{seed}")


def a_province(seed: int, households: int) -> Iterator[Case]:
    """Districts one after another; none is kept, so memory stays flat."""
    for number in range(max(1, round(households / DISTRICT_HOUSEHOLDS))):
        yield a_district(seed * 1000 + number)


def a_coarse_town(seed: int, buildings: int, sizes: tuple[int, int], aspect: float = 1.0) -> Case:
    """One community of few large buildings, each of `sizes` households (high end excluded).

    No estates, one street across; `aspect` is length over width.
    """
    rng = np.random.default_rng([seed, buildings, *sizes])
    width = math.sqrt(buildings * 1600.0 / aspect)
    length = width * aspect
    spot = np.zeros((0, 2))
    while len(spot) < buildings:
        more = rng.uniform([8.0, 8.0], [length - 8.0, width - 8.0], (1, 2))
        if not len(spot) or np.hypot(*(spot - more).T).min() > 15.0:
            spot = np.concatenate([spot, more])
    street = shapely.LineString([(length * 0.45, -1.0), (length * 0.55, width + 1.0)])
    houses = Houses(spot, rng.integers(*sizes, buildings), np.full(buildings, -1, dtype=np.int64))
    return Case(
        codes=["C"],
        boundaries=[shapely.box(0.0, 0.0, length, width)],
        barriers=Barriers((street,), ("road",), ("street",)),
        communities=[_community("C", houses, shapely.points(spot), None)],
    )


def _settled(seed: int, households: int, communities: int, code: str) -> Case:
    rng = np.random.default_rng([seed, households, communities])
    wanted = max(communities, round(households / BLOCK_HOUSEHOLDS), 1)
    columns = math.ceil(math.sqrt(wanted * 1.2))
    streets = draw_streets(columns, max(1, round(wanted / columns)), rng)
    owner = share_out(streets.shape, communities, rng)
    houses = [_of_owner(streets, owner, number, rng) for number in range(communities)]
    sizes = [len(held.households) for held in houses]
    total = to_total(np.concatenate([held.households for held in houses]), households, rng)
    parts = np.split(total, np.cumsum(sizes)[:-1])
    settled = [held._replace(households=part) for held, part in zip(houses, parts, strict=True)]
    codes = [f"{code}-{number:03d}" for number in range(communities)]
    return Case(
        codes=codes,
        boundaries=[_outline(streets, owner, number) for number in range(communities)],
        barriers=Barriers(
            streets.lines,
            tuple("water" if wet else "road" for wet in streets.water),
            tuple("river" if wet else "street" for wet in streets.water),
        ),
        communities=[
            _community(name, held, footprints(held.spot), rng)
            for name, held in zip(codes, settled, strict=True)
        ],
    )


def _of_owner(
    streets: Streets, owner: NDArray[np.int64], number: int, rng: np.random.Generator
) -> Houses:
    built, first = [], 0
    for column, row in np.argwhere(owner == number).tolist():
        block = build_block(streets.quad(column, row), rng)
        estate = np.where(block.estate >= 0, block.estate + first, -1)
        first += 1000
        built.append(block._replace(estate=estate))
    return Houses(*(np.concatenate(part) for part in zip(*built, strict=True)))


def _outline(
    streets: Streets, owner: NDArray[np.int64], number: int
) -> shapely.Polygon | shapely.MultiPolygon:
    quads = [shapely.Polygon(streets.quad(i, j)) for i, j in np.argwhere(owner == number).tolist()]
    land: shapely.Polygon | shapely.MultiPolygon = shapely.coverage_union_all(quads)
    return land


def _community(
    code: str,
    houses: Houses,
    shapes: NDArray[np.object_],
    rng: np.random.Generator | None,
) -> CommunityInput:
    legacy = None
    if rng is not None:
        count = max(1, round(int(houses.households.sum()) / _OLD_GRID_HOUSEHOLDS))
        legacy = old_grids(houses, count, rng)
    return CommunityInput(
        code=code,
        building_ids=tuple(f"{code}-{number:05d}" for number in range(len(houses.households))),
        geometries=tuple(shapes),
        households=houses.households,
        estate=houses.estate,
        legacy=legacy,
    )

"""What the partition reads of a community: the registry's snapshot, field by field.

A snapshot may hold more; what is not named here is not read.  Case folders are turned into the
same text, so the command line and the service cut the same thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np
import shapely

from services.grid_partition.domain.projection import Plane
from services.grid_partition.engine import CommunityInput

ShapeArray = np.ndarray[Any, np.dtype[np.object_]]
"""Shapely geometries or None."""

_NULL = msgspec.Raw(b"null")


class SnapshotUnreadable(ValueError):
    """A snapshot is not what the registry promises; the text names the field, never a value."""


class BuildingSeen(msgspec.Struct, frozen=True):
    """One building: `geometry` is GeoJSON in degrees (CGCS2000) or null, `point` stands in for it.

    Counts are of the basis that the snapshot was asked for.  `legacy_grid` is the code of the grid
    that the building lies in until now; the registry does not know it, whoever stores the snapshot
    for a plan with a base adds it.
    """

    id: str
    households: int
    source: str | None = None
    source_id: str | None = None
    geometry: msgspec.Raw = _NULL
    point: tuple[float, float] | None = None
    estate_id: str | None = None
    units: int | None = None
    floors: int | None = None
    population: int | None = None
    legacy_grid: str | None = None
    name: str | None = None


class EstateSeen(msgspec.Struct, frozen=True):
    """One estate that is registered in the community: for texts only."""

    id: str
    source_id: str | None = None
    name: str | None = None


class SnapshotSeen(msgspec.Struct, frozen=True, rename={"code": "community_code"}):
    """One community with its buildings; `version` changes when any of it does."""

    code: str
    version: str
    boundary: msgspec.Raw = _NULL
    name: str = ""
    buildings: tuple[BuildingSeen, ...] = ()
    estates: tuple[EstateSeen, ...] = ()

    @property
    def households(self) -> int:
        """Sum over the buildings."""
        return sum(building.households for building in self.buildings)

    @property
    def boundary_text(self) -> str | None:
        """The boundary as GeoJSON text, None when the registry knows none."""
        text = bytes(self.boundary).decode()
        return None if text == "null" else text


_DECODER = msgspec.json.Decoder(SnapshotSeen)


def read_snapshot(text: str | bytes) -> SnapshotSeen:
    """Decode a snapshot; raises SnapshotUnreadable."""
    try:
        return _DECODER.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotUnreadable(str(error)) from error


def read_shapes(texts: Sequence[str | bytes]) -> ShapeArray:
    """Parse GeoJSON geometries; JSON null becomes None.  Raises SnapshotUnreadable."""
    shapes = np.empty(len(texts), dtype=object)
    try:
        for place, text in enumerate(texts):
            if text not in {"null", b"null"}:
                shapes[place] = shapely.from_geojson(text)
    except shapely.errors.GEOSException as error:
        message = "a geometry is not GeoJSON"
        raise SnapshotUnreadable(message) from error
    return shapes


def _building_shapes(rows: Sequence[BuildingSeen]) -> ShapeArray:
    shapes = read_shapes([bytes(row.geometry) for row in rows])
    for place, row in enumerate(rows):
        if shapes[place] is None and row.point is not None:
            shapes[place] = shapely.Point(row.point)
    return shapes


def _population(rows: Sequence[BuildingSeen]) -> np.ndarray | None:
    people = [row.population for row in rows]
    return None if None in people else np.array(people, dtype=np.int64)


def _labels(values: list[str | None]) -> tuple[np.ndarray, list[str]]:
    names = sorted({value for value in values if value is not None})
    number = {name: index for index, name in enumerate(names)}
    codes = [-1 if value is None else number[value] for value in values]
    return np.array(codes, dtype=np.int64), names


class EngineView(msgspec.Struct, frozen=True):
    """A snapshot as the engine takes it, and the names behind the engine's labels."""

    community: CommunityInput
    estates: list[str]
    legacy_grids: list[str]


def engine_view(snapshot: SnapshotSeen, plane: Plane) -> EngineView:
    """Project a snapshot into the plane and label its estates and old grids.

    Population is passed on only when every building has one: a sum with holes would mislead.
    """
    rows = snapshot.buildings
    shapes = _building_shapes(rows)
    estate, estates = _labels([row.estate_id for row in rows])
    legacy_label, legacy_grids = _labels([row.legacy_grid for row in rows])
    community = CommunityInput(
        code=snapshot.code,
        building_ids=tuple(row.id for row in rows),
        geometries=tuple(plane.to_metres(shapes)),
        households=np.array([row.households for row in rows], dtype=np.int64),
        estate=estate,
        units=np.array([row.units or 0 for row in rows], dtype=np.int64),
        floors=np.array([row.floors or 0 for row in rows], dtype=np.int64),
        legacy=legacy_label,
        population=_population(rows),
    )
    return EngineView(community, estates, legacy_grids)

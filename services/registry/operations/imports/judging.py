"""What judging staged places needs: boundaries, extents, rules; loaded once an import."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from pydantic import TypeAdapter, ValidationError

from kit.bulk.issues import RowIssue, RowRefused
from kit.bulk.noun import ImportContext
from kit.coordinates import Bbox, PositionSwapped
from kit.db import Tx
from kit.errors import Problem
from kit.web.geojson import AreaGeometry, PlaceGeometry, PointGeometry
from kit.web.problems import as_field_error
from services.registry.domain.buildings import judge_distance
from services.registry.domain.geometry import Outlines, Shape
from services.registry.domain.rules import Rules
from services.registry.operations import places
from services.registry.storage import divisions, imports

_AREA: TypeAdapter[Any] = TypeAdapter(AreaGeometry)
_PLACE: TypeAdapter[Any] = TypeAdapter(PlaceGeometry)
_POINT: TypeAdapter[Any] = TypeAdapter(PointGeometry)


@dataclass(frozen=True, slots=True)
class Judging:
    """The communities that the caller sees, and how far outside them a place may lie."""

    outlines: Outlines
    extents: Mapping[str, Bbox]
    rules: Rules

    def around(self, code: str | None) -> Bbox | None:
        """Return the extent in which a place is expected: its district's, else the only one's."""
        if code is not None:
            return self.extents.get(code[:6])
        return next(iter(self.extents.values())) if len(self.extents) == 1 else None

    def outside_m(self, code: str, lon: float, lat: float) -> float | None:
        """Return the metres to note beside a place; OutsideCommunity when too far."""
        return judge_distance(self.outlines.distance_m(code, lon, lat), self.rules.placement)


def preparing(rules: Rules) -> Callable[[Tx, ImportContext], Awaitable[Judging]]:
    """Return the step that loads what judging needs, before the first row is read."""

    async def prepare(tx: Tx, context: ImportContext) -> Judging:
        boundaries = await divisions.boundaries(tx, context.areas)
        return Judging(Outlines(boundaries), await divisions.extents(tx), rules)

    return prepare


def judging_of(context: ImportContext) -> Judging:
    """Return what `preparing` has loaded."""
    return cast(Judging, context.prepared)


def issue_of(problem: type[Problem]) -> RowIssue:
    """Return the row issue that says the same as a problem of single requests."""
    return RowIssue(problem.code, problem.detail)


def read_area(geometry: Mapping[str, Any], context: ImportContext, code: str) -> tuple[str, Shape]:
    """Return the stored text and the shape of a row's boundary, or refuse the row."""
    return _read(_AREA, geometry, context, code, "boundary")


def read_place(
    geometry: Mapping[str, Any], context: ImportContext, code: str | None
) -> tuple[str, Shape]:
    """Return the stored text and the shape of a row's point or footprint, or refuse the row."""
    return _read(_PLACE, geometry, context, code, "geometry")


def read_point(
    geometry: Mapping[str, Any], context: ImportContext, code: str | None
) -> tuple[str, Shape]:
    """Return the stored text and the shape of a row's point, or refuse the row."""
    return _read(_POINT, geometry, context, code, "geometry")


def _read(
    adapter: TypeAdapter[Any],
    geometry: Mapping[str, Any],
    context: ImportContext,
    code: str | None,
    name: str,
) -> tuple[str, Shape]:
    try:
        adapter.validate_python(geometry)
    except ValidationError as error:
        if _stands_on_its_head(geometry.get("coordinates")):
            raise PositionSwapped from None
        entry = as_field_error(error.errors(include_url=False)[0])
        raise RowRefused(RowIssue(entry.code, entry.text), name, **dict(entry.params)) from None
    return places.checked(geometry, context.crs, judging_of(context).around(code))


def _stands_on_its_head(value: Any) -> bool:
    """Tell whether the first position has a latitude that only a longitude can have."""
    # Lists only: a text is a sequence of texts for ever.
    while isinstance(value, list) and value and isinstance(value[0], list):
        value = value[0]
    if not isinstance(value, list) or len(value) < 2:
        return False
    lon, lat = value[0], value[1]
    both = isinstance(lon, int | float) and isinstance(lat, int | float)
    return both and abs(lon) <= 90 < abs(lat) <= 180


async def judge_the_rest(
    tx: Tx, refuse: Callable[[int, Problem], Awaitable[None]], context: ImportContext
) -> None:
    """Judge the places of staged buildings that took their community or place from before."""
    judging = judging_of(context)
    noted = []
    for row, code, lon, lat in await imports.unjudged(tx):
        try:
            noted.append({"row": row, "metres": judging.outside_m(code, lon, lat)})
        except Problem as problem:
            await refuse(row, problem)
    await imports.note_outside(tx, noted)

"""Import of buildings: places, sizes and stated household counts.

A building sheet often knows its estate by name only, or by an id that was never imported.  So a
missing estate is made with the building: by (source, `estate_id`) where an id is given, else by
(community, `estate_name`), which also finds an estate of that name in the community.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from kit.bulk.issues import RowIssue
from kit.bulk.noun import Counts, ImportContext, Noun, Row, Staging
from kit.bulk.problems import ROW_OUTSIDE_AREA
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.errors import Problem
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.buildings import CountSource, Placement
from services.registry.domain.problems import (
    CommunityNotLocated,
    DivisionNotFound,
    EstateNotFound,
    HouseholdNoTaken,
)
from services.registry.operations import places
from services.registry.operations.imports.judging import (
    issue_of,
    judge_the_rest,
    judging_of,
    preparing,
    read_place,
)
from services.registry.storage import buildings, changes, estates, imports, residents
from services.registry.storage.imports import Imported
from services.registry.storage.tables import BUILDINGS

_PLACE = ("geometry", *places.EXTENT, "lon", "lat")
_FACTS = (
    "community_code",
    "name",
    "kind",
    "units",
    "floors",
    "dwellings",
    "households_resident",
    "households_registered",
    "count_source",
    *_PLACE,
)
_COLUMNS = (*_FACTS, "estate_id", "outside_m", "ended_at")
_IMPORTED = Imported("building", BUILDINGS, ("source", "source_id"), _COLUMNS, "community_code")
_UPSERT = Upsert(BUILDINGS, key=("source", "source_id"), columns=_COLUMNS, area="community_code")

_Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$")]
_Name = Annotated[str, Field(min_length=1, max_length=100), PRINTABLE]
_Count = Annotated[int, Field(ge=0, le=1_000_000)]
_Storeys = Annotated[int, Field(ge=0, le=300)]


class BuildingRow(Row):
    """One building."""

    source: SourceName
    source_id: _Id
    community_code: Annotated[str | None, Field(pattern=r"^[0-9]{12}$")] = None
    estate_source_id: _Id | None = None
    estate_name: _Name | None = None
    name: _Name | None = None
    kind: Annotated[str | None, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = None
    units: _Storeys | None = None
    floors: _Storeys | None = None
    dwellings: _Count | None = None
    households_resident: _Count | None = None
    households_registered: _Count | None = None
    count_source: CountSource | None = None
    geometry: dict[str, Any] | None = None


def stage(row: BuildingRow, context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row, or refuse it.

    `judged_code` is the community in which the place was judged here; rows without one are
    judged when the stored community or place is known.
    """
    place: tuple[object, ...] = (None,) * len(_PLACE)
    judged, outside_m = None, None
    if row.geometry is not None:
        judging = judging_of(context)
        text, shape = read_place(row.geometry, context, row.community_code)
        place = (text, shape.west, shape.south, shape.east, shape.north, shape.lon, shape.lat)
        judged = row.community_code or judging.outlines.code_at(shape.lon, shape.lat)
        if judged is not None:
            outside_m = judging.outside_m(judged, shape.lon, shape.lat)
    return (
        row.source, row.source_id, row.community_code, row.name, row.kind, row.units, row.floors,
        row.dwellings, row.households_resident, row.households_registered, row.count_source,
        *place, None, outside_m, None, judged, row.estate_source_id, row.estate_name,
    )  # fmt: skip


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("community_code", "text"),
    ("name", "text"),
    ("kind", "text"),
    ("units", "integer"),
    ("floors", "integer"),
    ("dwellings", "integer"),
    ("households_resident", "integer"),
    ("households_registered", "integer"),
    ("count_source", "text"),
    ("geometry", "text"),
    *((name, "double precision") for name in (*places.EXTENT, "lon", "lat")),
    ("estate_id", "uuid"),
    ("outside_m", "double precision"),
    ("ended_at", "timestamptz"),
    ("judged_code", "text"),
    ("estate_source_id", "text"),
    ("estate_name", "text"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse rows of unknown or foreign communities and estates, and far-off places."""
    await _UPSERT.check(tx, staging, context)
    await imports.keep_unstated(tx, _IMPORTED, (*_FACTS, "estate_id"), context.areas)
    await imports.default(tx, staging, "community_code", staging.table.c.judged_code)
    await imports.refuse_empty(staging, issue_of(CommunityNotLocated), "community_code")
    await imports.refuse_hidden(staging, ROW_OUTSIDE_AREA, "community_code", context.areas)
    await imports.refuse_unknown_community(staging, issue_of(DivisionNotFound))
    await estates.refuse_hidden_references(staging, issue_of(EstateNotFound), context.areas)
    await buildings.refuse_clashing_moves(staging, issue_of(HouseholdNoTaken))

    async def refuse(row: int, problem: Problem) -> None:
        issue = RowIssue(problem.code, type(problem).detail)
        await staging.refuse(
            issue, "geometry", "SELECT cast(:row AS integer) AS row_no", {"row": row},
            **problem.params,
        )  # fmt: skip

    await judge_the_rest(tx, refuse, context)


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Make missing estates, write the rows, and let households follow their buildings."""
    made = await estates.create_named(tx, at=context.now)
    await imports.note_created(tx, "estate", made, context)
    await estates.resolve_references(tx)
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    await buildings.bring_households_along(tx)
    await residents.follow_imported(tx, BUILDINGS)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


def building_noun(placement: Placement) -> Noun[BuildingRow]:
    """Return how buildings are imported."""
    return Noun(
        name="buildings",
        model=BuildingRow,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(("source", "source_id"),),
        geometry="geometry",
        prepare=preparing(placement),
    )

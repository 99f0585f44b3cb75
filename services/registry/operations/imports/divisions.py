"""Import of divisions: names, levels and boundaries; the divisions above come along.

A row's parent is its code's prefix.  Streets and districts that are nowhere yet are made with
the names that the rows give (`street_name`), else with their codes as names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from kit.bulk.noun import Counts, ImportContext, Noun, Row, Staging
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.web.schemas import PRINTABLE, Date
from services.registry.domain.buildings import Placement
from services.registry.domain.divisions import (
    DivisionKind,
    check_kind,
    check_parent,
    is_governed_by_default,
    parent_of,
    plain_kind,
)
from services.registry.domain.problems import DivisionParentMissing, DivisionRevoked
from services.registry.operations import places
from services.registry.operations.imports.judging import issue_of, preparing, read_area
from services.registry.storage import changes, divisions, imports
from services.registry.storage.imports import Imported
from services.registry.storage.tables import DIVISIONS

_Name = Annotated[str, Field(min_length=1, max_length=100), PRINTABLE]
_KEPT = ("name", "name_en", "kind", "is_governed", "valid_from", "boundary", *places.EXTENT)
_COLUMNS = (*_KEPT, "parent_code", "status")
_IMPORTED = Imported("division", DIVISIONS, ("code",), _COLUMNS, "code", id_column=None)
_UPSERT = Upsert(DIVISIONS, key=("code",), columns=_COLUMNS, area="code", id_column=None)


class DivisionRow(Row):
    """One division; `households` and `buildings` of case files are sums and are not read."""

    code: Annotated[str, Field(pattern=r"^([0-9]{6}|[0-9]{9}|[0-9]{12})$")]
    name: _Name | None = None
    name_en: _Name | None = None
    kind: DivisionKind | None = None
    parent_code: Annotated[str | None, Field(pattern=r"^([0-9]{6}|[0-9]{9})$")] = None
    street_name: _Name | None = None
    is_governed: bool | None = None
    valid_from: Date | None = None
    boundary: dict[str, Any] | None = None
    households: Annotated[int | None, Field(ge=0)] = None
    buildings: Annotated[int | None, Field(ge=0)] = None


def stage(row: DivisionRow, context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row, or refuse it."""
    if row.kind is not None:
        check_kind(row.code, row.kind)
    check_parent(row.code, row.parent_code)
    text: str | None = None
    extent: tuple[float | None, ...] = (None,) * 4
    if row.boundary is not None:
        text, shape = read_area(row.boundary, context, row.code)
        extent = (shape.west, shape.south, shape.east, shape.north)
    return (
        row.code, row.name, row.name_en, row.kind, row.is_governed, row.valid_from, text, *extent,
        parent_of(row.code), "active", row.street_name, plain_kind(row.code),
        is_governed_by_default(row.kind or plain_kind(row.code)),
    )  # fmt: skip


_STAGING = (
    ("code", "text"),
    ("name", "text"),
    ("name_en", "text"),
    ("kind", "text"),
    ("is_governed", "boolean"),
    ("valid_from", "date"),
    ("boundary", "text"),
    *((name, "double precision") for name in places.EXTENT),
    ("parent_code", "text"),
    ("status", "text"),
    ("street_name", "text"),
    ("plain_kind", "text"),
    ("plain_governed", "boolean"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse revoked codes, and rows whose missing parents the caller may not make."""
    await divisions.refuse_revoked(staging, issue_of(DivisionRevoked))
    await divisions.refuse_orphans(staging, issue_of(DivisionParentMissing), context.areas)
    await imports.keep_unstated(tx, _IMPORTED, _KEPT, context.areas)
    await divisions.fill_defaults(tx)


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Make the divisions above, then write the rows; boundaries that move judge their buildings."""
    made = await divisions.create_parents(tx, at=context.now)
    await imports.note_created(tx, "division", [(code, code) for code in made], context)
    moved = await divisions.moved_boundaries(tx)
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    for code, boundary in moved:
        await places.judge_again(tx, code, boundary, at=context.now)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


def division_noun(placement: Placement) -> Noun[DivisionRow]:
    """Return how divisions are imported."""
    return Noun(
        name="divisions",
        model=DivisionRow,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(("code",),),
        area="code",
        geometry="boundary",
        prepare=preparing(placement),
    )

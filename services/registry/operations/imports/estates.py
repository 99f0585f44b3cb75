"""Import of estates: compounds with names, management and places.

Property names of case files are read too: `estate_id`, `property_company` (a name says that
there is one, and is not kept) and `no_property_no_committee`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import Field

from kit.bulk.noun import Counts, ImportContext, Noun, Row, Staging
from kit.bulk.problems import ROW_OUTSIDE_AREA
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.buildings import Placement
from services.registry.domain.estates import ManagementMode, has_company
from services.registry.domain.problems import CommunityNotLocated, DivisionNotFound
from services.registry.operations import places
from services.registry.operations.imports.judging import (
    issue_of,
    judging_of,
    preparing,
    read_place,
)
from services.registry.storage import changes, imports
from services.registry.storage.imports import Imported
from services.registry.storage.tables import ESTATES

_FACTS = (
    "community_code",
    "name",
    "management_mode",
    "has_property_company",
    "has_owners_committee",
    "has_resident_organization",
    "geometry",
    *places.EXTENT,
)
_COLUMNS = (*_FACTS, "ended_at")
_IMPORTED = Imported("estate", ESTATES, ("source", "source_id"), _COLUMNS, "community_code")
_UPSERT = Upsert(ESTATES, key=("source", "source_id"), columns=_COLUMNS, area="community_code")


class EstateRow(Row):
    """One estate."""

    source: SourceName
    source_id: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$")]
    community_code: Annotated[str | None, Field(pattern=r"^[0-9]{12}$")] = None
    name: Annotated[str | None, Field(min_length=1, max_length=100), PRINTABLE] = None
    management_mode: ManagementMode | None = None
    has_property_company: bool | None = None
    has_owners_committee: bool | None = None
    has_resident_organization: bool | None = None
    property_company: Annotated[str | None, Field(max_length=100), PRINTABLE] = None
    no_property_no_committee: bool | None = None
    geometry: dict[str, Any] | None = None

    def company(self) -> bool | None:
        """Return whether the row says that a property company runs the estate."""
        if self.property_company is not None:
            return True
        if self.no_property_no_committee:
            return False
        return has_company(self.management_mode, self.has_property_company)

    def committee(self) -> bool | None:
        """Return whether the row says that there is an owners' committee."""
        return False if self.no_property_no_committee else self.has_owners_committee


def stage(row: EstateRow, context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row, or refuse it."""
    text: str | None = None
    located: str | None = None
    extent: tuple[float | None, ...] = (None,) * 4
    if row.geometry is not None:
        text, shape = read_place(row.geometry, context, row.community_code)
        extent = (shape.west, shape.south, shape.east, shape.north)
        if row.community_code is None:
            located = judging_of(context).outlines.code_at(shape.lon, shape.lat)
    return (
        row.source, row.source_id, row.community_code, row.name, row.management_mode,
        row.company(), row.committee(), row.has_resident_organization, text, *extent, None, located,
    )  # fmt: skip


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("community_code", "text"),
    ("name", "text"),
    ("management_mode", "text"),
    ("has_property_company", "boolean"),
    ("has_owners_committee", "boolean"),
    ("has_resident_organization", "boolean"),
    ("geometry", "text"),
    *((name, "double precision") for name in places.EXTENT),
    ("ended_at", "timestamptz"),
    ("located_code", "text"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse rows of unknown or foreign communities, and rows that cannot be located."""
    await _UPSERT.check(tx, staging, context)
    await imports.keep_unstated(tx, _IMPORTED, _FACTS, context.areas)
    await imports.default(tx, staging, "community_code", staging.table.c.located_code)
    await imports.default(tx, staging, "name", staging.table.c.source_id)
    await imports.refuse_empty(staging, issue_of(CommunityNotLocated), "community_code")
    await imports.refuse_hidden(staging, ROW_OUTSIDE_AREA, "community_code", context.areas)
    await imports.refuse_unknown_community(staging, issue_of(DivisionNotFound))


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Write the rows, their history and the events."""
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


def estate_noun(placement: Placement) -> Noun[EstateRow]:
    """Return how estates are imported."""
    return Noun(
        name="estates",
        model=EstateRow,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(("source", "source_id"),),
        geometry="geometry",
        prepare=preparing(placement),
    )

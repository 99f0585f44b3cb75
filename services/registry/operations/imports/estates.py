"""Import of estates: compounds with names, management and places.

Property names of case files are read too: `estate_id`, `property_company` (a name says that
there is one, and is not kept) and `no_property_no_committee`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from kit.bulk.noun import Counts, ImportContext, Noun, Staging
from kit.bulk.problems import ROW_OUTSIDE_AREA
from kit.bulk.upsert import Upsert
from kit.db import Tx
from kit.web.schemas import PRINTABLE, SourceName
from services.registry.domain.estates import FACTS, ManagementMode, has_company
from services.registry.domain.kinds import PARTIES
from services.registry.domain.organization_problems import (
    OrganizationNotFound,
    OrganizationUnfit,
    PartyContradicted,
)
from services.registry.domain.problems import CommunityNotLocated, DivisionNotFound
from services.registry.domain.rules import Rules
from services.registry.operations import places
from services.registry.operations.imports.columns import (
    HEADERS,
    CommunityCode,
    Name,
    SourceId,
    SourceRow,
)
from services.registry.operations.imports.judging import (
    issue_of,
    judging_of,
    preparing,
    read_place,
)
from services.registry.storage import changes, imports, references
from services.registry.storage.imports import Imported
from services.registry.storage.tables import ESTATES

_FACTS = (
    "community_code",
    "name",
    "management_mode",
    *FACTS.values(),
    *(f"{party}_id" for party in PARTIES),
    "geometry",
    *places.EXTENT,
)
_COLUMNS = (*_FACTS, "ended_at")
_IMPORTED = Imported("estate", ESTATES, ("source", "source_id"), _COLUMNS, "community_code")
_UPSERT = Upsert(ESTATES, key=("source", "source_id"), columns=_COLUMNS, area="community_code")


class EstateRow(SourceRow):
    """One estate."""

    community_code: CommunityCode | None = None
    name: Name | None = None
    management_mode: ManagementMode | None = None
    has_property_company: bool | None = None
    has_owners_committee: bool | None = None
    has_party_branch: bool | None = None
    has_resident_organization: bool | None = None
    property_company_id: UUID | None = None
    owners_committee_id: UUID | None = None
    party_branch_id: UUID | None = None
    residents_group_id: UUID | None = None
    property_company_source_id: SourceId | None = None
    owners_committee_source_id: SourceId | None = None
    party_branch_source_id: SourceId | None = None
    residents_group_source_id: SourceId | None = None
    organization_source: SourceName | None = None
    property_company: Annotated[str | None, Field(max_length=100), PRINTABLE] = None
    no_property_no_committee: bool | None = None
    geometry: dict[str, Any] | None = None
    is_three_no: Any = None

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
        row.company(), row.committee(), row.has_party_branch, row.has_resident_organization,
        row.property_company_id, row.owners_committee_id, row.party_branch_id,
        row.residents_group_id, text, *extent, None, located, row.property_company_source_id,
        row.owners_committee_source_id, row.party_branch_source_id, row.residents_group_source_id,
        row.organization_source,
    )  # fmt: skip


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("community_code", "text"),
    ("name", "text"),
    ("management_mode", "text"),
    *((fact, "boolean") for fact in FACTS.values()),
    *((f"{party}_id", "uuid") for party in PARTIES),
    ("geometry", "text"),
    *((name, "double precision") for name in places.EXTENT),
    ("ended_at", "timestamptz"),
    ("located_code", "text"),
    *((f"{party}_source_id", "text") for party in PARTIES),
    ("organization_source", "text"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse rows of unknown or foreign communities, and rows that cannot be located."""
    await _UPSERT.check(tx, staging, context)
    await _check_parties(tx, staging, context)
    await imports.keep_unstated(tx, _IMPORTED, _FACTS, context.areas)
    await imports.default(tx, staging, "community_code", staging.table.c.located_code)
    await imports.default(tx, staging, "name", staging.table.c.source_id)
    await imports.refuse_empty(staging, issue_of(CommunityNotLocated), "community_code")
    await imports.refuse_hidden(staging, ROW_OUTSIDE_AREA, "community_code", context.areas)
    await imports.refuse_unknown_community(staging, issue_of(DivisionNotFound))


async def _check_parties(tx: Tx, staging: Staging, context: ImportContext) -> None:
    kinds = judging_of(context).rules.kinds
    for party, fact in FACTS.items():
        fit = [kind.code for kind in kinds.all("organization") if kind.estate_party == party]
        await references.resolve(tx, staging, party)
        await references.refuse_absent(
            staging, issue_of(OrganizationNotFound), party, context.areas
        )
        await references.refuse_unfit(staging, issue_of(OrganizationUnfit), party, fit)
        await references.refuse_contradicted(staging, issue_of(PartyContradicted), party, fact)
        await references.state_named(tx, staging, party, fact)


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Write the rows, their history and the events."""
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


ESTATE_HEADERS: Mapping[str, Sequence[str]] = HEADERS | {
    "source_id": ("estate_id", "小区编号", "编号"),
    "community_code": ("社区代码",),
    "name": ("小区名称", "名称"),
    "management_mode": ("管理方式",),
    "has_property_company": ("有物业公司",),
    "has_owners_committee": ("有业委会",),
    "has_party_branch": ("有小区党支部",),
    "has_resident_organization": ("有居民自治组织",),
    "property_company_id": ("物业公司标识",),
    "owners_committee_id": ("业委会标识",),
    "party_branch_id": ("小区党支部标识",),
    "residents_group_id": ("居民自治小组标识",),
    "property_company_source_id": ("物业公司编号",),
    "owners_committee_source_id": ("业委会编号",),
    "party_branch_source_id": ("小区党支部编号",),
    "residents_group_source_id": ("居民自治小组编号",),
    "organization_source": ("组织来源",),
    "property_company": ("物业公司",),
    "no_property_no_committee": ("无物业无业委会",),
    "is_three_no": ("三无楼院",),
    "geometry": ("几何", "位置"),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def estate_noun(rules: Rules) -> Noun[EstateRow]:
    """Return how estates are imported."""
    return Noun(
        name="estates",
        model=EstateRow,
        headers=ESTATE_HEADERS,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(("source", "source_id"),),
        geometry="geometry",
        prepare=preparing(rules),
    )

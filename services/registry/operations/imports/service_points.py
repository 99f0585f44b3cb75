"""Import of service points."""

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
from services.registry.domain.opening_hours import normalised_hours
from services.registry.domain.organization_problems import OrganizationNotFound
from services.registry.domain.problems import CommunityNotLocated, DivisionNotFound
from services.registry.domain.rules import Rules
from services.registry.operations import places
from services.registry.operations.imports.columns import (
    HEADERS,
    LISTED,
    Address,
    CommunityCode,
    Kind,
    Name,
    Phone,
    SourceId,
    SourceRow,
    array_text,
)
from services.registry.operations.imports.judging import (
    issue_of,
    judging_of,
    preparing,
    read_point,
)
from services.registry.storage import changes, imports, references
from services.registry.storage.imports import Imported
from services.registry.storage.tables import SERVICE_POINTS

_FACTS = (
    "community_code",
    "name",
    "kind",
    "services",
    "address",
    "phone",
    "opening_hours",
    "organization_id",
    "geometry",
    *places.EXTENT,
)
_COLUMNS = (*_FACTS, "ended_at")
_KEY = ("source", "source_id")
_IMPORTED = Imported("service_point", SERVICE_POINTS, _KEY, _COLUMNS, "community_code")
_UPSERT = Upsert(SERVICE_POINTS, key=_KEY, columns=_COLUMNS, area="community_code")
_PLAIN_KIND = "other"

_Service = Annotated[str, Field(min_length=1, max_length=40), PRINTABLE]


class ServicePointRow(SourceRow):
    """One service point."""

    community_code: CommunityCode | None = None
    name: Name | None = None
    kind: Kind | None = None
    services: Annotated[list[_Service] | None, LISTED, Field(max_length=50)] = None
    address: Address | None = None
    phone: Phone | None = None
    opening_hours: Annotated[str | None, Field(max_length=200)] = None
    organization_id: UUID | None = None
    organization_source_id: SourceId | None = None
    organization_source: SourceName | None = None
    geometry: dict[str, Any] | None = None
    distance_m: Any = None


def stage(row: ServicePointRow, context: ImportContext) -> Sequence[object]:
    """Return the staged values of a row, or refuse it."""
    judging = judging_of(context)
    if row.kind is not None:
        judging.rules.kinds.check("service_point", row.kind)
    hours = None if row.opening_hours is None else normalised_hours(row.opening_hours)
    services = None if row.services is None else array_text(dict.fromkeys(row.services))
    place: tuple[object, ...] = (None,) * 5
    located: str | None = None
    if row.geometry is not None:
        text, shape = read_point(row.geometry, context, row.community_code)
        place = (text, shape.west, shape.south, shape.east, shape.north)
        located = judging.outlines.code_at(shape.lon, shape.lat)
    return (
        row.source, row.source_id, row.community_code, row.name, row.kind, services,
        row.address, row.phone, hours, row.organization_id, *place, None,
        None if row.community_code else located, row.organization_source_id,
        row.organization_source,
    )  # fmt: skip


_STAGING = (
    ("source", "text"),
    ("source_id", "text"),
    ("community_code", "text"),
    ("name", "text"),
    ("kind", "text"),
    ("services", "text[]"),
    ("address", "text"),
    ("phone", "text"),
    ("opening_hours", "text"),
    ("organization_id", "uuid"),
    ("geometry", "text"),
    *((name, "double precision") for name in places.EXTENT),
    ("ended_at", "timestamptz"),
    ("located_code", "text"),
    ("organization_source_id", "text"),
    ("organization_source", "text"),
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    """Refuse rows of unknown or foreign communities, and unknown owners."""
    areas = context.areas
    await _UPSERT.check(tx, staging, context)
    await references.resolve(tx, staging, "organization")
    await references.refuse_absent(staging, issue_of(OrganizationNotFound), "organization", areas)
    await imports.keep_unstated(tx, _IMPORTED, _FACTS, areas)
    await imports.default(tx, staging, "community_code", staging.table.c.located_code)
    await imports.default(tx, staging, "name", staging.table.c.source_id)
    await imports.default(tx, staging, "kind", _PLAIN_KIND)
    await imports.default(tx, staging, "services", imports.NO_TEXTS)
    await imports.refuse_empty(staging, issue_of(CommunityNotLocated), "community_code")
    await imports.refuse_hidden(staging, ROW_OUTSIDE_AREA, "community_code", areas)
    await imports.refuse_unknown_community(staging, issue_of(DivisionNotFound))


async def apply(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    """Write the rows, their history and the events."""
    await imports.note(tx, _IMPORTED, context)
    counts = await _UPSERT.apply(tx, staging, context)
    await changes.tell_communities(tx, context.import_id, at=context.now)
    return counts


SERVICE_POINT_HEADERS: Mapping[str, Sequence[str]] = HEADERS | {
    "source_id": ("service_point_id", "阵地编号", "站点编号", "编号"),
    "community_code": ("社区代码",),
    "name": ("阵地名称", "站点名称", "名称"),
    "kind": ("阵地类型", "类型"),
    "services": ("服务内容", "服务项目"),
    "address": ("地址",),
    "phone": ("公开电话", "电话"),
    "opening_hours": ("开放时间",),
    "organization_id": ("所属组织标识",),
    "organization_source_id": ("所属组织编号",),
    "organization_source": ("组织来源",),
    "geometry": ("几何", "位置"),
    "distance_m": ("距离(米)",),
}
"""Other names of the columns in sheets; the first Chinese one is the title in ours."""


def service_point_noun(rules: Rules) -> Noun[ServicePointRow]:
    """Return how service points are imported."""
    return Noun(
        name="service-points",
        model=ServicePointRow,
        headers=SERVICE_POINT_HEADERS,
        staging=_STAGING,
        stage=stage,
        check=check,
        apply=apply,
        keys=(_KEY,),
        geometry="geometry",
        prepare=preparing(rules),
    )

"""Berths in harbours: one importable noun with everything that a noun can state."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import Field
from sqlalchemy import Column, Date, Float, Integer, Table, Text, UniqueConstraint, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from kit import errors
from kit.app import Parts, build_app
from kit.auth import TokenVerifier
from kit.bulk.noun import (
    About,
    Apply,
    Counts,
    ImportContext,
    Noun,
    Row,
    RowIssue,
    RowRefused,
    Staging,
)
from kit.bulk.router import imports_router
from kit.bulk.runner import import_runner
from kit.bulk.service import Bulk
from kit.bulk.tables import import_tables
from kit.bulk.upsert import Upsert
from kit.clock import Clock
from kit.coordinates import check_not_swapped, check_position, geometry_to_cgcs2000, to_cgcs2000
from kit.db import Database, Tx, UtcDateTime, new_metadata
from kit.idempotency import idempotency_table
from kit.settings import ServiceSettings
from kit.web.schemas import PRINTABLE, AreaCode, SourceName
from kit.web.schemas import Date as Day

PACKAGE_DIR = Path(__file__).parent
BBOX = (101.76, 36.53, 101.94, 36.68)
METADATA = new_metadata()
KEYS = idempotency_table(METADATA)
IMPORTS = import_tables(METADATA)
BERTHS = Table(
    "berths",
    METADATA,
    Column("id", Uuid, primary_key=True),
    Column("source", Text, nullable=False),
    Column("source_id", Text, nullable=False),
    Column("area", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("seats", Integer, nullable=False),
    Column("neighbour", Text, nullable=True),
    Column("since", Date, nullable=True),
    Column("longitude", Float, nullable=True),
    Column("latitude", Float, nullable=True),
    Column("outline", JSONB, nullable=True),
    Column("version", Integer, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    UniqueConstraint("source", "source_id"),
    UniqueConstraint("name"),
)
NOT_ITSELF = RowIssue(
    "berth.own_neighbour", errors.Text("A berth is not its own neighbour.", "泊位不能与自身相邻。")
)
NO_NEIGHBOUR = RowIssue(
    "berth.unknown_neighbour", errors.Text("There is no such berth.", "没有该泊位。")
)


class BerthRow(Row):
    source: SourceName
    source_id: Annotated[str, Field(min_length=1, max_length=64), PRINTABLE]
    area: AreaCode
    name: Annotated[str, Field(min_length=1, max_length=2000), PRINTABLE]
    seats: Annotated[int, Field(ge=0, le=500)] = 1
    neighbour: Annotated[str, Field(max_length=64)] | None = None
    since: Day | None = None
    longitude: float | None = None
    latitude: float | None = None
    outline: dict[str, Any] | None = None


def stage(row: BerthRow, context: ImportContext) -> Sequence[object]:
    if row.neighbour is not None and row.neighbour == row.source_id:
        raise RowRefused(NOT_ITSELF, "neighbour")
    lon, lat = row.longitude, row.latitude
    if lon is not None and lat is not None:
        check_not_swapped(lon, lat, context.prepared)
        check_position(lon, lat)
        lon, lat = to_cgcs2000(lon, lat, context.crs)
    outline = geometry_to_cgcs2000(row.outline, context.crs) if row.outline else None
    start = (row.source, row.source_id, row.area, row.name, row.seats, row.neighbour)
    return (*start, row.since, lon, lat, outline)


async def prepare(_tx: Tx, _context: ImportContext) -> tuple[float, ...]:
    return BBOX


UPSERT = Upsert(
    BERTHS,
    key=("source", "source_id"),
    columns=("area", "name", "seats", "neighbour", "since", "longitude", "latitude", "outline"),
    area="area",
)


async def check(tx: Tx, staging: Staging, context: ImportContext) -> None:
    await UPSERT.check(tx, staging, context)
    await staging.refuse(
        NO_NEIGHBOUR,
        "neighbour",
        "SELECT s.row_no FROM import_rows s WHERE s.neighbour IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM import_rows o WHERE o.source_id = s.neighbour)"
        " AND NOT EXISTS (SELECT 1 FROM berths b WHERE b.source_id = s.neighbour"
        " AND b.source = :source)",
        {"source": context.source or "seed"},
    )


async def apply_slowly(tx: Tx, staging: Staging, context: ImportContext) -> Counts:
    connection = await tx.get_raw_connection()
    assert connection.driver_connection is not None
    await connection.driver_connection.execute("SELECT pg_sleep(30)")
    return await UPSERT.apply(tx, staging, context)


async def apply_wrongly(_tx: Tx, _staging: Staging, _context: ImportContext) -> Counts:
    message = "a defect with a secret 13800138000"
    raise RuntimeError(message)


def berths(name: str = "berths", apply: Apply = UPSERT.apply) -> Noun[BerthRow]:
    return Noun(
        name=name,
        model=BerthRow,
        headers={
            "source": ("来源",),
            "source_id": ("编号", "ID"),
            "area": ("区划代码",),
            "name": ("名称",),
            "seats": ("座位数",),
            "since": ("启用日期",),
            "longitude": ("经度",),
            "latitude": ("纬度",),
        },
        about={
            "area": About(is_open=True),
            "seats": About(is_open=True, note=errors.Text("Places to moor.", "泊位的座位数。")),
            "neighbour": About(is_open=True, in_template=False),
            "since": About(label="启用日期", example="2024-01-31"),
            "longitude": About(in_template=False),
            "latitude": About(in_template=False),
        },
        staging=(
            ("source", "text"),
            ("source_id", "text"),
            ("area", "text"),
            ("name", "text"),
            ("seats", "integer"),
            ("neighbour", "text"),
            ("since", "date"),
            ("longitude", "double precision"),
            ("latitude", "double precision"),
            ("outline", "jsonb"),
        ),
        stage=stage,
        apply=apply,
        check=check,
        keys=(("source", "source_id"),),
        area="area",
        geometry="outline",
        point=("longitude", "latitude"),
        prepare=prepare,
    )


def bulk(apply: Apply = UPSERT.apply) -> Bulk:
    return Bulk(
        service="harbour",
        prefix="/harbour/v1",
        nouns=[
            berths(apply=apply),
            berths("slow_berths", apply_slowly),
            berths("broken_berths", apply_wrongly),
        ],
        tables=IMPORTS,
        scope_read="registry:read",
        scope_write="registry:write",
    )


def create_app(
    settings: ServiceSettings,
    verifier: TokenVerifier,
    clock: Clock,
    *,
    runs: bool = True,
    apply: Apply = UPSERT.apply,
) -> FastAPI:
    """`runs=False` leaves the runner out: jobs stay queued."""
    own = bulk(apply)
    return build_app(
        settings,
        Parts(
            name="harbour",
            title="Harbour",
            description="Berths.",
            package_dir=PACKAGE_DIR,
            database=Database(settings.database_url, application="harbour", pool_size=4),
            idempotency_table=KEYS,
            routers=[imports_router(own)],
            hooks=[import_runner(own)] if runs else [],
            verifier=verifier,
            clock=clock,
        ),
    )

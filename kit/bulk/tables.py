"""The two tables of import jobs, for a service's metadata and for its migrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DefaultClause,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
)
from sqlalchemy.dialects.postgresql import JSONB

from kit.db import UtcDateTime, new_metadata

_ZERO = DefaultClause("0")


@dataclass(frozen=True, slots=True)
class ImportTables:
    """The jobs, and the flaws that were kept of each."""

    imports: Table
    errors: Table


def import_tables(metadata: MetaData) -> ImportTables:
    """Add the tables `imports` and `import_errors` to a service's metadata."""
    tables = _first_tables(metadata)
    for column in _job_report_columns():
        tables.imports.append_column(column)
    for column in _error_report_columns():
        tables.errors.append_column(column)
    return tables


def _first_tables(metadata: MetaData) -> ImportTables:
    """Add the tables as `create_import_tables` makes them."""
    imports = Table("imports", metadata, *_job_columns())
    Index("ix_imports_waiting", imports.c.id, postgresql_where=imports.c.ended_at.is_(None))
    Index("ix_imports_client_id_id", imports.c.client_id, imports.c.id)
    errors = Table(
        "import_errors",
        metadata,
        Column("import_id", Uuid, ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True),
        Column("seq", Integer, primary_key=True),
        Column("row", Integer, nullable=False),
        Column("column", Text, nullable=True),
        Column("code", Text, nullable=False),
        Column("detail_en", Text, nullable=False),
        Column("detail_zh", Text, nullable=False),
    )
    return ImportTables(imports, errors)


def create_import_tables(op: Any) -> None:
    """Create both tables in a migration (`op` is alembic.op), as they were first.

    A later migration calls `add_import_report`; the metadata have both.
    """
    metadata = new_metadata()
    _first_tables(metadata)
    metadata.create_all(op.get_bind())


def add_import_report(op: Any) -> None:
    """Add what a report of errors needs, in a migration (`op` is alembic.op)."""
    for column in _job_report_columns():
        column.server_default = _ZERO if column.name == "flaws" else None
        op.add_column("imports", column)
    op.alter_column("imports", "flaws", server_default=None)
    for column in _error_report_columns():
        op.add_column("import_errors", column)


def drop_import_report(op: Any) -> None:
    """Take the columns of `add_import_report` away."""
    for column in _error_report_columns():
        op.drop_column("import_errors", column.name)
    for column in _job_report_columns():
        op.drop_column("imports", column.name)


def drop_import_tables(op: Any) -> None:
    """Drop both tables in a migration (`op` is alembic.op)."""
    op.drop_table("import_errors")
    op.drop_table("imports")


def _job_report_columns() -> Sequence[Column[Any]]:
    return [
        Column("sheet", Text, nullable=True),
        Column("flaws", BigInteger, nullable=False),
        Column("kept_until", UtcDateTime, nullable=True),
    ]


def _error_report_columns() -> Sequence[Column[Any]]:
    return [Column(name, Text, nullable=True) for name in ("header", "cell", "value")]


def _job_columns() -> Sequence[Column[Any]]:
    return [
        Column("id", Uuid, primary_key=True),
        Column("client_id", Text, nullable=False),
        Column("areas", JSONB, nullable=False),
        Column("resource", Text, nullable=False),
        Column("mode", Text, nullable=False),
        Column("on_error", Text, nullable=False),
        Column("crs", Text, nullable=False),
        Column("source", Text, nullable=True),
        Column("media_type", Text, nullable=False),
        Column("charset", Text, nullable=True),
        Column("sha256", Text, nullable=False),
        Column("bytes", BigInteger, nullable=False),
        Column("state", Text, nullable=False),
        Column("read", BigInteger, nullable=False),
        Column("created", BigInteger, nullable=False),
        Column("updated", BigInteger, nullable=False),
        Column("unchanged", BigInteger, nullable=False),
        Column("refused", BigInteger, nullable=False),
        Column("done", BigInteger, nullable=False),
        Column("eta_s", Integer, nullable=True),
        Column("failure_code", Text, nullable=True),
        Column("failure_en", Text, nullable=True),
        Column("failure_zh", Text, nullable=True),
        Column("cancel_requested", Boolean, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("lease_owner", Uuid, nullable=True),
        Column("lease_until", UtcDateTime, nullable=True),
        Column("version", Integer, nullable=False),
        Column("created_at", UtcDateTime, nullable=False),
        Column("updated_at", UtcDateTime, nullable=False),
        Column("ended_at", UtcDateTime, nullable=True),
    ]

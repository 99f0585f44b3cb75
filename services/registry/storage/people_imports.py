"""Set-based steps on staged rows about persons; everything personal in them is sealed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Integer,
    LargeBinary,
    Table,
    and_,
    bindparam,
    case,
    column,
    func,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY

from kit.audit.trail import area_of
from kit.bulk.staging import ROWS
from kit.db import Tx
from services.registry.storage.tables import CHANGES

_HASH = "_hash"


def _staged(fields: Sequence[str]) -> Any:
    both = [name for field in fields for name in (field, f"{field}{_HASH}")]
    names = ["row_no", "fresh_id", "stored_id", "source", "source_id", *both]
    return table(ROWS, *(column(name) for name in names))


async def keep_seals(tx: Tx, stored: Table, fields: Sequence[str], derived: Sequence[str]) -> None:
    """Fill `stored_id`, and the sealed cells of rows that state nothing new, from the stored rows.

    A field in `derived` follows from the identity number: it stays as long as the stored row has a
    number and the staged row states none.
    """
    staged = _staged(fields)
    values: dict[str, Any] = {"stored_id": stored.c.id}
    for name in fields:
        mine, its = staged.c[f"{name}{_HASH}"], stored.c[f"{name}{_HASH}"]
        stays = or_(mine.is_(None), mine == its)
        if name in derived:
            stays = or_(stays, _number_stays(staged, stored))
        values[name] = case((stays, stored.c[name]), else_=staged.c[name])
        values[f"{name}{_HASH}"] = case((stays, its), else_=mine)
    await tx.execute(update(staged).values(values).where(_same(staged, stored)))


def _number_stays(staged: Any, stored: Table) -> Any:
    return and_(staged.c.id_number_hash.is_(None), stored.c.id_number_hash.is_not(None))


def _same(staged: Any, stored: Table) -> Any:
    return and_(staged.c.source == stored.c.source, staged.c.source_id == stored.c.source_id)


async def to_reseal(
    tx: Tx, stored: Table, fields: Sequence[str], *, batch_rows: int
) -> AsyncIterator[Sequence[Mapping[Any, Any]]]:
    """Yield, in batches, staged rows whose sealed fields differ from the row they stand for."""
    staged = _staged(fields)
    differs = {
        name: staged.c[f"{name}{_HASH}"].is_distinct_from(stored.c[f"{name}{_HASH}"])
        & staged.c[name].is_not(None)
        for name in fields
    }
    statement = (
        select(
            staged.c.row_no,
            staged.c.fresh_id,
            staged.c.stored_id,
            *(staged.c[name] for name in fields),
            *(is_so.label(f"{name}_differs") for name, is_so in differs.items()),
        )
        .join_from(staged, stored, staged.c.stored_id == stored.c.id)
        .where(or_(*differs.values()))
    )
    # What is sealed again is written by row number, batch after batch.
    await tx.execute(text(f"CREATE INDEX ON {ROWS} (row_no)"))
    async with tx.stream(statement) as result:
        async for rows in result.mappings().partitions(batch_rows):
            yield rows


async def reseal(tx: Tx, field: str, anew: Sequence[tuple[int, bytes]]) -> None:
    """Write seals made for the stored rows into the staged rows (number, seal)."""
    numbers = bindparam("numbers", [row for row, _ in anew], ARRAY(Integer))
    seals = bindparam("seals", [seal for _, seal in anew], ARRAY(LargeBinary))
    pairs = (
        func.unnest(numbers, seals)
        .table_valued(column("row_no", Integer), column("seal", LargeBinary))
        .render_derived("made")
    )
    staged = table(ROWS, column("row_no"), column(field))
    await tx.execute(
        update(staged).values({field: pairs.c.seal}).where(staged.c.row_no == pairs.c.row_no)
    )


async def area_of_import(tx: Tx, import_id: UUID) -> str:
    """Return the code that everything an import changed belongs to."""
    codes = await tx.scalars(
        select(CHANGES.c.area).where(CHANGES.c.import_id == import_id).distinct()
    )
    return area_of(list(codes))

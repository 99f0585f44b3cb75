"""Set-based steps on the staged rows (`import_rows`) of an import, and what judging needs.

An import states facts: what a row leaves out stays as it is stored, so that footprints may come
in one file and counts in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Table, column, func, not_, select, table, text

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import ROWS, Staging
from kit.db import Tx
from services.registry.storage.tables import DIVISIONS

STAGED_PLACE = table(
    ROWS,
    *(column(name) for name in ("row_no", "community_code", "judged_code", "lon", "lat", "placed")),
)


async def keep_unstated(tx: Tx, target: Table, key: Sequence[str], columns: Sequence[str]) -> None:
    """Fill the empty cells of staged rows from the stored rows that they stand for."""
    meet = " AND ".join(f"t.{name} = s.{name}" for name in key)
    filled = ", ".join(f"{name} = coalesce(s.{name}, t.{name})" for name in columns)
    await tx.execute(text(f"UPDATE {ROWS} s SET {filled} FROM {target.name} t WHERE {meet}"))  # noqa: S608 - names are ours


async def default(tx: Tx, column_name: str, expression: str) -> None:
    """Fill the empty cells of a staged column with an SQL expression over the row."""
    await tx.execute(
        text(f"UPDATE {ROWS} SET {column_name} = {expression} WHERE {column_name} IS NULL")  # noqa: S608 - names are ours
    )


async def refuse_hidden(
    staging: Staging, issue: RowIssue, column_name: str, areas: Sequence[str]
) -> None:
    """Refuse staged rows whose code lies outside the caller's areas."""
    code = staging.table.c[column_name]
    found = select(staging.table.c.row_no).where(
        code.is_not(None) & not_(in_areas(code, areas))
    )
    await staging.refuse_set(issue, column_name, found)


async def refuse_unknown_community(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows whose community is not in force."""
    await staging.refuse(
        issue,
        "community_code",
        f"SELECT s.row_no FROM {ROWS} s WHERE s.community_code IS NOT NULL AND NOT EXISTS "  # noqa: S608 - names are ours
        "(SELECT 1 FROM divisions d WHERE d.code = s.community_code AND d.status = 'active' "
        "AND length(d.code) = 12)",
    )


async def refuse_empty(staging: Staging, issue: RowIssue, column_name: str) -> None:
    """Refuse staged rows in which a needed column is still empty."""
    await staging.refuse(
        issue, column_name, f"SELECT row_no FROM {ROWS} WHERE {column_name} IS NULL"  # noqa: S608 - names are ours
    )


async def extents(tx: Tx) -> dict[str, tuple[float, float, float, float]]:
    """Return the extent of every district with known boundaries, by its 6 digits."""
    district = func.left(DIVISIONS.c.code, 6).label("district")
    statement = (
        select(
            district,
            func.min(DIVISIONS.c.west),
            func.min(DIVISIONS.c.south),
            func.max(DIVISIONS.c.east),
            func.max(DIVISIONS.c.north),
        )
        .where(DIVISIONS.c.west.is_not(None) & (DIVISIONS.c.status == "active"))
        .group_by(district)
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in await tx.execute(statement)}


async def unjudged(tx: Tx) -> list[tuple[int, str, float, float]]:
    """Return row number, community and point of staged buildings whose place is not judged yet.

    These are rows that took their community, or their place, from the stored row.
    """
    statement = select(
        STAGED_PLACE.c.row_no,
        STAGED_PLACE.c.community_code,
        STAGED_PLACE.c.lon,
        STAGED_PLACE.c.lat,
    ).where(
        STAGED_PLACE.c.lon.is_not(None)
        & STAGED_PLACE.c.community_code.is_not(None)
        & STAGED_PLACE.c.judged_code.is_distinct_from(STAGED_PLACE.c.community_code)
    )
    return [(row[0], row[1], row[2], row[3]) for row in await tx.execute(statement)]


async def note_outside(tx: Tx, judged: Sequence[dict[str, Any]]) -> None:
    """Write the judged distance (`row`, `outside_m`) into the staged rows."""
    if judged:
        await tx.execute(
            text(f"UPDATE {ROWS} SET outside_m = :outside_m WHERE row_no = :row"),  # noqa: S608 - names are ours
            list(judged),
        )


async def create_parents(tx: Tx, import_params: dict[str, Any]) -> None:
    """Create the divisions above the staged ones that are nowhere yet, streets and districts.

    A street is named by `street_name` where a row gives it, else by its code.
    """
    for digits, kind in ((9, "street"), (6, "district")):
        made = text(
            f"""
            INSERT INTO divisions (code, name, kind, parent_code, status, is_governed, valid_from,
                                   version, created_at, updated_at)
            SELECT above, coalesce(max(street_name), above), :kind,
                   CASE WHEN length(above) > 6 THEN left(above, 6) END, 'active', false, NULL,
                   1, :at, :at
            FROM (SELECT left(code, :digits) AS above,
                         CASE WHEN :digits = 9 THEN street_name END AS street_name
                  FROM {ROWS} WHERE length(code) > :digits) wanted
            WHERE above NOT IN (SELECT code FROM {ROWS})
            GROUP BY above
            ON CONFLICT (code) DO NOTHING
            RETURNING code
            """  # noqa: S608 - names are ours
        ).bindparams(at=import_params["at"], digits=digits, kind=kind)
        # The foreign key is checked at the end of each statement, so districts may come second
        # only when streets do not need them yet: they are made deferred below.
        codes = list(await tx.scalars(made))
        await _note_created(tx, "division", codes, import_params)


async def _note_created(
    tx: Tx, noun: str, codes: Sequence[str], import_params: dict[str, Any]
) -> None:
    if codes:
        await tx.execute(
            text(
                "INSERT INTO changes (at, client_id, noun, subject, area, action, fields, import_id)"
                " VALUES (:at, :client_id, :noun, :code, :code, 'created', ARRAY[]::text[],"
                " :import_id)"
            ),
            [import_params | {"noun": noun, "code": code} for code in codes],
        )


async def import_sql(tx: Tx, statement: str, **params: Any) -> int:
    """Run one set-based statement of an import; returns how many rows it touched."""
    return int((await tx.execute(text(statement), params)).rowcount)


def params_of(import_id: UUID, client_id: str, at: Any) -> dict[str, Any]:
    """Return the parameters with which the steps of an import sign the history."""
    return {"at": at, "client_id": client_id, "import_id": import_id}

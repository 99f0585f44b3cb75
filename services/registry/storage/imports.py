"""Set-based steps on the staged rows (`import_rows`) of an import.

An import states facts: what a row leaves out stays as it is stored, so that footprints may come
in one file and counts in another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Table,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    column,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY, array

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.noun import ImportContext
from kit.bulk.staging import ROWS, Staging
from kit.db import Tx, UtcDateTime
from services.registry.storage.rows import area_of
from services.registry.storage.tables import CHANGES

NO_TEXTS: ColumnElement[Any] = cast(array([], type_=Text), ARRAY(Text))
"""The empty list of texts, for `default`."""


@dataclass(frozen=True, slots=True)
class Imported:
    """How the staged rows of a noun meet its table: by which key, and which columns count.

    `area` is the column with a row's code, `id_column` None for a table keyed by its code,
    `fresh_id` the staged column with the id of a row that is created.
    """

    noun: str
    table: Table
    key: Sequence[str]
    columns: Sequence[str]
    area: str
    id_column: str | None = "id"
    fresh_id: str = "row_id"

    def staged(self) -> FromClause:
        """Return `import_rows` with the columns that this noun stages."""
        names = ["row_no", self.fresh_id, *self.key, *self.columns, self.area]
        return table(ROWS, *(column(name) for name in dict.fromkeys(names)))

    def same(self, staged: FromClause) -> ColumnElement[bool]:
        """Return the condition that a staged row stands for a stored one."""
        return and_(*(self.table.c[name] == staged.c[name] for name in self.key))


async def keep_unstated(
    tx: Tx, imported: Imported, columns: Sequence[str], areas: Sequence[str]
) -> None:
    """Fill the empty cells of staged rows from the stored rows, in the areas, they stand for."""
    if not areas:
        return
    staged = table(ROWS, *(column(name) for name in dict.fromkeys([*imported.key, *columns])))
    values = {name: func.coalesce(staged.c[name], imported.table.c[name]) for name in columns}
    seen = in_areas(imported.table.c[imported.area], areas)
    await tx.execute(update(staged).values(values).where(imported.same(staged) & seen))


async def default(
    tx: Tx, staging: Staging, column_name: str, value: ColumnElement[Any] | str
) -> None:
    """Fill the empty cells of a staged column with a value, or with another column's."""
    cell = staging.table.c[column_name]
    await tx.execute(update(staging.table).values({column_name: value}).where(cell.is_(None)))


_OUR_ID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


async def resolve_own(
    tx: Tx,
    staging: Staging,
    target: Table,
    columns: tuple[str, str],
    areas: Sequence[str],
) -> None:
    """Fill a reference of staged rows, (its text, its id), where the text is an id of ours.

    Our exports name the rows that others refer to by our ids.
    """
    given, filled = (staging.table.c[name] for name in columns)
    own_id = case((given.regexp_match(_OUR_ID), cast(given, Uuid)))
    seen = (target.c.id == own_id) & target.c.ended_at.is_(None) & in_areas(area_of(target), areas)
    values = {columns[1]: target.c.id}
    await tx.execute(update(staging.table).values(values).where(seen & filled.is_(None)))


async def refuse_hidden(
    staging: Staging, issue: RowIssue, column_name: str, areas: Sequence[str]
) -> None:
    """Refuse staged rows whose code lies outside the caller's areas."""
    code = staging.table.c[column_name]
    found = select(staging.table.c.row_no).where(code.is_not(None) & not_(in_areas(code, areas)))
    await staging.refuse_set(issue, column_name, found)


async def refuse_unknown_community(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows whose community is not in force."""
    await staging.refuse(
        issue,
        "community_code",
        "SELECT s.row_no FROM import_rows s WHERE s.community_code IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM divisions d WHERE d.code = s.community_code AND d.status = 'active' "
        "AND length(d.code) = 12)",
    )


async def refuse_unknown_division(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows whose division is not in force."""
    await staging.refuse(
        issue,
        "division_code",
        "SELECT s.row_no FROM import_rows s WHERE s.division_code IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM divisions d WHERE d.code = s.division_code AND d.status = 'active')",
    )


async def refuse_empty(staging: Staging, issue: RowIssue, column_name: str) -> None:
    """Refuse staged rows in which a needed column is still empty."""
    cell = staging.table.c[column_name]
    await staging.refuse_set(
        issue, column_name, select(staging.table.c.row_no).where(cell.is_(None))
    )


async def note(tx: Tx, imported: Imported, context: ImportContext) -> None:
    """Write the history of an import, just before its upsert, in two set-based statements.

    Rows that will not change leave no trace; a row that moves leaves one in each place.
    """
    staged, stored = imported.staged(), imported.table
    known = select(staged.c.row_no).select_from(staged.join(stored, imported.same(staged)))
    if (await tx.execute(known.limit(1))).first() is None:
        await _note_all_created(tx, imported, staged, context)
        return
    is_new = stored.c[imported.key[0]].is_(None)
    differs = [stored.c[name].is_distinct_from(staged.c[name]) for name in imported.columns]
    names = [
        case((is_different, literal(name, Text)))
        for name, is_different in zip(imported.columns, differs, strict=True)
    ]
    fields = case(
        (is_new, cast(func.array_remove(array([literal(None, Text)]), None), ARRAY(Text))),
        else_=func.array_remove(array(names), None),
    )
    action = case((is_new, "created"), else_="updated")
    area = staged.c[imported.area]
    met = staged.outerjoin(stored, imported.same(staged))
    changed = _signed(imported, context, staged, area, action, fields).select_from(met)
    await tx.execute(insert(CHANGES).from_select(_SIGNED, changed.where(or_(is_new, *differs))))
    left = stored.c[imported.area]
    moved_field = array([literal(imported.area, Text)])
    moved = _signed(imported, context, staged, left, literal("updated", Text), moved_field)
    moved = moved.select_from(staged.join(stored, imported.same(staged))).where(left != area)
    await tx.execute(insert(CHANGES).from_select(_SIGNED, moved))


async def _note_all_created(
    tx: Tx, imported: Imported, staged: FromClause, context: ImportContext
) -> None:
    subject = staged.c[imported.key[0] if imported.id_column is None else imported.fresh_id]
    none = cast(array([], type_=Text), ARRAY(Text))
    area, action = staged.c[imported.area], literal("created", Text)
    created = _as_signed(imported, context, cast(subject, Text), area, action, none)
    await tx.execute(insert(CHANGES).from_select(_SIGNED, created.select_from(staged)))


_SIGNED = ["at", "client_id", "noun", "subject", "area", "action", "fields", "import_id"]


def _signed(
    imported: Imported,
    context: ImportContext,
    staged: FromClause,
    area: ColumnElement[Any],
    action: ColumnElement[Any],
    fields: ColumnElement[Any],
) -> Any:
    subject: ColumnElement[Any] = staged.c[imported.key[0]]
    if imported.id_column is not None:
        subject = cast(
            func.coalesce(imported.table.c[imported.id_column], staged.c[imported.fresh_id]), Text
        )
    return _as_signed(imported, context, subject, area, action, fields)


def _as_signed(
    imported: Imported,
    context: ImportContext,
    subject: ColumnElement[Any],
    area: ColumnElement[Any],
    action: ColumnElement[Any],
    fields: ColumnElement[Any],
) -> Any:
    return select(
        literal(context.now, UtcDateTime),
        literal(context.client_id, Text),
        literal(imported.noun, Text),
        subject,
        area,
        action,
        fields,
        literal(context.import_id, Uuid),
    )


async def note_created(
    tx: Tx, noun: str, created: Sequence[tuple[str, str]], context: ImportContext
) -> None:
    """Write the history of rows (subject, area) that an import made besides its own."""
    rows = [
        {
            "at": context.now,
            "client_id": context.client_id,
            "noun": noun,
            "subject": subject,
            "area": area,
            "action": "created",
            "fields": [],
            "import_id": context.import_id,
        }
        for subject, area in created
    ]
    if rows:
        await tx.execute(insert(CHANGES), rows)


async def unjudged(tx: Tx) -> list[tuple[int, str, float, float]]:
    """Return row number, community and point of staged buildings whose place is not judged yet.

    These are rows that took their community, or their place, from the stored row.
    """
    found = await tx.execute(
        text(
            "SELECT row_no, community_code, lon, lat FROM import_rows WHERE lon IS NOT NULL "
            "AND community_code IS NOT NULL AND judged_code IS DISTINCT FROM community_code"
        )
    )
    return [(row[0], row[1], row[2], row[3]) for row in found]


async def note_outside(tx: Tx, judged: Sequence[dict[str, Any]]) -> None:
    """Write judged distances (`row`, `metres`) into the staged rows."""
    if judged:
        staged = table(ROWS, column("row_no"), column("outside_m"))
        written = update(staged).where(staged.c.row_no == bindparam("row"))
        await tx.execute(written.values(outside_m=bindparam("metres")), list(judged))

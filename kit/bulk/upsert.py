"""The standard way to apply staged rows: one set-based upsert that counts what it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    and_,
    case,
    insert,
    literal,
    not_,
    or_,
    select,
    update,
)

from kit.areas import in_areas
from kit.bulk.noun import Counts, ImportContext
from kit.bulk.problems import ROW_OUTSIDE_AREA
from kit.bulk.staging import Staging
from kit.db import Tx, UtcDateTime


@dataclass(frozen=True, slots=True)
class Upsert:
    """How `import_rows` go into a table: the same names on both sides.

    `key` identifies a row (it needs a unique constraint), `columns` are what an import may
    change.  The table's `id_column` is filled from `row_id` on creation; `version` (1, then +1),
    `created_at` and `updated_at` are kept when the table has them.  A row that would not differ
    is not touched.  `area` is the table's column with a row's code: a stored row outside the
    caller's areas is refused, so that nothing is moved in from outside.  `fresh_id` is the staged
    column with the id of a row that is created.
    """

    table: Table
    key: Sequence[str]
    columns: Sequence[str]
    area: str | None = None
    id_column: str | None = "id"
    fresh_id: str = "row_id"

    async def check(self, _tx: Tx, staging: Staging, context: ImportContext) -> None:
        """Refuse rows that stand for a stored row outside the caller's areas."""
        if self.area is None:
            return
        rows, target = staging.table, self.table
        same = and_(*(target.c[name] == rows.c[name] for name in self.key))
        hidden = not_(in_areas(target.c[self.area], context.areas))
        found = select(rows.c.row_no).join_from(rows, target, same).where(hidden)
        await staging.refuse_set(ROW_OUTSIDE_AREA, self.key[-1], found)

    async def apply(self, tx: Tx, staging: Staging, context: ImportContext) -> Counts:
        """Create what is new, change what differs; returns the counts.

        Each staged row's `row_state` says what became of it: `changed`, `same`, or NULL for a new
        one.  Rows that would change nothing are not touched, so that a file that comes again
        writes nothing.  A row that another request creates meanwhile breaks the key, and
        the import is tried once more.
        """
        rows, same = staging.table, self._same(staging)
        state = case((or_(*self._differences(staging)), "changed"), else_="same")
        known = await tx.execute(update(rows).values(row_state=state).where(same))
        changed = 0
        if known.rowcount:
            changes = update(self.table).values(self._changes(staging, context))
            done = await tx.execute(changes.where(same, rows.c.row_state == "changed"))
            changed = done.rowcount
        # Which rows are new is known by now.  Asking for it while inserting would let a plan that
        # was made for an empty table look through all that has been inserted, row by row.
        created = await tx.execute(self._insert(staging, context))
        return Counts(created.rowcount, changed, known.rowcount - changed)

    def _same(self, staging: Staging) -> ColumnElement[bool]:
        return and_(*(self.table.c[name] == staging.table.c[name] for name in self.key))

    def _differences(self, staging: Staging) -> list[ColumnElement[bool]]:
        rows, target = staging.table, self.table
        return [target.c[name].is_distinct_from(rows.c[name]) for name in self.columns]

    def _changes(self, staging: Staging, context: ImportContext) -> dict[str, Any]:
        target = self.table
        changes: dict[str, Any] = {name: staging.table.c[name] for name in self.columns}
        if "version" in target.c:
            changes["version"] = target.c.version + 1
        if "updated_at" in target.c:
            changes["updated_at"] = literal(context.now, UtcDateTime)
        return changes

    def _insert(self, staging: Staging, context: ImportContext) -> Any:
        rows, target = staging.table, self.table
        names = [*self.key, *self.columns]
        values: list[Any] = [rows.c[name] for name in names]
        if self.id_column is not None:
            names.append(self.id_column)
            values.append(rows.c[self.fresh_id])
        now = literal(context.now, UtcDateTime)
        for name, value in (("version", literal(1)), ("created_at", now), ("updated_at", now)):
            if name in target.c:
                names.append(name)
                values.append(value)
        new = select(*values).select_from(rows).where(rows.c.row_state.is_(None))
        return insert(target).from_select(names, new)

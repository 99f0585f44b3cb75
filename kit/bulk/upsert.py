"""The standard way to apply staged rows: one set-based upsert that counts what it did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table, and_, func, literal, literal_column, not_, or_, select
from sqlalchemy.dialects.postgresql import insert

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
        """Create what is new, change what differs; returns the counts."""
        staged = await staging.count()
        statement = self._statement(staging, context).cte("done")
        created = func.count().filter(statement.c.created)
        row = (await tx.execute(select(created, func.count()).select_from(statement))).one()
        return Counts(row[0], row[1] - row[0], staged - row[1])

    def _statement(self, staging: Staging, context: ImportContext) -> Any:
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
        new = insert(target).from_select(names, select(*values).select_from(rows))
        changes: dict[str, Any] = {name: new.excluded[name] for name in self.columns}
        if "version" in target.c:
            changes["version"] = target.c.version + 1
        if "updated_at" in target.c:
            changes["updated_at"] = now
        differs = [target.c[name].is_distinct_from(new.excluded[name]) for name in self.columns]
        return new.on_conflict_do_update(
            index_elements=list(self.key), set_=changes, where=or_(*differs)
        ).returning(literal_column("(xmax = 0)").label("created"))

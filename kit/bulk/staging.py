"""The temporary table of one import: filled by COPY, checked by sets, gone with its transaction."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    TableClause,
    column,
    delete,
    func,
    insert,
    literal,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy import Text as SqlText

from kit.bulk.issues import Flaw, KeptFlaw, RowIssue, kept
from kit.bulk.problems import ROW_DUPLICATE
from kit.db import Tx, driver_connection

ROWS = "import_rows"
REFUSED = "import_refused"
SETTLED = "import_settled"
REMARKED = "import_remarked"
_FLAW = ("row_no", "column_name", "code", "en", "zh")

_refused = table(REFUSED, *(column(name) for name in _FLAW))
_remarked = table(REMARKED, *(column(name) for name in _FLAW))


class Staging:
    """The rows of the running import as the table `import_rows` of this transaction.

    Columns: `row_no` (the row's number in the file), `row_id` (a fresh UUIDv7, the id of the row
    if it is created), `row_state` (what the upsert made of it), and the noun's own.
    """

    def __init__(
        self, tx: Tx, columns: Sequence[tuple[str, str]], filled: Sequence[str] | None = None
    ) -> None:
        self._tx = tx
        self._columns = columns
        #: The noun's columns that come with the rows; the others are filled in later.
        self._filled = [name for name, _ in columns] if filled is None else filled
        self.table: TableClause = table(
            ROWS,
            column("row_no"),
            column("row_id"),
            column("row_state"),
            *(column(name) for name, _ in columns),
        )

    async def create(self) -> None:
        """Make the temporary tables; they vanish with the transaction."""
        own = "".join(f', "{name}" {kind}' for name, kind in self._columns)
        refusals = "row_no integer, column_name text, code text, en text, zh text"
        tables = {
            ROWS: f"row_no integer, row_id uuid, row_state text{own}",
            REFUSED: refusals,
            REMARKED: refusals,
        }
        for name, columns in tables.items():
            await self._tx.execute(text(f"CREATE TEMP TABLE {name} ({columns}) ON COMMIT DROP"))

    async def fill(self, lines: AsyncIterator[bytes]) -> None:
        """COPY the lines (PostgreSQL text format) into the table, then let the planner look."""
        connection = await driver_connection(self._tx)
        names = ["row_no", "row_id", *self._filled]
        await connection.copy_to_table(ROWS, source=lines, columns=names, format="text")
        await self._analyze()

    async def settle(self, values: Mapping[str, Any], source: Any) -> None:
        """Write the table anew in one pass: each column from its value, or as it was.

        `source` is the FROM clause, one row for each staged row; several joins at once cost less
        than an UPDATE for each.
        """
        names = [column.name for column in self.table.c]
        settled = table(SETTLED, *(column(name) for name in names))
        chosen = [values.get(name, self.table.c[name]) for name in names]
        await self._tx.execute(text(f"CREATE TEMP TABLE {SETTLED} (LIKE {ROWS}) ON COMMIT DROP"))
        await self._tx.execute(
            insert(settled).from_select(names, select(*chosen).select_from(source))
        )
        await self._tx.execute(text(f"DROP TABLE {ROWS}"))
        await self._tx.execute(text(f"ALTER TABLE {SETTLED} RENAME TO {ROWS}"))
        await self._analyze()

    async def _analyze(self) -> None:
        # A rough look is enough to plan by, and costs a tenth of the usual one.
        await self._tx.execute(text("SET LOCAL default_statistics_target = 10"))
        await self._tx.execute(text(f"ANALYZE {ROWS}"))
        await self._tx.execute(text("SET LOCAL default_statistics_target TO DEFAULT"))

    async def refuse(
        self,
        issue: RowIssue,
        column_name: str | None,
        select_row_no: str,
        params: Mapping[str, Any] | None = None,
        **text_params: object,
    ) -> None:
        """Refuse the rows whose `row_no` the SQL statement selects.

        `params` fill the statement's `:names`, `text_params` the placeholders of the issue.
        """
        statement = text(select_row_no)
        if params:
            statement = statement.bindparams(**params)
        await self.refuse_set(issue, column_name, statement.columns(column("row_no")), text_params)

    async def refuse_set(
        self,
        issue: RowIssue,
        column_name: str | None,
        rows: Any,
        text_params: Mapping[str, object] | None = None,
    ) -> None:
        """Refuse the rows that a SQLAlchemy selectable (one column, `row_no`) yields."""
        flaw = kept(0, Flaw(issue, column_name, text_params or {}))
        await self._tx.execute(insert(_refused).from_select(_FLAW, _told(flaw, rows)))

    async def remark_set(self, issue: RowIssue, column_name: str | None, rows: Any) -> None:
        """Remark upon the rows that a selectable yields: listed with the flaws, but not refused."""
        flaw = kept(0, Flaw(issue, column_name))
        await self._tx.execute(insert(_remarked).from_select(_FLAW, _told(flaw, rows)))

    async def refuse_duplicates(self, key: Sequence[str]) -> None:
        """Refuse every row whose key an earlier row has already; a key with NULL is none."""
        columns = [self.table.c[name] for name in key]
        present = [part.is_not(None) for part in columns]
        twins = select(*columns).where(*present).group_by(*columns).having(func.count() > 1)
        # Hashing for twins is cheap; ordering the rows is paid for only when there are some.
        if (await self._tx.execute(twins.limit(1))).first() is None:
            return
        nth = func.row_number().over(partition_by=columns, order_by=self.table.c.row_no)
        ranked = select(self.table.c.row_no, nth.label("nth")).where(*present).subquery()
        await self.refuse_set(
            ROW_DUPLICATE,
            key[-1],
            select(ranked.c.row_no).where(ranked.c.nth > 1),
            {"key": " + ".join(key)},
        )

    async def drop_refused(self) -> int:
        """Delete the refused rows, so that apply sees good ones only; returns how many."""
        gone = await self._tx.execute(
            delete(self.table).where(self.table.c.row_no.in_(select(_refused.c.row_no)))
        )
        return int(gone.rowcount)

    async def kept_flaws(self, limit: int) -> tuple[list[KeptFlaw], int]:
        """Return the first set-based flaws and remarks by row, and how many there are."""
        found = union_all(select(_refused), select(_remarked)).subquery("flaws")
        total = await self._tx.scalar(select(func.count()).select_from(found))
        first = select(found).order_by(found.c.row_no, found.c.code).limit(limit)
        rows = (await self._tx.execute(first)).all()
        flaws = [KeptFlaw(row.row_no, row.column_name, row.code, row.en, row.zh) for row in rows]
        return flaws, int(total or 0)

    async def count(self) -> int:
        """Return how many rows are staged now."""
        return int(await self._tx.scalar(select(func.count()).select_from(self.table)) or 0)


def _told(flaw: KeptFlaw, rows: Any) -> Any:
    """Return the statement that says the flaw of each row once."""
    found = rows.subquery("found")
    shown = (literal(value, SqlText) for value in (flaw.column, flaw.code, flaw.en, flaw.zh))
    return select(found.c.row_no, *shown).distinct()

"""Set-based steps on the staged divisions of an import."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sqlalchemy import ColumnElement, Text, column, exists, func, not_, or_, select, table, text

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import ROWS, Staging
from kit.db import Tx
from services.registry.storage import rows
from services.registry.storage.divisions import ACTIVE, CONTENTS, REVOKED
from services.registry.storage.tables import DIVISIONS

_CODE = Text(collation="C")


async def refuse_revoked(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that would use a revoked code again."""
    await staging.refuse(
        issue,
        "code",
        "SELECT s.row_no FROM import_rows s JOIN divisions d USING (code) "
        "WHERE d.status = 'revoked' AND s.status = 'active'",
    )


async def refuse_orphans(staging: Staging, issue: RowIssue, areas: Sequence[str]) -> None:
    """Refuse staged rows with a division above that is revoked, or missing and not the caller's.

    A row that is revoked itself may have revoked divisions above.
    """
    staged = table(ROWS, column("row_no"), column("code"), column("status"))
    for digits in (6, 9):
        above = func.left(staged.c.code, digits)
        is_there = exists().where((DIVISIONS.c.code == above) & (DIVISIONS.c.status == ACTIVE))
        is_revoked = exists().where((DIVISIONS.c.code == above) & (DIVISIONS.c.status == REVOKED))
        is_alive = staged.c.status == ACTIVE
        is_foreign = ~is_there & ~is_revoked & not_(in_areas(above, areas))
        lost = (is_revoked & is_alive) | is_foreign
        found = select(staged.c.row_no).where((func.length(staged.c.code) > digits) & lost)
        await staging.refuse_set(issue, "code", found, {"parent_code": f"({digits})"})


async def refuse_heirless(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows in force below a row of the file that is revoked."""
    await staging.refuse(
        issue,
        "code",
        "SELECT s.row_no FROM import_rows s JOIN import_rows p ON p.code IN "
        "(left(s.code, 6), left(s.code, 9)) AND length(p.code) < length(s.code) "
        "WHERE s.status = 'active' AND p.status = 'revoked'",
        parent_code="(revoked)",
    )


async def refuse_held(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that revoke a division which still holds something.

    Divisions below that the same file revokes do not count.
    """
    staged = table(ROWS, column("row_no"), column("code", _CODE), column("status"))
    other = table(ROWS, column("code"), column("status")).alias("other")
    stored = DIVISIONS.alias("stored")
    below = DIVISIONS.alias("below")

    def lies_below(code: ColumnElement[str]) -> ColumnElement[bool]:
        return (code > staged.c.code) & (code < staged.c.code + ":")

    goes_too = exists().where((other.c.code == below.c.code) & (other.c.status == REVOKED))
    holds = [exists().where(lies_below(below.c.code) & (below.c.status == ACTIVE) & ~goes_too)]
    for held in CONTENTS:
        code = rows.area_of(held)
        here = (code == staged.c.code) | lies_below(code)
        holds.append(exists().where(here & held.c.ended_at.is_(None)))
    found = (
        select(staged.c.row_no)
        .join_from(staged, stored, stored.c.code == staged.c.code)
        .where((staged.c.status == REVOKED) & (stored.c.status == ACTIVE) & or_(*holds))
    )
    await staging.refuse_set(issue, "status", found)


async def end_revoked(tx: Tx, today: date) -> None:
    """Give the day to staged rows that revoke a division in force and state no day."""
    await tx.execute(
        text(
            "UPDATE import_rows s SET valid_to = greatest(:today, d.valid_from) FROM divisions d "
            "WHERE d.code = s.code AND d.status = 'active' AND s.status = 'revoked' "
            "AND s.valid_to IS NULL"
        ),
        {"today": today},
    )


async def fill_defaults(tx: Tx) -> None:
    """Fill what neither the staged row nor the stored division states."""
    await tx.execute(
        text(
            "UPDATE import_rows SET name = coalesce(name, code), kind = coalesce(kind, plain_kind),"
            " is_governed = coalesce(is_governed, plain_governed AND status = 'active')"
        )
    )


_CREATE_PARENTS = """
INSERT INTO divisions (code, name, kind, parent_code, status, is_governed, version,
                       created_at, updated_at)
SELECT above, coalesce(max(named), above),
       CASE length(above) WHEN 6 THEN 'district' ELSE 'street' END,
       CASE WHEN length(above) > 6 THEN left(above, 6) END, 'active', false, 1, :at, :at
FROM (SELECT left(code, 9) AS above, street_name AS named FROM import_rows WHERE length(code) > 9
      UNION ALL SELECT left(code, 6), NULL FROM import_rows WHERE length(code) > 6) wanted
WHERE above NOT IN (SELECT code FROM import_rows)
GROUP BY above
ON CONFLICT (code) DO NOTHING
RETURNING code
"""


async def create_parents(tx: Tx, *, at: datetime) -> list[str]:
    """Create the divisions above the staged ones that are nowhere yet; returns their codes."""
    return list(await tx.scalars(text(_CREATE_PARENTS), {"at": at}))


async def moved_boundaries(tx: Tx) -> list[tuple[str, str]]:
    """Return code and new boundary of the stored communities whose staged boundary differs."""
    found = await tx.execute(
        text(
            "SELECT d.code, s.boundary FROM import_rows s JOIN divisions d USING (code) "
            "WHERE length(d.code) = 12 AND s.boundary IS DISTINCT FROM d.boundary"
        )
    )
    return [(row[0], row[1]) for row in found]

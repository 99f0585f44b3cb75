"""Set-based steps on the staged rows of imports of members and appointments."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import column, select, table, update

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import ROWS, Staging
from kit.db import Tx
from kit.web.field_messages import of as message_of
from services.registry.storage.resident_imports import NAME_MISSING
from services.registry.storage.tables import MEMBERS


async def refuse_unknown_division(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged members whose division is not in force."""
    await staging.refuse(
        issue,
        "division_code",
        "SELECT s.row_no FROM import_rows s WHERE s.division_code IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM divisions d WHERE d.code = s.division_code AND d.status = 'active')",
    )


async def refuse_erased(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged members whose data were erased."""
    await staging.refuse(
        issue,
        "source_id",
        "SELECT s.row_no FROM import_rows s JOIN members m ON m.id = s.stored_id "
        "WHERE m.erased_at IS NOT NULL",
    )


async def refuse_incomplete(staging: Staging) -> None:
    """Refuse staged members without a name or a kind."""
    code, missing = message_of("missing")
    await staging.refuse(NAME_MISSING, "name", "SELECT row_no FROM import_rows WHERE name IS NULL")
    await staging.refuse(
        RowIssue(code, missing), "kind", "SELECT row_no FROM import_rows WHERE kind IS NULL"
    )


async def resolve_members(tx: Tx, staging: Staging, areas: Sequence[str], issue: RowIssue) -> None:
    """Fill the members of staged appointments, inside the areas; refuse those not there."""
    staged = table(ROWS, column("member_id"), column("member_source"), column("member_source_id"))
    named = (MEMBERS.c.source == staged.c.member_source) & (
        MEMBERS.c.source_id == staged.c.member_source_id
    )
    seen = MEMBERS.c.ended_at.is_(None) & in_areas(MEMBERS.c.division_code, areas)
    await tx.execute(update(staged).values(member_id=MEMBERS.c.id).where(named & seen))
    rows = staging.table.c
    lost = rows.member_id.is_(None) & rows.member_source_id.is_not(None)
    await staging.refuse_set(issue, "member_source_id", select(rows.row_no).where(lost))


async def refuse_unnamed_member(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged appointments that name no member and stand for none that has one."""
    await staging.refuse(
        issue,
        "member_source_id",
        "SELECT row_no FROM import_rows WHERE member_id IS NULL AND member_source_id IS NULL",
    )


async def refuse_unknown_place(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged appointments whose place is no division in force and no grid of one."""
    await staging.refuse(
        issue,
        "place_code",
        "SELECT s.row_no FROM import_rows s WHERE s.place_code IS NOT NULL AND NOT EXISTS "
        "(SELECT 1 FROM divisions d WHERE d.code = left(s.place_code, 12) "
        "AND d.status = 'active')",
    )


async def refuse_dates(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged appointments that end before they begin, or have a reason without an end."""
    await staging.refuse(
        issue,
        "valid_to",
        "SELECT row_no FROM import_rows WHERE valid_to <= valid_from "
        "OR (valid_to IS NULL AND end_reason IS NOT NULL)",
    )

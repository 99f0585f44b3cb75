"""Set-based steps on the staged rows of an import of residents."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, any_, column, not_, select, table, text, update

from kit.areas import in_areas
from kit.bulk.issues import RowIssue
from kit.bulk.staging import ROWS, Staging
from kit.db import Tx
from kit.errors import Text
from services.registry.storage.tables import HOUSEHOLDS

NAME_MISSING = RowIssue("name.empty", Text("A person needs a name.", "姓名不能为空。"))
#: Beginning of the staged columns that name a household -> the column with its id.
_HOMES = {"lives": "household_id", "registered": "registered_household_id"}
_HEADER = {"lives": "household_source_id", "registered": "registered_household_source_id"}


async def resolve_households(
    tx: Tx, staging: Staging, areas: Sequence[str], issue: RowIssue
) -> None:
    """Fill the households of staged rows, by source or by number; refuse those that are not there.

    Only households in the areas are found.
    """
    for begin, target in _HOMES.items():
        parts = ("source", "source_id", "code", "no")
        staged = table(ROWS, column(target), *(column(f"{begin}_{part}") for part in parts))
        source, source_id, code, number = (staged.c[f"{begin}_{part}"] for part in parts)
        seen = HOUSEHOLDS.c.ended_at.is_(None) & in_areas(HOUSEHOLDS.c.community_code, areas)
        by_source = (HOUSEHOLDS.c.source == source) & (HOUSEHOLDS.c.source_id == source_id)
        by_number = (
            source_id.is_(None)
            & (HOUSEHOLDS.c.community_code == code)
            & (HOUSEHOLDS.c.household_no == number)
        )
        for named in (by_source, by_number):
            found = update(staged).values({target: HOUSEHOLDS.c.id}).where(named & seen)
            await tx.execute(found)
        rows = staging.table.c
        lost = rows[target].is_(None) & (
            rows[f"{begin}_source_id"].is_not(None) | rows[f"{begin}_no"].is_not(None)
        )
        await staging.refuse_set(issue, _HEADER[begin], select(rows.row_no).where(lost))


async def remark(staging: Staging, issue: RowIssue) -> None:
    """Remark upon staged rows that bear a warning of this code; they are accepted."""
    rows = staging.table.c
    found = select(rows.row_no).where(any_(rows.warnings) == issue.code)
    await staging.remark_set(issue, "id_number", found)


async def keep_derived(tx: Tx) -> None:
    """Keep the stored year of birth where a row states no number and the stored row has one."""
    await tx.execute(
        text(
            "UPDATE import_rows s SET birth_year = r.birth_year FROM residents r "
            "WHERE r.source = s.source AND r.source_id = s.source_id "
            "AND s.id_number_hash IS NULL AND r.id_number_hash IS NOT NULL"
        )
    )


async def refuse_erased(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that stand for a person whose data were erased."""
    await staging.refuse(
        issue,
        "source_id",
        "SELECT s.row_no FROM import_rows s JOIN residents r ON r.id = s.stored_id "
        "WHERE r.erased_at IS NOT NULL",
    )


async def refuse_homeless(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows that name no household and stand for no resident who has one."""
    await staging.refuse(
        issue,
        "household_source_id",
        "SELECT row_no FROM import_rows WHERE household_id IS NULL "
        "AND registered_household_id IS NULL AND lives_source_id IS NULL AND lives_no IS NULL "
        "AND registered_source_id IS NULL AND registered_no IS NULL",
    )


async def refuse_nameless(staging: Staging) -> None:
    """Refuse staged rows without a name that stand for no stored person."""
    await staging.refuse(NAME_MISSING, "name", "SELECT row_no FROM import_rows WHERE name IS NULL")


async def derive(tx: Tx) -> None:
    """Fill what follows from the households, and empty lists, in one pass over the staged rows.

    The community; whether the person is registered elsewhere; which household they head.
    """
    await tx.execute(
        text(
            "UPDATE import_rows s SET community_code = h.community_code, "
            "tags = coalesce(s.tags, '{}'), warnings = coalesce(s.warnings, '{}'), "
            "headed = CASE WHEN s.relation_to_householder IS DISTINCT FROM 'householder' THEN NULL "
            "WHEN s.household_id IS NULL THEN 'registered ' || s.registered_household_id "
            "ELSE 'lives ' || s.household_id END, "
            "registered_elsewhere = CASE WHEN s.household_id IS NULL THEN true "
            "WHEN s.registered_household_id IS NOT NULL "
            "THEN s.household_id <> s.registered_household_id "
            "ELSE coalesce(s.stated_elsewhere, (SELECT r.registered_elsewhere FROM residents r "
            "WHERE r.id = s.stored_id)) END "
            "FROM households h WHERE h.id = coalesce(s.household_id, s.registered_household_id)"
        )
    )


async def refuse_contradiction(staging: Staging, issue: RowIssue) -> None:
    """Refuse staged rows whose statement about the registration contradicts their households."""
    await staging.refuse(
        issue,
        "registered_elsewhere",
        "SELECT row_no FROM import_rows WHERE stated_elsewhere <> registered_elsewhere",
    )


async def refuse_hidden(staging: Staging, areas: Sequence[str], issue: RowIssue) -> None:
    """Refuse staged rows whose deciding household lies outside the areas."""
    code: ColumnElement[str] = staging.table.c.community_code
    hidden = select(staging.table.c.row_no).where(code.is_not(None) & not_(in_areas(code, areas)))
    await staging.refuse_set(issue, "household_source_id", hidden)


async def refuse_second_householders(staging: Staging, issue: RowIssue) -> None:
    """Refuse a second householder of a household, in the file or beside the stored ones.

    A stored householder who stands in the file counts as the file says.
    """
    await staging.refuse(
        issue,
        "relation_to_householder",
        "SELECT row_no FROM (SELECT row_no, row_number() OVER "
        "(PARTITION BY headed ORDER BY row_no) AS nth FROM import_rows "
        "WHERE headed IS NOT NULL) ranked WHERE nth > 1",
    )
    await staging.refuse(
        issue,
        "relation_to_householder",
        "SELECT s.row_no FROM import_rows s JOIN residents r "
        "ON r.relation_to_householder = 'householder' AND r.ended_at IS NULL "
        "AND ((s.household_id IS NOT NULL AND r.household_id = s.household_id) "
        "OR (s.household_id IS NULL AND r.household_id IS NULL "
        "AND r.registered_household_id = s.registered_household_id)) "
        "WHERE s.headed IS NOT NULL AND NOT EXISTS (SELECT 1 FROM import_rows o "
        "WHERE o.source = r.source AND o.source_id = r.source_id)",
    )


async def free_householders(tx: Tx) -> None:
    """Let stored householders go who are none any more, so that others may become it at once.

    The rows are written whole in the next statement.
    """
    await tx.execute(
        text(
            "UPDATE residents r SET relation_to_householder = NULL FROM import_rows s "
            "WHERE r.id = s.stored_id AND r.relation_to_householder = 'householder' "
            "AND (s.headed IS NULL OR s.household_id IS DISTINCT FROM r.household_id "
            "OR s.registered_household_id IS DISTINCT FROM r.registered_household_id)"
        )
    )

"""Set-based steps that resolve references of staged rows to organizations."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import exists, func, select, update

from kit.bulk.issues import RowIssue
from kit.bulk.staging import Staging
from kit.db import Tx
from services.registry.storage import organizations
from services.registry.storage.tables import ORGANIZATIONS


async def resolve(tx: Tx, staging: Staging, name: str) -> None:
    """Fill `<name>_id` of staged rows from `<name>_source_id`, a row of the same source.

    Another source can be named in `organization_source`.
    """
    staged, columns = staging.table, ORGANIZATIONS.c
    owner = func.coalesce(staged.c.organization_source, staged.c.source)
    same = (columns.source == owner) & (columns.source_id == staged.c[f"{name}_source_id"])
    values = {f"{name}_id": columns.id}
    await tx.execute(update(staged).values(values).where(same & columns.ended_at.is_(None)))


async def refuse_absent(staging: Staging, issue: RowIssue, name: str, areas: Sequence[str]) -> None:
    """Refuse staged rows that name an organization which the caller does not see."""
    staged = staging.table
    lost = staged.c[f"{name}_source_id"].is_not(None) & staged.c[f"{name}_id"].is_(None)
    found = select(staged.c.row_no).where(lost)
    await staging.refuse_set(issue, f"{name}_source_id", found)
    await refuse_unseen(staging, issue, name, areas)


async def refuse_unseen(staging: Staging, issue: RowIssue, name: str, areas: Sequence[str]) -> None:
    """Refuse staged rows whose `<name>_id` is no organization that the caller sees."""
    staged, columns = staging.table, ORGANIZATIONS.c
    cell = staged.c[f"{name}_id"]
    seen = exists(
        select(1).where(
            (columns.id == cell) & columns.ended_at.is_(None) & organizations.seen(areas)
        )
    )
    found = select(staged.c.row_no).where(cell.is_not(None) & ~seen)
    await staging.refuse_set(issue, f"{name}_id", found)


async def refuse_unfit(
    staging: Staging, issue: RowIssue, name: str, kinds: Collection[str]
) -> None:
    """Refuse staged rows that name an organization of another kind than these."""
    staged, columns = staging.table, ORGANIZATIONS.c
    found = select(staged.c.row_no).join_from(
        staged, ORGANIZATIONS, columns.id == staged.c[f"{name}_id"]
    )
    unfit = found.where(columns.kind.not_in(sorted(kinds)))
    await staging.refuse_set(issue, f"{name}_source_id", unfit, {"party": name})


async def refuse_contradicted(staging: Staging, issue: RowIssue, name: str, fact: str) -> None:
    """Refuse staged rows that name a party and state that there is none."""
    staged = staging.table
    denied = staged.c[f"{name}_id"].is_not(None) & staged.c[fact].is_(False)
    found = select(staged.c.row_no).where(denied)
    await staging.refuse_set(issue, fact, found, {"party": name})


async def state_named(tx: Tx, staging: Staging, name: str, fact: str) -> None:
    """Let a named party make its fact true."""
    staged = staging.table
    named = staged.c[f"{name}_id"].is_not(None)
    await tx.execute(update(staged).values({fact: True}).where(named))

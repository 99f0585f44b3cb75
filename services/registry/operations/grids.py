"""Use cases of grids: being told which of them holds which building."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kit.areas import require_area
from kit.conditional import check_if_match
from services.registry.domain.grids import GridLayoutNotFound, check_shares
from services.registry.domain.problems import DivisionNotFound
from services.registry.operations.work import Work
from services.registry.storage import divisions, grids
from services.registry.storage.rows import Row


async def read(work: Work, code: str) -> Row:
    """Return the grids of a community as they were told, with their shares."""
    await _check_community(work, code)
    found = await grids.layout(work.tx, code)
    if found is None:
        raise GridLayoutNotFound
    return found | {"shares": await grids.shares(work.tx, code)}


async def put(
    work: Work,
    code: str,
    plan: str | None,
    shares: Sequence[Mapping[str, Any]],
    if_match: str | None,
) -> tuple[Row, bool]:
    """Put what is told in the place of what was known; returns it and whether it is new."""
    await _check_community(work, code)
    check_shares(code, shares)
    stored = await grids.layout(work.tx, code, lock="update")
    if stored is not None:
        check_if_match(if_match, stored["version"])
        if stored["plan"] == plan and await grids.shares(work.tx, code) == list(shares):
            return stored | {"shares": list(shares)}, False
    values: Row = {
        "community_code": code,
        "plan": plan,
        "version": 1 if stored is None else stored["version"] + 1,
        "updated_at": work.at,
    }
    await grids.put(work.tx, values, shares, is_new=stored is None)
    return values | {"shares": list(shares)}, stored is None


async def _check_community(work: Work, code: str) -> None:
    require_area(work.areas, code, DivisionNotFound)
    if not await divisions.is_active(work.tx, code):
        raise DivisionNotFound

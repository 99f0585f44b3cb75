"""Making and changing rule sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from kit.areas import EVERYWHERE, covers, require_area
from kit.conditional import check_if_match
from kit.db import Tx
from kit.errors import FieldError
from kit.ids import new_id
from services.grid_partition.domain.problems import (
    RuleSetInconsistent,
    RuleSetNameTaken,
    RuleSetNotFound,
    RuleSetShared,
)
from services.grid_partition.storage import rule_sets


def _check_consistent(rules: Mapping[Any, Any]) -> None:
    if not rules["min_households"] <= rules["target_households"] <= rules["max_households"]:
        error = FieldError(
            RuleSetInconsistent.code, RuleSetInconsistent.detail, pointer="/target_households"
        )
        raise RuleSetInconsistent(errors=[error])


async def create(
    tx: Tx,
    *,
    area: str,
    name: str,
    rules: Mapping[Any, Any],
    areas: Sequence[str],
    now: datetime,
) -> Mapping[Any, Any]:
    """Store a rule set of an area; area `*` (shared) takes a caller who may go everywhere."""
    if area == EVERYWHERE:
        if EVERYWHERE not in areas:
            raise RuleSetShared
    else:
        require_area(areas, area)
    _check_consistent(rules)
    row = {
        "id": new_id(),
        "area": area,
        "name": name,
        "rules": dict(rules),
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
    try:
        async with tx.begin_nested():
            await rule_sets.add(tx, row)
    except IntegrityError as error:
        raise RuleSetNameTaken from error
    return row


async def get(tx: Tx, rule_set_id: UUID, areas: Sequence[str]) -> Mapping[Any, Any]:
    """Return a rule set that the caller may read; raises RuleSetNotFound."""
    row = await rule_sets.find(tx, rule_set_id, areas)
    if row is None:
        raise RuleSetNotFound
    return row


async def change(
    tx: Tx,
    rule_set_id: UUID,
    *,
    rules: Mapping[Any, Any],
    if_match: str | None,
    areas: Sequence[str],
    now: datetime,
) -> Mapping[Any, Any]:
    """Change some rules; plans already made keep the rules that they were made with."""
    row = await rule_sets.find(tx, rule_set_id, areas, lock=True)
    if row is None:
        raise RuleSetNotFound
    if not (EVERYWHERE in areas or covers(areas, row["area"])):
        raise RuleSetShared
    check_if_match(if_match, row["version"])
    merged = {**row["rules"], **rules}
    _check_consistent(merged)
    values = {"rules": merged, "version": row["version"] + 1, "updated_at": now}
    await rule_sets.change(tx, rule_set_id, values)
    return {**row, **values}

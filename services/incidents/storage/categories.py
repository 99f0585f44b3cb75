"""Queries about categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from kit.db import Tx
from services.incidents.domain.categories import Category
from services.incidents.storage.tables import CATEGORIES

_C = CATEGORIES.c
_SHIPPED = ("parent_code", "name_zh", "name_en", "level", "content", "is_active", "set_version")
_LOCK_NUMBER = 704_216

#: Orders a list of categories.
KEY = _C.code


async def stored_version(tx: Tx) -> str | None:
    """Return the version of the category set that was stored last; None when there is none.

    Takes a lock that the transaction holds: processes that start together take turns.
    """
    await tx.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK_NUMBER})
    newest = select(_C.set_version).order_by(_C.updated_at.desc(), _C.code).limit(1)
    return await tx.scalar(newest.where(_C.is_active))


async def store_set(tx: Tx, version: str, categories: Sequence[Category], *, now: datetime) -> int:
    """Store a set whole: adds, changes, and deactivates what it no longer has; returns its size.

    A row that the set does not change keeps its version, apart from `set_version`.
    """
    rows = [
        {
            "code": category.code,
            "parent_code": category.parent_code,
            "name_zh": category.name["zh"],
            "name_en": category.name["en"],
            "level": category.level,
            "content": dict(category.content),
            "is_active": True,
            "set_version": version,
            "version": 1,
            "created_at": now,
            "updated_at": now,
        }
        for category in categories
    ]
    statement = insert(CATEGORIES)
    new = statement.excluded
    changed: dict[str, Any] = {name: new[name] for name in _SHIPPED}
    changed |= {"version": _C.version + 1, "updated_at": new.updated_at}
    await tx.execute(statement.on_conflict_do_update(index_elements=[_C.code], set_=changed), rows)
    gone = update(CATEGORIES).where(_C.code.not_in([row["code"] for row in rows]), _C.is_active)
    await tx.execute(gone.values(is_active=False, version=_C.version + 1, updated_at=now))
    return len(rows)


async def find_category(tx: Tx, code: str) -> Mapping[str, Any] | None:
    """Return a category's row."""
    found = await tx.execute(select(CATEGORIES).where(_C.code == code))
    row = found.mappings().one_or_none()
    return dict(row) if row is not None else None


async def leaves_by_parent(tx: Tx) -> dict[str, list[Mapping[str, Any]]]:
    """Return the leaves of every class, in code order."""
    found = await tx.execute(
        select(CATEGORIES).where(_C.parent_code.is_not(None)).order_by(_C.code)
    )
    leaves: dict[str, list[Mapping[str, Any]]] = {}
    for row in found.mappings():
        leaves.setdefault(row["parent_code"], []).append(dict(row))
    return leaves


async def count_active(tx: Tx) -> int:
    """Return how many categories are active."""
    return int(await tx.scalar(select(func.count()).where(_C.is_active)) or 0)


def category_list(
    *,
    parent: str | None,
    classes_only: bool,
    is_active: bool | None,
    updated_since: datetime | None,
) -> Select[Any]:
    """Return the statement of a category list; its key is the code."""
    statement = select(CATEGORIES)
    if parent is not None:
        statement = statement.where(_C.parent_code == parent)
    if classes_only:
        statement = statement.where(_C.parent_code.is_(None))
    if is_active is not None:
        statement = statement.where(_C.is_active.is_(is_active))
    if updated_since is not None:
        statement = statement.where(_C.updated_at >= updated_since)
    return statement

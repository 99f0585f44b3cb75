"""Queries on members; what is personal in them is sealed before it comes here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select

from services.registry.storage import places
from services.registry.storage.places import PlaceFilter
from services.registry.storage.tables import MEMBERS


@dataclass(frozen=True, slots=True)
class MemberFilter:
    """What a list of members is narrowed to besides its place; None means no narrowing."""

    kind: str | None = None
    organization_id: UUID | None = None
    public_contact: bool | None = None


def listing(
    areas: Sequence[str], narrowed: PlaceFilter, own: MemberFilter
) -> tuple[Select[Any], list[ColumnElement[Any]]]:
    """Return the members visible in the areas, and the paging key."""
    statement, key = places.listing(MEMBERS, areas, narrowed)
    for column, value in (
        (MEMBERS.c.kind, own.kind),
        (MEMBERS.c.organization_id, own.organization_id),
        (MEMBERS.c.public_contact, own.public_contact),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return statement, key

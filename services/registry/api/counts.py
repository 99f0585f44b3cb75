"""Counts of buildings and households."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response

from kit.app import api_router
from kit.pagination import Page
from kit.web.deps import Reader
from kit.web.listing import Listing, list_responses, respond_list
from services.registry.api.schemas.counts import CountOut, CountsQuery
from services.registry.api.working import Viewer
from services.registry.storage import counts as storage

router = api_router("/registry/v1/counts", "counts")


def _show(row: Any) -> dict[str, Any]:
    return CountOut.model_validate(dict(row)).model_dump(mode="json")


@router.get("", response_model=Page[CountOut], responses=list_responses(CountOut))
async def list_counts(
    request: Request, database: Reader, query: Annotated[CountsQuery, Query()], caller: Viewer
) -> Response:
    """Count buildings and households by division, estate or building.

    A building counts its single household rows once it has any, else the number stated for it.
    """
    statement, key = storage.listing(
        caller.areas, area=query.area, by=query.by, basis=query.count_basis
    )
    listing = Listing(statement, key, _show, list(CountOut.model_fields))
    return await respond_list(request, database, listing, query)

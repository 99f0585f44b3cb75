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
from services.registry.storage.buildings import Basis

router = api_router("/registry/v1/counts", "counts")
_TITLES = {
    "code": "编号",
    "name": "名称",
    "community_code": "社区代码",
    "buildings": "楼栋数",
    "households": "户数",
    "buildings_without_count": "户数不详楼栋数",
}


def _show(row: Any) -> dict[str, Any]:
    return CountOut.model_validate(dict(row)).model_dump(mode="json")


@router.get("", response_model=Page[CountOut], responses=list_responses(CountOut))
async def list_counts(
    request: Request, database: Reader, query: Annotated[CountsQuery, Query()], caller: Viewer
) -> Response:
    """Count buildings and households by division, estate, grid or building.

    A building counts its single rows (households, or dwellings that are homes) once it has any,
    else the number stated for it.
    """
    homes = request.app.state.rules.kinds.homes
    basis = Basis(query.count_basis, homes)
    statement, key = storage.listing(caller.areas, area=query.area, by=query.by, basis=basis)
    listing = Listing(statement, key, _show, list(CountOut.model_fields), titles=_TITLES)
    return await respond_list(request, database, listing, query)

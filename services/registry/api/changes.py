"""The history: who changed which fields of what, and when."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query, Request, Response

from kit.app import api_router
from kit.pagination import Page
from kit.web.deps import Reader
from kit.web.listing import Listing, list_responses, respond_list
from services.registry.api.schemas.changes import ChangeOut, ChangeQuery
from services.registry.api.working import Viewer
from services.registry.storage import changes as storage

router = api_router("/registry/v1/changes", "changes")
_TITLES = {
    "seq": "序号",
    "at": "时间",
    "client_id": "客户端",
    "noun": "对象",
    "subject": "对象标识",
    "area": "区划代码",
    "action": "操作",
    "fields": "字段",
    "import_id": "导入标识",
}


def _show(row: Any) -> dict[str, Any]:
    return ChangeOut.model_validate(dict(row)).model_dump(mode="json")


@router.get("", response_model=Page[ChangeOut], responses=list_responses(ChangeOut))
async def list_registry_changes(
    request: Request, database: Reader, query: Annotated[ChangeQuery, Query()], caller: Viewer
) -> Response:
    """List what changed, oldest first: client, time and field names, never a value."""
    statement, key = storage.listing(
        caller.areas,
        area=query.area,
        noun=query.noun,
        subject=query.subject,
        updated_since=query.updated_since,
    )
    listing = Listing(statement, key, _show, list(ChangeOut.model_fields), titles=_TITLES)
    return await respond_list(request, database, listing, query)

"""Routes of categories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Path, Query, Request, Response

from kit.app import api_router
from kit.auth import Principal
from kit.conditional import etag, is_not_modified
from kit.errors import NotFound
from kit.pagination import Page
from kit.web.deps import IfNoneMatch, Reader, needs
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from services.incidents.api.schemas.categories import CategoryNode, CategoryOut, CategoryQuery
from services.incidents.domain.problems import CategoryNotFound
from services.incidents.storage import categories as storage

router = api_router("/incidents/v1/categories", "categories")

Row = Mapping[str, Any]


def _shown(row: Row) -> dict[str, Any]:
    content = row["content"]
    return {
        **{name: row[name] for name in ("code", "parent_code", "level", "is_active")},
        "name": {"zh": row["name_zh"], "en": row["name_en"]},
        "handling_party_kind": content.get("handling_party_kind"),
        "filing_condition": content.get("filing_condition"),
        "closing_condition": content.get("closing_condition"),
        "stages": content.get("stages", []),
        "fields": content.get("fields", []),
        "suggests": content.get("suggests", []),
        "level_rules": content.get("level_rules", []),
        "reporter_hidden_from_party": content.get("reporter_hidden_from_party", False),
        "note": content.get("note"),
        **{name: row[name] for name in ("set_version", "version", "updated_at")},
    }


@router.get("", response_model=Page[CategoryNode], responses=list_responses(CategoryNode))
async def list_categories(
    request: Request,
    database: Reader,
    query: Annotated[CategoryQuery, Query()],
    _caller: Annotated[Principal, needs("incidents:read")],
) -> Response:
    """List categories in code order: all of them, the leaves of a class, or classes as a tree."""
    leaves: dict[str, list[Row]] = {}
    if query.view == "tree":
        async with database.reading() as tx:
            leaves = await storage.leaves_by_parent(tx)

    def show(row: Any) -> dict[str, Any]:
        item = _shown(row)
        if query.view == "tree":
            item["children"] = [_shown(leaf) for leaf in leaves.get(row["code"], [])]
        return CategoryNode.model_validate(item).model_dump(mode="json")

    statement = storage.category_list(
        parent=query.parent,
        classes_only=query.view == "tree",
        is_active=query.active,
        updated_since=query.updated_since,
    )
    columns = list(CategoryOut.model_fields)
    listing = Listing(statement, [storage.KEY], show, columns)
    return await respond_list(request, database, listing, query)


@router.get(
    "/{category_code}",
    response_model=CategoryOut,
    responses={304: {"description": "Not modified"}, **problems(NotFound)},
)
async def get_category(
    category_code: Annotated[str, Path(pattern=r"^[0-9]{2}([0-9]{2})?$")],
    response: Response,
    database: Reader,
    _caller: Annotated[Principal, needs("incidents:read")],
    if_none_match: IfNoneMatch = None,
) -> Response | CategoryOut:
    """Read a category: when to file, how long it may take, when it is done, what to say."""
    async with database.reading() as tx:
        row = await storage.find_category(tx, category_code)
    if row is None:
        raise CategoryNotFound
    tag = etag(row["version"])
    if is_not_modified(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    response.headers["ETag"] = tag
    return CategoryOut.model_validate(_shown(row))

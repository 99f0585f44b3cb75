"""Rule sets: the limits and weights that plans are made with."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.conditional import etag
from kit.pagination import Page
from kit.web.deps import Idempotent, IfMatch, Now, Reader, UnitOfWork
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Id
from services.grid_partition.api.schemas.rule_sets import (
    RuleSetIn,
    RuleSetOut,
    RuleSetPatch,
    RuleSetQuery,
    show_rule_set,
)
from services.grid_partition.api.working import MERGE_PATCH, Proposer, Viewer
from services.grid_partition.domain.problems import (
    RuleSetInconsistent,
    RuleSetNameTaken,
    RuleSetNotFound,
    RuleSetShared,
)
from services.grid_partition.domain.rules import shipped_rules
from services.grid_partition.operations import rule_sets as operations
from services.grid_partition.storage import rule_sets as storage
from services.grid_partition.storage.tables import RULE_SETS

router = api_router("/partition/v1/rule-sets", "rule sets")


@router.post(
    "",
    status_code=201,
    response_model=RuleSetOut,
    dependencies=[Idempotent],
    responses=problems(errors.NotFound, RuleSetNameTaken, RuleSetInconsistent, RuleSetShared),
)
async def create_rule_set(
    body: RuleSetIn, response: Response, tx: UnitOfWork, clock: Now, caller: Proposer
) -> dict[str, Any]:
    """Make a rule set of an area; rules that are left out are those of the shipped default."""
    row = await operations.create(
        tx,
        area=body.area,
        name=body.name,
        rules={**shipped_rules(), **body.rules.model_dump(exclude_unset=True)},
        areas=caller.areas,
        now=clock.now(),
    )
    response.headers["Location"] = f"/partition/v1/rule-sets/{row['id']}"
    response.headers["ETag"] = etag(1)
    return show_rule_set(row)


@router.get("", response_model=Page[RuleSetOut], responses=list_responses(RuleSetOut))
async def list_rule_sets(
    request: Request, database: Reader, query: Annotated[RuleSetQuery, Query()], caller: Viewer
) -> Response:
    """List the rule sets that hold in the caller's areas, with those of wider areas."""
    statement = storage.listing(caller.areas, area=query.area, updated_since=query.updated_since)
    key = [RULE_SETS.c.area, RULE_SETS.c.name]
    listing = Listing(statement, key, show_rule_set, list(RuleSetOut.model_fields))
    return await respond_list(request, database, listing, query)


@router.get("/{rule_set_id}", response_model=RuleSetOut, responses=problems(RuleSetNotFound))
async def get_rule_set(
    rule_set_id: Id, response: Response, tx: UnitOfWork, caller: Viewer
) -> dict[str, Any]:
    """Answer one rule set."""
    row = await operations.get(tx, rule_set_id, caller.areas)
    response.headers["ETag"] = etag(row["version"])
    return show_rule_set(row)


@router.patch(
    "/{rule_set_id}",
    response_model=RuleSetOut,
    responses=problems(
        RuleSetNotFound,
        RuleSetShared,
        RuleSetInconsistent,
        errors.PreconditionFailed,
        errors.PreconditionRequired,
    ),
)
async def change_rule_set(
    rule_set_id: Id,
    body: Annotated[RuleSetPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    tx: UnitOfWork,
    clock: Now,
    caller: Proposer,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Change the given rules (RFC 7396); plans already made keep the rules they were made with."""
    row = await operations.change(
        tx,
        rule_set_id,
        rules=body.rules.model_dump(exclude_unset=True),
        if_match=if_match,
        areas=caller.areas,
        now=clock.now(),
    )
    response.headers["ETag"] = etag(row["version"])
    return show_rule_set(row)

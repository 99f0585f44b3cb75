"""What a plan found: communities, grids, assignments, violations, changes."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Request, Response
from pydantic import BaseModel

from kit.app import api_router
from kit.db import Database
from kit.pagination import Page
from kit.web.deps import Reader
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Id, ListQuery
from services.grid_partition.api.schemas.plan_results import (
    AssignmentOut,
    AssignmentQuery,
    FindingQuery,
    GridChangeOut,
    PlanCommunityOut,
    PlanGridOut,
    PlanGridQuery,
    ViolationOut,
    show_assignment,
    show_change,
    show_community,
    show_grid,
    show_violation,
)
from services.grid_partition.api.working import Viewer, language
from services.grid_partition.domain.problems import ChangesMissing, PlanNotFound
from services.grid_partition.operations import plans, screens
from services.grid_partition.storage import results
from services.grid_partition.storage.tables import (
    PLAN_ASSIGNMENTS,
    PLAN_CHANGES,
    PLAN_COMMUNITIES,
    PLAN_GRIDS,
    PLAN_VIOLATIONS,
)

router = api_router("/partition/v1/plans/{plan_id}", "plan results")


def _responses(model: type[BaseModel], *, geometry: bool = False) -> dict[int | str, Any]:
    return {**list_responses(model, geometry=geometry), **problems(PlanNotFound)}


async def _check(database: Database, plan_id: UUID, caller: Viewer) -> Any:
    async with database.reading() as tx:
        return await plans.get(tx, plan_id, caller.areas)


@router.get(
    "/communities",
    response_model=Page[PlanCommunityOut],
    responses=_responses(PlanCommunityOut),
)
async def list_plan_communities(
    plan_id: Id,
    request: Request,
    database: Reader,
    query: Annotated[ListQuery, Query()],
    caller: Viewer,
) -> Response:
    """List a plan's communities with the figures of each cut, and its explanation in words."""
    await _check(database, plan_id, caller)
    statement = results.communities_of(plan_id, caller.areas)
    spoken = language()
    columns = list(PlanCommunityOut.model_fields)
    key = [PLAN_COMMUNITIES.c.code]
    listing = Listing(statement, key, lambda row: show_community(row, spoken), columns)
    return await respond_list(request, database, listing, query)


@router.get(
    "/grids",
    response_model=Page[PlanGridOut],
    responses=_responses(PlanGridOut, geometry=True),
)
async def list_plan_grids(
    plan_id: Id,
    request: Request,
    database: Reader,
    query: Annotated[PlanGridQuery, Query()],
    caller: Viewer,
) -> Response:
    """List a plan's grids in code order; as GeoJSON too."""
    await _check(database, plan_id, caller)
    statement = results.grids_of(plan_id, caller.areas, query.community)
    columns = [name for name in PlanGridOut.model_fields if name != "geometry"]
    listing = Listing(
        statement,
        [PLAN_GRIDS.c.code],
        lambda row: show_grid(row, query.crs),
        columns,
        "geometry",
        screens.simplifier(query.simplify_m, results.coverages),
    )
    return await respond_list(request, database, listing, query)


@router.get("/assignments", response_model=Page[AssignmentOut], responses=_responses(AssignmentOut))
async def list_plan_assignments(
    plan_id: Id,
    request: Request,
    database: Reader,
    query: Annotated[AssignmentQuery, Query()],
    caller: Viewer,
) -> Response:
    """List which building lies in which grid; a building above the maximum comes in slices."""
    await _check(database, plan_id, caller)
    statement = results.assignments_of(plan_id, caller.areas, query.community, query.grid)
    key = [PLAN_ASSIGNMENTS.c.community_code, PLAN_ASSIGNMENTS.c.number]
    listing = Listing(statement, key, show_assignment, list(AssignmentOut.model_fields))
    return await respond_list(request, database, listing, query)


@router.get("/violations", response_model=Page[ViolationOut], responses=_responses(ViolationOut))
async def list_plan_violations(
    plan_id: Id,
    request: Request,
    database: Reader,
    query: Annotated[FindingQuery, Query()],
    caller: Viewer,
) -> Response:
    """List what could not be kept, why, and whether it was acknowledged."""
    await _check(database, plan_id, caller)
    statement = results.violations_of(plan_id, caller.areas, query.community)
    key = [PLAN_VIOLATIONS.c.community_code, PLAN_VIOLATIONS.c.number]
    spoken = language()
    columns = list(ViolationOut.model_fields)
    listing = Listing(statement, key, lambda row: show_violation(row, spoken), columns)
    return await respond_list(request, database, listing, query)


@router.get(
    "/changes",
    response_model=Page[GridChangeOut],
    responses={**_responses(GridChangeOut), **problems(PlanNotFound, ChangesMissing)},
)
async def list_plan_changes(
    plan_id: Id,
    request: Request,
    database: Reader,
    query: Annotated[FindingQuery, Query()],
    caller: Viewer,
) -> Response:
    """List how many households go from which grid in force to which grid of the plan."""
    plan = await _check(database, plan_id, caller)
    if plan["base"] is None:
        raise ChangesMissing
    statement = results.changes_of(plan_id, caller.areas, query.community)
    key = [PLAN_CHANGES.c.new_code, PLAN_CHANGES.c.old_code]
    listing = Listing(statement, key, show_change, list(GridChangeOut.model_fields))
    return await respond_list(request, database, listing, query)

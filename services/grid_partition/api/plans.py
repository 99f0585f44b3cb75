"""Plans: from proposal to grids in force."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Header, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.auth import Principal
from kit.clock import Clock
from kit.conditional import etag
from kit.db import Tx
from kit.errors import TransitionRefused
from kit.pagination import Page
from kit.peers import PeerUnavailable
from kit.web.deps import Idempotent, Now, Reader, UnitOfWork
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Id
from kit.web.sse import EVENT_STREAM, event_stream
from services.grid_partition.api.schemas.plans import (
    PlanActionIn,
    PlanIn,
    PlanOut,
    PlanQuery,
    PlanSubmissionIn,
    PlanTransitionIn,
    show_plan,
)
from services.grid_partition.api.working import Proposer, Registry, Viewer, Zone, language
from services.grid_partition.domain.problems import (
    PlanAlreadyRunning,
    PlanAreaEmpty,
    PlanBaseMissing,
    PlanNotFound,
    PlanRuleSetUnknown,
    RegistryChanged,
    ViolationsOpen,
    ViolationUnknown,
)
from services.grid_partition.operations import plans as operations
from services.grid_partition.operations import watching
from services.grid_partition.operations.plans import Acknowledgement, NewPlan
from services.grid_partition.storage import plans as storage
from services.grid_partition.storage.tables import PLANS

router = api_router("/partition/v1/plans", "plans")

_RETRY_AFTER_S = 1


async def _shown(
    tx: Tx, row: Mapping[Any, Any], caller: Principal, clock: Clock, response: Response
) -> dict[str, Any]:
    notes = await storage.notes(tx, [row["id"]])
    response.headers["ETag"] = etag(row["version"])
    return show_plan(
        row,
        notes.get(row["id"], []),
        scopes=caller.scopes,
        language=language(),
        now=clock.now(),
    )


def _accepted() -> dict[int | str, Any]:
    text = {"schema": {"type": "string"}}
    whole = {"schema": {"type": "integer"}}
    entry = {
        "description": "Begun; follow it at `Location`",
        "headers": {"Location": text, "Retry-After": whole, "ETag": text},
    }
    refusals = problems(
        errors.NotFound,
        PlanRuleSetUnknown,
        PlanBaseMissing,
        PlanAreaEmpty,
        PlanAlreadyRunning,
        PeerUnavailable,
    )
    return {202: entry, **refusals}


@router.post(
    "",
    status_code=202,
    response_model=PlanOut,
    dependencies=[Idempotent],
    responses=_accepted(),
)
async def create_plan(
    body: PlanIn,
    response: Response,
    tx: UnitOfWork,
    clock: Now,
    registry: Registry,
    caller: Proposer,
) -> dict[str, Any]:
    """Divide an area into grids: the computation begins at once and goes on by itself."""
    wanted = NewPlan(**body.model_dump())
    row = await operations.create(tx, wanted, caller=caller, registry=registry, now=clock.now())
    response.headers["Location"] = f"/partition/v1/plans/{row['id']}"
    response.headers["Retry-After"] = str(_RETRY_AFTER_S)
    return await _shown(tx, row, caller, clock, response)


@router.get("", response_model=Page[PlanOut], responses=list_responses(PlanOut))
async def list_plans(
    request: Request,
    database: Reader,
    query: Annotated[PlanQuery, Query()],
    clock: Now,
    caller: Viewer,
) -> Response:
    """List plans, oldest first; `notes` are left out here, read one plan for them."""
    statement = storage.listing(
        caller.areas, area=query.area, state=query.state, updated_since=query.updated_since
    )
    spoken, now = language(), clock.now()
    listing = Listing(
        statement,
        [PLANS.c.id],
        lambda row: show_plan(row, [], scopes=caller.scopes, language=spoken, now=now),
        list(PlanOut.model_fields),
    )
    return await respond_list(request, database, listing, query)


@router.get("/{plan_id}", response_model=PlanOut, responses=problems(PlanNotFound))
async def get_plan(
    plan_id: Id, response: Response, tx: UnitOfWork, clock: Now, caller: Viewer
) -> dict[str, Any]:
    """Answer one plan: its state, its progress, what the caller may do next."""
    row = await operations.get(tx, plan_id, caller.areas)
    return await _shown(tx, row, caller, clock, response)


@router.post(
    "/{plan_id}/transitions",
    response_model=PlanOut,
    responses=problems(
        PlanNotFound,
        TransitionRefused,
        ViolationsOpen,
        ViolationUnknown,
        RegistryChanged,
        PeerUnavailable,
    ),
)
async def change_plan(
    plan_id: Id,
    body: PlanTransitionIn,
    response: Response,
    tx: UnitOfWork,
    clock: Now,
    zone: Zone,
    registry: Registry,
    caller: Viewer,
) -> dict[str, Any]:
    """Take one of the plan's `allowed_actions`.

    `submit` needs every violation acknowledged with a reason, and the register unchanged since
    the plan was computed.  `publish` puts the grids into force when the plan's day has come,
    otherwise the worker does so on that day.
    """
    request = operations.Request(
        caller=caller,
        action=body.action,
        now=clock.now(),
        zone=zone,
        note=body.note,
        acknowledgements=_acknowledgements(body),
    )
    row = await operations.transition(tx, plan_id, request, registry)
    return await _shown(tx, row, caller, clock, response)


def _acknowledgements(body: PlanSubmissionIn | PlanActionIn) -> list[Acknowledgement]:
    if isinstance(body, PlanActionIn):
        return []
    return [Acknowledgement(given.violation_id, given.reason) for given in body.acknowledgements]


@router.get(
    "/{plan_id}/events",
    responses={
        200: {"description": "`state` and `progress` events", "content": {EVENT_STREAM: {}}},
        204: {"description": "Nothing more will come: do not reconnect"},
        **problems(PlanNotFound),
    },
    response_class=Response,
)
async def watch_plan(
    plan_id: Id,
    database: Reader,
    caller: Viewer,
    last_event_id: Annotated[str | None, Header(alias="Last-Event-ID", max_length=100)] = None,
) -> Response:
    """Follow a plan as server-sent events until it is computed; resumes behind Last-Event-ID."""
    async with database.reading() as tx:
        plan = await operations.get(tx, plan_id, caller.areas)
    seen = watching.last_seen(last_event_id)
    if not await watching.has_more(database, plan, seen):
        return Response(status_code=204)
    return event_stream(watching.follow(database, plan_id, caller.areas, seen))

"""Routes of incidents: report, list, read, act, look back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Query, Request, Response

from kit.app import api_router
from kit.auth import Principal
from kit.conditional import etag, is_not_modified
from kit.errors import Conflict, FieldError, Invalid, NotFound, PreconditionFailed, Text
from kit.pagination import Page
from kit.web.deps import Idempotent, IfMatch, IfNoneMatch, Now, Reader, UnitOfWork, needs
from kit.web.listing import GEOJSON, Listing, choose_media, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Id
from services.incidents.api.intake import IntakeRoute, PlacedReport
from services.incidents.api.schemas.incidents import (
    CrsQuery,
    HistoryOut,
    HistoryQuery,
    IncidentItem,
    IncidentOut,
    IncidentQuery,
    MoveIn,
)
from services.incidents.api.showing import Zone, shown_incident, shown_line
from services.incidents.domain.guards import Given
from services.incidents.domain.lifecycle import Lifecycle
from services.incidents.domain.problems import IncidentNotFound
from services.incidents.operations import reports, transitions
from services.incidents.storage import incidents as storage

PREFIX = "/incidents/v1/incidents"
router = api_router(PREFIX, "incidents")
intake_router = APIRouter(prefix=PREFIX, tags=["incidents"], route_class=IntakeRoute)

Row = Mapping[str, Any]
_BOX = Text(
    "Four degrees are needed: minLon,minLat,maxLon,maxLat with minLat <= maxLat.",
    "应为四个度数：minLon,minLat,maxLon,maxLat，且 minLat 不大于 maxLat。",
)


def _lifecycle(request: Request) -> Lifecycle:
    return cast("Lifecycle", request.app.state.lifecycle)


def _answer(
    request: Request, response: Response, row: Row, caller: Principal, query: CrsQuery | None = None
) -> IncidentOut:
    lifecycle = _lifecycle(request)
    now = request.app.state.clock.now()
    shown = shown_incident(row, caller, _zone(request), query.crs if query else "CGCS2000")
    shown["allowed_actions"] = transitions.actions_for(lifecycle, row, caller, now)
    response.headers["ETag"] = etag(row["version"])
    return IncidentOut.model_validate(shown)


def _zone(request: Request) -> Zone:
    return Zone(request.app.state.settings.time_zone)


@intake_router.post(
    "",
    status_code=201,
    dependencies=[Idempotent],
    responses={
        200: {"model": IncidentOut, "description": "Folded into the open incident of dedup_key"},
        **problems(Conflict),
    },
)
async def report_incident(
    placed: PlacedReport,
    request: Request,
    response: Response,
    tx: UnitOfWork,
    clock: Now,
    caller: Annotated[Principal, needs("incidents:report")],
) -> IncidentOut:
    """Report an incident: it is accepted at once, also while its grid cannot be found.

    Then `locating` is true and `grid_code` is filled in later.  A point that no grid holds is
    kept with `placement: outside` for a person to decide.
    """
    report, place = placed
    row, is_new = await reports.report_incident(
        tx, report, place, by=caller, initial=_lifecycle(request).initial, now=clock.now()
    )
    if not is_new:
        response.status_code = 200
    response.headers["Location"] = f"{PREFIX}/{row['id']}"
    return _answer(request, response, row, caller)


@router.get(
    "",
    response_model=Page[IncidentItem],
    responses=list_responses(IncidentItem, geometry=True),
)
async def list_incidents(
    request: Request,
    database: Reader,
    query: Annotated[IncidentQuery, Query()],
    caller: Annotated[Principal, needs("incidents:read")],
) -> Response:
    """List the incidents that you may see, in the order in which they were reported."""
    filters = storage.Filters(
        area=query.area,
        grid_code=query.grid_code,
        state=query.state,
        category=query.category,
        source=query.source,
        placement=query.placement,
        is_open=query.open,
        bbox=_box(query.bbox),
        updated_since=query.updated_since,
    )
    as_feature = _wants_features(request)
    zone = _zone(request)

    def show(row: Any) -> dict[str, Any]:
        item = IncidentItem.model_validate(shown_incident(row, caller, zone, query.crs))
        content = item.model_dump(mode="json")
        return _feature(content) if as_feature else content

    columns = list(IncidentItem.model_fields)
    statement = storage.incident_list(caller, filters)
    listing = Listing(statement, [storage.KEY], show, columns, geometry="geometry")
    return await respond_list(request, database, listing, query)


def _wants_features(request: Request) -> bool:
    offered = ["application/json", "text/csv", "application/x-ndjson", GEOJSON]
    return choose_media(request.headers.get("accept"), offered) == GEOJSON


def _feature(item: dict[str, Any]) -> dict[str, Any]:
    point = item.pop("point")
    geometry = {"type": "Point", "coordinates": [point["lon"], point["lat"]]} if point else None
    return item | {"geometry": geometry}


def _box(text: str | None) -> tuple[float, float, float, float] | None:
    if text is None:
        return None
    west, south, east, north = (float(part) for part in text.split(","))
    fits = -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south <= north <= 90
    if not fits:
        raise Invalid(errors=[FieldError("parameter.bbox", _BOX, parameter="bbox")])
    return west, south, east, north


@router.get(
    "/{incident_id}",
    response_model=IncidentOut,
    responses={304: {"description": "Not modified"}, **problems(NotFound)},
)
async def get_incident(
    incident_id: Id,
    request: Request,
    response: Response,
    database: Reader,
    query: Annotated[CrsQuery, Query()],
    caller: Annotated[Principal, needs("incidents:read")],
    if_none_match: IfNoneMatch = None,
) -> Response | IncidentOut:
    """Read an incident, and what you may do with it now (`allowed_actions`)."""
    row = await _found(database, incident_id, caller)
    tag = etag(row["version"])
    if is_not_modified(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return _answer(request, response, row, caller, query)


async def _found(database: Any, incident_id: Any, caller: Principal) -> Row:
    async with database.reading() as tx:
        row: Row | None = await storage.get_incident(tx, incident_id, caller)
    if row is None:
        raise IncidentNotFound
    return row


@router.get(
    "/{incident_id}/history",
    response_model=Page[HistoryOut],
    responses=list_responses(HistoryOut) | problems(NotFound),
)
async def list_incident_history(
    incident_id: Id,
    request: Request,
    database: Reader,
    query: Annotated[HistoryQuery, Query()],
    caller: Annotated[Principal, needs("incidents:read")],
) -> Response:
    """List everything that happened to an incident, oldest first."""
    row = await _found(database, incident_id, caller)

    def show(line: Any) -> dict[str, Any]:
        return HistoryOut.model_validate(shown_line(line, row, caller)).model_dump(mode="json")

    listing = Listing(
        storage.history_list(incident_id),
        [storage.HISTORY_KEY],
        show,
        list(HistoryOut.model_fields),
    )
    return await respond_list(request, database, listing, query)


@router.post(
    "/{incident_id}/transitions",
    dependencies=[Idempotent],
    responses=problems(NotFound, Conflict, PreconditionFailed),
)
async def move_incident(
    incident_id: Id,
    body: MoveIn,
    request: Request,
    response: Response,
    tx: UnitOfWork,
    clock: Now,
    caller: Annotated[Principal, needs("incidents:read")],
    if_match: IfMatch = None,
) -> IncidentOut:
    """Take an action on an incident; each action needs its own scope beside incidents:read.

    A refusal is 409 `transition.refused` and names the state and what you may do.  If-Match is
    honoured when it is sent: an action is refused by the state anyway when another was faster.
    """
    move = transitions.Move(
        incident_id=incident_id,
        action=body.action,
        given=Given(
            reason=body.reason,
            note=body.note,
            evidence=tuple(body.evidence),
            party=body.party,
            approval=body.approval,
            until=body.until,
            dispute_id=body.dispute_id,
            handoff_id=body.handoff_id,
            outcome=body.outcome,
        ),
        master_id=body.master_id,
        if_match=if_match,
    )
    row = await transitions.move_incident(
        tx, move, lifecycle=_lifecycle(request), by=caller, now=clock.now()
    )
    return _answer(request, response, row, caller)

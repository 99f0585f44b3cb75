"""Appointments (任职): posts held by members, overlapping ones too."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.pagination import Page
from kit.web.deps import Idempotent, IfMatch, IfNoneMatch, Reader
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Id, SourceName
from services.registry.api.schemas.fields import SourceId
from services.registry.api.schemas.members import (
    AppointmentIn,
    AppointmentOut,
    AppointmentPatch,
    AppointmentQuery,
    OverlapOut,
    OverlapQuery,
)
from services.registry.api.seeing import PersonalReading, PersonalViewing, PersonalWriting
from services.registry.api.working import MERGE_PATCH, NOT_MODIFIED, tagged, unchanged
from services.registry.domain.organization_problems import OrganizationNotFound
from services.registry.domain.people_problems import (
    AppointmentDates,
    AppointmentNotFound,
    CodeUnknown,
    MemberNotFound,
    PlaceNotFound,
)
from services.registry.domain.problems import ReferenceAmbiguous, SourceTaken
from services.registry.operations import keeping
from services.registry.operations.appointments import APPOINTMENTS_KEPT
from services.registry.storage import appointments as storage
from services.registry.storage.appointments import AppointmentFilter
from services.registry.storage.places import PlaceFilter

router = api_router("/registry/v1/appointments", "appointments")

_WRONG = (
    MemberNotFound,
    OrganizationNotFound,
    ReferenceAmbiguous,
    PlaceNotFound,
    AppointmentDates,
    CodeUnknown,
)
_CHANGE = (AppointmentNotFound, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any) -> AppointmentOut:
    return AppointmentOut.model_validate(dict(row))


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_WRONG))
async def create_appointment(
    body: AppointmentIn, response: Response, work: PersonalWriting
) -> AppointmentOut:
    """Appoint a member to a post in a division or grid; other posts may be held meanwhile."""
    row = await keeping.create(APPOINTMENTS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/appointments/{row['id']}"
    return _show(row)


@router.get(
    "",
    response_model=Page[AppointmentOut],
    responses=list_responses(AppointmentOut) | problems(CodeUnknown, errors.NotAcceptable),
)
async def list_appointments(
    request: Request,
    database: Reader,
    query: Annotated[AppointmentQuery, Query()],
    viewing: PersonalViewing,
) -> Response:
    """List appointments; `as_of` answers those held on a day. Also as CSV and NDJSON."""
    viewing.people.lists.check("posts", query.post, parameter="post")
    narrowed = PlaceFilter(
        area=query.area,
        updated_since=query.updated_since,
        include_ended=query.include_ended,
        source=query.source,
    )
    own = AppointmentFilter(query.member_id, query.post, query.organization_id, query.as_of)
    statement, key = storage.listing(viewing.caller.areas, narrowed, own)
    columns = list(AppointmentOut.model_fields)
    listing = Listing(statement, key, lambda row: _show(row).model_dump(mode="json"), columns)
    return await respond_list(request, database, listing, query)


def _show_overlap(row: Any) -> dict[str, Any]:
    return OverlapOut.model_validate(dict(row)).model_dump(mode="json")


@router.get("/overlaps", response_model=Page[OverlapOut], responses=list_responses(OverlapOut))
async def list_appointment_overlaps(
    request: Request,
    database: Reader,
    query: Annotated[OverlapQuery, Query()],
    viewing: PersonalViewing,
) -> Response:
    """List pairs of posts that one person holds at the same time (交叉任职): allowed, and told."""
    statement, key = storage.overlapping(
        viewing.caller.areas, area=query.area, member_id=query.member_id, as_of=query.as_of
    )
    listing = Listing(statement, key, _show_overlap, list(OverlapOut.model_fields))
    return await respond_list(request, database, listing, query)


@router.get(
    "/{appointment_id:uuid}",
    response_model=AppointmentOut,
    responses=problems(AppointmentNotFound) | NOT_MODIFIED,
)
async def get_appointment(
    appointment_id: Id,
    response: Response,
    work: PersonalReading,
    if_none_match: IfNoneMatch = None,
) -> Response | AppointmentOut:
    """Answer an appointment; 304 when If-None-Match names its version."""
    row = await keeping.read(APPOINTMENTS_KEPT, work, appointment_id)
    tagged(response, row["version"])
    return unchanged(if_none_match, row["version"]) or _show(row)


@router.patch("/{appointment_id:uuid}", responses=problems(*_CHANGE, *_WRONG))
async def change_appointment(
    appointment_id: Id,
    body: Annotated[AppointmentPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> AppointmentOut:
    """Change an appointment (RFC 7396); it ends by `valid_to` and `end_reason`."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(APPOINTMENTS_KEPT, work, appointment_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": AppointmentOut, "description": "Created"},
        **problems(*_CHANGE, *_WRONG, SourceTaken),
    },
)
async def put_appointment_by_source(
    source: SourceName,
    source_id: SourceId,
    body: AppointmentIn,
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> AppointmentOut:
    """Create the appointment of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        APPOINTMENTS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/appointments/{row['id']}"
    return _show(row)


@router.delete("/{appointment_id:uuid}", status_code=204, responses=problems(*_CHANGE))
async def end_appointment(
    appointment_id: Id, work: PersonalWriting, if_match: IfMatch = None
) -> None:
    """Withdraw an appointment that was entered in error; one that is over has a `valid_to`."""
    await keeping.end(APPOINTMENTS_KEPT, work, appointment_id, if_match)

"""Residents (居民): who lives in a household, who is registered there; masked by default."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.audit.purpose import PurposeUnknown
from kit.masking import mask_birth_date, mask_id_number, mask_name, mask_phone
from kit.pagination import Page
from kit.quota import QuotaUsed
from kit.sealing.vault import Vault
from kit.web import context
from kit.web.deps import Idempotent, IfMatch, IfNoneMatch, Reader
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Id, SourceName
from services.registry.api.schemas.fields import SourceId
from services.registry.api.schemas.people import Warned
from services.registry.api.schemas.residents import (
    ResidentIn,
    ResidentLookup,
    ResidentLookupOut,
    ResidentOut,
    ResidentPatch,
    ResidentQuery,
)
from services.registry.api.seeing import (
    CLEAR_PROBLEMS,
    Asked,
    PersonalReading,
    PersonalViewing,
    PersonalWriting,
    note_read,
    witness,
)
from services.registry.api.working import MERGE_PATCH, NOT_MODIFIED, tagged, unchanged
from services.registry.domain.identity import WARNINGS
from services.registry.domain.people_problems import (
    AlreadyErased,
    CodeUnknown,
    HouseholderTaken,
    HouseholdMissing,
    PersonalFieldsRefused,
    RegistrationContradiction,
    ResidentNotFound,
    SourceIdPersonal,
)
from services.registry.domain.problems import HouseholdNotFound, ReferenceAmbiguous, SourceTaken
from services.registry.operations import keeping
from services.registry.operations import residents as operations
from services.registry.operations.personal import RESIDENT
from services.registry.operations.residents import RESIDENTS_KEPT
from services.registry.storage import residents as storage
from services.registry.storage.places import PlaceFilter
from services.registry.storage.residents import ResidentFilter

router = api_router("/registry/v1/residents", "residents")

_WRONG = (
    HouseholdNotFound,
    ReferenceAmbiguous,
    HouseholdMissing,
    HouseholderTaken,
    RegistrationContradiction,
    PersonalFieldsRefused,
    CodeUnknown,
)
_CHANGE = (ResidentNotFound, errors.PreconditionFailed, errors.PreconditionRequired)
_CLEAR = (PurposeUnknown, *CLEAR_PROBLEMS)


def show(row: Any, vault: Vault, *, clear: bool) -> ResidentOut:
    """Return a resident as it is answered, masked unless `clear`."""
    person = RESIDENT.opened(vault, row)
    if not clear:
        year = row["birth_year"]
        person = {
            "name": _masked(person["name"], mask_name),
            "id_number": _masked(person["id_number"], mask_id_number),
            "phone": _masked(person["phone"], mask_phone),
            "birth_date": None if year is None else mask_birth_date(year),
        }
    language = context.current.get().language
    warnings = [
        Warned(code=code, detail=WARNINGS[code].text.render(language)) for code in row["warnings"]
    ]
    return ResidentOut.model_validate(
        dict(row) | person | {"is_masked": not clear, "warnings": warnings}
    )


def _masked(value: str | None, mask: Any) -> str | None:
    return None if value is None else mask(value)


@router.post(
    "", status_code=201, dependencies=[Idempotent], responses=problems(*_WRONG, SourceIdPersonal)
)
async def create_resident(
    body: ResidentIn, response: Response, work: PersonalWriting
) -> ResidentOut:
    """Add a resident to a household; the answer is masked."""
    row = await keeping.create(RESIDENTS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/residents/{row['id']}"
    return show(row, work.people.vault, clear=False)


@router.get(
    "",
    response_model=Page[ResidentOut],
    responses=list_responses(ResidentOut) | problems(*_CLEAR, CodeUnknown, errors.NotAcceptable),
)
async def list_residents(
    request: Request,
    database: Reader,
    query: Annotated[ResidentQuery, Query()],
    viewing: PersonalViewing,
) -> Response:
    """List residents, masked; also as CSV and NDJSON.

    With X-Purpose and the scope pii:read they are shown in clear: each page is counted against the
    client's day and written into the audit trail. A stream in clear needs words behind the code.
    """
    # A filter is sent to the database: what is no code may be somebody's number.
    viewing.people.lists.check("tags", query.tag, parameter="tag")
    narrowed = PlaceFilter(
        area=query.area,
        community_code=query.community_code,
        updated_since=query.updated_since,
        include_ended=query.include_ended,
        source=query.source,
    )
    own = ResidentFilter(
        household_id=query.household_id,
        relation_to_householder=query.relation_to_householder,
        residence_type=query.residence_type,
        registered_elsewhere=query.registered_elsewhere,
        tag=query.tag,
        warning=query.warning,
    )
    statement, key = storage.listing(viewing.caller.areas, narrowed, own)
    vault, clear = viewing.people.vault, viewing.purpose is not None
    listing = Listing(
        statement,
        key,
        lambda row: show(row, vault, clear=clear).model_dump(mode="json"),
        list(ResidentOut.model_fields),
        witness=witness(viewing, RESIDENT, query),
    )
    return await respond_list(request, database, listing, query)


@router.post("/lookup", responses=problems(PersonalFieldsRefused, PurposeUnknown, *CLEAR_PROBLEMS))
async def look_up_residents(
    body: ResidentLookup, work: PersonalReading, purpose: Asked
) -> ResidentLookupOut:
    """Find who bears an identity number or a phone, in the caller's areas; masked.

    The answer has one shape whether anybody bears it or not. Look-ups are counted by the minute and
    written into the audit trail without the number. X-Purpose and pii:read show clear text.
    """
    found = await operations.lookup(work, body.by, body.value, purpose)
    vault = work.people.vault
    shown = [show(row, vault, clear=purpose is not None) for row in found]
    return ResidentLookupOut(items=shown, is_complete=len(found) < operations.LOOKUP_MAX)


@router.get(
    "/{resident_id:uuid}",
    response_model=ResidentOut,
    responses=problems(ResidentNotFound, PurposeUnknown, QuotaUsed) | NOT_MODIFIED,
)
async def get_resident(
    resident_id: Id,
    response: Response,
    work: PersonalReading,
    purpose: Asked,
    if_none_match: IfNoneMatch = None,
) -> Response | ResidentOut:
    """Answer a resident, masked; in clear with X-Purpose and pii:read, which is written down."""
    row = await keeping.read(RESIDENTS_KEPT, work, resident_id)
    tagged(response, row["version"])
    response.headers["Vary"] = "X-Purpose"
    if purpose is None:
        seen = unchanged(if_none_match, row["version"])
        return seen or show(row, work.people.vault, clear=False)
    answer = show(row, work.people.vault, clear=True)
    await note_read(work, RESIDENT, row, purpose)
    return answer


@router.patch("/{resident_id:uuid}", responses=problems(*_CHANGE, *_WRONG))
async def change_resident(
    resident_id: Id,
    body: Annotated[ResidentPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> ResidentOut:
    """Change the given fields of a resident (RFC 7396); the answer is masked."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(RESIDENTS_KEPT, work, resident_id, patch, if_match)
    tagged(response, row["version"])
    return show(row, work.people.vault, clear=False)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": ResidentOut, "description": "Created"},
        **problems(*_CHANGE, *_WRONG, SourceTaken, AlreadyErased, SourceIdPersonal),
    },
)
async def put_resident_by_source(
    source: SourceName,
    source_id: SourceId,
    body: ResidentIn,
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> ResidentOut:
    """Create the resident of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        RESIDENTS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/residents/{row['id']}"
    return show(row, work.people.vault, clear=False)


@router.delete("/{resident_id:uuid}", status_code=204, responses=problems(*_CHANGE))
async def end_resident(resident_id: Id, work: PersonalWriting, if_match: IfMatch = None) -> None:
    """End a resident (moved away, died): it leaves the lists; retention erases it later."""
    await keeping.end(RESIDENTS_KEPT, work, resident_id, if_match)

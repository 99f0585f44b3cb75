"""Members of the governance force (治理力量): grid heads and members, sentinels, officers."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.audit.purpose import PurposeUnknown
from kit.masking import mask_id_number, mask_name, mask_phone
from kit.pagination import Page
from kit.quota import QuotaUsed
from kit.sealing.vault import Vault
from kit.web.deps import Idempotent, IfMatch, IfNoneMatch, Reader
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Id, SourceName
from services.registry.api.schemas.fields import SourceId
from services.registry.api.schemas.members import MemberIn, MemberOut, MemberPatch, MemberQuery
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
from services.registry.domain.organization_problems import OrganizationNotFound
from services.registry.domain.people_problems import (
    AlreadyErased,
    CodeUnknown,
    MemberInUse,
    MemberNotFound,
    PersonalFieldsRefused,
    SourceIdPersonal,
)
from services.registry.domain.problems import DivisionNotFound, SourceTaken
from services.registry.operations import keeping
from services.registry.operations.members import MEMBERS_KEPT
from services.registry.operations.personal import MEMBER
from services.registry.storage import members as storage
from services.registry.storage.members import MemberFilter
from services.registry.storage.places import PlaceFilter

router = api_router("/registry/v1/members", "members")

_WRONG = (DivisionNotFound, OrganizationNotFound, PersonalFieldsRefused, CodeUnknown)
_CHANGE = (MemberNotFound, errors.PreconditionFailed, errors.PreconditionRequired)
_CLEAR = (PurposeUnknown, *CLEAR_PROBLEMS)
_MASKS = {
    "name": mask_name,
    "id_number": mask_id_number,
    "phone": mask_phone,
    "work_phone": mask_phone,
}
#: What a member who agreed to it has posted publicly.
_PUBLIC = frozenset({"name", "work_phone"})


def show(row: Any, vault: Vault, *, clear: bool) -> MemberOut:
    """Return a member as it is answered; name and work phone in clear where that was agreed to."""
    person = MEMBER.opened(vault, row)
    shown = {
        name: value
        if value is None or clear or (row["public_contact"] and name in _PUBLIC)
        else _MASKS[name](value)
        for name, value in person.items()
    }
    return MemberOut.model_validate(dict(row) | shown | {"is_masked": not clear})


@router.post(
    "", status_code=201, dependencies=[Idempotent], responses=problems(*_WRONG, SourceIdPersonal)
)
async def create_member(body: MemberIn, response: Response, work: PersonalWriting) -> MemberOut:
    """Add a member to a division; the answer is masked."""
    row = await keeping.create(MEMBERS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/members/{row['id']}"
    return show(row, work.people.vault, clear=False)


@router.get(
    "",
    response_model=Page[MemberOut],
    responses=list_responses(MemberOut) | problems(*_CLEAR, CodeUnknown, errors.NotAcceptable),
)
async def list_members(
    request: Request,
    database: Reader,
    query: Annotated[MemberQuery, Query()],
    viewing: PersonalViewing,
) -> Response:
    """List members, masked but for agreed public contacts; also as CSV and NDJSON.

    `public_contact=true` is what a grid's public notice needs. With X-Purpose and pii:read all is
    shown in clear, counted and written into the audit trail.
    """
    viewing.people.lists.check("member_kinds", query.kind, parameter="kind")
    narrowed = PlaceFilter(
        area=query.area,
        updated_since=query.updated_since,
        include_ended=query.include_ended,
        source=query.source,
    )
    own = MemberFilter(query.kind, query.organization_id, query.public_contact)
    statement, key = storage.listing(viewing.caller.areas, narrowed, own)
    vault, clear = viewing.people.vault, viewing.purpose is not None
    listing = Listing(
        statement,
        key,
        lambda row: show(row, vault, clear=clear).model_dump(mode="json"),
        list(MemberOut.model_fields),
        witness=witness(viewing, MEMBER, query),
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{member_id}",
    response_model=MemberOut,
    responses=problems(MemberNotFound, PurposeUnknown, QuotaUsed) | NOT_MODIFIED,
)
async def get_member(
    member_id: Id,
    response: Response,
    work: PersonalReading,
    purpose: Asked,
    if_none_match: IfNoneMatch = None,
) -> Response | MemberOut:
    """Answer a member, masked but for an agreed public contact; in clear with X-Purpose."""
    row = await keeping.read(MEMBERS_KEPT, work, member_id)
    tagged(response, row["version"])
    response.headers["Vary"] = "X-Purpose"
    if purpose is None:
        seen = unchanged(if_none_match, row["version"])
        return seen or show(row, work.people.vault, clear=False)
    answer = show(row, work.people.vault, clear=True)
    await note_read(work, MEMBER, row, purpose)
    return answer


@router.patch("/{member_id}", responses=problems(*_CHANGE, *_WRONG))
async def change_member(
    member_id: Id,
    body: Annotated[MemberPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> MemberOut:
    """Change the given fields of a member (RFC 7396); the answer is masked."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(MEMBERS_KEPT, work, member_id, patch, if_match)
    tagged(response, row["version"])
    return show(row, work.people.vault, clear=False)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": MemberOut, "description": "Created"},
        **problems(*_CHANGE, *_WRONG, SourceTaken, AlreadyErased, SourceIdPersonal),
    },
)
async def put_member_by_source(
    source: SourceName,
    source_id: SourceId,
    body: MemberIn,
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> MemberOut:
    """Create the member of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        MEMBERS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/members/{row['id']}"
    return show(row, work.people.vault, clear=False)


@router.delete("/{member_id}", status_code=204, responses=problems(*_CHANGE, MemberInUse))
async def end_member(member_id: Id, work: PersonalWriting, if_match: IfMatch = None) -> None:
    """End a member who holds no post any more; retention erases their data later."""
    await keeping.end(MEMBERS_KEPT, work, member_id, if_match)

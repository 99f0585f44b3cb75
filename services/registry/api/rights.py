"""Rights of persons (PIPL articles 44 to 50): erasure with a dry run, a copy of what is kept."""

from __future__ import annotations

from fastapi import Response

from kit import errors
from kit.app import api_router
from kit.audit.purpose import PurposeNoteRefused, PurposeUnknown
from kit.quota import QuotaUsed
from kit.web.deps import IfMatch
from kit.web.problems import problems
from kit.web.schemas import Id
from services.registry.api.residents import show
from services.registry.api.schemas.rights import (
    CopiedChangeOut,
    DisclosureOut,
    ErasureIn,
    ErasureOut,
    ResidentCopyOut,
)
from services.registry.api.seeing import PersonalErasing, PersonalReading, Stated
from services.registry.api.working import tagged
from services.registry.domain.people_problems import (
    AlreadyErased,
    CodeUnknown,
    MemberNotFound,
    ResidentNotFound,
)
from services.registry.operations import erasing
from services.registry.operations.erasing import Erasure
from services.registry.operations.personal import MEMBER, RESIDENT

router = api_router("/registry/v1", "rights")

_ERASING = (
    AlreadyErased,
    CodeUnknown,
    errors.PreconditionFailed,
    errors.PreconditionRequired,
)


def _shown(done: Erasure, *, dry_run: bool) -> ErasureOut:
    return ErasureOut.model_validate(done.row | {"dry_run": dry_run, "fields": done.fields})


@router.post(
    "/residents/{resident_id}/erasure",
    responses=problems(ResidentNotFound, *_ERASING),
)
async def erase_resident(
    resident_id: Id,
    body: ErasureIn,
    response: Response,
    work: PersonalErasing,
    if_match: IfMatch = None,
) -> ErasureOut:
    """Erase the personal data of a resident for good, also of one who has ended.

    First with `dry_run` (the default), which tells what would go; then with `dry_run: false` and
    the ETag as If-Match. A tombstone with time, reason and client is left, and refuses to be filled
    again by its source.
    """
    done = await erasing.erase(
        work,
        RESIDENT,
        ResidentNotFound,
        resident_id,
        body.reason,
        dry_run=body.dry_run,
        if_match=if_match,
    )
    tagged(response, done.row["version"])
    return _shown(done, dry_run=body.dry_run)


@router.post(
    "/members/{member_id}/erasure",
    responses=problems(MemberNotFound, *_ERASING),
)
async def erase_member(
    member_id: Id,
    body: ErasureIn,
    response: Response,
    work: PersonalErasing,
    if_match: IfMatch = None,
) -> ErasureOut:
    """Erase the personal data of a member for good; appointments stay, without a person behind.

    First with `dry_run` (the default), then with `dry_run: false` and the ETag as If-Match.
    """
    done = await erasing.erase(
        work,
        MEMBER,
        MemberNotFound,
        member_id,
        body.reason,
        dry_run=body.dry_run,
        if_match=if_match,
    )
    tagged(response, done.row["version"])
    return _shown(done, dry_run=body.dry_run)


@router.get(
    "/residents/{resident_id}/export",
    responses=problems(ResidentNotFound, PurposeUnknown, PurposeNoteRefused, QuotaUsed),
)
async def export_resident(
    resident_id: Id, work: PersonalReading, purpose: Stated
) -> ResidentCopyOut:
    """Answer all that is kept of a resident in clear, with who changed and who read it.

    For a person who asks for a copy; the copy itself is written into the audit trail.
    """
    found = await erasing.copy(work, RESIDENT, ResidentNotFound, resident_id, purpose)
    return ResidentCopyOut(
        resident=show(found.row, work.people.vault, clear=True),
        changes=[CopiedChangeOut.model_validate(row) for row in found.changes],
        disclosures=[DisclosureOut.model_validate(row) for row in found.disclosures],
    )

"""The routes of the audit trail, the same in every service.

Annotations here are evaluated when a router is made: they hold the service's scope.
"""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from starlette.requests import Request

from kit.app import api_router
from kit.audit.checkpoints import Trail
from kit.audit.schemas import (
    AuditOut,
    AuditQuery,
    AuditVerificationOut,
    AuditVerifyQuery,
    CheckpointOut,
    FaultOut,
)
from kit.audit.trail import TrailFilter, listing
from kit.audit.verifying import verify
from kit.auth import Principal
from kit.pagination import Page
from kit.web.deps import Now, Reader, needs
from kit.web.listing import Listing, list_responses, respond_list

_SCOPE = "audit:read"


def audit_router(prefix: str, trail: Trail) -> APIRouter:
    """Return `<prefix>/audit` and `<prefix>/audit/verify`."""
    router = api_router(f"{prefix}/audit", "audit")
    _add_list(router, trail)
    _add_verify(router, trail)
    return router


def _show(row: Any) -> dict[str, Any]:
    hashes = {name: bytes(row[name]).hex() for name in ("prev_hash", "hash")}
    return AuditOut.model_validate(dict(row) | hashes).model_dump(mode="json")


def _add_list(router: APIRouter, trail: Trail) -> None:
    @router.get(
        "",
        name=f"{trail.service}_list_audit",
        summary="List the audit trail",
        response_model=Page[AuditOut],
        responses=list_responses(AuditOut),
    )
    async def list_audit(
        request: Request,
        database: Reader,
        query: Annotated[AuditQuery, Query()],
        caller: Annotated[Principal, needs(_SCOPE)],
    ) -> Response:
        """List who read or changed what and why, oldest first: ids and field names, never a value.

        A row that concerns several areas is seen by those who see all of them.
        """
        narrowed = TrailFilter(
            area=query.area,
            client_id=query.client_id,
            action=query.action,
            noun=query.noun,
            subject=query.subject,
            purpose=query.purpose,
            outcome=query.outcome,
            since=query.updated_since,
            until=query.until,
        )
        statement, key = listing(trail.table, caller.areas, narrowed)
        found = Listing(statement, key, _show, list(AuditOut.model_fields))
        return await respond_list(request, database, found, query)


def _add_verify(router: APIRouter, trail: Trail) -> None:
    @router.get(
        "/verify",
        name=f"{trail.service}_verify_audit",
        summary="Verify the audit trail",
        response_model=AuditVerificationOut,
    )
    async def verify_audit(
        database: Reader,
        clock: Now,
        query: Annotated[AuditVerifyQuery, Query()],
        caller: Annotated[Principal, needs(_SCOPE)],
    ) -> AuditVerificationOut:
        """Walk the chain and the kept checkpoints; `faults` names every break.

        The answer carries a fresh signed checkpoint: keep it elsewhere and later hold the trail
        against it with `audit-verify --checkpoint`.
        """
        del caller
        async with database.reading() as tx:
            found = await verify(
                tx,
                trail.table,
                trail.kept(),
                from_seq=query.from_seq,
                rows_max=query.rows_max,
            )
        checkpoint = None
        if found.next_seq is None and found.head_seq and not found.faults:
            made = trail.notary.sign(found.head_seq, found.head_hash, clock.now())
            checkpoint = CheckpointOut(
                service=made.service,
                seq=made.seq,
                hash=made.hash,
                at=made.at,
                signature=made.signature,
                public_key=trail.notary.public_key,
            )
        return AuditVerificationOut(
            ok=not found.faults,
            checked=found.checked,
            faults=[FaultOut(kind=fault.kind, seq=fault.seq) for fault in found.faults],
            head_seq=found.head_seq,
            head_hash=found.head_hash.hex(),
            next_seq=found.next_seq,
            checkpoint=checkpoint,
        )

"""Dwellings (房屋), and the addresses that their door plates stand for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Body, Query, Request, Response

from kit import errors
from kit.app import api_router
from kit.audit.purpose import PurposeUnknown
from kit.coordinates import from_cgcs2000
from kit.masking import mask_room
from kit.pagination import Page
from kit.quota import QuotaUsed
from kit.sealing.vault import Vault
from kit.web.deps import Idempotent, IfMatch, IfNoneMatch, Reader
from kit.web.exports import chinese_titles
from kit.web.listing import Listing, list_responses, respond_list
from kit.web.problems import problems
from kit.web.schemas import Crs, Id, SourceName
from services.registry.api.schemas.dwellings import (
    AddressCode,
    AddressLookup,
    AddressOut,
    DwellingIn,
    DwellingOut,
    DwellingPatch,
    DwellingQuery,
)
from services.registry.api.schemas.fields import SourceId
from services.registry.api.seeing import (
    CLEAR_PROBLEMS,
    Asked,
    PersonalReading,
    PersonalViewing,
    PersonalWriting,
    note_read,
    witness,
)
from services.registry.api.working import (
    MERGE_PATCH,
    NOT_MODIFIED,
    place_filter,
    tagged,
    unchanged,
)
from services.registry.domain.dwelling_problems import (
    AddressCodeTaken,
    AddressNotFound,
    DwellingInUse,
    DwellingNotFound,
)
from services.registry.domain.organization_problems import KindUnknown
from services.registry.domain.problems import BuildingNotFound, ReferenceAmbiguous, SourceTaken
from services.registry.operations import dwellings as operations
from services.registry.operations import keeping
from services.registry.operations.dwellings import DWELLINGS_KEPT
from services.registry.operations.imports.dwellings import DWELLING_HEADERS
from services.registry.operations.personal import DWELLING
from services.registry.storage import dwellings as storage

router = api_router("/registry/v1/dwellings", "dwellings")
addresses = api_router("/registry/v1/addresses", "dwellings")
_TITLES = chinese_titles(DWELLING_HEADERS) | {"building_id": "楼栋编号"}

_REFERS = (BuildingNotFound, ReferenceAmbiguous, AddressCodeTaken, KindUnknown)
_CLEAR = (PurposeUnknown, *CLEAR_PROBLEMS)
_CHANGE = (DwellingNotFound, DwellingInUse, errors.PreconditionFailed, errors.PreconditionRequired)


def _show(row: Any, vault: Vault, *, clear: bool = False) -> DwellingOut:
    room = DWELLING.open_one(vault, row, "room")
    shown = room if room is None or clear else mask_room(room)
    return DwellingOut.model_validate(dict(row) | {"room": shown, "is_masked": not clear})


@router.post("", status_code=201, dependencies=[Idempotent], responses=problems(*_REFERS))
async def create_dwelling(
    body: DwellingIn, response: Response, work: PersonalWriting
) -> DwellingOut:
    """Add a dwelling to a building; its community is the building's."""
    row = await keeping.create(DWELLINGS_KEPT, work, body.model_dump())
    tagged(response, row["version"])
    response.headers["Location"] = f"/registry/v1/dwellings/{row['id']}"
    return _show(row, work.people.vault)


@router.get(
    "",
    response_model=Page[DwellingOut],
    responses=list_responses(DwellingOut) | problems(*_CLEAR, errors.NotAcceptable),
)
async def list_dwellings(
    request: Request,
    database: Reader,
    query: Annotated[DwellingQuery, Query()],
    viewing: PersonalViewing,
) -> Response:
    """List dwellings with masked rooms; also as CSV, NDJSON and xlsx.

    With X-Purpose and pii:read rooms are shown in clear, counted and written into the audit trail.
    """
    statement, key = storage.listing(
        viewing.caller.areas,
        place_filter(query),
        building_id=query.building_id,
        use=query.use,
    )
    vault, clear = viewing.people.vault, viewing.purpose is not None
    listing = Listing(
        statement,
        key,
        lambda row: _show(row, vault, clear=clear).model_dump(mode="json"),
        list(DwellingOut.model_fields),
        witness=witness(viewing, DWELLING, query),
        titles=_TITLES,
    )
    return await respond_list(request, database, listing, query)


@router.get(
    "/{dwelling_id}",
    response_model=DwellingOut,
    responses=problems(DwellingNotFound, PurposeUnknown, QuotaUsed) | NOT_MODIFIED,
)
async def get_dwelling(
    dwelling_id: Id,
    response: Response,
    work: PersonalReading,
    purpose: Asked,
    if_none_match: IfNoneMatch = None,
) -> Response | DwellingOut:
    """Answer a dwelling with a masked room, in clear with X-Purpose; 304 for a known version."""
    row = await keeping.read(DWELLINGS_KEPT, work, dwelling_id)
    tagged(response, row["version"])
    response.headers["Vary"] = "X-Purpose"
    if purpose is None:
        seen = unchanged(if_none_match, row["version"])
        return seen or _show(row, work.people.vault)
    await note_read(work, DWELLING, row, purpose)
    return _show(row, work.people.vault, clear=True)


@router.patch("/{dwelling_id}", responses=problems(*_CHANGE, *_REFERS))
async def change_dwelling(
    dwelling_id: Id,
    body: Annotated[DwellingPatch, Body(media_type=MERGE_PATCH)],
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> DwellingOut:
    """Change the given fields of a dwelling (RFC 7396)."""
    patch = body.model_dump(exclude_unset=True)
    row = await keeping.change(DWELLINGS_KEPT, work, dwelling_id, patch, if_match)
    tagged(response, row["version"])
    return _show(row, work.people.vault)


@router.put(
    "/by-source/{source}/{source_id}",
    responses={
        201: {"model": DwellingOut, "description": "Created"},
        **problems(*_CHANGE, *_REFERS, SourceTaken),
    },
)
async def put_dwelling_by_source(
    source: SourceName,
    source_id: SourceId,
    body: DwellingIn,
    response: Response,
    work: PersonalWriting,
    if_match: IfMatch = None,
) -> DwellingOut:
    """Create the dwelling of a source, or replace it whole (then If-Match is needed)."""
    row, is_new = await keeping.put_by_source(
        DWELLINGS_KEPT, work, (source, source_id), body.model_dump(), if_match
    )
    tagged(response, row["version"])
    if is_new:
        response.status_code = 201
        response.headers["Location"] = f"/registry/v1/dwellings/{row['id']}"
    return _show(row, work.people.vault)


@router.delete("/{dwelling_id}", status_code=204, responses=problems(*_CHANGE))
async def end_dwelling(dwelling_id: Id, work: PersonalWriting, if_match: IfMatch = None) -> None:
    """End a dwelling in which no household lives any more; its address code stays taken."""
    await keeping.end(DWELLINGS_KEPT, work, dwelling_id, if_match)


@addresses.get("/{address_code}", responses=problems(AddressNotFound))
async def get_address(
    address_code: AddressCode, work: PersonalReading, query: Annotated[AddressLookup, Query()]
) -> AddressOut:
    """Answer where the door of an address code is."""
    row = await operations.resolve(work, address_code)
    room = DWELLING.open_one(work.people.vault, row, "room")
    shown = {
        "address": operations.one_line(row),
        "point": _point(row, query.crs),
        "room": None if room is None else mask_room(room),
    }
    return AddressOut.model_validate(row | shown)


def _point(row: Any, crs: Crs) -> list[float] | None:
    if row["lon"] is None:
        return None
    return list(from_cgcs2000(row["lon"], row["lat"], crs))

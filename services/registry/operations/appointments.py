"""Use cases of appointments."""

from __future__ import annotations

from kit.areas import covers
from services.registry.domain.appointments import check_dates, division_of
from services.registry.domain.people_problems import (
    AppointmentNotFound,
    MemberNotFound,
    PlaceNotFound,
)
from services.registry.domain.problems import ReferenceAmbiguous
from services.registry.operations import personal as shared
from services.registry.operations import places
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work, personal
from services.registry.storage import divisions, rows
from services.registry.storage.rows import Row
from services.registry.storage.tables import APPOINTMENTS, MEMBERS

_PLAIN = ("post", "place_code", "organization_id", "valid_from", "valid_to", "end_reason")


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of an appointment: `wanted` over what is stored."""
    lists = personal(work).people.lists
    kept = stored or {}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    if "post" in wanted:
        lists.check("posts", wanted["post"], "/post")
    if "end_reason" in wanted:
        lists.check("appointment_end_reasons", wanted["end_reason"], "/end_reason")
    check_dates(values["valid_from"], values["valid_to"], values["end_reason"])
    await _check_place(work, values["place_code"])
    if stored is not None and "member_id" not in wanted and "member" not in wanted:
        return values | {"member_id": stored["member_id"]}
    member = await _member(work, wanted)
    return values | {"member_id": member["id"]}


async def _check_place(work: Work, code: str) -> None:
    seen = covers(work.areas, code)
    if not seen or not await divisions.is_active(work.tx, division_of(code)):
        raise PlaceNotFound(errors=[places.unknown("/place_code", PlaceNotFound)])


async def _member(work: Work, wanted: Wanted) -> Row:
    found: Row | None = None
    member_id, reference = wanted.get("member_id"), wanted.get("member")
    if member_id is not None:
        found = await rows.one(work.tx, rows.of_id(MEMBERS, member_id, work.areas, lock="share"))
        if found is None:
            raise _no_member("/member_id")
    if reference is not None:
        row = await rows.one(
            work.tx,
            rows.of_source(
                MEMBERS, reference["source"], reference["source_id"], work.areas, lock="share"
            ),
        )
        if row is None or row["ended_at"] is not None:
            raise _no_member("/member")
        if found is not None and found["id"] != row["id"]:
            raise ReferenceAmbiguous
        found = row
    if found is None:
        raise _no_member("/member_id")
    return found


def _no_member(pointer: str) -> MemberNotFound:
    return MemberNotFound(errors=[places.unknown(pointer, MemberNotFound)])


APPOINTMENTS_KEPT = Kept(
    "appointment",
    APPOINTMENTS,
    AppointmentNotFound,
    settle,
    noted=shared.noted,
    counts=False,
)

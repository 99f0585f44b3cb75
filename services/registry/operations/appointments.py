"""Use cases of appointments."""

from __future__ import annotations

from kit.areas import covers
from services.registry.domain.appointments import check_dates, division_of
from services.registry.domain.people_problems import (
    AppointmentNotFound,
    PlaceNotFound,
)
from services.registry.operations import personal as shared
from services.registry.operations import places, references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.work import Work, personal
from services.registry.storage import divisions
from services.registry.storage.rows import Row
from services.registry.storage.tables import APPOINTMENTS

_PLAIN = ("post", "place_code", "valid_from", "valid_to", "end_reason")


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
    values["organization_id"] = await references.referred_id(
        work, references.ORGANIZATION, wanted, "organization", stored
    )
    if stored is not None and not references.names(wanted, "member"):
        return values | {"member_id": stored["member_id"]}
    member = await references.referred(work, references.MEMBER, wanted, "member")
    if member is None:
        raise references.absent(references.MEMBER, "/member_id")
    return values | {"member_id": member["id"]}


async def _check_place(work: Work, code: str) -> None:
    seen = covers(work.areas, code)
    if not seen or not await divisions.is_active(work.tx, division_of(code)):
        raise PlaceNotFound(errors=[places.unknown("/place_code", PlaceNotFound)])


APPOINTMENTS_KEPT = Kept(
    "appointment",
    APPOINTMENTS,
    AppointmentNotFound,
    settle,
    noted=shared.noted,
    counts=False,
)

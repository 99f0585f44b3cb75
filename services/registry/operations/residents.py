"""Use cases of residents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Any

from kit.audit.trail import Entry, Purpose, area_of
from kit.errors import FieldError
from kit.quota import spend
from services.registry.domain.identity import remarks_on, sex_of
from services.registry.domain.people_problems import (
    HouseholdMissing,
    RegistrationContradiction,
    ResidentNotFound,
)
from services.registry.domain.persons import read_person
from services.registry.domain.problems import HouseholdNotFound, ReferenceAmbiguous
from services.registry.domain.residents import is_registered_elsewhere
from services.registry.operations import personal as shared
from services.registry.operations import places
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.personal import RESIDENT, lookup_hash
from services.registry.operations.work import PersonalWork, Work, personal
from services.registry.storage import residents, rows
from services.registry.storage.rows import Row
from services.registry.storage.tables import HOUSEHOLDS, QUOTAS, RESIDENTS

_PLAIN = ("relation_to_householder", "residence_type", "sex")
LOOKUP_MAX = 20


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a resident: `wanted` over what is stored."""
    own = personal(work)
    kept = stored or {"tags": []}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    values["tags"] = sorted(set(wanted.get("tags", kept["tags"])))
    for at, tag in enumerate(wanted.get("tags", ())):
        own.people.lists.check("tags", tag, f"/tags/{at}")
    values |= await _households(work, wanted, stored)
    return values | _person(own, wanted, stored, values)


def _person(work: PersonalWork, wanted: Wanted, stored: Row | None, values: Row) -> Row:
    """Return the personal fields in clear, with the year of birth, the sex and the remarks."""
    known = {} if stored is None else RESIDENT.opened(work.people.vault, stored)
    given = {name: wanted[name] for name in RESIDENT.fields if name in wanted}
    stays = known.get("id_number") if "id_number" not in given else None
    if stays is not None and "birth_date" in given:
        given["id_number"] = stays
    read = read_person(given, work.today)
    shared.refuse_wrong(read)
    clear = known | read.clear
    born = clear.get("birth_date")
    number = clear.get("id_number")
    sex = values["sex"] or (None if number is None else sex_of(number))
    provinces = work.people.lists.codes("id_provinces")
    return {
        **clear,
        "birth_year": None if born is None else date.fromisoformat(born).year,
        "sex": sex,
        "warnings": [remark.code for remark in remarks_on(number, provinces, sex)],
    }


async def _households(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    lives = await _household(work, wanted, "household", stored)
    registered = await _household(work, wanted, "registered_household", stored)
    home = lives or registered
    if home is None:
        pointer = FieldError(
            HouseholdMissing.code, HouseholdMissing.detail, pointer="/household_id"
        )
        raise HouseholdMissing(errors=[pointer])
    lives_in, registered_in = (
        None if found is None else found["id"] for found in (lives, registered)
    )
    stated = wanted.get("registered_elsewhere")
    known = stated if stated is not None else (stored or {}).get("registered_elsewhere")
    elsewhere = is_registered_elsewhere(lives_in, registered_in, known)
    if stated is not None and stated != elsewhere:
        raise RegistrationContradiction
    return {
        "household_id": lives_in,
        "registered_household_id": registered_in,
        "registered_elsewhere": elsewhere,
        "community_code": home["community_code"],
    }


async def _household(work: Work, wanted: Wanted, name: str, stored: Row | None) -> Row | None:
    """Return the household that `<name>_id` or `<name>` names, or the stored one."""
    if f"{name}_id" not in wanted and name not in wanted:
        kept = None if stored is None else stored[f"{name}_id"]
        return None if kept is None else await residents.household(work.tx, kept)
    found: Row | None = None
    row_id, reference = wanted.get(f"{name}_id"), wanted.get(name)
    if row_id is not None:
        found = await rows.one(work.tx, rows.of_id(HOUSEHOLDS, row_id, work.areas, lock="share"))
        if found is None:
            raise _no_household(f"/{name}_id")
    if reference is not None:
        row = await _referred(work, reference)
        if row is None:
            raise _no_household(f"/{name}")
        if found is not None and found["id"] != row["id"]:
            raise ReferenceAmbiguous
        found = row
    return found


async def _referred(work: Work, reference: dict[str, Any]) -> Row | None:
    statement = rows.of_source(
        HOUSEHOLDS, reference["source"], reference["source_id"], work.areas, lock="share"
    )
    row = await rows.one(work.tx, statement)
    return None if row is None or row["ended_at"] is not None else row


def _no_household(pointer: str) -> HouseholdNotFound:
    return HouseholdNotFound(errors=[places.unknown(pointer, HouseholdNotFound)])


async def lookup(
    work: PersonalWork, field: str, written: str, purpose: Purpose | None
) -> Sequence[Row]:
    """Return the residents in the caller's areas with this identity number or phone.

    The trail is told of every look-up, found or not: by which field, never of which value.  Raises
    PersonalFieldsRefused, QuotaUsed.
    """
    read = read_person({field: written}, work.today)
    shared.refuse_wrong(read, "/value")
    value = read.clear[field] or ""
    people, client = work.people, work.caller.client_id
    await spend(work.tx, QUOTAS, people.lookups, client, 1, at=work.at)
    hashed = lookup_hash(people.vault, field, value)
    found = await residents.by_hash(work.tx, work.areas, field, hashed, limit=LOOKUP_MAX)
    if purpose is not None and found:
        await spend(work.tx, QUOTAS, people.clear_rows, client, len(found), at=work.at)
    told = Entry(
        action="looked_up",
        noun="resident",
        subjects=[str(row["id"]) for row in found],
        area=area_of([row["community_code"] for row in found]),
        fields=[field],
        purpose=purpose,
        details={"count": len(found), "clear": purpose is not None},
    )
    await shared.tell(people, work, work.actor, told)
    return found


RESIDENTS_KEPT = Kept(
    "resident",
    RESIDENTS,
    ResidentNotFound,
    settle,
    seal=partial(shared.seal, RESIDENT),
    noted=shared.noted,
    counts=False,
)

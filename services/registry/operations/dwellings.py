"""Use cases of dwellings (房屋), and the address that a door plate stands for."""

from __future__ import annotations

from services.registry.domain.dwelling_problems import (
    AddressNotFound,
    DwellingInUse,
    DwellingNotFound,
)
from services.registry.operations import references
from services.registry.operations.keeping import Kept, Wanted
from services.registry.operations.personal import DWELLING, origin_of
from services.registry.operations.work import Work, personal
from services.registry.storage import dwellings, rows
from services.registry.storage.rows import Row
from services.registry.storage.tables import DWELLINGS

_PLAIN = ("address_code", "unit", "floor", "use", "area_m2")


async def settle(work: Work, wanted: Wanted, stored: Row | None) -> Row:
    """Return the column values of a dwelling; its community is its building's."""
    kept = stored or {}
    values: Row = {name: wanted.get(name, kept.get(name)) for name in _PLAIN}
    if values["use"] is not None:
        work.rules.kinds.check("dwelling", values["use"], "use")
    if stored is not None and not references.names(wanted, "building"):
        wanted = dict(wanted) | {"building_id": stored["building_id"]}
    building = await references.referred(work, references.BUILDING, wanted, "building")
    if building is None:
        raise references.absent(references.BUILDING, "/building_id")
    if stored is not None and stored["building_id"] != building["id"]:
        await may_end(work, stored)
    if stored is None or "room" in wanted:
        values["room"] = wanted.get("room")
    values |= {"building_id": building["id"], "community_code": building["community_code"]}
    return values


async def may_end(work: Work, row: Row) -> None:
    """Refuse the end, or the move, of a dwelling that households refer to: DwellingInUse."""
    count = await dwellings.households_in(work.tx, row["id"])
    if count:
        raise DwellingInUse(count=count)


def seal(work: Work, identity: Row, values: Row, stored: Row | None) -> Row:
    """Return column values with the room sealed; one that did not change stays as it is."""
    if "room" not in values:
        return values
    vault = personal(work).people.vault
    if stored is not None and DWELLING.open_one(vault, stored, "room") == values["room"]:
        return values | {name: stored[name] for name in DWELLING.columns}
    origin = origin_of(identity)
    sealed = DWELLING.seal_one(vault, identity["id"], origin, "room", values["room"])
    return values | dict(zip(DWELLING.columns, sealed, strict=True))


DWELLINGS_KEPT = Kept("dwelling", DWELLINGS, DwellingNotFound, settle, may_end, seal=seal)


async def resolve(work: Work, address_code: str) -> Row:
    """Return where the door of an address code is; AddressNotFound otherwise."""
    row = await rows.one(work.tx, dwellings.address(address_code, work.areas))
    if row is None:
        raise AddressNotFound
    return row


def one_line(row: Row) -> str:
    """Return an address as it is written, from the large to the small, without the room."""
    names = ("district_name", "street_name", "community_name", "estate_name", "building_name")
    parts = [row[name] for name in names if row[name]]
    if row["unit"]:
        parts.append(row["unit"] if not row["unit"].isdigit() else f"{row['unit']}单元")
    if row["floor"] is not None:
        parts.append(f"{row['floor']}层")
    return "".join(parts)

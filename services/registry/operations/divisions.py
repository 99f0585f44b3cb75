"""Use cases of divisions."""

from __future__ import annotations

from datetime import date

from kit.areas import require_area
from kit.conditional import check_if_match
from kit.web.schemas import Crs
from services.registry.domain.divisions import (
    check_kind,
    is_community,
    is_governed_by_default,
    parent_of,
    plain_kind,
)
from services.registry.domain.problems import (
    DivisionInUse,
    DivisionNotFound,
    DivisionParentMissing,
    DivisionRevoked,
)
from services.registry.operations import places
from services.registry.operations.keeping import Wanted
from services.registry.operations.work import Work
from services.registry.storage import changes, divisions, rows
from services.registry.storage.changes import Change
from services.registry.storage.rows import Row
from services.registry.storage.tables import DIVISIONS

_PLAIN = ("name", "name_en", "kind", "is_governed", "valid_from")


async def read(work: Work, code: str, as_of: date | None = None) -> Row:
    """Return a division in force now, or on the day `as_of`; DivisionNotFound otherwise."""
    row = await rows.one(work.tx, divisions.of_code(code, work.areas, as_of=as_of))
    if row is None or (as_of is None and row["status"] != divisions.ACTIVE):
        raise DivisionNotFound
    return row


async def put(work: Work, code: str, wanted: Wanted, if_match: str | None) -> tuple[Row, bool]:
    """Create a division, or replace one; returns it and whether it is new.

    Raises DivisionRevoked for a code that was revoked: codes are never used again.
    """
    require_area(work.areas, code, DivisionNotFound)
    stored = await rows.one(work.tx, divisions.of_code(code, work.areas, lock="update"))
    if stored is None:
        values = await _settle(work, code, wanted, None)
        return await _add(work, code, values), True
    if stored["status"] != divisions.ACTIVE:
        raise DivisionRevoked
    check_if_match(if_match, stored["version"])
    values = await _settle(work, code, {"valid_from": stored["valid_from"]} | dict(wanted), None)
    return await _store(work, stored, values, "updated"), False


async def change(work: Work, code: str, patch: Wanted, if_match: str | None) -> Row:
    """Change the given fields of a division in force."""
    stored = await _locked(work, code, if_match)
    values = await _settle(work, code, patch, stored)
    return await _store(work, stored, values, "updated")


async def revoke(work: Work, code: str, if_match: str | None) -> None:
    """End a division from today on; it stays listed as revoked, its code is never used again."""
    stored = await _locked(work, code, if_match)
    contents = await divisions.contents(work.tx, code)
    if any(contents.values()):
        raise DivisionInUse(
            divisions=contents["divisions"],
            estates=contents["estates"],
            buildings=contents["buildings"],
            organizations=contents["organizations"],
            service_points=contents["service_points"],
            teams=contents["teams"],
            members=contents["members"],
        )
    valid_from = stored["valid_from"]
    valid_to = work.today if valid_from is None else max(work.today, valid_from)
    values: Row = {"status": divisions.REVOKED, "valid_to": valid_to}
    await _store(work, stored, values, "revoked")


async def _locked(work: Work, code: str, if_match: str | None) -> Row:
    stored = await rows.one(work.tx, divisions.of_code(code, work.areas, lock="update"))
    if stored is None or stored["status"] != divisions.ACTIVE:
        raise DivisionNotFound
    check_if_match(if_match, stored["version"])
    return stored


async def _settle(work: Work, code: str, wanted: Wanted, stored: Row | None) -> Row:
    kept = stored or {"kind": plain_kind(code), "is_governed": None, "valid_from": work.today}
    values: Row = {name: kept.get(name) for name in _PLAIN}
    values |= {name: wanted[name] for name in _PLAIN if name in wanted}
    values["kind"] = values["kind"] or plain_kind(code)
    if stored is None:
        check_kind(code, values["kind"], sections=work.rules.checks_sections)
    if values["is_governed"] is None:
        values["is_governed"] = is_governed_by_default(values["kind"])
    parent_code = parent_of(code)
    if parent_code is not None and not await divisions.is_active(work.tx, parent_code):
        raise DivisionParentMissing(parent_code=parent_code)
    values["parent_code"] = parent_code
    if stored is None or "boundary" in wanted:
        values |= {"boundary": None, **places.NO_EXTENT}
        if wanted.get("boundary") is not None:
            crs: Crs = wanted.get("crs", "CGCS2000")
            around = await divisions.extent(work.tx, code[:6])
            values["boundary"], shape = places.checked(wanted["boundary"], crs, around)
            values |= places.extent_of(shape)
    return values


async def _add(work: Work, code: str, values: Row) -> Row:
    row = values | {
        "code": code,
        "status": divisions.ACTIVE,
        "valid_to": None,
        "version": 1,
        "created_at": work.at,
        "updated_at": work.at,
    }
    await rows.add(work.tx, DIVISIONS, row)
    await _note(work, row, "created", [])
    return row


async def _store(work: Work, stored: Row, values: Row, action: str) -> Row:
    fields = [name for name, value in values.items() if stored[name] != value]
    if not fields:
        return stored
    row = stored | values | {"version": stored["version"] + 1, "updated_at": work.at}
    written = {name: row[name] for name in [*fields, "version", "updated_at"]}
    await rows.change(work.tx, DIVISIONS, DIVISIONS.c.code == stored["code"], written)
    await _note(work, row, action, fields)
    if "boundary" in fields and is_community(row["code"]):
        await places.judge_again(work.tx, row["code"], row["boundary"], at=work.at)
    return row


async def _note(work: Work, row: Row, action: str, fields: list[str]) -> None:
    told = Change("division", row["code"], row["code"], action, fields, row["version"])
    await changes.note(work.tx, told, client_id=work.caller.client_id, at=work.at)

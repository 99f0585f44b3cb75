"""What all nouns about persons share: sealing, opening, telling the trail, erasing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from kit.audit.trail import Actor, Entry, append
from kit.errors import FieldError
from kit.sealing.vault import Vault
from services.registry.domain.people_problems import (
    AlreadyErased,
    PersonalFieldsRefused,
    SourceIdPersonal,
)
from services.registry.domain.persons import PersonRead, is_id_number
from services.registry.operations.keeping import HASH_ENDING
from services.registry.operations.work import People, Work, personal
from services.registry.storage.changes import Change
from services.registry.storage.rows import Row, area_of
from services.registry.storage.tables import DWELLINGS, MEMBERS, RESIDENTS

NOT_ERASED: Row = {"erased_at": None, "erased_by": None, "erasure_reason": None}

Clear = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Personal:
    """The sealed fields of a noun; `searchable` are found again by their keyed hash."""

    noun: str
    table: Table
    fields: tuple[str, ...]
    searchable: frozenset[str] = frozenset({"id_number", "phone"})

    @property
    def area(self) -> str:
        """The name of the column with the code that a row belongs to."""
        return str(area_of(self.table).key)

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that holds something of these fields."""
        return tuple(f"{name}{end}" for name in self.fields for end in ("", HASH_ENDING))

    def hash_of(self, vault: Vault, name: str, value: str, origin: str) -> bytes:
        """Return the keyed hash beside a field: of the value, and of the row where none looks."""
        if name in self.searchable:
            return lookup_hash(vault, name, value)
        return vault.keyed_hash("row", self.table.name, name, origin, value)

    def seal_one(
        self, vault: Vault, row_id: UUID, origin: str, name: str, value: str | None
    ) -> tuple[bytes | None, bytes | None]:
        """Return a field as it is stored: its content, and the keyed hash beside it."""
        if value is None:
            return None, None
        sealed = vault.seal(self.table.name, name, row_id, value)
        return sealed, self.hash_of(vault, name, value, origin)

    def opened(self, vault: Vault, row: Mapping[Any, Any]) -> dict[str, str | None]:
        """Return the clear values of a stored row."""
        return {name: self.open_one(vault, row, name) for name in self.fields}

    def open_one(self, vault: Vault, row: Mapping[Any, Any], name: str) -> str | None:
        """Return the clear value of one field of a stored row."""
        sealed = row[name]
        return None if sealed is None else vault.unseal(self.table.name, name, row["id"], sealed)

    def emptied(self) -> Row:
        """Return what erasing stores: nothing of a field, and no hash of it."""
        return dict.fromkeys(self.columns)


RESIDENT = Personal("resident", RESIDENTS, ("name", "id_number", "phone", "birth_date"))
DWELLING = Personal("dwelling", DWELLINGS, ("room",), frozenset())
MEMBER = Personal("member", MEMBERS, ("name", "id_number", "phone", "work_phone"))


def lookup_hash(vault: Vault, name: str, value: str) -> bytes:
    """Return the hash by which an identity number or a phone is found, whoever bears it."""
    return vault.keyed_hash("lookup", name, value)


def origin_of(row: Mapping[Any, Any]) -> str:
    """Return what names a row for good: its source and the id there, else our id."""
    if row["source"] is None:
        return str(row["id"])
    return f"{row['source']}|{row['source_id']}"


def seal(of: Personal, work: Work, identity: Row, values: Row, stored: Row | None) -> Row:
    """Return column values with clear personal fields sealed; what did not change stays as it is.

    Raises AlreadyErased for a row whose data were erased, SourceIdPersonal for a source id that is
    an identity number.
    """
    if stored is not None and stored["erased_at"] is not None:
        raise AlreadyErased
    if identity["source_id"] is not None and is_id_number(identity["source_id"]):
        raise SourceIdPersonal
    vault = personal(work).people.vault
    origin = origin_of(identity)
    kept = {} if stored is None else of.opened(vault, stored)
    out = NOT_ERASED | values
    for name in of.fields:
        if name not in values:
            continue
        if stored is not None and kept[name] == values[name]:
            out |= {column: stored[column] for column in (name, f"{name}{HASH_ENDING}")}
        else:
            sealed, hashed = of.seal_one(vault, identity["id"], origin, name, values[name])
            out |= {name: sealed, f"{name}{HASH_ENDING}": hashed}
    return out


async def noted(work: Work, change: Change) -> None:
    """Write a change of a person's row into the audit trail, last in its transaction."""
    entry = Entry(
        action=change.action,
        noun=change.noun,
        subjects=[change.subject],
        area=change.area,
        fields=change.fields,
    )
    await tell(personal(work).people, work, personal(work).actor, entry)


async def tell(people: People, work: Work, actor: Actor, entry: Entry) -> None:
    """Append to the audit trail."""
    await append(work.tx, people.trail.table, actor, entry, at=work.at)


def refuse_wrong(read: PersonRead, pointer: str | None = None) -> None:
    """Refuse a person whose fields are wrong, all of them at once: PersonalFieldsRefused.

    `pointer` names the place of the only field, where it is not the field's own.
    """
    if read.wrong:
        raise PersonalFieldsRefused(
            errors=[
                FieldError(remark.code, remark.text, pointer=pointer or f"/{name}")
                for name, remark in read.wrong
            ]
        )

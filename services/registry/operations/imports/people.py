"""What imports of nouns about persons share: cells as municipal sheets write them, and sealing.

Clear text ends in `stage`: what goes to the database, to its temporary table too, is sealed.  A row
is sealed for the fresh id that it will have if it is created; where it stands for a stored row,
what is the same keeps the stored seal, and what differs is sealed again for the stored row.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import UUID

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from kit.audit.trail import Actor, Entry, append
from kit.bulk.issues import RowIssue, RowRefused
from kit.bulk.noun import Counts, ImportContext
from kit.db import Tx
from kit.web.schemas import Date
from services.registry.domain.people_problems import CodeUnknown, SourceIdPersonal
from services.registry.domain.persons import PersonRead, is_id_number, read_person
from services.registry.operations.keeping import HASH_ENDING
from services.registry.operations.personal import Personal
from services.registry.operations.work import People
from services.registry.storage import people_imports

_RESEAL_ROWS = 1000
_BETWEEN = re.compile("[,，;；、|\n]")
_YES = {"是", "yes", "true", "1", "y", "有"}
_NO = {"否", "no", "false", "0", "n", "无"}

SourceId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:@-]{0,63}$")]


def spelled(names: Mapping[str, str]) -> BeforeValidator:
    """Return the reading of a cell that may hold a code, or how a sheet writes it."""
    return BeforeValidator(
        lambda value: names.get(value.strip(), value) if isinstance(value, str) else value
    )


def _yes_or_no(value: object) -> object:
    if isinstance(value, str):
        word = value.strip().casefold()
        return True if word in _YES else False if word in _NO else value
    return value


YES_OR_NO = BeforeValidator(_yes_or_no)
"""A cell with 是 or 否, true or false."""


def _listed(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in _BETWEEN.split(value.strip("[] ")) if part.strip(' "')]
    return value


LISTED = BeforeValidator(_listed)
"""A list in one cell: `a,b`, `a、b`, `a;b`."""

_DAY = re.compile(r"^(\d{4})[-./年](\d{1,2})[-./月](\d{1,2})日?(?:[ T]00:00(?::00)?)?$", re.ASCII)
_DIGITS = re.compile(r"^(\d{4})(\d\d)(\d\d)$", re.ASCII)


def _day(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _DAY.match(value.strip()) or _DIGITS.match(value.strip())
    if found is None:
        raise PydanticCustomError("date_iso", "YYYY-MM-DD required")
    year, month, day = found.groups()
    return f"{year}-{int(month):02d}-{int(day):02d}"


SheetDate = Annotated[Date, BeforeValidator(_day)]
"""A day as sheets write it: 1990-03-07, 1990/3/7, 1990.3.7, 1990年3月7日, 19900307."""


def _text(value: object) -> object:
    # A sheet holds phones and identity numbers as numbers now and then.
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return value


NUMBER_TEXT = BeforeValidator(_text)
"""Digits that a sheet may hold as a number."""


def codes_of(people: People, name: Any, spellings: Sequence[str], column: str) -> list[str]:
    """Return the codes that the spellings in a cell stand for, or refuse the row."""
    found = [people.lists.find(name, spelling) for spelling in spellings]
    if None in found:
        raise RowRefused(RowIssue(CodeUnknown.code, CodeUnknown.detail), column, list=name)
    return [code for code in found if code is not None]


def array_text(codes: Sequence[str]) -> str:
    """Return codes as PostgreSQL writes an array of them; codes need no quotes."""
    return "{" + ",".join(codes) + "}"


def person_of(given: Mapping[str, Any], source_id: str, context: ImportContext) -> PersonRead:
    """Return the personal fields of a row in clear, or refuse the row with all that is wrong."""
    stated = {name: value for name, value in given.items() if value is not None}
    read = read_person(stated, context.now.date())
    wrong = [(name, RowIssue(remark.code, remark.text)) for name, remark in read.wrong]
    if is_id_number(source_id):
        wrong.append(("source_id", RowIssue(SourceIdPersonal.code, SourceIdPersonal.detail)))
    if wrong:
        refused = RowRefused(wrong[0][1], wrong[0][0])
        for name, issue in wrong[1:]:
            refused.also(issue, name)
        raise refused
    return read


class Sealer:
    """Seals the personal fields of staged rows of one noun."""

    def __init__(self, of: Personal, people: People) -> None:
        self.of = of
        self._vault = people.vault

    @property
    def staging(self) -> list[tuple[str, str]]:
        """The columns of the temporary table that `cells` fills, besides the fresh id."""
        return [(name, "bytea") for name in self.of.columns]

    def cells(self, fresh_id: UUID, origin: str, clear: Mapping[str, str | None]) -> list[object]:
        """Return the sealed cells of a row; an unstated field is empty."""
        out: list[object] = []
        for name in self.of.fields:
            out += self.of.seal_one(self._vault, fresh_id, origin, name, clear.get(name))
        return out

    async def settle(self, tx: Tx, keep: Sequence[str] = ()) -> None:
        """Let stored rows keep their seals where nothing changed, and seal again what did.

        `keep` names fields whose stored value stays whenever the row states no identity number
        and the stored row has one.
        """
        await people_imports.keep_seals(tx, self.of.table, self.of.fields, keep)
        batches = people_imports.to_reseal(
            tx, self.of.table, self.of.fields, batch_rows=_RESEAL_ROWS
        )
        async for rows in batches:
            for name in self.of.fields:
                anew = await asyncio.to_thread(self._anew, name, rows)
                if anew:
                    await people_imports.reseal(tx, name, anew)

    def _anew(self, name: str, rows: Sequence[Mapping[Any, Any]]) -> list[tuple[int, bytes]]:
        table, vault = self.of.table.name, self._vault
        out = []
        for row in rows:
            if row[f"{name}_differs"]:
                clear = vault.unseal(table, name, row["fresh_id"], row[name])
                out.append((row["row_no"], vault.seal(table, name, row["stored_id"], clear)))
        return out


async def told(tx: Tx, people: People, noun: str, counts: Counts, context: ImportContext) -> None:
    """Write an import of persons into the audit trail, last in its transaction."""
    if counts.created or counts.updated:
        entry = Entry(
            action="imported",
            noun=noun,
            area=await people_imports.area_of_import(tx, context.import_id),
            details={
                "import_id": str(context.import_id),
                "created": counts.created,
                "updated": counts.updated,
            },
        )
        actor = Actor(context.client_id, context.areas)
        await append(tx, people.trail.table, actor, entry, at=context.now)


def hash_columns(of: Personal) -> tuple[str, ...]:
    """Return the columns that stand beside the sealed ones."""
    return tuple(f"{name}{HASH_ENDING}" for name in of.fields)

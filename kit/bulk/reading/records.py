"""A record: one row of a file as names and values, before its noun has looked at it.

Readers of tables yield blocks of rows as well: the same thing, not yet turned into dictionaries,
so that good rows can be judged by columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson

from kit.bulk import problems
from kit.bulk.issues import Flaw
from kit.bulk.reading.columns import Columns

LINE_BYTES_MAX = 1 << 20
FEATURE_BYTES_MAX = 8 << 20
#: Rows that a reader of tables hands on together.
BLOCK_ROWS = 2000


class Record(NamedTuple):
    """Row number (1 is a table's first row, or the first line or feature), values, flaws."""

    row: int
    values: dict[str, Any]
    flaws: Sequence[Flaw] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Rows with the same columns; `fields[n]` is the field of every row's nth cell.

    Column None is not read.  A cell is a text, None when there is none; from JSON it may be of
    any kind.  With `empty_is_absent` an empty text is no value (tables), else it is one (JSON).
    """

    columns: Columns
    fields: Sequence[str | None]
    numbers: Sequence[int]
    rows: Sequence[Sequence[Any]]
    empty_is_absent: bool = True

    def record(self, at: int) -> Record:
        """Return one of the rows as a record."""
        values = {
            name: cell
            for name, cell in zip(self.fields, self.rows[at], strict=True)
            if name is not None and cell is not None and (cell != "" or not self.empty_is_absent)
        }
        flaw = parse_geometry(self.columns, values) if self.empty_is_absent else None
        return Record(self.numbers[at], values, [flaw] if flaw else ())

    def records(self) -> Iterator[Record]:
        """Yield every row as a record."""
        return (self.record(at) for at in range(len(self.rows)))


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of an upload's content: bytes unpacked, in all and over the packed ones, and tables.

    `shared_bytes` bounds the texts that a workbook keeps beside its sheets, which are held in
    memory; `header_rows` is how far down a table's header is looked for.
    """

    unpacked_bytes: int = 8 << 30
    ratio: int = 200
    shared_bytes: int = 64 << 20
    header_rows: int = 30


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read: whose columns, in which encoding, with which habits."""

    columns: Columns
    encoding: str = "utf-8"
    #: The file holds apostrophes, so cells may bear the `'` that our exports put before `=`.
    apostrophes: bool = False
    limits: Limits = Limits()
    #: The sheet of a workbook that the sender named.
    sheet: str | None = None


_DEFUSED = ("'=", "'+", "'-", "'@", "'\t", "'\r")


def restored(cell: str) -> str:
    """Return a cell without the `'` that our exports put before what a sheet would compute."""
    return cell[1:] if cell.startswith(_DEFUSED) else cell


def parse_geometry(columns: Columns, values: dict[str, Any]) -> Flaw | None:
    """Turn the GeoJSON text of a table's cell into an object; returns the flaw, if any."""
    name = columns.geometry
    if name is None or name not in values:
        return None
    try:
        geometry = orjson.loads(values[name])
    except orjson.JSONDecodeError:
        geometry = None
    if not isinstance(geometry, dict):
        return Flaw(problems.GEOMETRY_JSON, name)
    values[name] = geometry
    return None


def place_geometry(
    columns: Columns, geometry: Mapping[str, Any] | None, values: dict[str, Any]
) -> Flaw | None:
    """Put a feature's geometry into the fields that the noun names; returns the flaw, if any."""
    if geometry is None:
        return None
    position = geometry.get("coordinates")
    is_point = geometry.get("type") == "Point" and isinstance(position, list) and len(position) >= 2
    if is_point and columns.point is not None and isinstance(position, list):
        values[columns.point[0]], values[columns.point[1]] = position[0], position[1]
        return None
    if columns.geometry is None:
        return Flaw(problems.GEOMETRY_UNEXPECTED, "geometry")
    values[columns.geometry] = geometry
    return None

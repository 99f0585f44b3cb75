"""A record: one row of a file as names and values, before its noun has looked at it."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from kit.bulk import problems
from kit.bulk.issues import Flaw
from kit.bulk.noun import Noun

NAME_SHOWN_MAX = 100
LINE_BYTES_MAX = 1 << 20
FEATURE_BYTES_MAX = 8 << 20
COLUMNS_MAX = 1000


class Record(NamedTuple):
    """Row number (1 is a CSV's header line, or the first line or feature), values, flaws."""

    row: int
    values: dict[str, Any]
    flaws: Sequence[Flaw] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be read: whose columns, in which encoding, with which habits."""

    columns: Columns
    encoding: str = "utf-8"
    #: The file holds apostrophes, so cells may bear the `'` that our exports put before `=`.
    apostrophes: bool = False


class Columns:
    """The names by which a noun's columns may be called in a file."""

    def __init__(self, noun: Noun[Any], given: Collection[str] = ()) -> None:
        fields = noun.model.model_fields
        #: Fields that the request gives for every row, so that the file need not have them.
        self.given = frozenset(given)
        self.names = frozenset(fields)
        self.required = [name for name, info in fields.items() if info.is_required()]
        self.ignores_unknown = noun.model.model_config.get("extra") == "ignore"
        self.geometry = noun.geometry
        self.point = noun.point
        self.has_source_id = "source_id" in fields
        self._personal = noun.personal
        self._known = {_plain(name): name for name in fields}
        for name, others in noun.headers.items():
            if name not in fields:
                message = f"{noun.name}: headers for the unknown field {name}"
                raise ValueError(message)
            self._known.update({_plain(other): name for other in others})

    def find(self, header: str) -> str | None:
        """Return the field that a header means; None when it means none."""
        return self._known.get(_plain(header))

    def told(self, name: object, position: int) -> str:
        """Return how an unknown column is told of: by its place where its name may be a person's.

        A sheet without a header offers its first person as names of columns.
        """
        return f"#{position}" if self._personal else shown(name)

    def rename(self, row: int, values: dict[str, Any]) -> Record:
        """Return the record of a JSON object: known names put in place of aliases, nulls dropped.

        Unknown names stay as they are, so that the row's model refuses them by name.
        """
        if not (values.keys() <= self.names):
            renamed: dict[str, Any] = {}
            for name, value in values.items():
                field = self.find(name) or name
                if field in renamed:
                    told = field if field in self.names else self.told(field, len(renamed))
                    return Record(row, {}, [Flaw(problems.ROW_REPEATED_NAME, told)])
                renamed[field] = value
            values = renamed
        if None in values.values():
            values = {name: value for name, value in values.items() if value is not None}
        return Record(row, values)


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name[:NAME_SHOWN_MAX]).casefold()
    return "".join(folded.split()).replace("_", "").replace("-", "")


def shown(name: object) -> str:
    """Return a column name that came in a file, cut and without control characters."""
    text = str(name)[:NAME_SHOWN_MAX]
    return "".join(
        mark if mark.isprintable() and not "\ud800" <= mark <= "\udfff" else "?" for mark in text
    )


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

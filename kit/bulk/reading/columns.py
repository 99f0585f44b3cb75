"""The names by which a noun's columns may be called in a file, and how cells are spelled there."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from kit.bulk import problems
from kit.bulk.issues import Flaw
from kit.bulk.noun import Noun, kinds_of
from kit.bulk.reading import spelling

NAME_SHOWN_MAX = 100
#: Columns of a file that count its own rows; no noun keeps them.
_COUNTING = frozenset({"序号", "no.", "№", "#"})
#: What a form writes behind a column's name; it says nothing of the column.
_REMARKS = frozenset({"必填", "选填", "可选", "非必填", "必填项", "required", "optional"})
_PARTS = re.compile(r"[\n\r/|;,()\[\]]+")
_LATIN = re.compile(r"[A-Za-z][A-Za-z0-9_ -]*$")

Tidy = Callable[[str], str]


class Columns:
    """What the headers of one file mean; made anew for each import.

    `spelled` becomes the header of each field as the file spells it, `letters` its column in a
    workbook.
    """

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
        self.spelled: dict[str, str] = {}
        self.letters: dict[str, str] = {}
        self.tidy: Mapping[str, Tidy] = _tidying(noun)
        self.kinds = {name: kinds_of(info.annotation) for name, info in fields.items()}
        self._known = {_plain(name): name for name in fields}
        for name, others in noun.headers.items():
            if name not in fields:
                message = f"{noun.name}: headers for the unknown field {name}"
                raise ValueError(message)
            self._known.update({_plain(other): name for other in others})

    def find(self, header: str) -> str | None:
        """Return the field that a header means; None when it means none.

        A header may hold several names of one field (`户号 household_no`), a star for a required
        column, and remarks such as `(必填)`.
        """
        found = self._known.get(_plain(header))
        if found is not None or len(header) > NAME_SHOWN_MAX:
            return found
        meant = {self._known.get(part) for part in _parts(header)}
        return meant.pop() if len(meant) == 1 else None

    def told(self, name: object, position: int) -> str:
        """Return how an unknown column is told of: by its place where its name may be a person's.

        A sheet without a header offers its first person as names of columns.
        """
        return f"#{position}" if self._personal else shown(name)

    def is_counting(self, header: str) -> bool:
        """Tell whether a column only numbers the rows of its file."""
        return _plain(header) in _COUNTING

    def known_in(self, cells: Iterable[str]) -> set[str]:
        """Return the fields that the cells of a row would be headers of."""
        return {field for cell in cells if cell and (field := self.find(cell)) is not None}

    def missing(self, fields: Collection[str | None]) -> list[str]:
        """Return the required fields that a header lacks and the request does not give."""
        return [name for name in self.required if name not in fields and name not in self.given]

    def rename(self, values: dict[str, Any]) -> tuple[dict[str, Any], Flaw | None]:
        """Return a JSON object with known names in place of aliases, nulls dropped.

        Unknown names stay as they are, so that the row's model refuses them by name.
        """
        if not (values.keys() <= self.names):
            renamed: dict[str, Any] = {}
            for name, value in values.items():
                field = self.find(name) or name
                if field in renamed:
                    told = field if field in self.names else self.told(field, len(renamed))
                    return {}, Flaw(problems.ROW_REPEATED_NAME, told)
                if field != name:
                    self.spelled.setdefault(field, shown(name))
                renamed[field] = value
            values = renamed
        if None in values.values():
            values = {name: value for name, value in values.items() if value is not None}
        return values, None


def _parts(header: str) -> Iterable[str]:
    """Yield the plain names that a header puts side by side."""
    text = unicodedata.normalize("NFKC", header)
    for part in _PARTS.split(text):
        latin = _LATIN.search(part)
        halves: Sequence[str] = (part,)
        if latin and latin.start() > 0:
            halves = (part[: latin.start()], latin.group())
        for half in halves:
            plain = _plain(half)
            if plain and plain not in _REMARKS:
                yield plain


def _plain(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name[:NAME_SHOWN_MAX]).casefold()
    return re.sub(r"[\s_*:\-]+", "", folded)


def shown(name: object) -> str:
    """Return a text that came in a file, cut and without characters that cannot be seen."""
    text = str(name)[:NAME_SHOWN_MAX]
    return "".join(
        mark if mark.isprintable() and not "\ud800" <= mark <= "\udfff" else "?" for mark in text
    )


def _tidying(noun: Noun[Any]) -> dict[str, Tidy]:
    """Return, by field, what turns the usual spellings of a cell into the model's."""
    found: dict[str, Tidy] = {}
    for name, info in noun.model.model_fields.items():
        kinds = kinds_of(info.annotation)
        about = noun.about.get(name)
        if about is not None and about.choices:
            found[name] = spelling.choosing(about.choices)
        elif date in kinds and datetime not in kinds:
            found[name] = spelling.plain_date
        elif bool in kinds:
            found[name] = spelling.plain_bool
        elif int in kinds or float in kinds:
            found[name] = spelling.plain_number
    return found

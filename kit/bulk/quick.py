"""Judging the rows of a block by columns: one pass over each column instead of one over each row.

Only nouns with a `direct` plan can be judged so.  Rows that do not pass here are no refusals: they
are handed back, to be judged one by one by the noun's model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import compress
from typing import Any

from uuid_utils import uuid7

from kit.areas import EVERYWHERE, covers
from kit.bulk.checks import CellCheck, checks_of
from kit.bulk.noun import ImportContext, Noun
from kit.bulk.reading.columns import Tidy
from kit.bulk.reading.records import Block

_NULL = "\\N"
_TEXT_OR_NONE = {str, type(None)}
Cells = Sequence[Any]


class QuickJudge:
    """Judges blocks of one noun in one import."""

    def __init__(self, noun: Noun[Any], context: ImportContext) -> None:
        fields = noun.model.model_fields
        self._checks = checks_of(noun.model)
        self._plan = [tuple(noun.direct[name]) for name in noun.filled] if noun.direct else []
        self._defaults = {name: info.default for name, info in fields.items()}
        self._required = {name for name, info in fields.items() if info.is_required()}
        if context.source is not None and "source" in fields:
            self._required.discard("source")
            self._defaults["source"] = context.source
        names = noun.filled
        everywhere = EVERYWHERE in context.areas or noun.area is None
        self._area = None if everywhere else names.index(noun.area or "")
        self._areas = context.areas

    def judge(self, block: Block) -> tuple[bytes, Sequence[int]]:
        """Return the COPY text of the rows that pass, and which of the rows do not."""
        count = len(block.rows)
        good = [True] * count
        columns = self._columns(block, good)
        if columns is None:
            return b"", range(count)
        staged = [self._staged(sources, columns, count) for sources in self._plan]
        if self._area is not None:
            area = staged[self._area]
            inside = {code for code in set(area) if code != _NULL and covers(self._areas, code)}
            _strike(good, [code not in inside for code in area])
        ids = [str(uuid7()) for _ in range(count)]
        return _lines([list(map(str, block.numbers)), ids, *staged], good)

    def _columns(self, block: Block, good: list[bool]) -> dict[str, Cells] | None:
        """Return the texts by field, None where there is none, striking rows from `good`.

        None when a column cannot be judged as a whole.
        """
        columns: dict[str, Cells] = {}
        for field, cells in _given(block):
            check = self._checks.get(field)
            if check is not None:
                if field in self._required and None in cells:
                    _strike(good, [cell is None for cell in cells])
                columns[field] = self._texts(check, cells, block.columns.tidy.get(field), good)
            elif any(cell is not None for cell in cells):
                return None
        return None if self._required - columns.keys() else columns

    @staticmethod
    def _texts(check: CellCheck, cells: Cells, tidy: Tidy | None, good: list[bool]) -> Cells:
        """Return the texts of a column, and strike the rows from `good` whose cell may be wrong."""
        texts = cells
        if not set(map(type, cells)) <= _TEXT_OR_NONE:
            texts = [_from_json(cell, check) for cell in cells]
        if _takes(check, texts):
            return texts
        if tidy is not None:
            texts = [None if text is None else tidy(text) for text in texts]
            if _takes(check, texts):
                return texts
        _strike(good, [text is not None and not check.takes(text) for text in texts])
        return texts

    def _staged(self, sources: Sequence[str], columns: dict[str, Cells], count: int) -> Cells:
        """Return a staging column: the first field that is given, row by row."""
        found: Cells | None = None
        for name in sources:
            cells = columns.get(name)
            if cells is not None:
                found = cells if found is None else _filled(found, cells)
            default = self._defaults[name]
            if name not in self._required and default is not None:
                text = _text(default)
                found = [text] * count if found is None else _filled(found, [text] * count)
        if found is None:
            return [_NULL] * count
        return [_NULL if cell is None else cell for cell in found] if None in found else found


def _given(block: Block) -> Iterator[tuple[str, Cells]]:
    """Yield the columns of a block that are fields, None where a row has nothing in them."""
    for field, cells in zip(block.fields, zip(*block.rows, strict=True), strict=True):
        if field is not None:
            yield field, [cell or None for cell in cells] if block.empty_is_absent else cells


def _takes(check: CellCheck, texts: Cells) -> bool:
    present = [text for text in texts if text is not None] if None in texts else texts
    return not present or check.takes_all(present)


def _strike(good: list[bool], bad: Sequence[bool]) -> None:
    """Strike the rows that are bad from those that are good so far."""
    for at, is_bad in enumerate(bad):
        if is_bad:
            good[at] = False


def _lines(cells: Sequence[Cells], good: list[bool]) -> tuple[bytes, Sequence[int]]:
    """Return the COPY text of the good rows, and which rows are not."""
    slow: Sequence[int] = ()
    if not all(good):
        slow = [at for at, passes in enumerate(good) if not passes]
        cells = [list(compress(column, good)) for column in cells]
    lines = "\n".join(map("\t".join, zip(*cells, strict=True)))
    return (lines + "\n").encode() if lines else b"", slow


def _filled(first: Cells, then: Cells) -> Cells:
    if None not in first:
        return first
    return [b if a is None else a for a, b in zip(first, then, strict=True)]


def _text(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def _from_json(cell: Any, check: CellCheck) -> str | None:
    """Return a JSON value as the text that is checked; what its field may not hold fails there."""
    if cell is None or isinstance(cell, str):
        return cell
    if type(cell) is check.kind:
        return _text(cell)
    return "\x00"

"""From records to staged rows: the model and the noun judge each, good ones become COPY text."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError
from uuid_utils import uuid7

from kit.areas import EVERYWHERE, covers
from kit.bulk import problems
from kit.bulk.issues import Flaw, RowIssue, RowRefused
from kit.bulk.noun import ImportContext, Noun
from kit.bulk.quick import QuickJudge
from kit.bulk.reading.columns import Columns, shown
from kit.bulk.reading.records import BLOCK_ROWS, Block, Record
from kit.errors import Problem
from kit.web.problems import as_field_error


@dataclass(slots=True)
class Batch:
    """The outcome of some rows: COPY text of the good, flaws of the others with row numbers."""

    copy: bytes = b""
    read: int = 0
    refused: int = 0
    flaws: list[tuple[int, Flaw]] = field(default_factory=list)


def batches(
    records: Iterable[Record | Block],
    noun: Noun[Any],
    context: ImportContext,
    *,
    size: int = BLOCK_ROWS,
) -> Iterator[Batch]:
    """Yield batches of at most `size` rows; memory does not grow with the file."""
    judge = _Judge(noun, context)
    batch, lines = Batch(), []
    for found in records:
        if isinstance(found, Block):
            yield judge.block(found)
            continue
        batch.read += 1
        verdict = judge.line(found)
        if isinstance(verdict, bytes):
            lines.append(verdict)
        else:
            batch.refused += 1
            batch.flaws += [(found.row, flaw) for flaw in verdict]
        if batch.read >= size:
            batch.copy = b"".join(lines)
            yield batch
            batch, lines = Batch(), []
    if batch.read:
        batch.copy = b"".join(lines)
        yield batch


class _Judge:
    """Holds what does not change from row to row."""

    def __init__(self, noun: Noun[Any], context: ImportContext) -> None:
        # The bare validator: `model_validate` adds a microsecond of checks to every row.
        self._validate = noun.model.__pydantic_validator__.validate_python
        self._stage = noun.stage
        self._context = context
        self._areas = context.areas
        self._names = noun.model.model_fields.keys() if noun.personal else None
        self._source = context.source if "source" in noun.model.model_fields else None
        names = noun.filled
        everywhere = EVERYWHERE in context.areas or noun.area is None
        self._area = None if everywhere else names.index(noun.area or "")
        self._area_column = noun.area
        self._quick = QuickJudge(noun, context) if noun.direct is not None else None
        self._tidy = Columns(noun).tidy

    def block(self, block: Block) -> Batch:
        """Judge rows by columns where that can be, one by one where not."""
        batch = Batch(read=len(block.rows))
        slow: Iterable[int] = range(batch.read)
        lines: list[bytes] = []
        if self._quick is not None:
            text, slow = self._quick.judge(block)
            lines.append(text)
        for at in slow:
            record = block.record(at)
            verdict = self.line(record)
            if isinstance(verdict, bytes):
                lines.append(verdict)
            else:
                batch.refused += 1
                batch.flaws += [(record.row, flaw) for flaw in verdict]
        batch.copy = b"".join(lines)
        return batch

    def line(self, record: Record) -> bytes | Sequence[Flaw]:
        """Return the COPY line of a good row, or what is wrong with it."""
        if record.flaws:
            return record.flaws
        values = record.values
        if self._source is not None and "source" not in values:
            values["source"] = self._source
        for name in self._tidy.keys() & values.keys():
            if isinstance(values[name], str):
                values[name] = self._tidy[name](values[name])
        try:
            staged = self._stage(self._validate(values), self._context)
        except ValidationError as error:
            return [self._as_flaw(entry) for entry in error.errors(include_url=False)]
        except RowRefused as refused:
            return refused.flaws
        except Problem as problem:
            issue = RowIssue(problem.code, type(problem).detail)
            return [Flaw(issue, None, problem.params)]
        if self._area is not None and not covers(self._areas, str(staged[self._area])):
            return [Flaw(problems.ROW_OUTSIDE_AREA, self._area_column)]
        return copy_line(record.row, staged)

    def _as_flaw(self, entry: Any) -> Flaw:
        found = as_field_error(entry)
        name = entry["loc"][0] if entry["loc"] else None
        # An unknown name in a row about a person may itself be personal.
        is_hidden = self._names is not None and name not in self._names
        column = None if name is None or is_hidden else shown(name)
        return Flaw(RowIssue(found.code, found.text), column, dict(found.params))


def copy_line(row: int, staged: Sequence[object]) -> bytes | list[Flaw]:
    """Return one line of PostgreSQL's COPY text format: row number, fresh id, the values."""
    cells = [
        value if isinstance(value, str) else _WRITE.get(type(value), _other)(value)
        for value in staged
    ]
    line = "\t".join(cells)
    # One look at the whole line tells whether some cell must be escaped: hardly ever.
    if (
        line.count("\\") != staged.count(None)
        or line.count("\t") != len(cells) - 1
        or _CONTROL(line)
    ):
        if "\x00" in line:
            return [Flaw(problems.ROW_CHARACTER)]
        line = "\t".join(
            value.translate(_ESCAPES) if isinstance(value, str) else cell
            for value, cell in zip(staged, cells, strict=True)
        )
    try:
        return f"{row}\t{uuid7()}\t{line}\n".encode()
    except UnicodeEncodeError:
        return [Flaw(problems.ROW_CHARACTER)]


_CONTROL = re.compile(r"[\x00\n\r]").search
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def _json(value: object) -> str:
    return orjson.dumps(value).decode().translate(_ESCAPES)


def _other(value: object) -> str:
    # A subclass (the driver's UUID, say): by the nearest known class.
    for kind, write in _WRITE.items():
        if isinstance(value, kind):
            return write(value)
    message = f"a staged value of type {type(value).__name__} cannot be stored"
    raise TypeError(message)


_WRITE: dict[type, Callable[[Any], str]] = {
    type(None): lambda _: "\\N",
    bool: lambda value: "t" if value else "f",
    int: str,
    float: repr,
    datetime: datetime.isoformat,
    date: date.isoformat,
    UUID: str,
    Decimal: str,
    bytes: lambda value: "\\\\x" + value.hex(),
    dict: _json,
    list: _json,
}

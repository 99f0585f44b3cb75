"""NDJSON: one JSON object a line, UTF-8; a row's number is its line's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import orjson

from kit.bulk import problems
from kit.bulk.issues import Flaw
from kit.bulk.reading.records import LINE_BYTES_MAX, Reading, Record

_BOM = b"\xef\xbb\xbf"


def read(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    """Yield the rows; a line that is no object is a flawed row, never the end of the reading."""
    columns = reading.columns
    row = 0
    while line := stream.readline(LINE_BYTES_MAX + 1):
        row += 1
        if len(line) > LINE_BYTES_MAX:
            _skip_line(stream, line)
            yield Record(
                row, {}, [Flaw(problems.ROW_TOO_LONG, None, {"limit_bytes": LINE_BYTES_MAX})]
            )
            continue
        text = line.removeprefix(_BOM) if row == 1 else line
        if text.isspace() or not text:
            continue
        try:
            values = orjson.loads(text)
        except orjson.JSONDecodeError:
            yield Record(row, {}, [Flaw(problems.ROW_JSON)])
            continue
        if isinstance(values, dict):
            yield columns.rename(row, values)
        else:
            yield Record(row, {}, [Flaw(problems.ROW_NOT_OBJECT)])


def _skip_line(stream: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(LINE_BYTES_MAX)

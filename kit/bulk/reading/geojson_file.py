"""GeoJSON FeatureCollections (RFC 7946), feature by feature; the file is never held whole.

A regular expression walks from brace to brace (strings are skipped inside the pattern, so a brace
within a text does not count); each feature's bytes are then parsed alone.  What stands before and
behind the features is put together and parsed at the end: a file that is not closed properly, or
is no FeatureCollection, is refused as a whole.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson

from kit.bulk import problems
from kit.bulk.issues import FileRefused, Flaw, RowIssue
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.ndjson_file import renamed
from kit.bulk.reading.records import FEATURE_BYTES_MAX, Reading, Record, place_geometry

_CHUNK = 1 << 18
_FRAME_BYTES_MAX = 1 << 20
_STRING = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TO_BRACE = re.compile(rb'[^"{}]*+(?:' + _STRING + rb'[^"{}]*+)*+([{}])', re.DOTALL)
_FRAME_TOKEN = re.compile(_STRING + rb"|[{}\[\]]", re.DOTALL)
_AFTER_NAME = re.compile(rb"\s*:\s*\[")
_BETWEEN = re.compile(rb"\s*(,?)\s*")
_LONGITUDE_LATITUDE = re.compile(r"(CRS:?84|EPSG:+(4326|4490))$", re.IGNORECASE)


class _Window:
    """The part of the file that is in memory: `data` from `at` on is not used yet."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.data = b""
        self.at = 0
        self._step = _CHUNK

    def more(self) -> bool:
        """Read on, more each time: a large feature costs linear time.  False at the end."""
        chunk = self._stream.read(self._step)
        self._step = min(self._step * 2, FEATURE_BYTES_MAX)
        self.data = self.data[self.at :] + chunk
        self.at = 0
        return bool(chunk)

    def settle(self) -> None:
        """Go back to small reads (a feature has been taken)."""
        self._step = _CHUNK


def read(stream: BinaryIO, reading: Reading) -> Iterator[Record]:
    """Yield the features; a feature that is no good is a flawed row.

    Raises FileRefused when the frame around the features is broken.
    """
    window = _Window(stream)
    head = _find_features(window)
    row = 0
    while (feature := _next_feature(window, row)) is not None:
        row += 1
        yield _record(row, feature, reading.columns)
    _check_frame(head, window, row)


def _find_features(window: _Window) -> bytes:
    """Return the bytes up to and with the `[` of the features, and go behind it."""
    window.more()
    window.data = window.data.removeprefix(b"\xef\xbb\xbf")
    while True:
        end = _features_start(window.data)
        if end is not None:
            window.at = end
            return window.data[:end]
        if len(window.data) > _FRAME_BYTES_MAX or not window.more():
            raise FileRefused(problems.FILE_NOT_COLLECTION)


def _features_start(data: bytes) -> int | None:
    depth = 0
    for token in _FRAME_TOKEN.finditer(data):
        mark = token.group()
        if mark in b"{[":
            depth += 1
        elif mark in b"}]":
            depth -= 1
        elif depth == 1 and mark == b'"features"':
            behind = _AFTER_NAME.match(data, token.end())
            if behind:
                return behind.end()
    return None


def _next_feature(window: _Window, row: int) -> bytes | None:
    """Return the bytes of the next feature, None at the end of the array."""
    comma = False
    while True:
        gap = _BETWEEN.match(window.data, window.at)
        comma = comma or bool(gap and gap.group(1))
        window.at = gap.end() if gap else window.at
        if window.at < len(window.data):
            break
        if not window.more():
            raise FileRefused(problems.FILE_GEOJSON, row=row)
    mark = window.data[window.at : window.at + 1]
    if mark == b"]" and not comma:
        return None
    if mark != b"{" or comma != (row > 0):
        raise FileRefused(problems.FILE_GEOJSON, row=row)
    return _object(window, row)


def _object(window: _Window, row: int) -> bytes:
    depth = 0
    scanned = window.at
    while True:
        token = _TO_BRACE.match(window.data, scanned)
        if token is None:
            scanned -= window.at
            if len(window.data) - window.at > FEATURE_BYTES_MAX or not window.more():
                raise FileRefused(problems.FILE_GEOJSON, row=row)
            continue
        scanned = token.end()
        depth += 1 if token.group(1) == b"{" else -1
        if depth == 0:
            feature = window.data[window.at : scanned]
            window.at = scanned
            window.settle()
            return feature


def _check_frame(head: bytes, window: _Window, row: int) -> None:
    while len(window.data) - window.at <= _FRAME_BYTES_MAX and window.more():
        pass
    try:
        frame: Any = orjson.loads(head + window.data[window.at :])
    except orjson.JSONDecodeError:
        raise FileRefused(problems.FILE_GEOJSON, row=row) from None
    if frame.get("type") != "FeatureCollection":
        raise FileRefused(problems.FILE_NOT_COLLECTION)
    crs = frame.get("crs")
    if crs is not None:
        properties = crs.get("properties") if isinstance(crs, dict) else None
        name = properties.get("name") if isinstance(properties, dict) else None
        if not isinstance(name, str) or not _LONGITUDE_LATITUDE.search(name):
            raise FileRefused(problems.FILE_CRS_MEMBER)


def _record(row: int, data: bytes, columns: Columns) -> Record:
    try:
        feature = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _flawed(row, problems.ROW_JSON)
    properties = feature.get("properties")
    geometry = feature.get("geometry")
    if feature.get("type") != "Feature" or not isinstance(properties, dict | None):
        return _flawed(row, problems.ROW_NOT_FEATURE)
    if not isinstance(geometry, dict | None):
        return _flawed(row, problems.GEOMETRY_JSON, "geometry")
    record = renamed(columns, row, dict(properties or {}))
    if record.flaws:
        return record
    flaw = place_geometry(columns, geometry, record.values)
    identity = feature.get("id")
    if columns.has_source_id and "source_id" not in record.values and identity is not None:
        record.values["source_id"] = str(identity) if isinstance(identity, int) else identity
    return Record(row, record.values, [flaw] if flaw else ())


def _flawed(row: int, issue: RowIssue, column: str | None = None) -> Record:
    return Record(row, {}, [Flaw(issue, column)])

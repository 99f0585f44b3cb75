"""Readers and the COPY text, taken by themselves: cuts at any byte, any cell, any encoding."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.bulk.issues import FileRefused
from kit.bulk.reading import csv_file, geojson_file, ndjson_file
from kit.bulk.reading.columns import Columns
from kit.bulk.reading.records import Limits, Reading, Record
from kit.bulk.reading.unpack import inspect, opened
from kit.bulk.rows import copy_line
from tests.kit.bulk.harbour.app import berths

COLUMNS = Columns(berths(), given=("source", "source_id", "area", "name"))
LIMITS = Limits(unpacked_bytes=1 << 20, ratio=200)


class Dripping(io.BytesIO):
    """A stream that gives only a few bytes a read."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, _size: int | None = -1, /) -> bytes:
        return super().read(self._step)


def features(data: bytes, step: int = 1 << 20) -> list[Record]:
    return list(geojson_file.read(Dripping(data, step), Reading(COLUMNS)))


names = st.text(st.characters(codec="utf-8"), max_size=30)


@given(given_names=st.lists(names, max_size=5), step=st.integers(1, 60), pretty=st.booleans())
def test_features_are_split_the_same_wherever_the_reads_are_cut(
    given_names: list[str], step: int, pretty: bool
) -> None:
    made = [
        {"type": "Feature", "geometry": None, "properties": {"name": name}} for name in given_names
    ]
    text = json.dumps(
        {"bbox": [1, 2], "note": '"features": [{', "type": "FeatureCollection", "features": made},
        indent=1 if pretty else None,
        ensure_ascii=False,
    )
    found = features(text.encode(), step)
    assert [record.values for record in found] == [{"name": name} for name in given_names]
    assert [record.row for record in found] == list(range(1, len(made) + 1))


def refusal(read: Callable[[], object]) -> str:
    """The code by which the file is refused; empty when it is read."""
    try:
        read()
    except FileRefused as refused:
        return refused.issue.code
    return ""


@given(data=st.binary(max_size=200), step=st.integers(1, 50))
def test_any_bytes_are_read_or_refused_by_name(data: bytes, step: int) -> None:
    for body in (data, b'{"type":"FeatureCollection","features":[' + data):
        assert refusal(lambda body=body: features(body, step)).startswith("import.geojson")
    assert all(record.row for record in ndjson_file.read(io.BytesIO(data), Reading(COLUMNS)))
    table = io.BytesIO(b"name,seats\n" + data)
    found = refusal(lambda: list(csv_file.read(table, Reading(COLUMNS))))
    assert found in {"", "import.quoting", "import.line_too_long"}


def test_a_feature_larger_than_one_read_is_taken_whole() -> None:
    ring = [[101.8, 36.6]] * 60_000
    area = {"type": "Polygon", "coordinates": [ring]}
    feature = {"type": "Feature", "geometry": area, "properties": {}}
    data = json.dumps({"type": "FeatureCollection", "features": [feature, feature]}).encode()
    assert len(data) > 1 << 20
    found = list(geojson_file.read(io.BytesIO(data), Reading(COLUMNS)))
    assert [len(record.values["outline"]["coordinates"][0]) for record in found] == [60_000] * 2


def test_a_feature_beyond_any_size_is_refused() -> None:
    text = '{"type":"FeatureCollection","features":[{"a":"' + "x" * (9 << 20)
    with pytest.raises(FileRefused) as refused:
        list(geojson_file.read(io.BytesIO(text.encode()), Reading(COLUMNS)))
    assert refused.value.issue.code == "import.geojson_broken"


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, "\\N"),
        ("\\N", "\\\\N"),
        ("a\tb\nc\rd\\", "a\\tb\\nc\\rd\\\\"),
        ("", ""),
        (True, "t"),
        (7, "7"),
        (0.1, "0.1"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 2), "2026-01-02"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x00\xff", "\\\\x00ff"),
        ({"a": "\t"}, '{"a":"\\\\t"}'),
        ([1, "x"], '[1,"x"]'),
    ],
)
def test_a_cell_is_written_as_copy_text(cell: object, text: str) -> None:
    for beside in ("plain", None, "ta\tb"):
        line = copy_line(5, [cell, beside])
        assert isinstance(line, bytes)
        row, own_id, first, *_ = line.decode().split("\t")
        assert (row, first) == ("5", text)
        assert UUID(own_id).version == 7


@pytest.mark.parametrize("cell", ["a\x00b", "\ud800"])
def test_what_postgresql_cannot_store_is_a_flaw(cell: str) -> None:
    flaws = copy_line(5, [cell, None])
    assert [flaw.issue.code for flaw in flaws if not isinstance(flaw, int)] == [
        "field.control_character"
    ]


def test_a_value_of_an_unknown_kind_is_a_defect_not_a_wrong_row() -> None:
    with pytest.raises(TypeError, match="type complex"):
        copy_line(5, [1j])


@pytest.mark.parametrize(
    ("body", "charset", "encoding"),
    [
        (b"plain", None, "utf-8"),
        ("经纬\n".encode(), None, "utf-8"),
        ("经纬\n".encode("gb18030") * 3, None, "gb18030"),
        ("经纬\n".encode() * 5 + b"\xd6\xd0\n", None, "utf-8"),
        (b"\xef\xbb\xbf\xd6\xd0\n", None, "utf-8"),
        ("经纬\n".encode(), "gb18030", "gb18030"),
        (gzip.compress("经纬\n".encode("gb18030"), mtime=0), None, "gb18030"),
    ],
)
def test_the_encoding_is_what_most_lines_say(
    tmp_path: Path, body: bytes, charset: str | None, encoding: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(body)
    assert inspect(path, LIMITS, text=True, charset=charset).encoding == encoding


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "import.empty"),
        (b"x" * (1 << 20) + b"x", "import.unpacked_too_large"),
        (gzip.compress(b"x" * (2 << 20), mtime=0), "import.unpacked_too_large"),
        (gzip.compress(b"x" * 9000, mtime=0)[:-9], "import.gzip_broken"),
    ],
)
def test_bodies_that_burst_or_break_are_refused_at_the_first_look(
    tmp_path: Path, body: bytes, code: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(body)
    with pytest.raises(FileRefused) as refused:
        inspect(path, LIMITS, text=False, charset=None)
    assert refused.value.issue.code == code


def test_gzip_members_one_after_another_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    with opened(path) as (stream, _):
        assert stream.read() == b"one\ntwo\n"


def test_headers_are_found_whatever_their_case_blanks_and_width() -> None:
    for header in ("Source_ID", " source id ", "SOURCE-ID", "编号", "ＩＤ"):
        assert COLUMNS.find(header) == "source_id"
    assert COLUMNS.find("identity") is None


def test_headers_for_a_field_that_is_not_there_are_a_defect_of_the_noun() -> None:
    noun: Any = berths()
    wrong = type(noun)(
        name="x",
        model=noun.model,
        staging=noun.staging,
        stage=noun.stage,
        apply=noun.apply,
        headers={"colour": ("颜色",)},
    )
    with pytest.raises(ValueError, match="colour"):
        Columns(wrong)

from __future__ import annotations

import io
from pathlib import Path

import pytest

from gateway.cli.case_folder import CaseFolder, read_features
from gateway.cli.failures import CliFailure


def test_layers_are_read_gzip_or_plain(small_case: Path) -> None:
    case = CaseFolder(small_case)
    assert [f["properties"]["code"] for f in case.features("communities")] == ["Q2", "Q1"]
    assert len(list(case.features("buildings"))) == 3
    assert list(case.features("legacy_grids")) == []


def test_a_case_name_becomes_a_speakable_source(small_case: Path) -> None:
    assert CaseFolder(small_case).name == "case"
    (small_case / "case.json").unlink()
    assert CaseFolder(small_case).name == "a-case"


def test_features_are_found_across_every_split_of_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (
        '{"type":"FeatureCollection", "crs": {"x": [1]}, "features" : [\n'
        '{"a":"]},{"} , {"b":[1,2]}\n] , "after": 1}'
    )
    for size in range(1, 40):
        monkeypatch.setattr("gateway.cli.case_folder._CHUNK", size)
        assert list(read_features(io.StringIO(text), "x")) == [{"a": "]},{"}, {"b": [1, 2]}]


@pytest.mark.parametrize(
    "text", ['{"features": [{"a": 1}, {"b"', '{"features": [{"a": 1}', '{"type": "x"}', "", "[1]"]
)
def test_a_truncated_or_foreign_file_is_refused_by_name(text: str) -> None:
    with pytest.raises(CliFailure) as refused:
        list(read_features(io.StringIO(text), "buildings.geojson"))
    assert refused.value.code == "cli.broken_file"
    assert "buildings.geojson" in refused.value.detail


def test_a_cut_gzip_file_is_refused_by_name(small_case: Path) -> None:
    path = small_case / "communities.geojson.gz"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(CliFailure) as refused:
        list(CaseFolder(small_case).features("communities"))
    assert refused.value.code == "cli.broken_file"


def test_a_folder_without_buildings_is_no_case(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(CliFailure) as refused:
            CaseFolder(folder)
        assert refused.value.code == "cli.no_case"


def test_rows_of_a_csv_are_read_past_a_byte_order_mark(small_case: Path) -> None:
    (small_case / "households.csv").write_bytes("﻿household_id,building_id\nh1,b1\n".encode())
    assert list(CaseFolder(small_case).rows("households")) == [
        {"household_id": "h1", "building_id": "b1"}
    ]

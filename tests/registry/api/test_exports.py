"""What is exported comes back: every noun, both languages, every format that imports read."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import asyncpg
import openpyxl
import pytest

from kit.bulk.reading.formats import FORMATS
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from kit.web.exports import CSV, GEOJSON_SEQ, NDJSON, XLSX
from services.registry.app import create_app
from tests.registry.factories import (
    V1,
    A,
    B,
    Registry,
    a_service_point,
    a_team,
    an_organization,
    inside,
    settings_for,
)

NOUNS = (
    "divisions", "organizations", "estates", "buildings", "units", "dwellings", "households",
    "service-points", "teams", "memberships",
)  # fmt: skip
LISTS = (*NOUNS, "counts", "changes")
READ = [media for media in (CSV, NDJSON, XLSX) if media in FORMATS]
#: Names that a spreadsheet would run, quote, or take for a number.
NAMES = ["=1+1", "+8", "-3号楼", "@home", "007", '引"号",逗号', "1e5", "普通"]


@pytest.fixture
def filled(registry: Registry) -> Registry:
    """Every noun with rows of a source, awkward names, references and a place."""

    def put(noun: str, number: int, body: dict[str, Any]) -> None:
        place = f"{V1}/{noun}/by-source/gis/X{number}"
        registry.done(registry.client.put(place, json=body))

    ref = {"source": "gis", "source_id": "X0"}
    for number, name in enumerate(NAMES):
        parent = {"parent": ref} if number else {}
        put("organizations", number, an_organization(A, name=name, jurisdiction=[A, B]) | parent)
        point = {"type": "Point", "coordinates": [101.795, 36.605]}
        estate = {"community_code": A, "name": name, "property_company": ref, "geometry": point}
        put("estates", number, estate)
        building = {"community_code": A, "name": name, "estate": ref, "floors": number + 1}
        put("buildings", number, building | {"geometry": inside(A, number)})
        unit = {"building": ref, "name": name, "floors": number, "geometry": point}
        put("units", number, unit)
        dwelling = {"building": ref, "address_code": f"DOOR-{number}", "unit": name, "floor": -1}
        put("dwellings", number, dwelling | {"area_m2": 80.25 + number, "use": "residential"})
        household = {
            "dwelling": ref,
            "residence_type": "rented",
            "household_no": name,
            "floor": -number,
            "unit": name,
        }
        put("households", number, household)
        station = {"services": [name, "充电"], "geometry": point, "organization": ref}
        put("service-points", number, a_service_point(A, name=name) | station)
        put("teams", number, a_team(A, name=name, description=name, organization=ref))
        own = {"source": "gis", "source_id": f"X{number}"}
        member = {"division_code": A, "kind": "grid_head", "name": "王五"}
        put("members", number, member | {"organization": ref})
        put("memberships", number, {"team": own, "member": own})
    return registry


def export(registry: Registry, noun: str, media: str, language: str = "en") -> bytes:
    headers = {"Accept": media, "Accept-Language": language}
    params = {"status": "all"} if noun == "divisions" else {}
    answer = registry.client.get(f"{V1}/{noun}", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith(media)
    return answer.content


def rows(url: str, noun: str) -> list[dict[str, Any]]:
    async def ask() -> list[dict[str, Any]]:
        connection = await asyncpg.connect(url)
        try:
            table = noun.replace("-", "_")
            return [
                dict(row) for row in await connection.fetch(f"SELECT * FROM {table} ORDER BY 1")
            ]
        finally:
            await connection.close()

    return asyncio.run(ask())


def spoil(url: str, statement: str) -> None:
    async def tell() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(tell())


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("media", READ)
@pytest.mark.parametrize("noun", NOUNS)
def test_an_export_that_comes_back_changes_nothing(
    filled: Registry, url: str, noun: str, media: str, language: str
) -> None:
    before = rows(url, noun)
    assert len(before) >= 6
    content = export(filled, noun, media, language)
    job = filled.load(noun, content, media, source="other")  # type: ignore[arg-type]
    assert job["state"] == "succeeded", job
    assert job["counts"]["unchanged"] == job["counts"]["read"] == len(before)
    assert rows(url, noun) == before


@pytest.mark.parametrize("media", READ)
@pytest.mark.parametrize("noun", sorted(set(NOUNS) - {"divisions", "memberships"}))
def test_an_export_restores_what_was_spoilt(
    filled: Registry, url: str, noun: str, media: str
) -> None:
    field = "unit" if noun in {"households", "dwellings"} else "name"
    before = {row["id"]: row[field] for row in rows(url, noun)}
    content = export(filled, noun, media, "zh-CN")
    spoil(url, f"UPDATE {noun.replace('-', '_')} SET {field} = source_id || '?'")
    job = filled.load(noun, content, media)  # type: ignore[arg-type]
    assert job["counts"]["updated"] == len(before), job
    assert {row["id"]: row[field] for row in rows(url, noun)} == before


@pytest.mark.parametrize("noun", LISTS)
def test_every_column_has_a_chinese_title(filled: Registry, noun: str) -> None:
    header = export(filled, noun, CSV, "zh-CN").decode("utf-8-sig").split("\r\n")[0]
    assert [title for title in header.split(",") if title.isascii()] == []
    english = export(filled, noun, CSV).decode("utf-8-sig").split("\r\n")[0].split(",")
    items = filled.get(noun)["items"]
    assert english == [name for name in items[0] if name != "warnings"]


@pytest.mark.parametrize("noun", LISTS)
def test_a_workbook_holds_the_whole_list(filled: Registry, noun: str) -> None:
    answer = filled.client.get(f"{V1}/{noun}", headers={"Accept": XLSX}, params={"limit": 1})
    assert answer.headers["content-disposition"] == f'attachment; filename="{noun}.xlsx"'
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    sheet = book.active
    assert sheet is not None
    whole = filled.get(noun, limit=1000)["items"]
    assert sheet.max_row == len(whole) + 1
    header = [cell.value for cell in sheet[1]]
    for row, item in zip(sheet.iter_rows(min_row=2, values_only=True), whole, strict=True):
        for name, cell in zip(header, row, strict=True):
            value = item[str(name)]
            if isinstance(value, int | float | bool) or value is None:
                assert cell == value, name
            elif isinstance(value, str):
                assert cell in {value, f"'{value}"}, name


@pytest.mark.parametrize("noun", ["divisions", "estates", "buildings", "service-points"])
def test_places_stream_as_a_sequence_of_features(filled: Registry, noun: str) -> None:
    text = export(filled, noun, GEOJSON_SEQ)
    assert text.count(b"\x1e") == len(filled.get(noun, limit=1000)["items"])


def test_a_list_that_is_too_long_for_a_workbook_says_what_to_do(
    filled: Registry, url: str, tokens: TestTokens, tmp_path: Path
) -> None:
    assert len(rows(url, "households")) == len(NAMES) == len(filled.get("teams")["items"])
    settings = settings_for(url, tmp_path, export_xlsx_rows_max=5)
    with in_process(create_app(settings, verifier=tokens.verifier())) as client:
        client.headers.update(tokens.headers())
        long = client.get(f"{V1}/households", headers={"Accept": XLSX})
        assert (long.status_code, long.json()["code"]) == (422, "export.too_many_rows")
        assert "text/csv" not in long.json()["detail"]
        short = client.get(f"{V1}/divisions?kind=community", headers={"Accept": XLSX})
        assert short.status_code == 200
    assert list(tmp_path.rglob("*.xlsx")) == []


def test_a_boundary_that_no_cell_holds_is_refused_by_column(registry: Registry) -> None:
    ring = [[101.79 + 0.005 / 2000 * number, 36.60 + number % 2 * 1e-6] for number in range(2000)]
    polygon = {"type": "Polygon", "coordinates": [[*ring, [101.795, 36.607], ring[0]]]}
    place = f"{V1}/divisions/{A}"
    registry.done(
        registry.client.patch(place, json={"boundary": polygon}, headers={"If-Match": "*"})
    )
    answer = registry.client.get(f"{V1}/divisions", headers={"Accept": XLSX})
    assert (answer.status_code, answer.json()["code"]) == (422, "export.cell_too_long")
    assert "boundary" in answer.json()["detail"]

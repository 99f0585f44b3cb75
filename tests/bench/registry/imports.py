"""Imports of the case's household rows: speed beside a bare COPY, memory, the same register."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xlsxwriter

from kit.bulk.reading.formats import XLSX
from tests.bench.registry.bare_copy import copy_seconds
from tests.bench.registry.running import Measured, a_registry
from tests.registry import case_files

CASE = "chengdong-synth"
_MEDIA = {"csv": "text/csv", "ndjson": "application/x-ndjson", "xlsx": XLSX}
_DIGEST = """
SELECT count(*) AS rows, md5(string_agg(md5(concat_ws('|', h.source, h.source_id, h.community_code,
    b.source_id, h.household_no, h.residence, h.unit, h.floor)), '' ORDER BY h.source_id)) AS digest
FROM households h JOIN buildings b ON b.id = h.building_id
"""
_ROUNDS = 5
_MILLIONS_ROWS = 2_000_000


def measure_imports(*, quick: bool) -> dict[str, Any]:
    """Each format into an empty register, then once more; a bare COPY before every CSV."""
    with a_registry() as registry:
        _load_places(registry)
        files = _files(registry.folder)
        rounds: list[dict[str, Any]] = []
        formats: dict[str, Any] = {}
        for _ in range(1 if quick else _ROUNDS):
            bare = copy_seconds(registry.url, files["csv"])
            rounds.append(bare | {"csv": _twice(registry, files, "csv")})
        formats["csv"] = min((each["csv"] for each in rounds), key=lambda one: one["seconds"])
        for name in ("ndjson", "xlsx"):
            formats[name] = _twice(registry, files, name)
        rows = formats["csv"]["rows"]
        return {
            "rows": rows,
            "formats": formats,
            "bytes": {name: path.stat().st_size for name, path in files.items()},
            "plain_s": min(each["plain"] for each in rounds),
            "keyed_s": min(each["keyed"] for each in rounds),
            "ratio_keyed": _ratio(rounds, "keyed"),
            "ratio_plain": _ratio(rounds, "plain"),
            "rounds": len(rounds),
            "same": len({one["digest"] for one in formats.values()}) == 1,
        }


def _ratio(rounds: list[dict[str, Any]], name: str) -> float:
    """Median over the rounds of COPY's seconds over the import's."""
    return statistics.median(each[name] / each["csv"]["seconds"] for each in rounds)


def measure_memory(*, quick: bool) -> dict[str, Any]:
    """One CSV of two million rows."""
    with a_registry() as registry:
        _load_places(registry)
        idle_mb = registry.peak_mb()
        path = registry.folder / "millions.csv"
        rows = _write_millions(path, 200_000 if quick else _MILLIONS_ROWS)
        job = registry.load("households", path, "text/csv")
        assert job["counts"]["created"] == rows, job["counts"]
        return {
            "rows": rows,
            "bytes": path.stat().st_size,
            "seconds": job["seconds"],
            "peak_mb": job["peak_mb"],
            "idle_mb": idle_mb,
        }


def _twice(registry: Measured, files: dict[str, Path], name: str) -> dict[str, Any]:
    """Import into an empty register, look at it, import again: nothing may change."""
    registry.sql("TRUNCATE households CASCADE")
    registry.sql("DELETE FROM changes WHERE noun = 'household'")
    registry.sql("VACUUM ANALYZE changes")
    first = registry.load("households", files[name], _MEDIA[name])
    found = registry.sql(_DIGEST)[0]
    again = registry.load("households", files[name], _MEDIA[name])
    assert first["counts"]["created"] == again["counts"]["unchanged"] == found["rows"]
    return {
        "rows": found["rows"],
        "digest": found["digest"],
        "seconds": first["seconds"],
        "peak_mb": first["peak_mb"],
        "again_s": again["seconds"],
    }


def _load_places(registry: Measured) -> None:
    for noun, layer in (
        ("divisions", "communities"), ("estates", "estates"), ("buildings", "buildings"),
    ):  # fmt: skip
        path = registry.folder / f"{noun}.geojson"
        path.write_bytes(case_files.collection(CASE, layer, noun))
        registry.load(noun, path, "application/geo+json")
    registry.sql("ANALYZE")


def _files(folder: Path) -> dict[str, Path]:
    files = {name: folder / f"households.{name}" for name in _MEDIA}
    with (
        gzip.open(case_files.CASES / CASE / "households.csv.gz") as packed,
        files["csv"].open("wb") as out,
    ):
        shutil.copyfileobj(packed, out)
    with files["ndjson"].open("w", encoding="utf-8") as out:
        for row in _rows(files["csv"]):
            given = {name: value or None for name, value in row.items()}
            out.write(json.dumps(given, ensure_ascii=False) + "\n")
    book = xlsxwriter.Workbook(str(files["xlsx"]), {"constant_memory": False})
    sheet = book.add_worksheet("住户")
    for number, row in enumerate(_rows(files["csv"]), 1):
        if number == 1:
            sheet.write_row(0, 0, list(row))
        for column, (name, value) in enumerate(row.items()):
            if value and name in {"floor", "lon", "lat"}:
                sheet.write_number(number, column, float(value))
            elif value:
                sheet.write_string(number, column, value)
    book.close()
    return files


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def _write_millions(path: Path, wanted: int) -> int:
    """Write the case's rows again and again under fresh ids; returns how many."""
    source = path.with_name("households.csv")
    with gzip.open(case_files.CASES / CASE / "households.csv.gz", "rt", encoding="utf-8") as packed:
        source.write_text(packed.read(), encoding="utf-8")
    written = 0
    with path.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        while written < wanted:
            for row in _rows(source):
                if written == 0:
                    table.writerow(row)
                table.writerow([f"{row['household_id']}-{written}", *list(row.values())[1:]])
                written += 1
                if written == wanted:
                    break
    return written

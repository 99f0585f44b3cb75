"""Files that are wrong in every way: each has a named refusal, none does half a thing."""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator
from typing import Any

import pytest

from kit.testing.clock import FrozenClock
from kit.testing.databases import TestDatabases
from kit.testing.in_process import in_process
from kit.testing.tokens import TestTokens
from tests.kit.bulk.conftest import (
    AREA,
    HEADER,
    Harbour,
    a_harbours_settings,
    a_row,
    csv_rows,
)
from tests.kit.bulk.harbour import app as harbour

CSV = "text/csv"
NDJSON = "application/x-ndjson"
GEOJSON = "application/geo+json"
GOOD = csv_rows(a_row(1), a_row(2)).encode()
GOOD_LINE = json.dumps({"source": "seed", "source_id": "b1", "area": AREA, "name": "a"})


def collection(*features: object, **members: object) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(features)} | members)


def feature(**changes: object) -> dict[str, Any]:
    properties = {"source": "seed", "source_id": "b1", "area": AREA, "name": "a"}
    return {"type": "Feature", "geometry": None, "properties": properties} | changes


WHOLE_FILES: list[tuple[str, bytes | str, str]] = [
    (CSV, HEADER, "import.empty"),
    (CSV, "\n\n\n", "import.empty"),
    (CSV, b"\xef\xbb\xbf", "import.empty"),
    (CSV, gzip.compress(b"", mtime=0), "import.empty"),
    (CSV, gzip.compress(random.Random(1).randbytes(9000), mtime=0)[:-20], "import.gzip_broken"),
    (CSV, gzip.compress(GOOD, mtime=0)[:-4] + b"abcd", "import.gzip_broken"),
    (CSV, b"\x1f\x8b" + b"garbage" * 9, "import.gzip_broken"),
    (CSV, gzip.compress(b"0" * (3 << 20), mtime=0), "import.unpacked_too_large"),
    (CSV, b"1,\n" * (2 << 20), "import.unpacked_too_large"),
    (CSV, HEADER.replace("seats", "colour"), "import.header"),
    (CSV, HEADER.replace("name", "seats"), "import.header"),
    (CSV, HEADER.replace("name,", ""), "import.header"),
    (CSV, HEADER.replace("name", "=cmd|'/c calc'!A0"), "import.header"),
    (CSV, ",".join(f"c{number}" for number in range(130_000)), "import.header"),
    (CSV, ",".join("" for _ in range(1_000_000)), "import.header"),
    (CSV, "x" * (2 << 20), "import.line_too_long"),
    (CSV, GOOD.decode().encode("utf-16-le"), "import.encoding"),
    (CSV, b"\xff\xfe" + b"\x00\xd8" * 99, "import.encoding"),
    (CSV, "\ufeff".encode("utf-16-le") + ("x" * (2 << 20)).encode("utf-16-le"), "import."),
    (CSV, HEADER + f'seed,b1,{AREA},"never closed,1\n' + a_row(2) + "\n", "import.quoting"),
    (CSV, HEADER + f'seed,b1,{AREA},"' + "x" * 200_000 + '",1\n', "import.quoting"),
    (CSV, '"broken"header,name\n', "import.quoting"),
    (CSV, "<html><body>503</body></html>", "import.header"),
    (CSV, bytes(range(128, 256)) * 9, "import.encoding"),
    (NDJSON, "\n \n\t\n", "import.empty"),
    (GEOJSON, collection(), "import.empty"),
    (GEOJSON, "{}", "import.geojson_not_collection"),
    (GEOJSON, gzip.compress(b"nonsense", mtime=0), "import.geojson_not_collection"),
    (GEOJSON, json.dumps(feature()), "import.geojson_not_collection"),
    (GEOJSON, '{"type": "Topology", "features": []}', "import.geojson_not_collection"),
    (GEOJSON, '{"a": {"features": []}}', "import.geojson_not_collection"),
    (GEOJSON, '{"features": 7}', "import.geojson_not_collection"),
    (GEOJSON, collection(feature())[:-1], "import.geojson_broken"),
    (GEOJSON, collection(feature())[:-2], "import.geojson_broken"),
    (GEOJSON, collection(feature())[:-9], "import.geojson_broken"),
    (GEOJSON, collection(feature()) + "{}", "import.geojson_broken"),
    (GEOJSON, collection(feature(), 7), "import.geojson_broken"),
    (GEOJSON, collection(feature(), [[[{}]]]), "import.geojson_broken"),
    (GEOJSON, collection(feature(), feature()).replace("}, {", "} {"), "import.geojson_broken"),
    (GEOJSON, collection(feature()).replace("}]}", "},]}"), "import.geojson_broken"),
    (GEOJSON, '{"type":"FeatureCollection","features":[' + '{"a":' * 9000, "import.geojson_broken"),
    (
        GEOJSON,
        collection(feature(), crs={"type": "name", "properties": {"name": "EPSG:3857"}}),
        "import.geojson_crs",
    ),
    (GEOJSON, collection(feature(), crs=7), "import.geojson_crs"),
]

ROWS: list[tuple[str, bytes | str, str]] = [
    (CSV, csv_rows(a_row(1) + ",extra,cells"), "row.cell_count"),
    (CSV, csv_rows("seed,b1"), "row.cell_count"),
    (CSV, csv_rows(f'seed,b1,{AREA},"a"b,1'), "row.quoting"),
    (CSV, csv_rows(f"seed,b1,{AREA},a\x00b,1"), "field.control_character"),
    (CSV, csv_rows(f"seed,b1,{AREA},a\u202eb,1"), "field.control_character"),
    (CSV, csv_rows(*[a_row(n) for n in range(9)]).encode() + b"seed,b99,x,\xff\xfe,1\n", "field."),
    (CSV, csv_rows(f"seed,b1,{AREA},a,1e400"), "field.type"),
    (CSV, csv_rows(f"seed,b1,{AREA},a," + "9" * 5000), "field."),
    (CSV, csv_rows(f"seed,b1,{AREA},a,NaN"), "field.type"),
    (CSV, csv_rows(f"seed,b1,{AREA},a,2.5"), "field.type"),
    (CSV, csv_rows(f"seed,b1,{AREA}'; DROP TABLE berths; --,a,1"), "field.pattern"),
    (CSV, "source,source_id,area,name,outline\nseed,b1,{AREA},a,{\n", "geometry.json"),
    (CSV, f"source,source_id,area,name,outline\nseed,b1,{AREA},a,[1]\n", "geometry.json"),
    (CSV, f"source,source_id,area,name,since\nseed,b1,{AREA},a,2026-02-30\n", "field.date"),
    (NDJSON, "{", "row.json"),
    (NDJSON, "null", "row.not_object"),
    (NDJSON, "[1]", "row.not_object"),
    (NDJSON, "[" * 50_000, "row.json"),
    (NDJSON, '{"seats": NaN}', "row.json"),
    (NDJSON, '{"name": "\\ud800"}', "row.json"),
    (NDJSON, b'{"name": "\xff"}', "row.json"),
    (NDJSON, "{" + " " * (2 << 20) + "}", "row.too_long"),
    (NDJSON, GOOD_LINE.replace('"a"', '"a\\u0000b"'), "field.control_character"),
    (NDJSON, GOOD_LINE.replace('"name"', '"nme"'), "field.unknown"),
    (NDJSON, GOOD_LINE.replace('"name": "a"', '"name": "a", "Name": "b"'), "row.repeated_name"),
    (NDJSON, GOOD_LINE.replace('"a"', "17"), "field.type"),
    (NDJSON, GOOD_LINE.replace('"a"', '{"deep": []}'), "field.type"),
    (GEOJSON, collection(feature(type="Thing")), "row.not_feature"),
    (GEOJSON, collection(feature(properties=[])), "row.not_feature"),
    (GEOJSON, collection({}), "row.not_feature"),
    (GEOJSON, collection(feature(geometry="POINT (1 2)")), "geometry.json"),
    (
        GEOJSON,
        collection(feature(geometry={"type": "Polygon", "coordinates": [[[11327000, 4385000]]]})),
        "coordinates.out_of_range",
    ),
    (
        GEOJSON,
        collection(feature(geometry={"type": "Point", "coordinates": [36.6, 101.8]})),
        "coordinates.swapped",
    ),
    (
        GEOJSON,
        collection(feature(geometry={"type": "Point", "coordinates": ["a", None]})),
        "field.type",
    ),
    (GEOJSON, collection(feature(id={"a": 1}, properties={})), "field."),
    (GEOJSON, collection(feature()).replace(f'"{AREA}"', "01"), "row.json"),
]


def _label(case: object) -> str:
    return str(case)[:40] if not isinstance(case, bytes) else repr(case[:24])


@pytest.fixture(scope="module")
def one_port(
    databases: TestDatabases, tokens: TestTokens, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Harbour]:
    """One harbour for all files: none of them leaves anything behind."""
    with databases.fresh(harbour.PACKAGE_DIR) as url:
        settings = a_harbours_settings(url, tmp_path_factory.mktemp("spool"))
        app = harbour.create_app(settings, tokens.verifier(), FrozenClock())
        with in_process(app) as client:
            client.headers.update(tokens.headers())
            port = Harbour(client, url, settings)
            yield port
            assert (port.berths(), port.spooled()) == ({}, [])


@pytest.mark.parametrize(("media", "body", "code"), WHOLE_FILES, ids=_label)
def test_a_file_that_cannot_be_read_fails_by_name_and_leaves_nothing(
    one_port: Harbour, media: str, body: bytes | str, code: str
) -> None:
    job = one_port.run(body, media, on_error="skip")
    assert job["state"] == "failed", job
    assert job["failure"]["code"].startswith(code), job
    assert job["counts"]["created"] == 0


@pytest.mark.parametrize(("media", "body", "code"), ROWS, ids=_label)
def test_a_row_that_is_wrong_is_refused_by_name(
    one_port: Harbour, media: str, body: bytes | str, code: str
) -> None:
    job = one_port.run(body, media, on_error="stop")
    assert (job["state"], job["failure"]["code"]) == ("failed", "import.rows_refused"), job
    assert job["counts"]["refused"] == 1
    found = one_port.errors(job)
    assert found, job
    assert any(each[2].startswith(code) for each in found), found


def test_the_header_defects_are_listed_by_column(one_port: Harbour) -> None:
    job = one_port.run(f"source,area,colour,AREA\nseed,{AREA},red,x\n")
    assert one_port.errors(job) == [
        (1, "colour", "column.unknown"),
        (1, "area", "column.repeated"),
        (1, "source_id", "column.missing"),
        (1, "name", "column.missing"),
    ]


def test_what_postgresql_escapes_comes_back_byte_by_byte(port: Harbour) -> None:
    names = ["\\N", "a\\tb", "\\", "\\.", "{", "N'", '"', "𠮷䶮", "མི"]
    lines = [
        json.dumps({"source": "seed", "source_id": f"b{at}", "area": AREA, "name": name})
        for at, name in enumerate(names)
    ]
    neighbour = {"source": "seed", "source_id": "tab", "area": AREA, "name": "t"}
    lines.append(json.dumps(neighbour | {"outline": {"note": "a\tb\\N\n\r", "coordinates": []}}))
    job = port.run("\n".join(lines), NDJSON)
    assert job["counts"]["created"] == len(names) + 1, port.errors(job)
    berths = port.berths()
    assert [berths[f"b{at}"]["name"] for at in range(len(names))] == names
    assert json.loads(berths["tab"]["outline"])["note"] == "a\tb\\N\n\r"
    assert berths["b0"]["neighbour"] is None


def test_one_broken_line_of_a_utf8_file_does_not_turn_it_into_gb18030(port: Harbour) -> None:
    good = csv_rows(*[a_row(number) for number in range(5)]).encode()
    job = port.run(good + b"seed,b9," + AREA.encode() + b",\xd6\xd0\xce\xc4,1\n", on_error="skip")
    assert port.errors(job) == [(7, "name", "field.encoding")]
    assert port.berths()["b3"]["name"] == "泊位3"


@pytest.mark.parametrize(
    ("media", "status"),
    [
        ("application/json", 415), ("", 415), ("text/csv; charset=utf-7", 415),
        ("application/x-ndjson; charset=gbk", 415), ("application/gzip", 415),
        ("text/csv; charset=GBK", 202), ('text/csv; charset="utf-8"; header=present', 202),
    ],
)  # fmt: skip
def test_media_types_that_are_not_read_are_415(
    still_port: Harbour, media: str, status: int
) -> None:
    assert still_port.send(GOOD, media).status_code == status
    assert len(still_port.spooled()) == (status == 202)


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ({"resource": "boats"}, {}, 422, "request.invalid"),
        ({"mode": "dry"}, {}, 422, "request.invalid"),
        ({"crs": "EPSG:3857"}, {}, 422, "request.invalid"),
        ({"source": "no spaces"}, {}, 422, "request.invalid"),
        ({"colour": "red"}, {}, 422, "request.invalid"),
        ({}, {"Idempotency-Key": "short"}, 422, "request.invalid"),
        ({}, {"Content-Encoding": "br"}, 415, "request.unsupported_media"),
        ({}, {"Content-Length": "99999999"}, 413, "request.too_large"),
    ],
)
def test_wrong_questions_are_refused_at_the_door(
    still_port: Harbour, query: Any, headers: Any, status: int, code: str
) -> None:
    answer = still_port.send(GOOD, headers=headers, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert still_port.spooled() == []


def test_the_key_is_required_and_an_empty_body_is_refused(still_port: Harbour) -> None:
    answer = still_port.client.post(
        "/harbour/v1/imports?resource=berths", content=GOOD, headers={"Content-Type": "text/csv"}
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency.key_missing")
    empty = still_port.send(b"")
    assert (empty.status_code, empty.json()["code"]) == (422, "import.body_empty")
    assert still_port.spooled() == []


@pytest.mark.parametrize("body", ["[]", "nonsense", " \n", "\ufeff7"])
def test_geojson_that_is_no_object_is_refused_at_the_door(still_port: Harbour, body: str) -> None:
    answer = still_port.send(body, GEOJSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "import.body_not_json")
    assert still_port.spooled() == []


def test_a_body_over_the_limit_is_cut_off_while_it_comes(still_port: Harbour) -> None:
    limit = still_port.settings.import_limit_bytes
    body = (b"x" * (1 << 20) for _ in range((limit >> 20) + 2))
    answer = still_port.client.post(
        "/harbour/v1/imports?resource=berths",
        content=body,
        headers={"Content-Type": "text/csv", "Idempotency-Key": "too-large-1"},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    assert still_port.spooled() == []


def test_a_defect_of_a_noun_fails_the_job_without_a_word_of_it(port: Harbour) -> None:
    job = port.run(GOOD, resource="broken_berths")
    assert job["failure"]["code"] == "import.defect"
    assert "13800138000" not in json.dumps(job)
    assert port.run(GOOD)["state"] == "succeeded"


def test_a_conflict_with_what_is_stored_fails_the_job_as_a_whole(port: Harbour) -> None:
    job = port.run(csv_rows(f"seed,b1,{AREA},same,1", f"seed,b2,{AREA},same,1"), on_error="skip")
    assert job["failure"]["code"] == "import.conflict"
    assert port.berths() == {}

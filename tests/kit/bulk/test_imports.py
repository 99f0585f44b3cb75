"""Imports as a client sees them: over HTTP, on a real database."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from kit.testing.tokens import TestTokens
from tests.kit.bulk.conftest import AREA, HEADER, Harbour, a_row, csv_rows


def test_a_csv_file_is_applied_and_the_same_file_again_changes_nothing(port: Harbour) -> None:
    body = csv_rows(a_row(1), a_row(2), a_row(3))
    first = port.run(body)
    assert first["state"] == "succeeded", first
    assert first["counts"] == {"read": 3, "created": 3, "updated": 0, "unchanged": 0, "refused": 0}
    before = port.berths()
    again = port.run(body)
    assert again["counts"] == {"read": 3, "created": 0, "updated": 0, "unchanged": 3, "refused": 0}
    assert port.berths() == before
    third = port.run(csv_rows(a_row(1), a_row(2, seats=9), a_row(4)))
    assert third["counts"] == {"read": 3, "created": 1, "updated": 1, "unchanged": 1, "refused": 0}
    assert port.berths()["b2"]["version"] == 2
    assert port.berths()["b2"]["id"] == before["b2"]["id"]


def test_the_answer_is_202_with_the_place_of_the_job_and_its_first_state(port: Harbour) -> None:
    answer = port.send(csv_rows(a_row(1)))
    job = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/harbour/v1/imports/{job['id']}"
    assert answer.headers["retry-after"] == "1"
    assert (job["state"], job["allowed_actions"]) == ("queued", ["cancel"])
    done = port.wait(answer.headers["location"])
    assert done["allowed_actions"] == []
    assert done["progress"] == {
        "done": done["bytes"], "total": done["bytes"], "unit": "bytes", "eta_s": None,
    }  # fmt: skip
    assert port.spooled() == []


def test_chinese_headers_gb18030_and_gzip_are_understood(port: Harbour) -> None:
    text = f"来源,编号,区划代码,名称,座位数\nseed,b1,{AREA},东关大街𠮷号,7\n"
    job = port.run(gzip.compress(text.encode("gb18030")))
    assert job["state"] == "succeeded", job
    assert port.berths()["b1"]["name"] == "东关大街𠮷号"
    assert port.berths()["b1"]["seats"] == 7


def test_a_byte_order_mark_quotes_and_newlines_in_cells_are_understood(port: Harbour) -> None:
    body = "\ufeff" + HEADER + f'seed,b1,{AREA},"甲, ""乙""",2\r\n\r\nseed,b2,{AREA},=丙,3\r\n'
    job = port.run(body)
    assert job["counts"]["created"] == 2, port.errors(job)
    assert [berth["name"] for berth in port.berths().values()] == ['甲, "乙"', "=丙"]


def test_what_our_own_csv_export_defused_comes_back_as_it_was(port: Harbour) -> None:
    job = port.run(csv_rows(f"seed,b1,{AREA},'=1+1,2", f"seed,b2,{AREA},'quoted,2"))
    assert job["counts"]["created"] == 2
    assert [berth["name"] for berth in port.berths().values()] == ["=1+1", "'quoted"]


def test_ndjson_is_applied_with_either_names(port: Harbour) -> None:
    lines = [
        {"source": "seed", "source_id": "b1", "area": AREA, "name": "甲", "seats": 4},
        {"来源": "seed", "编号": "b2", "区划代码": AREA, "名称": "乙", "座位数": None},
    ]
    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    job = port.run(body, "application/x-ndjson")
    assert job["counts"]["created"] == 2, port.errors(job)
    assert [berth["seats"] for berth in port.berths().values()] == [4, 1]


def a_feature(number: int, geometry: Any, **properties: Any) -> dict[str, Any]:
    own = {"source": "seed", "area": AREA, "name": f'泊{{位" {number}'}
    return {
        "type": "Feature",
        "id": number,
        "geometry": geometry,
        "properties": own | properties,
    }


def test_geojson_points_and_areas_are_applied_in_cgcs2000(port: Harbour) -> None:
    ring = [[101.8, 36.6], [101.81, 36.6], [101.81, 36.61], [101.8, 36.6]]
    body = {
        "type": "FeatureCollection",
        "name": 'a "features": [ trap',
        "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
        "features": [
            a_feature(1, {"type": "Point", "coordinates": [101.8, 36.6]}),
            a_feature(2, {"type": "Polygon", "coordinates": [ring]}, since="2026-01-02"),
            a_feature(3, None),
        ],
        "more": {"of": [1, {}]},
    }
    job = port.run(json.dumps(body, indent=1), "application/geo+json", crs="GCJ02")
    assert job["state"] == "succeeded", (job, port.errors(job))
    berths = port.berths()
    assert berths["1"]["longitude"] == pytest.approx(101.7985, abs=0.001)
    assert berths["1"]["longitude"] != 101.8
    outline = json.loads(berths["2"]["outline"])
    assert outline["coordinates"][0][0] == pytest.approx([101.7985, 36.6007], abs=0.001)
    assert str(berths["2"]["since"]) == "2026-01-02"
    assert (berths["3"]["longitude"], berths["3"]["outline"]) == (None, None)


def test_stop_applies_nothing_when_one_row_is_bad(port: Harbour) -> None:
    job = port.run(csv_rows(a_row(1), f"seed,b2,{AREA},乙,-1", a_row(3)))
    assert job["state"] == "failed"
    assert job["failure"]["code"] == "import.rows_refused"
    assert job["counts"] == {"read": 3, "created": 0, "updated": 0, "unchanged": 0, "refused": 1}
    assert port.errors(job) == [(3, "seats", "field.out_of_range")]
    assert port.berths() == {}


def test_skip_applies_the_good_rows(port: Harbour) -> None:
    job = port.run(csv_rows(a_row(1), f"seed,b2,{AREA},乙,-1", a_row(3)), on_error="skip")
    assert job["state"] == "succeeded"
    assert job["counts"] == {"read": 3, "created": 2, "updated": 0, "unchanged": 0, "refused": 1}
    assert set(port.berths()) == {"b1", "b3"}


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_check_reports_what_apply_would_and_keeps_nothing(port: Harbour, on_error: str) -> None:
    port.run(csv_rows(a_row(1)))
    body = csv_rows(a_row(1), a_row(2), f"seed,b3,{AREA},丙,x")
    checked = port.run(body, mode="check", on_error=on_error)
    assert set(port.berths()) == {"b1"}
    applied = port.run(body, on_error=on_error)
    assert port.errors(checked) == port.errors(applied) == [(4, "seats", "field.type")]
    for name in ("state", "counts", "failure"):
        assert checked[name] == applied[name]


def test_every_flaw_of_a_row_is_told_in_the_callers_language_without_the_value(
    port: Harbour,
) -> None:
    job = port.run(csv_rows("seed,b1,630102,,900", f"se ed,b2,{AREA},secret\u202e,1"))
    assert port.errors(job) == [
        (2, "name", "field.missing"),
        (2, "seats", "field.out_of_range"),
        (3, "source", "field.pattern"),
        (3, "name", "field.control_character"),
    ]
    place = f"/harbour/v1/imports/{job['id']}/errors"
    chinese = port.client.get(place, headers={"Accept-Language": "zh-CN"})
    assert chinese.json()["items"][0]["message"] == "缺少必填字段。"
    assert "secret" not in chinese.text
    table = port.client.get(place, headers={"Accept": "text/csv"})
    assert table.text.startswith(
        "\ufeffrow,column,code,message,header,cell,value\r\n2,name,field.missing,"
    )


def test_rules_over_the_whole_set_are_row_errors(port: Harbour) -> None:
    header = "source,source_id,area,name,neighbour\n"
    body = header + "".join(
        f"seed,{own},{AREA},{own},{neighbour}\n"
        for own, neighbour in [("a", "b"), ("b", ""), ("c", "nobody"), ("a", ""), ("d", "d")]
    )
    job = port.run(body, on_error="skip")
    assert port.errors(job) == [
        (4, "neighbour", "berth.unknown_neighbour"),
        (5, "source_id", "row.duplicate"),
        (6, "neighbour", "berth.own_neighbour"),
    ]
    assert job["counts"]["created"] == 2
    assert job["counts"]["refused"] == 3


def test_swapped_coordinates_are_a_row_error(port: Harbour) -> None:
    body = f"source,source_id,area,name,longitude,latitude\nseed,b1,{AREA},甲,36.6,101.8\n"
    job = port.run(body)
    assert port.errors(job) == [(2, None, "coordinates.swapped")]
    assert port.berths() == {}


def test_rows_outside_the_areas_are_refused_and_nothing_is_moved_in(
    port: Harbour, tokens: TestTokens
) -> None:
    port.run(csv_rows(a_row(1, area="630102002001")))
    east = tokens.headers(areas=["630102001"], client_id="east")
    body = csv_rows(a_row(1), a_row(2, area="630102002001"), a_row(3))
    job = port.run(body, on_error="skip", headers=east)
    assert port.errors(job) == [
        (2, "source_id", "row.outside_area"),
        (3, "area", "row.outside_area"),
    ]
    assert {name: berth["area"] for name, berth in port.berths().items()} == {
        "b1": "630102002001",
        "b3": AREA,
    }


def test_a_job_is_seen_by_its_client_and_by_callers_for_everywhere(
    port: Harbour, tokens: TestTokens
) -> None:
    east = tokens.headers(areas=["630102001"], client_id="east")
    west = tokens.headers(areas=["630102001"], client_id="west")
    place = port.send(csv_rows(a_row(1)), headers=east).headers["location"]
    port.wait(place)
    for path in (place, f"{place}/errors", f"{place}/events"):
        assert port.client.get(path, headers=east).status_code == 200
        assert port.client.get(path, headers=west).status_code == 404
        assert port.client.get(path).status_code == 200
    cancel = port.client.post(f"{place}/transitions", json={"action": "cancel"}, headers=west)
    assert cancel.status_code == 404
    assert port.client.get("/harbour/v1/imports", headers=west).json()["items"] == []
    assert len(port.client.get("/harbour/v1/imports", headers=east).json()["items"]) == 1
    assert len(port.client.get("/harbour/v1/imports?state=succeeded").json()["items"]) == 1
    assert port.client.get("/harbour/v1/imports?state=failed").json()["items"] == []


def test_source_can_be_given_once_for_all_rows(port: Harbour) -> None:
    body = f"source_id,area,name\nb1,{AREA},甲\n"
    assert port.run(body)["failure"]["code"] == "import.header"
    assert port.run(body, source="cadastre")["counts"]["created"] == 1
    assert port.berths()["b1"]["source"] == "cadastre"


def test_the_same_key_and_file_give_the_same_job(port: Harbour) -> None:
    key = {"Idempotency-Key": "import-of-today"}
    first = port.send(csv_rows(a_row(1)), headers=key)
    again = port.send(csv_rows(a_row(1)), headers=key)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["location"] == first.headers["location"]
    assert again.headers["idempotency-replayed"] == "true"
    for other in (
        port.send(csv_rows(a_row(2)), headers=key),
        port.send(csv_rows(a_row(1)), headers=key, mode="check"),
    ):
        assert (other.status_code, other.json()["code"]) == (422, "idempotency.key_reused")
    port.wait(first.headers["location"])
    assert len(port.client.get("/harbour/v1/imports").json()["items"]) == 1
    assert port.spooled() == []


def test_a_job_has_an_etag_that_changes_with_it(still_port: Harbour) -> None:
    place = still_port.send(csv_rows(a_row(1))).headers["location"]
    tag = still_port.client.get(place).headers["etag"]
    same = still_port.client.get(place, headers={"If-None-Match": tag})
    assert (same.status_code, same.content) == (304, b"")
    still_port.client.post(f"{place}/transitions", json={"action": "cancel"})
    assert still_port.client.get(place, headers={"If-None-Match": tag}).status_code == 200


def test_a_queued_job_can_be_cancelled_once(still_port: Harbour) -> None:
    place = still_port.send(csv_rows(a_row(1))).headers["location"]
    done = still_port.client.post(f"{place}/transitions", json={"action": "cancel"})
    assert (done.status_code, done.json()["state"]) == (200, "cancelled")
    again = still_port.client.post(f"{place}/transitions", json={"action": "cancel"})
    assert (again.status_code, again.json()["code"]) == (409, "transition.refused")
    assert again.json()["state"] == "cancelled"


def test_events_tell_the_states_and_can_be_resumed(port: Harbour) -> None:
    place = port.send(csv_rows(a_row(1))).headers["location"]
    stream = port.client.get(f"{place}/events")
    assert stream.headers["content-type"].startswith("text/event-stream")
    ids = [int(line[4:]) for line in stream.text.splitlines() if line.startswith("id: ")]
    assert ids == sorted(ids)
    last = json.loads(stream.text.rsplit("data: ", 1)[1])
    assert (last["state"], last["counts"]["created"]) == ("succeeded", 1)
    resumed = port.client.get(f"{place}/events", headers={"Last-Event-ID": str(ids[-1])})
    assert "data:" not in resumed.text
    earlier = port.client.get(f"{place}/events", headers={"Last-Event-ID": "nonsense"})
    assert earlier.text.count("data:") == 1


def test_only_so_many_errors_are_listed_but_all_are_counted(port: Harbour) -> None:
    rows = [f"seed,b{number},{AREA},n{number},-1" for number in range(2500)]
    job = port.run(csv_rows(*rows, a_row(9999)), on_error="skip")
    assert job["counts"]["refused"] == 2500
    assert job["counts"]["created"] == 1
    assert len(port.errors(job)) == port.settings.import_errors_max
    assert port.errors(job)[0][0] == 2

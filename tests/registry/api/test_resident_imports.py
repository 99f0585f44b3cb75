"""Residents from files: Chinese sheets, by source or by household number, twice the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest

from tests.registry.factories import STREET_1, V1, A, B, C, Registry
from tests.registry.people import (
    ANY,
    PURPOSE,
    People,
    a_name,
    a_person,
    a_phone,
    an_id_number,
    as_csv,
    as_ndjson,
)

SeenBy = Callable[..., dict[str, str]]


@pytest.fixture
def people(registry: Registry) -> People:
    people = People(registry)
    for code, number in ((A, "001"), (A, "002"), (B, "001"), (C, "001")):
        building = registry.building(code)
        body = {"building_id": building["id"], "household_no": number}
        place = f"{V1}/households/by-source/hu/{code[-3:]}-{code[6:9]}-{number}"
        registry.done(registry.client.put(place, json=body))
    return people


def home(code: str, number: str) -> dict[str, str]:
    return {"household_source": "hu", "household_source_id": f"{code[-3:]}-{code[6:9]}-{number}"}


def a_row(nth: int, code: str = A, number: str = "001", **fields: Any) -> dict[str, Any]:
    return {"source_id": f"R{nth}", **a_person(nth), **home(code, number)} | fields


def counted(job: dict[str, Any]) -> tuple[int, int, int, int]:
    counts = job["counts"]
    return tuple(counts[name] for name in ("created", "updated", "unchanged", "refused"))  # type: ignore[return-value] # four


def flaws(job: dict[str, Any]) -> list[tuple[int, str | None, str]]:
    return [(error["row"], error["column"], error["code"]) for error in job["errors"]]


def test_a_chinese_sheet_is_read_as_it_is_written(people: People) -> None:
    sheet = (
        "人员编号,姓名,性别,公民身份号码,联系电话,社区代码,户号,与户主关系,居住类型,标签,人户分离\n"
        f"1,王小五,男,63010219900307159X,138 0013 8000,{A},001,户主,自住,独居、高龄老人,\n"
        f"2,李四,女,,0971-8123567,{A},001,妻子,租住,,是\n"
    )
    job = people.registry.load("residents", sheet)
    assert (job["state"], counted(job)) == ("succeeded", (2, 0, 0, 0)), job
    first, second = people.registry.get("residents")["items"]
    assert people.read(first["id"], PURPOSE)["phone"] == "13800138000"
    assert (first["sex"], first["relation_to_householder"]) == ("male", "householder")
    assert (first["residence_type"], first["tags"]) == ("own", ["elderly", "living_alone"])
    assert (second["sex"], second["relation_to_householder"]) == ("female", "spouse")
    assert (second["registered_elsewhere"], second["birth_date"]) == (True, None)
    assert second["community_code"] == A


def test_the_same_file_twice_changes_nothing_whatever_its_form(people: People) -> None:
    rows = [a_row(nth, relation_to_householder="other") for nth in range(1, 60)]
    first = people.registry.load("residents", as_csv(rows))
    assert counted(first) == (59, 0, 0, 0), first
    before = people.registry.get("residents", limit=1000)["items"]
    for content, media in (
        (as_csv(rows), "text/csv"),
        (as_ndjson(rows), "application/x-ndjson"),
    ):
        again = people.registry.load("residents", content, media)
        assert counted(again) == (0, 0, 59, 0), again
    assert people.registry.get("residents", limit=1000)["items"] == before
    history = people.registry.get("changes", noun="resident", limit=1000)["items"]
    assert len(history) == 59
    imported = people.trail(action="imported")
    assert [row["details"]["created"] for row in imported] == [59]
    assert imported[0]["area"] == A


def test_what_a_file_leaves_out_stays_and_what_differs_is_sealed_anew(people: People) -> None:
    registry = people.registry
    registry.load("residents", as_csv([a_row(1), a_row(2), a_row(3)]))
    ids = {item["source_id"]: item["id"] for item in registry.get("residents")["items"]}
    new = [
        {"source_id": "R1", "phone": "13800138000"},
        {"source_id": "R2", "name": "新名字", "id_number": an_id_number(22, "630102")},
    ]
    job = registry.load("residents", as_ndjson(new), "application/x-ndjson")
    assert counted(job) == (0, 2, 0, 0), job
    one, two = people.read(ids["R1"], PURPOSE), people.read(ids["R2"], PURPOSE)
    assert (one["phone"], one["name"]) == ("13800138000", a_name(1))
    assert one["id_number"] == an_id_number(1, "630102")
    assert (two["phone"], two["name"]) == (a_phone(2), "新名字")
    assert two["id_number"] == an_id_number(22, "630102")
    assert one["version"] == two["version"] == 2
    history = registry.get("changes", noun="resident")["items"][3:]
    assert {item["subject"]: set(item["fields"]) for item in history} == {
        ids["R1"]: {"phone"},
        ids["R2"]: {"name", "id_number", "birth_date"},
    }
    assert people.look_up("phone", "13800138000").json()["items"][0]["id"] == ids["R1"]
    assert people.look_up("phone", a_phone(1)).json()["items"] == []
    # What was written by an import can be changed by a request, and the other way round.
    assert people.change(ids["R1"], phone=a_phone(1)).status_code == 200
    same = registry.load("residents", as_csv([a_row(1)]))
    assert counted(same) == (0, 0, 1, 0)


def test_many_changed_rows_are_sealed_for_the_rows_they_stand_for(people: People) -> None:
    count = 2_300
    registry = people.registry
    registry.load("residents", as_csv([a_row(nth) for nth in range(count)]))
    job = registry.load(
        "residents", as_csv([a_row(nth, phone=a_phone(nth + 50_000)) for nth in range(count)])
    )
    assert counted(job) == (0, count, 0, 0), job
    for nth in (0, 999, 1_000, 2_299):
        [found] = people.look_up("phone", a_phone(nth + 50_000), PURPOSE).json()["items"]
        assert (found["source_id"], found["name"]) == (f"R{nth}", a_name(nth))


def test_wrong_rows_are_told_by_row_column_and_code_and_never_quoted(people: People) -> None:
    bad_number = "630102199003071219"
    rows = [
        a_row(1),
        a_row(2, id_number=bad_number),
        a_row(3, phone="12345678"),
        a_row(4, name=""),
        a_row(5, household_source_id="none"),
        a_row(6, tags="unheard"),
        a_row(7, birth_date="1990-02-30"),
        a_row(8, birth_date="1950-01-02"),
        a_row(9, household_source_id=""),
        a_row(10, sex="x", id_number=bad_number, phone="1"),
        a_row(11, source_id=an_id_number(11)),
        a_row(12, relation_to_householder="户主"),
        a_row(13, relation_to_householder="户主"),
        a_row(14, registered_elsewhere="否", registered_household_source_id="001-001-002"),
    ]
    # A common header for all rows.
    names = list(dict.fromkeys(name for row in rows for name in row))
    full = [{name: row.get(name, "") for name in names} for row in rows]
    full[-1]["registered_household_source"] = "hu"
    for row in full:
        row.setdefault("registered_household_source", "")
    job = people.registry.load("residents", as_csv(full), on_error="skip")
    assert flaws(job) == [
        (3, "id_number", "id_number.check_character"),
        (4, "phone", "phone.form"),
        (5, "name", "name.empty"),
        (6, "household_source_id", "household.not_found"),
        (7, "tags", "code.unknown"),
        (8, "birth_date", "field.date"),
        (9, "birth_date", "id_number.birth_date_differs"),
        (10, "household_source_id", "resident.household_missing"),
        (11, "sex", "field.choice"),
        (12, "source_id", "person.source_id_personal"),
        (14, "relation_to_householder", "resident.householder_taken"),
        (15, "registered_elsewhere", "resident.registration_contradiction"),
    ]
    assert job["counts"]["created"] == 2
    told = people.client.get(f"{V1}/imports/{job['id']}/errors", headers={"Accept": "text/csv"})
    for personal in (bad_number, "12345678,", a_name(2), an_id_number(11), a_phone(2)):
        assert personal not in told.text


def test_nothing_is_kept_of_a_file_with_a_wrong_row_and_a_check_tells_the_same(
    people: People,
) -> None:
    rows = [a_row(1), a_row(2, phone="1234567")]
    for mode in ("check", "apply"):
        job = people.registry.load("residents", as_csv(rows), mode=mode)
        assert (job["state"], flaws(job)) == ("failed", [(3, "phone", "phone.form")])
    assert people.registry.get("residents")["items"] == []
    assert people.trail(action="imported") == []


def test_ethnicity_and_religion_are_not_collected(people: People) -> None:
    job = people.registry.load(
        "residents", f"source_id,姓名,民族,社区代码,户号\n1,王五,汉,{A},001\n"
    )
    assert job["state"] == "failed"
    assert people.registry.get("residents")["items"] == []


def test_a_file_may_change_who_the_householder_is(people: People) -> None:
    registry = people.registry
    both = [
        a_row(1, relation_to_householder="户主"),
        a_row(2, relation_to_householder="配偶"),
    ]
    registry.load("residents", as_csv(both))
    swapped = [
        a_row(1, relation_to_householder="配偶"),
        a_row(2, relation_to_householder="户主"),
    ]
    assert counted(registry.load("residents", as_csv(swapped))) == (0, 2, 0, 0)
    heads = registry.get("residents", relation_to_householder="householder")["items"]
    assert [head["source_id"] for head in heads] == ["R2"]
    third = registry.load("residents", as_csv([a_row(3, relation_to_householder="户主")]))
    assert flaws(third) == [(2, "relation_to_householder", "resident.householder_taken")]


def test_imports_keep_within_the_areas_and_handling_parties_import_nobody(
    people: People, seen_by: SeenBy
) -> None:
    registry, mine = people.registry, seen_by(STREET_1)
    registry.load("residents", as_csv([a_row(1, C)]))
    rows = [a_row(1, A), a_row(2, C), a_row(3, B)]
    job = registry.load("residents", as_csv(rows), headers=mine, on_error="skip")
    assert [(row, code) for row, _, code in flaws(job)] == [
        (2, "row.outside_area"),
        (3, "household.not_found"),
    ]
    assert counted(job) == (1, 0, 0, 2)
    party = seen_by("*", organization_id="company-1")
    refused = registry.load("residents", as_csv([a_row(4)]), headers=party, on_error="skip")
    assert (counted(refused), flaws(refused)) == (
        (0, 0, 0, 1),
        [(2, "household_source_id", "household.not_found")],
    )


def test_residents_follow_imported_households_and_buildings(people: People) -> None:
    registry = people.registry
    registry.load("residents", as_csv([a_row(1, A, "002")]))
    registry.load("buildings", f"source_id,community_code\nN1,{B}\n", source="gis")
    moved = "source_id,building_source,building_source_id\n001-001-002,gis,N1\n"
    job = registry.load("households", moved, source="hu")
    assert counted(job) == (0, 1, 0, 0), job
    assert registry.get("residents")["items"][0]["community_code"] == B
    registry.load("buildings", f"source_id,community_code\nN1,{C}\n", source="gis")
    assert registry.get("residents")["items"][0]["community_code"] == C


def test_a_resident_that_ended_comes_back_with_its_source(people: People) -> None:
    registry = people.registry
    registry.load("residents", as_csv([a_row(1)]))
    [item] = registry.get("residents")["items"]
    people.client.delete(f"{V1}/residents/{item['id']}", headers=ANY)
    assert registry.get("residents")["items"] == []
    assert counted(registry.load("residents", as_csv([a_row(1)]))) == (0, 1, 0, 0)
    assert registry.get("residents")["items"][0]["id"] == item["id"]


def test_every_stored_field_opens_for_its_own_row_only(people: People, url: str) -> None:
    people.registry.load("residents", as_csv([a_row(1), a_row(2)]))
    first, second = people.registry.get("residents")["items"]

    async def swap() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(
                "UPDATE residents a SET phone = b.phone FROM residents b "
                "WHERE a.id = $1 AND b.id = $2",
                first["id"],
                second["id"],
            )
        finally:
            await connection.close()

    asyncio.run(swap())
    moved = people.client.get(f"{V1}/residents/{first['id']}", headers=PURPOSE)
    assert moved.status_code == 500
    assert a_phone(2) not in moved.text
    assert people.read(second["id"], PURPOSE)["phone"] == a_phone(2)


def test_a_sheet_without_a_header_does_not_tell_its_first_person(people: People) -> None:
    sheet = f"R1,{a_name(1)},{an_id_number(1)},{a_phone(1)}\nR2,李四,,\n"
    job = people.registry.load("residents", sheet)
    assert job["state"] == "failed"
    assert {error["column"] for error in job["errors"]} >= {"#1", "#2", "#3", "#4"}
    odd = [{"source_id": "R1", a_phone(2): 1, a_name(2): 1}]
    other = people.registry.load("residents", as_ndjson(odd), "application/x-ndjson")
    assert [error["column"] for error in other["errors"]] == [None, None]
    for told in (job, other):
        for personal in (a_name(1), a_phone(1), an_id_number(1), a_name(2), a_phone(2)):
            assert personal not in str(told)


def test_an_unknown_region_is_told_in_the_report_and_accepted(people: People) -> None:
    rows = [a_row(1, id_number=an_id_number(1, "990001")), a_row(2), a_row(4, sex="女")]
    names = list(dict.fromkeys(name for row in rows for name in row))
    full = [{name: row.get(name, "") for name in names} for row in rows]
    for mode in ("check", "apply"):
        job = people.registry.load("residents", as_csv(full), mode=mode)
        assert (job["state"], job["counts"]["refused"]) == ("succeeded", 0), job
        assert flaws(job) == [
            (2, "id_number", "id_number.region_unknown"),
        ]
    listed = people.registry.get("residents", warning="id_number.region_unknown")["items"]
    assert [item["source_id"] for item in listed] == ["R1"]
    # Rows that state no number say nothing about it, and are not remarked upon again.
    again = people.registry.load("residents", "source_id,phone\nR1,13800138000\n")
    assert (flaws(again), counted(again)) == ([], (0, 1, 0, 0))
    assert people.registry.get("residents", warning="id_number.region_unknown")["items"] != []

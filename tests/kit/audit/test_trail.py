"""The trail: appended with the effect, chained by the database, never changed by anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from kit import db
from kit.audit.trail import (
    Actor,
    Entry,
    Purpose,
    TrailFilter,
    append,
    area_of,
    listing,
    of_client,
    of_command,
)
from kit.audit.verifying import verify
from kit.auth import Principal
from kit.db import Database
from tests.kit.audit.conftest import AUDIT

AT = datetime(2026, 3, 2, 1, 0, 0, 123456, tzinfo=UTC)
ACTOR = Actor("street-app", ("630102",), "req-1", "10.0.0.7")


def entry(number: int = 0, **fields: object) -> Entry:
    known: dict[str, object] = {
        "action": "read",
        "noun": "boat",
        "subjects": [f"id-{number}"],
        "area": "630102002008",
        "fields": ["owner", "mark"],
        "purpose": Purpose("home_visit", "年度走访"),
        "details": {"count": number, "filter": {"tag": "x"}},
    }
    return Entry(**(known | fields))  # type: ignore[arg-type] # fields of the test's choice


def with_database(url: str, work: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        database = Database(url, application="test")
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(run())


def test_rows_are_numbered_linked_and_verify(url: str) -> None:
    async def work(database: Database) -> None:
        for number in range(5):
            async with database.unit_of_work() as tx:
                await append(tx, AUDIT, ACTOR, entry(number), at=AT)
        async with database.reading() as tx:
            rows = (await tx.execute(select(AUDIT).order_by(AUDIT.c.seq))).mappings().all()
            assert [row["seq"] for row in rows] == [1, 2, 3, 4, 5]
            assert [row["prev_hash"] for row in rows[1:]] == [row["hash"] for row in rows[:-1]]
            assert rows[0]["prev_hash"] == bytes(32)
            assert rows[2]["fields"] == ["mark", "owner"]
            assert (rows[2]["purpose"], rows[2]["purpose_note"]) == ("home_visit", "年度走访")
            found = await verify(tx, AUDIT, [])
        assert (found.checked, found.faults, found.head_seq) == (5, (), 5)
        assert (found.head_hash, found.next_seq) == (rows[4]["hash"], None)

    with_database(url, work)


def test_an_effect_that_is_rolled_back_leaves_no_row_and_no_gap(url: str) -> None:
    async def work(database: Database) -> None:
        async def in_vain() -> None:
            async with database.unit_of_work() as tx:
                await append(tx, AUDIT, ACTOR, entry(), at=AT)
                message = "afterwards"
                raise RuntimeError(message)

        with pytest.raises(RuntimeError, match="afterwards"):
            await in_vain()
        async with database.unit_of_work() as tx:
            await append(tx, AUDIT, ACTOR, entry(1), at=AT)
            await append(tx, AUDIT, ACTOR, entry(2), at=AT)
        async with database.reading() as tx:
            assert list(await tx.scalars(select(AUDIT.c.seq).order_by(AUDIT.c.seq))) == [1, 2]
            assert (await verify(tx, AUDIT, [])).faults == ()

    with_database(url, work)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET purpose = 'x'",
        "UPDATE audit SET purpose = 'x' WHERE false",
        "DELETE FROM audit",
        "TRUNCATE audit",
    ],
)
def test_the_database_refuses_to_change_or_remove_rows(url: str, statement: str) -> None:
    async def work(database: Database) -> None:
        async with database.unit_of_work() as tx:
            await append(tx, AUDIT, ACTOR, entry(), at=AT)
        with pytest.raises(DBAPIError, match="append-only"):
            async with database.unit_of_work() as tx:
                await tx.execute(text(statement))
        async with database.reading() as tx:
            assert (await verify(tx, AUDIT, [])).checked == 1

    with_database(url, work)


def test_a_row_cannot_choose_its_number_or_its_link(url: str) -> None:
    async def work(database: Database) -> None:
        async with database.unit_of_work() as tx:
            await append(tx, AUDIT, ACTOR, entry(), at=AT)
        async with database.unit_of_work() as tx:
            await tx.execute(
                text(
                    "INSERT INTO audit SELECT 77, at, client_id, areas, action, noun, subjects, "
                    "area, purpose, purpose_note, outcome, ip, request_id, fields, details, "
                    "'\\x00', hash FROM audit"
                )
            )
        async with database.reading() as tx:
            found = await verify(tx, AUDIT, [])
        assert found.head_seq == 2
        assert [fault.kind for fault in found.faults] == ["changed"]

    with_database(url, work)


def test_many_writers_at_once_make_one_chain(url: str) -> None:
    async def work(database: Database) -> None:
        async def one(number: int) -> None:
            async with database.unit_of_work() as tx:
                await append(tx, AUDIT, ACTOR, entry(number), at=AT)

        await asyncio.gather(*(one(number) for number in range(200)))
        async with database.reading() as tx:
            found = await verify(tx, AUDIT, [])
        assert (found.checked, found.faults) == (200, ())

    with_database(url, work)


async def impatient(database: Database) -> None:
    async with database.unit_of_work() as tx:
        await tx.execute(text("SET LOCAL lock_timeout = '50ms'"))
        await append(tx, AUDIT, ACTOR, entry(), at=AT)


def test_others_do_not_wait_for_an_open_audited_transaction(url: str) -> None:
    async def work(database: Database) -> None:
        async with database.unit_of_work() as tx:
            await tx.execute(text("CREATE TABLE plain (n integer)"))
        async with database.unit_of_work() as held:
            await append(held, AUDIT, ACTOR, entry(), at=AT)
            async with database.unit_of_work() as free, asyncio.timeout(1):
                await free.execute(text("INSERT INTO plain VALUES (1)"))
            with pytest.raises(DBAPIError) as caught:
                await impatient(database)
            assert isinstance(db.as_problem(caught.value), db.DatabaseUnavailable)

    with_database(url, work)


def test_a_row_keeps_what_it_says_through_the_database(url: str) -> None:
    """Every kind of value that a row can hold hashes the same before and after it was stored."""
    odd = entry(
        details={"b": [1, "二", None, True], "a": {"z": 0, "y": '\t"\\'}, "n": 2**53 - 1},
        subjects=[],
        purpose=None,
        fields=[],
        area="",
    )

    async def work(database: Database) -> None:
        async with database.unit_of_work() as tx:
            zone = AT.astimezone(None)
            await append(tx, AUDIT, of_command("test"), odd, at=zone.replace(microsecond=0))
            await append(tx, AUDIT, ACTOR, odd, at=AT)
        async with database.reading() as tx:
            assert (await verify(tx, AUDIT, [])).faults == ()

    with_database(url, work)


@pytest.mark.parametrize(
    ("narrowed", "areas", "found"),
    [
        (TrailFilter(), ("*",), [1, 2, 3, 4]),
        (TrailFilter(), ("630102",), [1, 2, 3]),
        (TrailFilter(), ("630102002",), [1, 3]),
        (TrailFilter(), (), []),
        (TrailFilter(area="630102002"), ("*",), [1, 3]),
        (TrailFilter(client_id="other"), ("*",), [3]),
        (TrailFilter(action="list", noun="boat"), ("*",), [2]),
        (TrailFilter(subject="id-7"), ("*",), [2]),
        (TrailFilter(purpose="home_visit"), ("*",), [1, 2, 3, 4]),
        (TrailFilter(outcome="refused"), ("*",), [4]),
        (TrailFilter(since=AT + timedelta(hours=1)), ("*",), [3, 4]),
        (TrailFilter(until=AT + timedelta(hours=1)), ("*",), [1, 2]),
    ],
)
def test_the_trail_is_filtered_and_seen_by_areas(
    url: str, narrowed: TrailFilter, areas: tuple[str, ...], found: list[int]
) -> None:
    later = AT + timedelta(hours=2)

    async def work(database: Database) -> None:
        async with database.unit_of_work() as tx:
            await append(tx, AUDIT, ACTOR, entry(), at=AT)
            two = entry(action="list", subjects=["id-7", "id-8"], area="630102")
            await append(tx, AUDIT, ACTOR, two, at=AT)
            other = of_client(Principal("other", frozenset(), ("*",)))
            await append(tx, AUDIT, other, entry(3), at=later)
            await append(tx, AUDIT, ACTOR, entry(area="", outcome="refused"), at=later)
        async with database.reading() as tx:
            statement, key = listing(AUDIT, areas, narrowed)
            rows = (await tx.execute(statement.order_by(*key))).mappings()
            assert [row["seq"] for row in rows] == found

    with_database(url, work)


@given(st.lists(st.from_regex(r"\A[0-9]{6}([0-9]{3}){0,3}\Z"), max_size=6))
def test_the_area_of_several_codes_holds_each_of_them(codes: list[str]) -> None:
    area = area_of(codes)
    assert len(area) in {0, 6, 9, 12, 15}
    assert all(code.startswith(area) for code in codes)


def test_the_area_of_codes_is_the_longest_level_that_they_share() -> None:
    assert area_of(["630102002008", "630102002009"]) == "630102002"
    assert area_of(["630102002008"]) == "630102002008"
    assert area_of(["630102002008", "630103001001"]) == ""
    assert area_of(["630102002", "630102002008"]) == "630102002"


def test_dropping_the_trail_takes_what_guards_it_along(url: str) -> None:
    async def left() -> int:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute("DROP TABLE audit")
            await connection.execute("DROP FUNCTION audit_link(), audit_refuse()")
            return int(
                await connection.fetchval("SELECT count(*) FROM pg_proc WHERE proname ~ '^audit_'")
            )
        finally:
            await connection.close()

    assert asyncio.run(left()) == 0
